//! `hapki audit`: exit codes, the JSON's keys, and files that cannot be read.

use std::path::Path;
use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::forge;
use crate::forge::Pair;
use crate::run::code;
use crate::run::hapki;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

/// One node's root directory: a CA, the apiserver's pair, its manifest.
struct Node {
    directory: TempDir,
    ca: Pair,
}

impl Node {
    fn new() -> Self {
        let node = Self {
            directory: tempfile::tempdir().unwrap(),
            ca: forge::authority("kubernetes"),
        };
        let apiserver = forge::server(
            &node.ca,
            "kube-apiserver",
            &[
                "wudang",
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
                "10.96.0.1",
                "10.24.138.208",
            ],
        );
        std::fs::create_dir_all(node.kubernetes().join("pki")).unwrap();
        std::fs::create_dir_all(node.kubernetes().join("manifests")).unwrap();
        node.write("pki/ca.crt", node.ca.certificate.to_pem());
        node.write("pki/ca.key", node.ca.key.to_pem());
        node.write("pki/apiserver.crt", apiserver.certificate.to_pem());
        node.write("pki/apiserver.key", apiserver.key.to_pem());
        node.write("manifests/kube-apiserver.yaml", MANIFEST);
        let roots = STANDARD.encode(node.ca.certificate.to_pem());
        node.write("admin.conf", KUBECONFIG.replace("ROOTS", &roots));
        node
    }

    fn kubernetes(&self) -> std::path::PathBuf {
        self.directory.path().join("etc/kubernetes")
    }

    /// Keys are 0600, as kubeadm writes them.
    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.kubernetes().join(name);
        std::fs::write(&path, contents).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = if name.ends_with(".key") { 0o600 } else { 0o644 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn audit(&self, args: &[&str]) -> Output {
        hapki_in(self.directory.path())
            .arg("audit")
            .args(args)
            .arg(format!("wudang={}", self.kubernetes().display()))
            .output()
            .unwrap()
    }

    #[track_caller]
    fn report(&self) -> Value {
        self.report_at(NOW)
    }

    #[track_caller]
    fn report_at(&self, now: &str) -> Value {
        let output = self.audit(&["--format", "json", "--fail-on", "never", "--at", now]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        json(&output)
    }
}

#[test]
fn a_sound_node_has_no_error() {
    let node = Node::new();
    let output = node.audit(&["--at", NOW]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert_eq!(node.report()["summary"]["findings"]["error"], 0);
}

#[test]
fn the_json_has_the_keys_that_scripts_read() {
    let report = Node::new().report_at(AFTER_ITS_END);
    assert_eq!(report["schema"], "hapki.audit/v1");
    assert_eq!(report["at"], AFTER_ITS_END);
    assert_eq!(report["summary"]["nodes"], 1);
    assert_has(
        &report["summary"]["edges"],
        &["total", "accepted", "refused"],
    );
    assert_has(
        &report["summary"]["findings"],
        &["error", "warning", "info"],
    );
    let edges = report["edges"].as_array().unwrap();
    assert!(!edges.is_empty());
    for edge in edges {
        assert_has(
            edge,
            &[
                "id",
                "kind",
                "client",
                "server",
                "dials",
                "via",
                "ok",
                "says",
                "prints",
                "server_says",
                "masked",
            ],
        );
    }
    let findings = report["findings"].as_array().unwrap();
    let expired = findings
        .iter()
        .find(|finding| finding["rule"] == "expired")
        .unwrap();
    assert_has(
        expired,
        &[
            "rule",
            "severity",
            "node",
            "place",
            "related",
            "edges",
            "caused_by",
            "message",
            "says",
            "remedy",
            "docs",
        ],
    );
    assert_has(&expired["place"], &["path", "read_from", "line"]);
    assert_eq!(expired["node"], "wudang");
    let certificates = report["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2);
    for certificate in certificates {
        assert_has(
            certificate,
            &[
                "sha256",
                "role",
                "subject",
                "issuer",
                "serial",
                "not_before",
                "not_after",
                "sans",
                "key",
                "places",
            ],
        );
    }
}

#[test]
fn the_exit_code_follows_fail_on() {
    let node = Node::new();
    for (fail_on, at, expected) in [
        ("error", AFTER_ITS_END, 1),
        ("warning", AFTER_ITS_END, 1),
        ("never", AFTER_ITS_END, 0),
        ("error", SHORTLY_BEFORE_ITS_END, 0),
        ("warning", SHORTLY_BEFORE_ITS_END, 1),
    ] {
        let output = node.audit(&["--fail-on", fail_on, "--at", at]);
        assert_eq!(code(&output), expected, "{fail_on} at {at}");
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn expiry_is_judged_at_the_given_instant() {
    let node = Node::new();
    let rules = |at: &str, within: &str| {
        let path = node.kubernetes();
        let output = hapki([
            "audit",
            "--format",
            "json",
            "--at",
            at,
            "--expires-within",
            within,
            &path.display().to_string(),
        ]);
        let report = json(&output);
        let findings = report["findings"].as_array().unwrap().clone();
        findings
            .into_iter()
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(!rules("2027-12-15T00:00:00Z", "7d").contains(&"expires-soon".to_owned()));
    assert!(rules("2027-12-15T00:00:00Z", "30d").contains(&"expires-soon".to_owned()));
    assert!(rules("2028-01-02T00:00:00Z", "30d").contains(&"expired".to_owned()));
}

#[test]
fn a_broken_file_is_a_finding_and_the_audit_goes_on() {
    let cut = |pem: String| pem[..pem.len() / 2].to_owned();
    for contents in [
        cut(Node::new().ca.certificate.to_pem()),
        String::new(),
        "not a certificate\n".to_owned(),
    ] {
        let node = Node::new();
        node.write("pki/apiserver.crt", &contents);
        let report = node.report();
        assert_mentions(&report, "/etc/kubernetes/pki/apiserver.crt");
        assert_eq!(
            report["certificates"].as_array().unwrap().len(),
            1,
            "the CA is still listed"
        );
    }
}

#[test]
fn a_directory_or_a_fifo_in_place_of_a_file_is_a_finding() {
    let node = Node::new();
    std::fs::remove_file(node.kubernetes().join("pki/apiserver.key")).unwrap();
    std::fs::create_dir(node.kubernetes().join("pki/apiserver.key")).unwrap();
    assert_mentions(&node.report(), "/etc/kubernetes/pki/apiserver.key");

    std::fs::remove_dir(node.kubernetes().join("pki/apiserver.key")).unwrap();
    let fifo = node.kubernetes().join("pki/apiserver.key");
    if std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .is_ok_and(|status| status.success())
    {
        assert_mentions(&node.report(), "/etc/kubernetes/pki/apiserver.key");
    }
}

#[test]
fn text_around_blocks_crlf_and_a_second_ca_are_no_fault() {
    let node = Node::new();
    let pem = node.ca.certificate.to_pem();
    let other = forge::authority("old").certificate.to_pem();
    node.write(
        "pki/ca.crt",
        format!(
            "\u{feff}Bag Attributes\r\n{}",
            format!("{pem}{other}").replace('\n', "\r\n")
        ),
    );
    let report = node.report();
    assert_eq!(report["summary"]["findings"]["error"], 0, "{report:#}");
    assert_eq!(report["certificates"].as_array().unwrap().len(), 3);
}

#[test]
fn nothing_readable_exits_2_with_a_sentence() {
    let empty = tempfile::tempdir().unwrap();
    for path in ["/no/such/path", &empty.path().display().to_string()] {
        let output = hapki(["audit", path]);
        assert_eq!(code(&output), 2, "{path}");
        assert_eq!(stdout(&output), "", "{path}");
        assert!(
            stderr(&output).starts_with("error: ") && stderr(&output).contains(path),
            "{}",
            stderr(&output)
        );
        assert!(stderr(&output).contains("\nhint: "));
    }
}

#[test]
fn a_wrong_inventory_is_refused_with_its_line() {
    let node = Node::new();
    let file = node.directory.path().join("bad.yaml");
    std::fs::write(
        &file,
        "apiVersion: hapki.dev/v1\nkind: Cluster\nmetadata: {name: a}\nnodez: []\n",
    )
    .unwrap();
    let output = node.audit(&["--inventory", "bad.yaml"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).starts_with("error: bad.yaml:4: "),
        "{}",
        stderr(&output)
    );
    let output = node.audit(&["--inventory", "missing.yaml"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).starts_with("error: missing.yaml: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn no_private_key_is_in_any_report() {
    let node = Node::new();
    let secret = node.ca.key.to_pem().lines().nth(1).unwrap().to_owned();
    for format in ["human", "json"] {
        assert!(
            !stdout(&node.audit(&["--format", format, "--at", NOW])).contains(&secret),
            "{format}"
        );
    }
}

#[track_caller]
fn assert_has(value: &Value, keys: &[&str]) {
    for key in keys {
        assert!(value.get(key).is_some(), "`{key}` is missing in {value:#}");
    }
}

#[track_caller]
fn assert_mentions(report: &Value, path: &str) {
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["place"]["path"] == Path::new(path).display().to_string()),
        "no finding at {path} in {findings:#?}"
    );
}

/// Ten days after everything began to be valid.
const NOW: &str = "2027-01-11T00:00:00Z";
const SHORTLY_BEFORE_ITS_END: &str = "2027-12-30T00:00:00Z";
/// The serving certificate has expired, its CA has not.
const AFTER_ITS_END: &str = "2028-01-02T00:00:00Z";

const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: {server: 'https://10.24.138.208:6443', certificate-authority-data: ROOTS}
contexts:
- name: admin@kubernetes
  context: {cluster: kubernetes, user: admin}
current-context: admin@kubernetes
users:
- name: admin
  user: {token: not-a-secret}
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
    - --secure-port=6443
    - --service-cluster-ip-range=10.96.0.0/12
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --tls-cert-file=/etc/kubernetes/pki/apiserver.crt
    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key
    image: registry.k8s.io/kube-apiserver:v1.34.4
  hostNetwork: true
";
