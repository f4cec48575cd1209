//! `hapki init`: a whole cluster from its inventory.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::cluster::INVENTORY;
use crate::cluster::digest;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::stderr;
use crate::run::stdout;

#[test]
fn one_tree_per_node_with_ca_keys_on_masters_only() {
    let directory = tempfile::tempdir().unwrap();
    let output = init(
        directory.path(),
        &format!("{INVENTORY}{WORKER}"),
        &["--format=json"],
    );
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["schema"], "hapki.init/v1");
    assert_eq!(answer["authorities"].as_array().map(Vec::len), Some(3));
    let trees = directory.path().join("trees");
    let worker: Vec<_> = digest(&trees.join("hengshan"))
        .into_iter()
        .filter(|(path, _)| path.is_file())
        .map(|(path, _)| path.strip_prefix(&trees).unwrap().to_path_buf())
        .collect();
    assert_eq!(
        worker,
        [
            Path::new("hengshan/etc/kubernetes/kubelet.conf"),
            Path::new("hengshan/etc/kubernetes/pki/ca.crt"),
        ]
    );
    let read = |path: &str| fs::read(trees.join(path)).unwrap();
    for shared in [
        "ca.crt",
        "ca.key",
        "etcd/ca.key",
        "front-proxy-ca.crt",
        "sa.key",
        "sa.pub",
    ] {
        let [one, other] =
            ["shaolin", "wudang"].map(|node| read(&format!("{node}/etc/kubernetes/pki/{shared}")));
        assert!(one == other, "{shared} differs");
    }
    assert!(
        trees
            .join("shaolin/etc/kubernetes/super-admin.conf")
            .is_file()
    );
    assert!(
        !trees
            .join("wudang/etc/kubernetes/super-admin.conf")
            .exists()
    );
}

#[test]
fn kubeconfigs_dial_what_kubeadms_do() {
    let cluster = Cluster::new();
    let server = |file: &str| {
        let path = cluster
            .directory()
            .join("trees/wudang/etc/kubernetes")
            .join(file);
        let text = fs::read_to_string(path).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("server: "));
        line.unwrap().to_owned()
    };
    assert_eq!(server("admin.conf"), "https://kubernetes.default.svc:8443");
    for local in ["controller-manager.conf", "scheduler.conf", "kubelet.conf"] {
        assert_eq!(server(local), "https://10.24.138.208:6443", "{local}");
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = init(directory.path(), INVENTORY, &["--dry-run"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("trees/wudang/etc/kubernetes/pki/apiserver.key"));
    assert!(!directory.path().join("trees").exists());
}

#[test]
fn what_is_there_is_refused_and_a_ca_is_kept() {
    let cluster = Cluster::new();
    let before = digest(cluster.directory());
    let output = init(cluster.directory(), INVENTORY, &[]);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert!(digest(cluster.directory()) == before);

    let pki = cluster.pki("shaolin");
    let [ca, sa, leaf] =
        ["ca.key", "sa.key", "apiserver.key"].map(|file| fs::read(pki.join(file)).unwrap());
    let output = init(cluster.directory(), INVENTORY, &["--force"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(fs::read(pki.join("ca.key")).unwrap() == ca);
    assert!(fs::read(pki.join("sa.key")).unwrap() == sa);
    assert!(fs::read(pki.join("apiserver.key")).unwrap() != leaf);
}

#[test]
fn a_new_master_gets_the_cas_of_the_others() {
    let cluster = Cluster::new();
    let out = cluster.directory().join("trees");
    fs::remove_dir_all(out.join("wudang")).unwrap();
    let ca = fs::read(cluster.pki("shaolin").join("ca.crt")).unwrap();
    let output = init(cluster.directory(), INVENTORY, &["--force"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("is there and is used as it is"),
        "{}",
        stdout(&output)
    );
    let pki = cluster.pki("wudang");
    assert!(fs::read(pki.join("ca.crt")).unwrap() == ca);
    assert!(pki.join("etcd/ca.key").is_file() && pki.join("sa.key").is_file());
}

#[test]
fn trees_with_different_cas_are_refused() {
    let cluster = Cluster::new();
    let other = Cluster::new();
    fs::copy(
        other.pki("wudang").join("ca.crt"),
        cluster.pki("wudang").join("ca.crt"),
    )
    .unwrap();
    let before = digest(cluster.directory());
    let output = init(cluster.directory(), INVENTORY, &["--force"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("are different CAs"),
        "{}",
        stderr(&output)
    );
    assert!(digest(cluster.directory()) == before);
}

#[test]
fn a_ca_file_with_its_key_in_it_goes_to_no_other_node() {
    let directory = tempfile::tempdir().unwrap();
    init(directory.path(), INVENTORY, &[]);
    let trees = directory.path().join("trees");
    for node in ["shaolin", "wudang"] {
        let pki = trees.join(node).join("etc/kubernetes/pki");
        let both = [fs::read(pki.join("ca.crt")), fs::read(pki.join("ca.key"))];
        fs::write(pki.join("ca.crt"), both.map(Result::unwrap).concat()).unwrap();
    }
    let before = digest(&trees);
    let output = init(
        directory.path(),
        &format!("{INVENTORY}{WORKER}"),
        &["--force"],
    );
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("pki/ca.crt holds a private key"));
    assert!(stderr(&output).contains("hint: leave only the certificate in it"));
    assert_eq!(digest(&trees), before);
}

#[test]
fn external_etcd_gets_no_ca_and_no_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let inventory =
        format!("{INVENTORY}etcd: {{ external: {{ endpoints: [\"https://10.0.0.5:2379\"] }} }}\n")
            .replace("[control-plane, etcd]", "[control-plane]");
    let output = init(directory.path(), &inventory, &[]);
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let pki = directory.path().join("trees/shaolin/etc/kubernetes/pki");
    assert!(pki.join("apiserver.crt").is_file());
    assert!(!pki.join("etcd").exists() && !pki.join("apiserver-etcd-client.crt").exists());
}

#[test]
fn an_inventory_that_cannot_be_is_refused_with_its_line() {
    for (inventory, words) in [
        (
            INVENTORY.replace("wudang", "shaolin"),
            ["hapki.yaml:8", "shaolin"],
        ),
        (
            INVENTORY.replace("10.24.138.208", "10.24.138.0/24"),
            ["hapki.yaml:8", "10.24.138.0/24"],
        ),
        (
            INVENTORY.replace("roles: [control-plane, etcd]", "roles: [worker]"),
            ["hapki.yaml", "control-plane"],
        ),
        (
            INVENTORY.replace("name: wudang", "name: ../x"),
            ["hapki.yaml:8", "../x"],
        ),
        (
            INVENTORY.replace("addresses: [10.24.138.208], ", ""),
            ["wudang", "address"],
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let output = init(directory.path(), &inventory, &[]);
        assert_eq!(
            (code(&output), stdout(&output)),
            (2, String::new()),
            "{inventory}"
        );
        for word in words {
            assert!(
                stderr(&output).contains(word),
                "{word:?} is not in {}",
                stderr(&output)
            );
        }
        assert!(!directory.path().join("trees").exists());
    }
    let directory = tempfile::tempdir().unwrap();
    let output = hapki_in(directory.path())
        .args(["init", "--out=trees"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("--inventory"),
        "{}",
        stderr(&output)
    );
}

fn init(directory: &Path, inventory: &str, more: &[&str]) -> Output {
    fs::write(directory.join("hapki.yaml"), inventory).unwrap();
    let mut command = hapki_in(directory);
    command.args(["init", "--out", "trees"]).args(more);
    command.output().unwrap()
}

const WORKER: &str = "  - { name: hengshan, addresses: [10.27.52.80], roles: [worker] }\n";
