//! `hapki issue`: what it writes, what it says about it, and what it refuses.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::cluster::digest;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::stderr;
use crate::run::stdout;

const NEW: [&str; 5] = ["issue", "apiserver", "--node", "huashan", "--ip=10.0.0.9"];

#[test]
fn one_command_makes_the_second_masters_certificate() {
    let cluster = Cluster::new();
    let output = cluster.issue(
        "shaolin",
        [
            "issue",
            "apiserver",
            "--node",
            "huashan",
            "--ip",
            "10.0.0.9",
        ],
    );
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let text = stdout(&output);
    for wanted in [
        "DNS huashan ",
        "IP  10.96.0.1 ",
        "IP  10.0.0.9  ",
        "--ip\n",
        "not taken    shaolin: it is shaolin's own",
        "next:\n  1. copy ",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
    }
    let pki = cluster.pki("shaolin");
    assert_eq!(mode(&pki.join("apiserver-huashan.crt")), 0o644);
    assert_eq!(mode(&pki.join("apiserver-huashan.key")), 0o600);
}

#[test]
fn json_is_one_object_with_the_documented_keys() {
    let cluster = Cluster::new();
    let answer = json(&cluster.issue("shaolin", NEW.into_iter().chain(["--format", "json"])));
    assert_eq!(answer["schema"], "hapki.issue/v1");
    let issued = &answer["issued"][0];
    assert_eq!(issued["profile"], "apiserver");
    assert_eq!(issued["node"], "huashan");
    assert_eq!(issued["subject"], "CN=kube-apiserver");
    assert_eq!(issued["issuer"], "CN=kubernetes");
    assert_eq!(
        issued["sans"]["ip"],
        serde_json::json!(["10.96.0.1", "10.0.0.9"])
    );
    assert_eq!(issued["san_sources"][0]["san"], "huashan");
    assert_eq!(issued["san_sources"][0]["from"], "--node");
    assert_eq!(issued["replaced"], Value::Null);
    assert!(issued["serial"].as_str().unwrap().len() > 16);
    assert!(issued["not_before"].as_str().unwrap().ends_with('Z'));
    assert!(
        answer["next"]
            .as_array()
            .is_some_and(|next| !next.is_empty())
    );
}

#[test]
fn a_dry_run_says_everything_and_writes_nothing() {
    let cluster = Cluster::new();
    let before = digest(cluster.directory());
    let output = cluster.issue("shaolin", NEW.into_iter().chain(["--dry-run"]));
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).starts_with("Nothing is written"));
    assert!(stdout(&output).contains("apiserver-huashan.key"));
    assert_eq!(digest(cluster.directory()), before);
}

#[test]
fn out_is_a_tree_in_kubeadms_names() {
    let cluster = Cluster::new();
    let out = cluster.directory().join("out");
    let output = cluster.issue(
        "shaolin",
        [
            "issue",
            "all",
            "--node",
            "wudang",
            "--out",
            out.to_str().unwrap(),
        ],
    );
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let tree = out.join("wudang/etc/kubernetes");
    for file in [
        "pki/apiserver.crt",
        "pki/etcd/server.key",
        "pki/apiserver-etcd-client.crt",
        "pki/front-proxy-client.crt",
        "admin.conf",
        "kubelet.conf",
    ] {
        assert!(tree.join(file).is_file(), "{file}");
    }
    let admin = fs::read_to_string(tree.join("admin.conf")).unwrap();
    assert!(
        admin.contains("server: https://kubernetes.default.svc:8443\n"),
        "{admin}"
    );
    assert_eq!(mode(&tree.join("admin.conf")), 0o600);
}

#[test]
fn install_replaces_and_keeps_the_old_files() {
    let cluster = Cluster::new();
    let pki = cluster.pki("wudang");
    let old = fs::read(pki.join("apiserver.key")).unwrap();
    let answer = json(&cluster.issue(
        "wudang",
        [
            "issue",
            "apiserver",
            "--node=wudang",
            "--install",
            "--format=json",
        ],
    ));
    assert_ne!(fs::read(pki.join("apiserver.key")).unwrap(), old);
    let backup = answer["issued"][0]["replaced"]["key"].as_str().unwrap();
    assert_eq!(fs::read(cluster.directory().join(backup)).unwrap(), old);
    assert_eq!(mode(&cluster.directory().join(backup)), 0o600);
}

#[test]
fn install_into_another_nodes_directory_is_refused() {
    let cluster = Cluster::new();
    refused(
        &cluster,
        "wudang",
        &["issue", "apiserver", "--node=shaolin", "--install"],
        &["belongs to node `wudang`, not to `shaolin`", "--pki-dir"],
    );
}

#[test]
fn what_is_there_stays_unless_forced() {
    let cluster = Cluster::new();
    assert_eq!(code(&cluster.issue("shaolin", NEW)), 0);
    refused(
        &cluster,
        "shaolin",
        &NEW,
        &["apiserver-huashan.key", "--force"],
    );
    assert_eq!(
        code(&cluster.issue("shaolin", NEW.into_iter().chain(["--force"]))),
        0
    );
}

#[test]
fn a_leaf_ends_with_its_ca_and_says_so() {
    let cluster = Cluster::new();
    let output = cluster.issue("shaolin", NEW.into_iter().chain(["--validity", "20y"]));
    assert_eq!(code(&output), 0);
    assert!(
        stdout(&output).contains("cut short    its CA ends then"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_request_is_made_where_the_cas_key_is_elsewhere_and_signed_where_it_is() {
    let cluster = Cluster::new();
    let pki = cluster.pki("shaolin");
    let key = fs::read(pki.join("ca.key")).unwrap();
    fs::remove_file(pki.join("ca.key")).unwrap();
    let csr = cluster.directory().join("huashan.csr");
    let with_csr = || NEW.into_iter().chain(["--csr", csr.to_str().unwrap()]);
    let made = cluster.issue("shaolin", with_csr());
    assert_eq!((code(&made), stderr(&made)), (0, String::new()));
    assert!(
        fs::read_to_string(&csr)
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE REQUEST-----")
    );
    assert_eq!(mode(&csr), 0o600);
    assert!(!pki.join("apiserver-huashan.crt").exists());

    fs::write(pki.join("ca.key"), key).unwrap();
    let own_key = fs::read(pki.join("apiserver-huashan.key")).unwrap();
    let signed = cluster.issue("shaolin", with_csr());
    assert_eq!((code(&signed), stderr(&signed)), (0, String::new()));
    assert!(pki.join("apiserver-huashan.crt").is_file());
    assert_eq!(
        fs::read(pki.join("apiserver-huashan.key")).unwrap(),
        own_key
    );
}

#[test]
fn text_around_blocks_crlf_and_a_second_certificate_do_no_harm() {
    let cluster = Cluster::new();
    let pki = cluster.pki("shaolin");
    let ca = fs::read_to_string(pki.join("ca.crt")).unwrap();
    let other = fs::read_to_string(pki.join("front-proxy-ca.crt")).unwrap();
    let odd =
        format!("\u{feff}subject: CN=kubernetes\n{ca}\nand another\n{other}").replace('\n', "\r\n");
    fs::write(pki.join("ca.crt"), odd).unwrap();
    let output = cluster.issue("shaolin", NEW);
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    assert!(
        stdout(&output).contains("holds 2 certificates"),
        "{}",
        stdout(&output)
    );
    assert!(stdout(&output).contains("issuer       CN=kubernetes\n"));
}

#[test]
fn a_missing_ca_key_means_an_external_ca() {
    let cluster = Cluster::new();
    fs::remove_file(cluster.pki("shaolin").join("ca.key")).unwrap();
    refused(
        &cluster,
        "shaolin",
        &NEW,
        &["ca.key", "external CA", "--csr"],
    );
}

#[test]
fn a_ca_that_cannot_sign_is_refused_for_what_it_is() {
    let cluster = Cluster::new();
    let pki = cluster.pki("shaolin");
    let path = |name: &str| pki.join(name).to_str().unwrap().to_owned();
    let with = |certificate: &str, key: &str| {
        let mut args: Vec<String> = NEW.iter().map(ToString::to_string).collect();
        args.extend([
            "--ca-cert".into(),
            path(certificate),
            "--ca-key".into(),
            path(key),
        ]);
        args
    };
    refused(
        &cluster,
        "shaolin",
        &with("ca.crt", "front-proxy-ca.key"),
        &["is not the key of", "--ca-key"],
    );
    refused(
        &cluster,
        "shaolin",
        &with("apiserver.crt", "apiserver.key"),
        &["is not a CA", "--ca-cert"],
    );
    refused(
        &cluster,
        "shaolin",
        &with("ca.key", "ca.key"),
        &["ca.key", "no `CERTIFICATE` block"],
    );
    refused(
        &cluster,
        "shaolin",
        &with("etcd", "ca.key"),
        &["is a directory, not a file", "--ca-cert"],
    );
    refused(
        &cluster,
        "shaolin",
        &with("ca.crt", "etcd"),
        &["is a directory, not a file"],
    );
    refused(
        &cluster,
        "shaolin",
        &with("no.crt", "ca.key"),
        &["no.crt", "--ca-cert"],
    );
    let certificate = fs::read_to_string(path("ca.crt")).unwrap();
    fs::write(path("short.crt"), &certificate[..certificate.len() / 2]).unwrap();
    refused(
        &cluster,
        "shaolin",
        &with("short.crt", "ca.key"),
        &["short.crt", "cut short", "--ca-cert"],
    );
}

#[test]
fn an_expired_ca_is_refused() {
    let cluster = Cluster::new();
    let mut args = NEW.to_vec();
    args.extend(["--at", "2100-01-01T00:00:00Z"]);
    refused(&cluster, "shaolin", &args, &["ca.crt", "expired on"]);
}

#[test]
fn a_fifo_is_not_waited_for() {
    let cluster = Cluster::new();
    let key = cluster.pki("shaolin").join("ca.key");
    fs::remove_file(&key).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    refused(&cluster, "shaolin", &NEW, &["ca.key: is a FIFO"]);
}

#[test]
fn a_node_is_a_name_and_has_an_address() {
    let cluster = Cluster::new();
    for name in ["../x", "", "Huashan", "a/b", "-x.", "a..b"] {
        let node = format!("--node={name}");
        refused(
            &cluster,
            "shaolin",
            &["issue", "apiserver", &node, "--ip=10.0.0.9"],
            &["is not a node name"],
        );
    }
    refused(
        &cluster,
        "shaolin",
        &["issue", "apiserver", "--node=huashan"],
        &["no address of node `huashan`", "--ip", "--resolve"],
    );
}

#[test]
fn a_pki_directory_that_is_not_there_is_what_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let output = hapki_in(directory.path())
        .args(["issue", "apiserver", "--node=wudang", "--pki-dir=pki"])
        .output()
        .unwrap();
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    let said = stderr(&output);
    assert!(
        said.starts_with("error: pki/ca.crt: there is no such file"),
        "{said}"
    );
    assert!(said.contains("--pki-dir"), "{said}");
}

#[test]
fn a_validity_of_nothing_is_refused() {
    let cluster = Cluster::new();
    let mut args = NEW.to_vec();
    args.push("--validity=0d");
    let output = cluster.issue("shaolin", &args);
    let said = stderr(&output);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    assert!(
        said.contains("`0d` is not a duration") && said.contains("365d"),
        "{said}"
    );
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let cluster = Cluster::new();
    let out = [
        "issue",
        "apiserver",
        "--node=huashan",
        "--ip=10.0.0.9",
        "--out=/proc/hapki",
    ];
    refused(&cluster, "shaolin", &out, &["/proc/hapki"]);
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let cluster = Cluster::new();
    refused(
        &cluster,
        "shaolin",
        &["issue", "apiserver", "--node=huashan", "--only-given"],
        &["--dns"],
    );
    let pki = cluster.pki("shaolin");
    let ca = pki.join("ca.crt").to_str().unwrap().to_owned();
    refused(
        &cluster,
        "shaolin",
        &[
            "issue",
            "apiserver",
            "etcd-server",
            "--node=wudang",
            "--ca-cert",
            &ca,
        ],
        &["--ca-cert", "apiserver, etcd-server"],
    );
    refused(
        &cluster,
        "shaolin",
        &["issue", "admin.conf", "--node=wudang", "--csr=x.csr"],
        &["--csr", "admin.conf"],
    );
    refused(
        &cluster,
        "shaolin",
        &["issue", "apiserver", "--node=wudang", "--csr=x.csr"],
        &["x.csr", "ca.key"],
    );
}

#[test]
fn what_two_other_masters_share_the_third_gets_too() {
    let cluster = Cluster::new();
    let issue = |node: &str, dns: &[&str]| {
        let node = format!("--node={node}");
        let mut args = vec![
            "issue",
            "apiserver",
            &node,
            "--ip=10.0.0.9",
            "--force",
            "--format=json",
        ];
        args.extend(dns);
        json(&cluster.issue("shaolin", args))
    };
    issue("huashan", &["--dns=vip.wulin", "--dns=once.wulin"]);
    let one = issue("kunlun", &[]);
    assert!(
        one.to_string()
            .contains("only the certificate of huashan holds it"),
        "{one}"
    );
    issue("kunlun", &["--dns=vip.wulin"]);
    let both = issue("hengshan", &[]);
    let dns = &both["issued"][0]["sans"]["dns"];
    assert!(
        dns.as_array().unwrap().contains(&"vip.wulin".into()),
        "{both}"
    );
    assert!(
        !dns.as_array().unwrap().contains(&"once.wulin".into()),
        "{both}"
    );
    assert!(
        !dns.as_array().unwrap().contains(&"huashan".into()),
        "{both}"
    );
}

#[test]
fn shaolins_files_tell_of_the_cluster_and_not_of_wudang() {
    let directory = tempfile::tempdir().unwrap();
    let demo = hapki_in(directory.path())
        .args(["demo", "demo"])
        .output()
        .unwrap();
    assert_eq!(code(&demo), 0, "{}", stderr(&demo));
    let shaolin = directory.path().join("demo/shaolin/etc/kubernetes");
    let issue = |extra: &[&str]| {
        let mut command = hapki_in(directory.path());
        command.args([
            "issue",
            "--node=wudang",
            "--dry-run",
            "--format=json",
            "--pki-dir",
        ]);
        json(
            &command
                .arg(shaolin.join("pki"))
                .args(extra)
                .output()
                .unwrap(),
        )
    };
    let apiserver = issue(&["apiserver"]);
    let issued = &apiserver["issued"][0];
    assert_eq!(
        issued["sans"]["ip"],
        serde_json::json!(["10.96.0.1", "10.24.138.208"])
    );
    let service = &issued["san_sources"][5];
    assert_eq!(service["san"], "10.96.0.1");
    assert!(
        service["from"]
            .as_str()
            .unwrap()
            .starts_with("--service-cluster-ip-range in ")
    );

    fs::write(
        shaolin.join("kubeadm-config.yaml"),
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n\
         controlPlaneEndpoint: api.wulin:8443\napiServer: { certSANs: [10.0.0.100] }\n",
    )
    .unwrap();
    let apiserver = issue(&["apiserver"]);
    let sans = &apiserver["issued"][0]["sans"];
    assert_eq!(
        sans["ip"],
        serde_json::json!(["10.96.0.1", "10.24.138.208", "10.0.0.100"])
    );
    assert!(
        sans["dns"]
            .as_array()
            .unwrap()
            .contains(&"api.wulin".into())
    );
}

#[test]
fn an_apiserver_answers_to_the_address_that_moves_between_masters() {
    let directory = tempfile::tempdir().unwrap();
    let demo = hapki_in(directory.path())
        .args(["demo", "demo"])
        .output()
        .unwrap();
    assert_eq!(code(&demo), 0, "{}", stderr(&demo));
    let shaolin = directory.path().join("demo/shaolin/etc");
    fs::create_dir_all(shaolin.join("keepalived")).unwrap();
    fs::write(
        shaolin.join("keepalived/keepalived.conf"),
        "vrrp_instance a {\n virtual_ipaddress {\n  10.27.52.100/24 dev eth0\n }\n}\n",
    )
    .unwrap();
    let issued = hapki_in(directory.path())
        .args(["issue", "apiserver", "--node=shaolin", "--dry-run"])
        .args(["--format=json", "--pki-dir"])
        .arg(shaolin.join("kubernetes/pki"))
        .output()
        .unwrap();
    let issued = json(&issued);
    let sources = issued["issued"][0]["san_sources"].as_array().unwrap();
    let moving = sources
        .iter()
        .find(|source| source["san"] == "10.27.52.100")
        .unwrap();
    let from = moving["from"].as_str().unwrap();
    assert!(from.starts_with("virtual address in "), "{from}");
    assert!(from.ends_with("etc/keepalived/keepalived.conf:3"), "{from}");
}

/// Exit code 2, a sentence with these words on stderr, nothing on stdout, not a byte changed.
#[track_caller]
fn refused<A: AsRef<std::ffi::OsStr>>(cluster: &Cluster, node: &str, args: &[A], words: &[&str]) {
    let before = digest(cluster.directory());
    let output = cluster.issue(node, args);
    assert_eq!(
        (code(&output), stdout(&output)),
        (2, String::new()),
        "{}",
        stderr(&output)
    );
    let said = stderr(&output);
    assert!(
        said.starts_with("error: ") && said.lines().count() <= 2,
        "{said}"
    );
    for word in words {
        assert!(said.contains(word), "{word:?} is not in\n{said}");
    }
    assert!(
        digest(cluster.directory()) == before,
        "files were changed: {said}"
    );
}

#[track_caller]
fn json(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
