//! `hapki audit` of archives: what it says of the same trees as directories, and of archives that are cut or broken.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

/// The trees of three masters in a directory `trees`, as `init` writes them but for a few faults.
struct Masters(TempDir);

impl Masters {
    fn new() -> Self {
        let masters = Self(tempfile::tempdir().unwrap());
        fs::write(masters.at("hapki.yaml"), INVENTORY).unwrap();
        let made = hapki_in(masters.0.path())
            .args(["init", "--out", "trees", "--at", MADE_AT])
            .output()
            .unwrap();
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        let kubernetes = |node: &str| masters.at("trees").join(node).join("etc/kubernetes");
        fs::remove_file(kubernetes("wudang").join("pki/apiserver.crt")).unwrap();
        let key = kubernetes("emei").join("pki/etcd/server.key");
        fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
        let [own, other] = ["emei", "shaolin"].map(|node| kubernetes(node).join("admin.conf"));
        fs::remove_file(&own).unwrap();
        std::os::unix::fs::symlink("/etc/kubernetes/super-admin.conf", own).unwrap();
        fs::write(other, "clusters: [").unwrap();
        masters
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn pack(&self, name: &str, args: &[&str]) -> PathBuf {
        let archive = self.at(name);
        let packed = Command::new("tar")
            .current_dir(self.0.path())
            .arg("-cf")
            .arg(&archive)
            .args(args)
            .output()
            .expect("tar is installed");
        assert!(packed.status.success(), "{packed:?}");
        archive
    }

    fn audit(&self, at: &str, paths: &[&str]) -> Value {
        let mut command = hapki_in(self.0.path());
        command.args([
            "audit",
            "--format",
            "json",
            "--fail-on",
            "never",
            "--at",
            at,
        ]);
        let output = command.args(paths).output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        json(&output)
    }
}

/// The report without what names files here, and with remedies as they are pasted on the node itself.
fn on_the_nodes(report: &Value) -> Value {
    match report {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "read_from")
            .map(|(name, value)| (name.clone(), on_the_nodes(value)))
            .collect(),
        Value::Array(values) => values.iter().map(on_the_nodes).collect(),
        Value::String(text) => NODES
            .iter()
            .fold(text.clone(), |text, node| {
                text.replace(&format!("trees/{node}/etc"), "/etc")
            })
            .into(),
        other => other.clone(),
    }
}

#[test]
fn an_archive_is_audited_as_its_directory_is() {
    let masters = Masters::new();
    for (at, args) in [
        (MADE_AT, &["--format=gnu", "trees"][..]),
        (LATER, &["--format=pax", "-z", "-C", "trees", "."]),
        (
            LATER,
            &["--format=ustar", "-C", "trees", "emei", "shaolin", "wudang"],
        ),
        (
            MADE_AT,
            &[
                "--format=v7",
                "-z",
                "-P",
                masters.at("trees").to_str().unwrap(),
            ],
        ),
    ] {
        let archive = masters.pack("a-backup", args);
        let expected = masters.audit(at, &["trees"]);
        let found = masters.audit(at, &[archive.to_str().unwrap()]);
        assert!(expected["findings"].as_array().unwrap().len() > 3);
        assert_eq!(on_the_nodes(&found), on_the_nodes(&expected), "{args:?}");
        let places = found.to_string();
        let first = found["findings"][0]["place"]["read_from"].as_str().unwrap();
        assert!(first.contains("a-backup:/"), "{first}");
        let pasteable = places.contains("--pki-dir /etc/kubernetes/pki");
        assert_eq!(pasteable, at == LATER, "{places}");
        assert!(!places.contains("--pki-dir trees"), "{places}");
    }
}

#[test]
fn one_archive_a_node_is_the_same_cluster() {
    let masters = Masters::new();
    let archives = NODES.map(|node| {
        let root = format!("trees/{node}");
        let archive = masters.pack(&format!("{node}.tgz"), &["-z", "-C", &root, "etc"]);
        format!("{node}={}", archive.display())
    });
    let names = NODES.map(|node| format!("{node}=trees/{node}"));
    let found = masters.audit(LATER, &archives.each_ref().map(String::as_str));
    let expected = masters.audit(LATER, &names.each_ref().map(String::as_str));
    assert_eq!(on_the_nodes(&found), on_the_nodes(&expected));
}

#[test]
fn a_cut_archive_is_audited_as_far_as_it_goes() {
    let masters = Masters::new();
    let archive = masters.pack("cut.tar.gz", &["-z", "trees"]);
    let bytes = fs::read(&archive).unwrap();
    fs::write(&archive, &bytes[..bytes.len() * 3 / 4]).unwrap();
    let report = masters.audit(MADE_AT, &["cut.tar.gz"]);
    let findings = report["findings"].as_array().unwrap();
    let damage = findings
        .iter()
        .find(|finding| finding["place"]["path"] == "cut.tar.gz");
    let damage = damage.expect("a finding at the archive");
    assert_eq!(damage["rule"], "file-unreadable");
    assert_eq!(damage["severity"], "warning");
    let message = damage["message"].as_str().unwrap();
    assert!(
        message.contains("is an archive that is cut short: nothing after trees/"),
        "{message}"
    );
    assert!(report["summary"]["certificates"].as_u64().unwrap() > 0);
    let whole = masters.audit(MADE_AT, &["trees"]);
    let missing = |report: &Value| {
        let findings = report["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|finding| finding["rule"] == "file-missing")
            .count()
    };
    assert!(missing(&report) <= missing(&whole), "{findings:#?}");
}

#[test]
fn an_archive_of_which_nothing_can_be_read_exits_2() {
    let masters = Masters::new();
    let archive = masters.pack("a.tar.gz", &["-z", "trees"]);
    let bytes = fs::read(&archive).unwrap();
    fs::write(masters.at("cut.gz"), &bytes[..40]).unwrap();
    let something = masters.pack("something.tar", &["hapki.yaml"]);
    masters.pack("nothing.tar", &["-C", "/", "etc/hostname"]);
    let compressed = Command::new("gzip")
        .arg("-k")
        .arg(&something)
        .status()
        .unwrap();
    assert!(compressed.success());
    let gzip = Command::new("gzip")
        .arg("-k")
        .arg(masters.at("hapki.yaml"))
        .status()
        .unwrap();
    assert!(gzip.success());
    for (path, why) in [
        (
            "cut.gz",
            "cut.gz: is an archive that is cut short: nothing of it could be read",
        ),
        (
            "hapki.yaml.gz",
            "is packed with gzip, and what is in it is no tar archive",
        ),
        ("nothing.tar", "neither certificates nor Kubernetes files"),
    ] {
        let output = hapki_in(masters.0.path())
            .args(["audit", path])
            .output()
            .unwrap();
        assert_eq!(code(&output), 2, "{path}: {}", stdout(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
        assert!(Path::new(&masters.at(path)).exists());
    }
}

const NODES: [&str; 3] = ["shaolin", "wudang", "emei"];
const MADE_AT: &str = "2027-01-01T00:00:00Z";
/// Every leaf has expired.
const LATER: &str = "2028-02-01T00:00:00Z";
const INVENTORY: &str = "\
apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
kubernetes: { version: \"1.34\", controlPlaneEndpoint: \"kubernetes.default.svc:8443\" }
certificates: { key: ecdsa-p256 }
nodes:
  - { name: shaolin, addresses: [10.27.53.32], roles: [control-plane, etcd] }
  - { name: wudang, addresses: [10.24.138.208], roles: [control-plane, etcd] }
  - { name: emei, addresses: [10.27.52.72], roles: [control-plane, etcd] }
";
