//! A balancer gets another name: the audit asks for it, `issue` adds it, on every master behind it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::bin_directory;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;

#[test]
fn a_name_that_the_inventory_gives_a_balancer_is_asked_for_and_issued() {
    let cluster = Masters::new();
    assert_eq!(cluster.findings(), [""; 0]);
    fs::write(
        cluster.path().join("hapki.yaml"),
        INVENTORY.replace(
            "names: [lb.wulin.example]",
            "names: [lb.wulin.example, api.wulin.example]",
        ),
    )
    .unwrap();
    let warned = NODES.map(|node| format!("warning name-mismatch {node} api.wulin.example"));
    assert_eq!(cluster.findings(), warned);

    for node in NODES {
        let issued = hapki_in(cluster.path())
            .args(["issue", "apiserver", "--node", node, "--install"])
            .args(["--inventory", "hapki.yaml", "--format", "json"])
            .args(["--pki-dir", &format!("trees/{node}/etc/kubernetes/pki")])
            .output()
            .unwrap();
        assert_eq!(code(&issued), 0, "{}", stderr(&issued));
        let issued = json(&issued);
        let sources = issued["issued"][0]["san_sources"].as_array().unwrap();
        let added = sources
            .iter()
            .find(|source| source["san"] == "api.wulin.example")
            .unwrap_or_else(|| panic!("{issued}"));
        let from = added["from"].as_str().unwrap();
        assert!(
            from.starts_with("load balancer's names in hapki.yaml:"),
            "{from}"
        );
    }
    assert_eq!(cluster.findings(), [""; 0]);
}

/// The inventory is not where `issue` looks by itself.
#[test]
fn what_mends_an_inventory_elsewhere_says_the_name() {
    let cluster = Masters::new();
    let elsewhere = cluster.path().join("wulin.yaml");
    fs::rename(cluster.path().join("hapki.yaml"), &elsewhere).unwrap();
    fs::write(
        &elsewhere,
        INVENTORY.replace("[lb.wulin.example]", "[lb.wulin.example, 10.27.53.101]"),
    )
    .unwrap();
    let report = cluster.audit(&["--inventory", "wulin.yaml"]);
    let commands = commands(&report);
    assert_eq!(commands.len(), NODES.len(), "{report}");
    for command in commands {
        assert!(command.contains("--ip 10.27.53.101"), "{command}");
        cluster.paste(&command);
    }
    let report = cluster.audit(&["--inventory", "wulin.yaml"]);
    assert_eq!(told(&report), [""; 0]);
}

#[test]
fn a_name_that_a_kubeconfig_dials_is_missed_and_issued() {
    let cluster = Masters::new();
    let admin = cluster
        .path()
        .join("trees/shaolin/etc/kubernetes/admin.conf");
    let text = fs::read_to_string(&admin).unwrap();
    let dials = "server: https://api.wulin.example:8443";
    let changed = text.replace("server: https://lb.wulin.example:8443", dials);
    assert!(changed.contains(dials), "{text}");
    fs::write(&admin, changed).unwrap();
    fs::write(
        cluster.path().join("trees/shaolin/etc/hosts"),
        "10.27.53.100 lb.wulin.example api.wulin.example\n",
    )
    .unwrap();
    let report = cluster.audit(&[]);
    let refused = NODES.map(|node| format!("error name-mismatch {node} api.wulin.example"));
    assert_eq!(of_names(&report), refused);
    for command in commands(&report) {
        cluster.paste(&command);
    }
    let report = cluster.audit(&[]);
    assert_eq!(of_names(&report), [""; 0]);
    // The inventory does not know the name yet, and that alone is left to say.
    let left = told(&report);
    assert!(
        left.len() == 1 && left[0].starts_with("warning inventory-differs shaolin "),
        "{left:?}"
    );
}

/// Three masters behind a balancer, as `init` makes them.
struct Masters(TempDir);

impl Masters {
    #[track_caller]
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("hapki.yaml"), INVENTORY).unwrap();
        let made = hapki_in(directory.path())
            .args(["init", "--out", "trees"])
            .output()
            .unwrap();
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    #[track_caller]
    fn audit(&self, more: &[&str]) -> Value {
        let audit = hapki_in(self.path())
            .args(["audit", "--format", "json", "--fail-on", "never", "trees"])
            .args(more)
            .output()
            .unwrap();
        assert_eq!(code(&audit), 0, "{}", stderr(&audit));
        json(&audit)
    }

    #[track_caller]
    fn findings(&self) -> Vec<String> {
        told(&self.audit(&[]))
    }

    #[track_caller]
    fn paste(&self, command: &str) {
        let shell = Command::new("/bin/sh")
            .env("PATH", bin_directory())
            .current_dir(self.path())
            .args(["-ec", command])
            .output()
            .unwrap();
        assert!(shell.status.success(), "{command}\n{}", stderr(&shell));
    }
}

/// Errors and warnings: severity, rule, node, the names that the message says are not carried.
fn told(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    let mut told: Vec<String> = findings
        .iter()
        .filter(|finding| finding["severity"] != "info")
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap();
            let message = text("message");
            let missing = message.split_once(" does not carry ");
            let missing = missing.and_then(|(_, rest)| rest.split_once(", "));
            let missing = missing.map_or(message, |(missing, _)| missing);
            format!(
                "{} {} {} {missing}",
                text("severity"),
                text("rule"),
                text("node")
            )
        })
        .collect();
    told.sort();
    told
}

fn of_names(report: &Value) -> Vec<String> {
    let mut told = told(report);
    told.retain(|line| line.contains(" name-mismatch "));
    told
}

fn commands(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .filter_map(|finding| finding["remedy"]["command"].as_str())
        .map(str::to_owned)
        .collect()
}

const NODES: [&str; 3] = ["emei", "shaolin", "wudang"];
const INVENTORY: &str = "\
apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
kubernetes: { version: \"1.34\", controlPlaneEndpoint: \"lb.wulin.example:8443\" }
certificates: { key: ecdsa-p256 }
nodes:
  - { name: shaolin, addresses: [10.27.53.32], roles: [control-plane, etcd] }
  - { name: wudang, addresses: [10.24.138.208], roles: [control-plane, etcd] }
  - { name: emei, addresses: [10.27.52.72], roles: [control-plane, etcd] }
loadBalancers:
  - { address: 10.27.53.100, listen: 8443, mode: tcp, names: [lb.wulin.example], backends: [shaolin, wudang, emei] }
";
