//! Registries: the field report's Harbor on two nodes, what docker and containerd are told about registries, and every way
//! of naming one as a PATH.

mod issued;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::forge;
use crate::forge::Pair;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;

const NO_IP: &str =
    "x509: cannot validate certificate for 10.47.217.91 because it doesn't contain any IP SANs";
const NO_NAME: &str =
    "x509: certificate is not valid for any names, but wanted to match hub.tonybai.com";

#[test]
fn docker_login_by_address_wants_the_address() {
    let harbor = Harbor::with(&["hub.tonybai.com"]);
    let report = harbor.audited(&["node1=node1", "node2=node2"]);
    let edge = edge(&report, "docker@node1", "https://10.47.217.91:8060");
    assert_eq!(edge["server"], "registry@node1");
    assert_eq!(edge["says"], NO_IP);
    assert_eq!(
        edge["prints"],
        format!(
            "Error response from daemon: Get \"https://10.47.217.91:8060/v2/\": tls: failed to verify certificate: {NO_IP}"
        )
    );
    let finding = finding(&report, "name-mismatch", "node1");
    assert_eq!(
        finding["place"]["path"],
        "/mnt/cephfs/harbor/data/cert/server.crt"
    );
    assert_eq!(finding["related"][0]["line"], 2);
    let command = finding["remedy"]["command"].as_str().unwrap();
    for part in [
        "hapki issue registry --node node1",
        "--ip 10.28.61.30",
        "--ip 10.47.217.91",
    ] {
        assert!(command.contains(part), "{command}");
    }
}

#[test]
fn the_remedy_mends_both_instances_of_the_shared_certificate() {
    let harbor = Harbor::with(&["hub.tonybai.com"]);
    let paths = ["node1=node1", "node2=node2"];
    let report = harbor.audited(&paths);
    let command = finding(&report, "name-mismatch", "node1")["remedy"]["command"].clone();
    harbor.paste(command.as_str().unwrap());
    for file in ["server.crt", "server.key"] {
        let shared = |node: &str| harbor.path(node).join(CERTS).join(file);
        fs::copy(shared("node1"), shared("node2")).unwrap();
    }
    let report = harbor.audited(&paths);
    assert_eq!(errors(&report), Vec::<String>::new(), "{report:#}");
}

#[test]
fn docker_login_by_name_wants_the_name_and_is_sent_to_the_hostname() {
    let harbor = Harbor::with(&["10.47.217.91", "10.28.61.30"]);
    harbor.write("hapki.yaml", INVENTORY);
    harbor.trusting_node("hub.tonybai.com:8989");
    let paths = ["node1=node1", "node2=node2", "client=client"];
    let report = harbor.audited(&paths);
    for server in ["registry@node1", "registry@node2"] {
        let refused = edges(&report, "docker@client", "https://hub.tonybai.com:8989");
        let refused = refused
            .iter()
            .find(|edge| edge["server"] == server)
            .unwrap();
        assert_eq!(refused["says"], NO_NAME);
    }

    // With the name alone, what fails is the token service, where Harbor's hostname sends the client.
    let harbor = Harbor::with(&["hub.tonybai.com"]);
    harbor.write("hapki.yaml", INVENTORY);
    harbor.trusting_node("hub.tonybai.com:8989");
    let report = harbor.audited(&paths);
    for edge in edges(&report, "docker@client", "https://hub.tonybai.com:8989") {
        assert_eq!(edge["ok"], true);
    }
    let realm = edge(
        &report,
        "docker@client",
        "https://10.47.217.91:8060/service/token",
    );
    assert_eq!(realm["says"], NO_IP);
    assert_eq!(
        realm["prints"],
        format!(
            "Error response from daemon: Get \"https://10.47.217.91:8060/service/token\": tls: failed to verify certificate: {NO_IP}"
        )
    );

    let harbor = Harbor::with(&["hub.tonybai.com", "10.47.217.91", "10.28.61.30"]);
    harbor.write("hapki.yaml", INVENTORY);
    harbor.trusting_node("hub.tonybai.com:8989");
    assert_eq!(errors(&harbor.audited(&paths)), Vec::<String>::new());
}

#[test]
fn what_prepare_copied_is_what_is_shown() {
    let harbor = Harbor::with(&["10.47.217.91"]);
    let copied = "opt/harbor/common/config/nginx/cert";
    let stale = forge::server(&harbor.ca, "old", &["old.wulin.internal"]);
    harbor.pair("node1", copied, "server", &stale);
    let report = harbor.audited(&["node1=node1"]);
    let finding = finding(&report, "name-mismatch", "node1");
    assert_eq!(
        finding["place"]["path"],
        "/opt/harbor/common/config/nginx/cert/server.crt"
    );
}

#[test]
fn docker_trusts_its_directory_and_says_what_it_cannot_use() {
    let harbor = Harbor::with(&["10.47.217.91"]);
    let host = "10.47.217.91:8060";
    let certs = format!("client/etc/docker/certs.d/{host}");
    let url = format!("https://{host}");
    let paths = ["node1=node1", "client=client"];

    harbor.write(
        &format!("{certs}/ca.crt"),
        &forge::authority("other").certificate.to_pem(),
    );
    let report = harbor.audited(&paths);
    let unknown = edge(&report, "docker@client", &url);
    assert_eq!(
        unknown["says"],
        "x509: certificate signed by unknown authority"
    );

    // What the machine trusts counts beside it.
    harbor.write(
        "client/etc/ssl/certs/ca-certificates.crt",
        &harbor.ca.certificate.to_pem(),
    );
    assert_eq!(
        edge(&harbor.audited(&paths), "docker@client", &url)["ok"],
        true
    );

    harbor.write(&format!("{certs}/ca.cert"), &harbor.ca.certificate.to_pem());
    let report = harbor.audited(&paths);
    let says = "missing key ca.key for client certificate ca.cert. CA certificates must use the extension .crt";
    assert_eq!(edge(&report, "docker@client", &url)["says"], says);
    assert_eq!(
        finding(&report, "key-missing", "client")["edges"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    harbor.write(
        "client/etc/docker/daemon.json",
        "{\n  \"insecure-registries\": [\"10.47.0.0/16\"]\n}\n",
    );
    let report = harbor.audited(&paths);
    assert_eq!(edge(&report, "docker@client", &url)["ok"], true);
    let disabled = finding(&report, "verification-disabled", "client");
    assert_eq!(disabled["severity"], "warning");
    assert_eq!(disabled["place"]["line"], 2);
}

#[test]
fn containerd_dials_every_host_of_its_file() {
    let harbor = Harbor::with(&["10.47.217.91"]);
    let directory = "client/etc/containerd/certs.d/hub.wulin.internal";
    harbor.write(
        &format!("{directory}/own.crt"),
        &harbor.ca.certificate.to_pem(),
    );
    harbor.write(
        &format!("{directory}/hosts.toml"),
        "server = \"https://10.28.61.30:8060\"\nskip_verify = true\n\n[host.\"https://10.47.217.91:8060\"]\n  ca = \"own.crt\"\n",
    );
    let report = harbor.audited(&["node1=node1", "node2=node2", "client=client"]);
    assert_eq!(
        edge(&report, "containerd@client", "https://10.47.217.91:8060")["ok"],
        true
    );
    assert_eq!(
        edge(&report, "containerd@client", "https://10.28.61.30:8060")["ok"],
        true
    );
    assert_eq!(
        finding(&report, "verification-disabled", "client")["place"]["line"],
        2
    );
}

#[test]
fn a_registry_that_demands_certificates_gets_one_or_refuses() {
    let harbor = Harbor::with(&["10.47.217.91"]);
    harbor.write(
        "registry/etc/docker/registry/config.yml",
        "version: 0.1\nstorage: {inmemory: {}}\nhttp:\n  addr: 10.24.138.208:5000\n  tls:\n    certificate: /tls/server.crt\n    key: /tls/server.key\n    clientcas: [/tls/ca.crt]\n",
    );
    harbor.write("registry/etc/hosts", "10.24.138.208 registry\n");
    let server = forge::server(&harbor.ca, "registry", &["10.24.138.208"]);
    harbor.pair("registry", "tls", "server", &server);
    harbor.write("registry/tls/ca.crt", &harbor.ca.certificate.to_pem());
    let certs = "client/etc/docker/certs.d/10.24.138.208:5000";
    harbor.write(&format!("{certs}/ca.crt"), &harbor.ca.certificate.to_pem());
    let paths = ["registry=registry", "client=client"];
    let report = harbor.audited(&paths);
    let refused = edge(&report, "docker@client", "https://10.24.138.208:5000");
    assert_eq!(refused["says"], "remote error: tls: certificate required");
    assert_eq!(
        refused["server_says"],
        "tls: client didn't provide a certificate"
    );
    assert_eq!(errors(&report), ["client-auth-missing"]);

    // A server's certificate is none for a client.
    let wrong = forge::server(&harbor.ca, "client", &["client"]);
    harbor.write(&format!("{certs}/client.cert"), &wrong.certificate.to_pem());
    harbor.write(&format!("{certs}/client.key"), wrong.key.to_pem());
    let report = harbor.audited(&paths);
    let refused = edge(&report, "docker@client", "https://10.24.138.208:5000");
    assert_eq!(refused["says"], "remote error: tls: bad certificate");
    assert_eq!(
        refused["server_says"],
        "x509: certificate specifies an incompatible key usage"
    );
}

#[test]
fn a_harbor_or_a_registry_is_a_path() {
    let harbor = Harbor::with(&["hub.tonybai.com"]);
    let root = harbor.directory.path().to_string_lossy().into_owned();
    // Absolute paths inside are the machine's own.
    for node in ["node1", "node2"] {
        let file = harbor.path(node).join("opt/harbor/harbor.cfg");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.replace("/mnt/", &format!("{root}/{node}/mnt/"))).unwrap();
    }
    for path in [
        "node1/opt/harbor",
        "node1/opt/harbor/harbor.cfg",
        "node1/opt/harbor/docker-compose.yml",
    ] {
        let report = harbor.audited(&[path]);
        let edges = report["edges"].as_array().unwrap();
        assert_eq!(edges[0]["says"], NO_IP, "{path}");
        assert_eq!(edges[0]["client"], "docker@harbor");
    }
    let certificate = harbor.path("node1").join(CERTS).join("server.crt");
    let config = format!(
        "version: 0.1\nstorage: {{inmemory: {{}}}}\nhttp:\n  addr: :5000\n  host: https://hub.wulin.internal:5000\n  tls:\n    certificate: {0}\n    key: {1}\n",
        certificate.display(),
        certificate.with_extension("key").display(),
    );
    harbor.write("registry.yml", &config);
    harbor.write("docker/registry/config.yml", &config);
    for path in ["registry.yml", "docker/registry"] {
        let report = harbor.audited(&[path]);
        let says = "x509: certificate is valid for hub.tonybai.com, not hub.wulin.internal";
        assert_eq!(report["edges"][0]["says"], says, "{path}: {report:#}");
    }
    let nodes = Harbor::with(&["hub.tonybai.com"]);
    assert_eq!(
        errors(&nodes.audited(&["."])),
        ["name-mismatch", "name-mismatch"]
    );
}

#[test]
fn a_composed_registry_is_reached_by_its_published_port() {
    let harbor = Harbor::with(&[]);
    harbor.write(
        "node3/opt/registry/docker-compose.yml",
        "services:\n  registry:\n    image: registry:2.8.2\n    ports: [\"443:5443\"]\n    environment:\n      REGISTRY_HTTP_ADDR: 0.0.0.0:5443\n      REGISTRY_HTTP_TLS_CERTIFICATE: /certs/hub.crt\n      REGISTRY_HTTP_TLS_KEY: /certs/hub.key\n    volumes:\n      - ./certs:/certs\n",
    );
    harbor.write(
        "node3/etc/hosts",
        "10.24.138.208 node3 hub.wulin.internal\n",
    );
    harbor.write(
        "node3/etc/docker/certs.d/hub.wulin.internal/ca.crt",
        &harbor.ca.certificate.to_pem(),
    );
    let hub = forge::server(&harbor.ca, "hub.wulin.internal", &[]);
    harbor.pair("node3", "opt/registry/certs", "hub", &hub);
    let report = harbor.audited(&["node3"]);
    let says = "x509: certificate relies on legacy Common Name field, use SANs instead";
    assert_eq!(
        edge(&report, "docker@node3", "https://hub.wulin.internal")["says"],
        says
    );
    assert_eq!(errors(&report), ["common-name-only"]);
}

/// The report's two nodes, with one certificate on the disk that they share.
struct Harbor {
    directory: TempDir,
    ca: Pair,
}

impl Harbor {
    fn with(sans: &[&str]) -> Self {
        let harbor = Self {
            directory: tempfile::tempdir().unwrap(),
            ca: forge::authority("wulin registries"),
        };
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seed/harbor");
        let server = forge::server(&harbor.ca, "hub.tonybai.com", sans);
        for node in ["node1", "node2"] {
            copy(&seed.join(node), &harbor.path(node));
            harbor.pair(node, CERTS, "ca", &harbor.ca);
            harbor.pair(node, CERTS, "server", &server);
        }
        harbor
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn pair(&self, node: &str, directory: &str, base: &str, pair: &Pair) {
        let base = format!("{node}/{directory}/{base}");
        self.write(&format!("{base}.crt"), &pair.certificate.to_pem());
        self.write(&format!("{base}.key"), pair.key.to_pem());
    }

    /// A machine whose docker trusts the authority for `host`.
    fn trusting_node(&self, host: &str) {
        let path = format!("client/etc/docker/certs.d/{host}/ca.crt");
        self.write(&path, &self.ca.certificate.to_pem());
    }

    #[track_caller]
    fn audited(&self, paths: &[&str]) -> Value {
        let output = hapki_in(self.directory.path())
            .args(["audit", "--format", "json", "--fail-on", "never"])
            .args(["--at", "2027-06-01T00:00:00Z"])
            .args(paths)
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        json(&output)
    }

    fn paste(&self, command: &str) {
        let bin = Path::new(env!("CARGO_BIN_EXE_hapki")).parent().unwrap();
        let command = command.replace("hapki issue", "hapki issue --at 2027-06-01T00:00:00Z");
        let shell = Command::new("/bin/sh")
            .env("PATH", bin)
            .current_dir(self.directory.path())
            .args(["-ec", &command])
            .output()
            .unwrap();
        assert!(shell.status.success(), "{command}\n{}", stderr(&shell));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

fn edges<'r>(report: &'r Value, client: &str, dials: &str) -> Vec<&'r Value> {
    let edges = report["edges"].as_array().unwrap().iter();
    edges
        .filter(|edge| edge["client"] == client && edge["dials"] == dials)
        .collect()
}

#[track_caller]
fn edge<'r>(report: &'r Value, client: &str, dials: &str) -> &'r Value {
    match edges(report, client, dials).as_slice() {
        [edge] => edge,
        other => panic!("{} of {client} to {dials}: {report:#}", other.len()),
    }
}

#[track_caller]
fn finding<'r>(report: &'r Value, rule: &str, node: &str) -> &'r Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    let found = findings.find(|finding| finding["rule"] == rule && finding["node"] == node);
    found.unwrap_or_else(|| panic!("no {rule} on {node}: {report:#}"))
}

fn errors(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let errors = findings.filter(|finding| finding["severity"] == "error");
    errors
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect()
}

/// The shared disk.
const CERTS: &str = "mnt/cephfs/harbor/data/cert";
const INVENTORY: &str = "apiVersion: hapki.dev/v1\nkind: Cluster\nregistries:\n  - { name: hub.tonybai.com, kind: harbor, version: \"1.1.0\", port: 8989, instances: [ { node: node1, address: 10.47.217.91 }, { node: node2, address: 10.28.61.30 } ] }\n";
