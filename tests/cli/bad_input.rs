//! `hapki audit` of what nobody would keep: every file that can be read is audited, the rest is said, nothing panics.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

/// One master with a manifest, its certificates and kubeconfigs.
struct Master(TempDir);

impl Master {
    fn new() -> Self {
        let master = Self(tempfile::tempdir().unwrap());
        open_to_all(master.0.path());
        fs::write(master.at("hapki.yaml"), INVENTORY).unwrap();
        let made = hapki_in(master.0.path())
            .args(["init", "--out", "trees"])
            .output()
            .unwrap();
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        fs::remove_file(master.at("hapki.yaml")).unwrap();
        let manifests = master.kubernetes("manifests");
        fs::create_dir(&manifests).unwrap();
        fs::write(manifests.join("kube-apiserver.yaml"), MANIFEST).unwrap();
        master
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn kubernetes(&self, path: &str) -> PathBuf {
        self.at("trees/wudang/etc/kubernetes").join(path)
    }

    /// Audits as whoever runs this, or as nobody where that is root, who may read everything.
    fn audit_unprivileged(&self, path: &Path) -> Output {
        let hapki = self.at("hapki");
        fs::copy(env!("CARGO_BIN_EXE_hapki"), &hapki).unwrap();
        open_to_all(&hapki);
        let mut command = Command::new(hapki);
        command.env_clear().current_dir(self.0.path());
        command.args(["audit", "--format", "json", "--fail-on", "never"]);
        if fs::metadata(self.0.path()).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.arg(path);
        // A test beside this one that starts a process while the copy is written holds it open for a moment.
        loop {
            match command.output() {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    thread::sleep(Duration::from_millis(10));
                }
                output => return output.unwrap(),
            }
        }
    }

    #[track_caller]
    fn report(&self, paths: &[&str]) -> Value {
        let mut command = hapki_in(self.0.path());
        command.args(["audit", "--format", "json", "--fail-on", "never"]);
        let output = command.args(paths).output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        json(&output)
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn close(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
}

#[track_caller]
fn finding<'a>(report: &'a Value, rule: &str, path: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|finding| finding["rule"] == rule && finding["place"]["path"] == path);
    found.unwrap_or_else(|| panic!("no {rule} at {path} in {findings:#?}"))
}

#[test]
fn what_another_user_may_not_read_is_listed_and_the_rest_audited() {
    let master = Master::new();
    close(&master.kubernetes("pki/apiserver.key"));
    close(&master.kubernetes("pki/etcd"));
    let output = master.audit_unprivileged(Path::new("trees"));
    open_to_all(&master.kubernetes("pki/etcd"));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report = json(&output);
    for path in ["pki/apiserver.key", "pki/etcd"] {
        let path = format!("/etc/kubernetes/{path}");
        let finding = finding(&report, "file-unreadable", &path);
        assert_eq!(finding["severity"], "warning");
        let message = finding["message"].as_str().unwrap();
        assert!(
            message.ends_with("cannot be read: permission denied"),
            "{message}"
        );
    }
    let paths = report["certificates"].to_string();
    assert!(
        paths.contains("/etc/kubernetes/pki/apiserver.crt"),
        "{paths}"
    );
}

#[test]
fn a_tree_of_which_nothing_may_be_read_exits_2() {
    let master = Master::new();
    close(&master.kubernetes(""));
    let output = master.audit_unprivileged(Path::new("trees"));
    open_to_all(&master.kubernetes(""));
    assert_eq!(code(&output), 2, "{}", stdout(&output));
    assert_eq!(stdout(&output), "");
    let said = stderr(&output);
    assert!(said.contains("permission denied"), "{said}");
    assert!(
        said.starts_with("error: ") && said.lines().count() == 2,
        "{said}"
    );
}

#[test]
fn a_path_that_cannot_be_read_or_holds_nothing_exits_2() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("n/etc/kubernetes/pki")).unwrap();
    for path in [
        "n",
        "n/etc/kubernetes",
        "/proc/self/mem",
        "/proc/kmsg",
        "/dev/null",
    ] {
        let output = hapki_in(directory.path())
            .args(["audit", path])
            .output()
            .unwrap();
        assert_eq!(code(&output), 2, "{path}: {}", stdout(&output));
        assert_eq!(stdout(&output), "", "{path}");
        assert_eq!(stderr(&output).lines().count(), 2, "{}", stderr(&output));
    }
}

#[test]
fn a_tree_half_copied_tells_what_is_missing() {
    let master = Master::new();
    fs::remove_dir_all(master.kubernetes("pki/etcd")).unwrap();
    fs::remove_file(master.kubernetes("pki/apiserver.key")).unwrap();
    let cut = master.kubernetes("admin.conf");
    let text = fs::read(&cut).unwrap();
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    let report = master.report(&["trees"]);
    finding(&report, "key-missing", "/etc/kubernetes/pki/apiserver.crt");
    finding(&report, "file-unreadable", "/etc/kubernetes/admin.conf");
    assert!(report["summary"]["certificates"].as_u64().unwrap() > 3);
}

#[test]
fn data_that_is_no_base64_is_told_with_its_line() {
    let master = Master::new();
    let path = master.kubernetes("admin.conf");
    let text = fs::read_to_string(&path).unwrap();
    let broken = text.replacen(
        "certificate-authority-data: ",
        "certificate-authority-data: '*' #",
        1,
    );
    let line = 1 + text
        .lines()
        .position(|line| line.contains("certificate-authority-data"))
        .unwrap();
    fs::write(&path, broken).unwrap();
    let report = master.report(&["trees"]);
    let finding = finding(&report, "file-unreadable", "/etc/kubernetes/admin.conf");
    assert_eq!(finding["place"]["line"], line);
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("is not valid base64"), "{message}");
}

#[test]
fn two_nodes_that_claim_one_address_are_told() {
    let master = Master::new();
    let copied = Command::new("cp")
        .args(["-a", "trees/wudang", "trees/emei"])
        .current_dir(master.0.path())
        .status();
    assert!(copied.unwrap().success());
    let report = master.report(&["trees"]);
    assert_eq!(report["summary"]["nodes"], 2);
    let findings = report["findings"].to_string();
    assert!(findings.contains("node-identity-mismatch"), "{findings}");
}

#[test]
fn an_upstream_that_nobody_resolves_is_said() {
    let master = Master::new();
    fs::create_dir(master.at("trees/wudang/etc/nginx")).unwrap();
    let nginx =
        "events {}\nstream {\n  server { listen 8443; proxy_pass nowhere.example:6443; }\n}\n";
    fs::write(master.at("trees/wudang/etc/nginx/nginx.conf"), nginx).unwrap();
    let path = master.kubernetes("admin.conf");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(":6443", ":8443")).unwrap();
    let report = master.report(&["trees"]);
    let unjudged = report["unjudged"].to_string();
    assert!(unjudged.contains("nowhere.example"), "{unjudged}");
}

/// The uid of `nobody` on Linux.
const NOBODY: u32 = 65534;
const INVENTORY: &str = "\
apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
kubernetes: { version: \"1.34\" }
certificates: { key: ecdsa-p256 }
nodes:
  - { name: wudang, addresses: [10.24.138.208], roles: [control-plane, etcd] }
";
const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --advertise-address=10.24.138.208
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --tls-cert-file=/etc/kubernetes/pki/apiserver.crt
    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key
    image: registry.k8s.io/kube-apiserver:v1.34.4
";
