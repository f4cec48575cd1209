//! A registry of CNCF distribution with a certificate that hapki issued, dialled by skopeo: what skopeo prints is what the
//! audit of the same files says.

use std::fs;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::inventory;
use crate::peers;
use crate::peers::Said;
use crate::server::Server;

const ADDRESS: &str = "127.0.91.17";
/// What Go's clients put before it from 1.20 on; Debian's skopeo is older.
const VERIFY_PREFIX: &str = "tls: failed to verify certificate: ";

#[test]
#[ignore = "needs docker-registry and skopeo: tests/peers/build.sh"]
fn what_skopeo_prints_is_what_the_audit_says() {
    let registry = Registry::new("registry-good");
    registry.issue(ADDRESS);
    let (skopeo, edge) = registry.dialled(&registry.ca());
    assert!(
        skopeo.stderr.contains("manifest unknown"),
        "{}",
        skopeo.report()
    );
    assert_eq!(edge["ok"], true, "{edge:#}");

    let registry = Registry::new("registry-wrong-name");
    registry.issue("127.0.91.18");
    registry.refused(
        &registry.ca(),
        "x509: certificate is valid for 127.0.91.18, not 127.0.91.17",
    );

    let registry = Registry::new("registry-unknown-authority");
    registry.issue(ADDRESS);
    registry.refused(
        &registry.pki().join("etcd/ca.crt"),
        "x509: certificate signed by unknown authority",
    );
    let namesake = Registry::new("registry-namesake");
    registry.refused(
        &namesake.ca(),
        "x509: certificate signed by unknown authority (possibly because of \"x509: ECDSA verification failure\" while trying to verify candidate authority certificate \"kubernetes\")",
    );

    let registry = Registry::new("registry-common-name");
    registry.issue_without_names();
    registry.refused(
        &registry.ca(),
        "x509: certificate relies on legacy Common Name field, use SANs instead",
    );
}

/// The trees of a registry and of a machine that dials it.
struct Registry {
    work: PathBuf,
    trees: PathBuf,
    port: u16,
}

impl Registry {
    fn new(name: &str) -> Self {
        let work = peers::scratch(name);
        let listed = inventory::write(&work, &[("hub", ADDRESS)], "hub:6443", "ecdsa-p256");
        let trees = inventory::init(&work, &listed);
        let free = TcpListener::bind((ADDRESS, 0)).unwrap();
        let registry = Self {
            work,
            trees,
            port: free.local_addr().unwrap().port(),
        };
        registry.write(
            "trees/hub/etc/docker/registry/config.yml",
            &registry.config(Path::new("/")),
        );
        registry
    }

    /// As it stands on the node, or as it is run here.
    fn config(&self, root: &Path) -> String {
        let tls = root.join("etc/docker/registry/tls");
        format!(
            "version: 0.1\nstorage: {{inmemory: {{}}}}\nhttp:\n  addr: {ADDRESS}:{}\n  tls:\n    certificate: {1}/hub.crt\n    key: {1}/hub.key\n",
            self.port,
            tls.display()
        )
    }

    fn pki(&self) -> PathBuf {
        self.trees.join("hub/etc/kubernetes/pki")
    }

    fn ca(&self) -> PathBuf {
        self.pki().join("ca.crt")
    }

    fn tls(&self) -> PathBuf {
        let tls = self.trees.join("hub/etc/docker/registry/tls");
        fs::create_dir_all(&tls).unwrap();
        tls
    }

    /// Where the registry's own configuration points.
    fn issue(&self, address: &str) {
        self.tls();
        let mut issue = peers::hapki(["issue", "registry", "--node", "hub", "--only-given"]);
        issue.args([
            "--ip",
            address,
            "--key",
            "ecdsa-p256",
            "--install",
            "--pki-dir",
        ]);
        peers::must(issue.arg(self.pki()));
    }

    /// As nobody should any more: hapki refuses to.
    fn issue_without_names(&self) {
        let (tls, request) = (self.tls(), self.work.join("hub.csr"));
        let mut ask = peers::peer("openssl", ["req", "-new", "-newkey", "rsa:2048", "-nodes"]);
        ask.args(["-subj", &format!("/CN={ADDRESS}"), "-keyout"])
            .arg(tls.join("hub.key"));
        peers::must(ask.arg("-out").arg(&request));
        let mut sign = peers::peer("openssl", ["x509", "-req", "-days", "30", "-CA"]);
        sign.arg(self.ca())
            .arg("-CAkey")
            .arg(self.pki().join("ca.key"));
        peers::must(
            sign.args(["-CAcreateserial", "-in"])
                .arg(&request)
                .arg("-out")
                .arg(tls.join("hub.crt")),
        );
    }

    #[track_caller]
    fn refused(&self, trusted: &Path, says: &str) {
        let (skopeo, edge) = self.dialled(trusted);
        assert_eq!(edge["says"], says, "{edge:#}");
        let prints = edge["prints"].as_str().unwrap().replace(VERIFY_PREFIX, "");
        let printed = skopeo
            .stderr
            .replace("\\\"", "\"")
            .replace(VERIFY_PREFIX, "");
        assert!(
            printed.trim_end().trim_end_matches('"').ends_with(&prints),
            "{prints}\n{}",
            skopeo.report()
        );
    }

    /// What skopeo said, and the edge that the audit has for it.
    fn dialled(&self, trusted: &Path) -> (Said, Value) {
        let host = format!("{ADDRESS}:{}", self.port);
        let certs = self
            .work
            .join("trees/client/etc/containers/certs.d")
            .join(&host);
        fs::create_dir_all(&certs).unwrap();
        fs::copy(trusted, certs.join("ca.crt")).unwrap();

        self.write("run.yml", &self.config(&self.trees.join("hub")));
        let mut command = peers::peer("docker-registry", ["serve"]);
        command.arg(self.work.join("run.yml"));
        let mut server = Server::start("docker-registry", &command, self.work.join("registry.log"));
        let at: SocketAddr = host.parse().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(at).is_err() {
            server.assert_alive();
            assert!(Instant::now() < deadline, "{}", server.log_tail());
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut skopeo = peers::peer("skopeo", ["inspect", "--cert-dir"]);
        let said = peers::run(skopeo.arg(&certs).arg(format!("docker://{host}/wulin")));
        drop(server);

        let mut audit = peers::hapki(["audit", "--format", "json", "--fail-on", "never"]);
        let report = peers::json(audit.arg(&self.trees));
        let mut edges = report["edges"].as_array().unwrap().iter();
        let edge = edges.find(|edge| edge["client"] == "cri-o@client");
        let edge = edge.unwrap_or_else(|| panic!("{report:#}")).clone();
        assert_eq!(edge["server"], "registry@hub");
        assert_eq!(edge["dials"], format!("https://{host}"));
        (said, edge)
    }

    fn write(&self, below: &str, text: &str) {
        let path = self.work.join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
