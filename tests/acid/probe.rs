//! A registry of CNCF distribution whose bundle was changed on disk: asked, it says whether it runs with the new one. Both
//! releases, with the key id that each computes.

use std::fs;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use pki_core::probe;
use pki_core::probe::Outcome;
use pki_core::probe::Question;
use pki_core::probe::Url;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id::KidForm;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::pem;
use time::OffsetDateTime;

use crate::harbor::keys;
use crate::peers;
use crate::server::Server;

#[test]
#[ignore = "needs docker-registry and registry3: tests/peers/build.sh"]
fn a_registry_that_was_not_restarted_refuses_the_key_of_its_new_bundle() {
    for (program, form) in [
        ("docker-registry", KidForm::Libtrust),
        ("registry3", KidForm::Rfc7638),
    ] {
        let registry = Registry::new(program, form);
        let [old, new] = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048].map(keys::new);
        registry.trust(&[&old]);
        let server = registry.start();
        assert_eq!(registry.asked(&old), Outcome::Trusts, "{program}");
        assert_refused(program, &registry.asked(&new));
        registry.trust(&[&old, &new]);
        assert_refused(program, &registry.asked(&new));
        drop(server);
        let server = registry.start();
        for key in [&old, &new] {
            assert_eq!(registry.asked(key), Outcome::Trusts, "{program}");
        }
        drop(server);
        let outcome = registry.asked(&new);
        assert!(
            matches!(&outcome, Outcome::Unclear(why) if why.contains("refused")),
            "{program}: {outcome:?}"
        );
    }
}

#[track_caller]
fn assert_refused(program: &str, outcome: &Outcome) {
    assert!(
        matches!(outcome, Outcome::Refuses(challenge) if challenge.contains("error=\"invalid_token\"")),
        "{program}: {outcome:?}"
    );
}

struct Registry {
    program: &'static str,
    form: KidForm,
    work: PathBuf,
    ca: Certificate,
    at: SocketAddr,
}

impl Registry {
    fn new(program: &'static str, form: KidForm) -> Self {
        let work = peers::scratch(&format!("probe-{program}"));
        let authority = keys::Authority::new("probe");
        let server = authority.server(&[ADDRESS]);
        let free = TcpListener::bind((ADDRESS, 0)).unwrap();
        let at = free.local_addr().unwrap();
        for (name, text) in [
            ("server.crt", server.certificate),
            ("server.key", server.key),
        ] {
            fs::write(work.join(name), text).unwrap();
        }
        let config = format!(
            "version: 0.1\nstorage: {{inmemory: {{}}}}\nhttp:\n  addr: {at}\n  tls:\n    certificate: {0}/server.crt\n    key: {0}/server.key\nauth:\n  token:\n    realm: https://{at}/token\n    service: {SERVICE}\n    issuer: {ISSUER}\n    rootcertbundle: {0}/root.crt\n",
            work.display()
        );
        fs::write(work.join("config.yml"), config).unwrap();
        Self {
            program,
            form,
            ca: certificate(&authority.pem()),
            work,
            at,
        }
    }

    fn trust(&self, keys: &[&String]) {
        let roots: String = keys.iter().map(|key| keys::root(key)).collect();
        fs::write(self.work.join("root.crt"), roots).unwrap();
    }

    fn start(&self) -> Server {
        let mut command = peers::peer(self.program, ["serve"]);
        command.arg(self.work.join("config.yml"));
        let log: &Path = &self.work.join("registry.log");
        let mut server = Server::start(self.program, &command, log.to_path_buf());
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(self.at).is_err() {
            server.assert_alive();
            assert!(Instant::now() < deadline, "{}", server.log_tail());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn asked(&self, key: &str) -> Outcome {
        let key = PrivateKey::from_bytes(key.as_bytes()).unwrap();
        let url: Url = format!("https://{}", self.at).parse().unwrap();
        probe::ask(&Question {
            url: &url,
            reference: KeyRef::new(self.form, key.public_key(), &[]),
            key: &key,
            service: SERVICE,
            issuer: ISSUER,
            roots: std::slice::from_ref(&self.ca),
            now: OffsetDateTime::now_utc(),
        })
    }
}

fn certificate(pem: &str) -> Certificate {
    let block = pem::blocks(pem.as_bytes()).remove(0).unwrap();
    Certificate::from_der(&block.der).unwrap()
}

const ADDRESS: &str = "127.0.91.23";
const SERVICE: &str = "harbor-registry";
const ISSUER: &str = "harbor-token-issuer";
