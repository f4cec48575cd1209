//! One kube-apiserver: the `kid` that it writes into tokens, and what it says of tokens that it does not take.

use std::fs;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use pki_core::token::jwt;
use pki_core::token::jwt::Claims;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id;
use pki_core::token::key_id::KidForm;
use pki_core::verdict::service_account;
use pki_core::verdict::service_account::Presented;
use pki_core::verdict::service_account::Verifier;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::spki::PublicKey;
use time::OffsetDateTime;

use crate::inventory;
use crate::kids::forge;
use crate::peers;
use crate::peers::Said;
use crate::server::Server;

const ADDRESS: &str = "127.0.91.43";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

#[test]
#[ignore = "needs etcd, kube-apiserver, kubectl and openssl: tests/peers/build.sh"]
fn an_apiserver_writes_the_kid_that_hapki_computes_and_says_what_the_verdict_foretells() {
    let work = peers::scratch("kids-apiserver");
    let listed = inventory::write(&work, &[("shaolin", ADDRESS)], "shaolin:6443", "ecdsa-p256");
    let tree = inventory::init(&work, &listed).join("shaolin/etc/kubernetes");
    let keys = [
        ("rsa", forge::rsa(&work, 2048)),
        (
            "p256",
            PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap(),
        ),
        ("short-x", forge::short(1)),
        ("short-y", forge::short(33)),
        (
            "p384",
            PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap(),
        ),
    ];
    let mut etcd = Etcd::start(&work, &tree);
    let mut tokens: Vec<(&str, String)> = Vec::new();
    for (name, key) in &keys {
        let apiserver = Apiserver::start(&work, &tree, name, &[key]);
        etcd.0.assert_alive();
        let token = apiserver.token();
        let parsed = jwt::parse(&token).unwrap();
        let kid = KidForm::Kubernetes.id(key.public_key()).unwrap();
        assert_eq!(parsed.header().key_reference(), KeyRef::Kid(kid), "{name}");
        let claims = parsed.verify(key.public_key()).unwrap();
        assert_eq!(
            (claims.issuer.as_str(), claims.audience_as_array),
            (ISSUER, true)
        );
        apiserver.accepts(&token);
        for (other, token) in &tokens {
            let signer = &keys.iter().find(|(name, _)| name == other).unwrap().1;
            apiserver.refuses(token, signer, &[key]);
        }
        tokens.push((*name, token));
    }
    println!("kids of {} keys are the apiserver's", keys.len());
    assert_eq!(tokens.len(), 5);

    // Several keys at once, as in a rotation; and what is made by hand.
    let [_, (_, old), (_, short), .., (_, new)] = &keys;
    let mut apiserver = Apiserver::start(&work, &tree, "both", &[new, old]);
    for (name, token) in &tokens {
        match *name {
            "p256" | "p384" => apiserver.accepts(token),
            _ => apiserver.refuses(
                token,
                &keys.iter().find(|(n, _)| n == name).unwrap().1,
                &[new, old],
            ),
        }
    }
    let now = OffsetDateTime::now_utc();
    let claims = Claims {
        issuer: ISSUER.to_owned(),
        subject: "system:serviceaccount:default:default".to_owned(),
        audience: vec![ISSUER.to_owned()],
        expires: Some(now + time::Duration::minutes(10)),
        ..Claims::default()
    };
    let kid = KeyRef::Kid(key_id::kubernetes(old.public_key()));
    let foreign = Claims {
        issuer: "https://elsewhere".to_owned(),
        ..claims.clone()
    };
    for (signer, reference, claims) in [
        (short, KeyRef::None, &claims),
        (short, kid.clone(), &claims),
        (
            short,
            KeyRef::Kid(key_id::libtrust(old.public_key())),
            &claims,
        ),
        (old, kid, &foreign),
    ] {
        let token = jwt::sign(signer, &reference, claims).unwrap();
        apiserver.refuses(&token, signer, &[new, old]);
    }
    controller_manager_without_a_key(&apiserver, &work, &tree);
    apiserver.stop();

    // Ed25519 beside RSA in one file is passed over without a word.
    let ed25519 = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let mixed = work.join("mixed.pem");
    let text = ed25519.public_key().to_pem() + old.to_pem();
    fs::write(&mixed, text).unwrap();
    let signing = work.join("p256-0.key").to_str().unwrap().to_owned();
    let mixed = mixed.to_str().unwrap().to_owned();
    let apiserver = Apiserver::with_files(&work, &tree, "mixed", &signing, &[mixed]);
    apiserver.accepts(&tokens[1].1);
    let kid = KeyRef::Kid(key_id::kubernetes(ed25519.public_key()));
    let token = jwt::sign(&ed25519, &kid, &claims).unwrap();
    apiserver.refuses(&token, &ed25519, &[&ed25519, old]);
    drop(apiserver);
    files_without_a_key(&work, &tree, old);
}

/// A public key where the private is asked for: the controller manager ends, and says why.
fn controller_manager_without_a_key(apiserver: &Apiserver, work: &Path, tree: &Path) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let path = work.join("public.pem");
    fs::write(&path, key.public_key().to_pem()).unwrap();
    let path = path.to_str().unwrap();
    let mut command = peers::peer("timeout", ["30"]);
    command.arg(peers::find("kube-controller-manager"));
    command.args([
        "--leader-elect=false",
        "--secure-port=0",
        "--controllers=serviceaccount-token",
    ]);
    command.arg(format!("--kubeconfig={}", apiserver.kubeconfig().display()));
    command.arg(format!(
        "--root-ca-file={}",
        tree.join("pki/ca.crt").display()
    ));
    command.arg(format!("--service-account-private-key-file={path}"));
    let said = peers::run(&command);
    let says = service_account::no_private_key(path);
    assert!(said.stderr.contains(&says), "{says}\n{}", said.report());
}

/// Ed25519 and `RSA PUBLIC KEY`, which keyutil passes over: the apiserver ends, and says why.
fn files_without_a_key(work: &Path, tree: &Path, good: &PrivateKey) {
    let ed25519 = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let file = |name: &str, text: &str| {
        let path = work.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.key", good.to_pem());
    let private = file("ed25519.key", ed25519.to_pem());
    let public = file("ed25519.pub", &ed25519.public_key().to_pem());
    let mut pkcs1 = peers::peer("openssl", ["rsa", "-RSAPublicKey_out", "-in"]);
    let pkcs1 = peers::must(pkcs1.arg(work.join("generated.pem")));
    assert!(pkcs1.starts_with("-----BEGIN RSA PUBLIC KEY-----"));
    let pkcs1 = file("pkcs1.pub", &pkcs1);
    for (signing, verifying, says) in [
        (&good, &public, service_account::no_public_key(&public)),
        (&good, &pkcs1, service_account::no_public_key(&pkcs1)),
        (&public, &good, service_account::no_signing_key(&public)),
        (
            &private,
            &good,
            service_account::ED25519_SIGNING_KEY.to_owned(),
        ),
    ] {
        let command = apiserver(tree, signing, std::slice::from_ref(verifying));
        let said = peers::run(&command);
        let lines = said.stderr.replace("\\\"", "\"");
        assert!(
            !said.ok && lines.contains(&says),
            "{says}\n{}",
            said.report()
        );
    }
}

struct Etcd(Server);

impl Etcd {
    fn start(work: &Path, tree: &Path) -> Self {
        let pki = tree.join("pki/etcd");
        let mut command = peers::peer("etcd", ["--name=shaolin"]);
        command.arg(format!("--data-dir={}", work.join("etcd").display()));
        for (flag, file) in [
            ("cert-file", "server.crt"),
            ("key-file", "server.key"),
            ("trusted-ca-file", "ca.crt"),
        ] {
            command.arg(format!("--{flag}={}", pki.join(file).display()));
        }
        command.args([
            "--client-cert-auth=true".to_owned(),
            format!("--listen-client-urls=https://{ADDRESS}:2379"),
            format!("--advertise-client-urls=https://{ADDRESS}:2379"),
            format!("--listen-peer-urls=http://{ADDRESS}:2380"),
            format!("--initial-advertise-peer-urls=http://{ADDRESS}:2380"),
            format!("--initial-cluster=shaolin=http://{ADDRESS}:2380"),
        ]);
        Self(Server::start("etcd", &command, work.join("etcd.log")))
    }
}

struct Apiserver {
    server: Option<Server>,
    tree: std::path::PathBuf,
    log: std::path::PathBuf,
    ready: bool,
}

impl Apiserver {
    /// Signs with the first key, verifies with all.
    fn start(work: &Path, tree: &Path, name: &str, keys: &[&PrivateKey]) -> Self {
        let files: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(number, key)| {
                let path = work.join(format!("{name}-{number}.key"));
                fs::write(&path, key.to_pem()).unwrap();
                path.to_str().unwrap().to_owned()
            })
            .collect();
        Self::with_files(work, tree, name, &files[0], &files)
    }

    fn with_files(work: &Path, tree: &Path, name: &str, signing: &str, files: &[String]) -> Self {
        let log = work.join(format!("apiserver-{name}.log"));
        let command = apiserver(tree, signing, files);
        let mut apiserver = Self {
            server: Some(Server::start("kube-apiserver", &command, log.clone())),
            tree: tree.to_owned(),
            log,
            ready: false,
        };
        apiserver.wait();
        apiserver
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.ready {
            self.server.as_mut().unwrap().assert_alive();
            let said = self.kubectl(&["get", "--raw", "/readyz"]);
            self.ready = said.ok && said.stdout == "ok";
            assert!(Instant::now() < deadline, "{}", said.report());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A token of the service account `default`, as TokenRequest gives it.
    fn token(&self) -> String {
        // The controller that would make it does not run here; the second time it is there.
        self.kubectl(&["create", "serviceaccount", "default"]);
        let said = self.kubectl(&["create", "token", "default"]);
        assert!(said.ok, "{}", said.report());
        said.stdout.trim().to_owned()
    }

    #[track_caller]
    fn accepts(&self, token: &str) {
        let said = self.whoami(token);
        assert_eq!(
            said.stdout,
            "system:serviceaccount:default:default",
            "{}",
            said.report()
        );
    }

    /// Refused, with the line that the verdict has for it.
    #[track_caller]
    fn refuses(&self, token: &str, signer: &PrivateKey, keys: &[&PrivateKey]) {
        let parsed = jwt::parse(token).unwrap();
        let issuer = parsed.claims().unwrap().issuer;
        let keys: Vec<PublicKey> = keys.iter().map(|key| key.public_key().clone()).collect();
        let presented = Presented {
            key: signer.public_key(),
            kid: parsed.header().key_id.as_deref(),
            issuer: Some(&issuer),
        };
        let verifier = Verifier {
            issuers: &[ISSUER.to_owned()],
            keys: &keys,
        };
        let foretold = service_account::refusals(&presented, &verifier);
        let foretold = foretold.first().expect("a refusal").to_string();
        let before = self.log_text().len();
        let said = self.whoami(token);
        assert!(said.stderr.contains("Unauthorized"), "{}", said.report());
        let line = format!("\"Unable to authenticate the request\" err=\"{foretold}\"");
        let deadline = Instant::now() + Duration::from_secs(5);
        while !self.log_text()[before..].contains(&line) {
            let log = &self.log_text()[before..];
            assert!(Instant::now() < deadline, "{line}\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn whoami(&self, token: &str) -> Said {
        let authority = format!(
            "--certificate-authority={}",
            self.tree.join("pki/ca.crt").display()
        );
        let mut command = peers::peer("kubectl", ["--kubeconfig=/dev/null", &authority]);
        command.args([
            format!("--server=https://{ADDRESS}:6443"),
            format!("--token={token}"),
        ]);
        command.args([
            "auth",
            "whoami",
            "--output=jsonpath={.status.userInfo.username}",
        ]);
        peers::run(&command)
    }

    fn kubectl(&self, args: &[&str]) -> Said {
        let mut command = peers::peer("kubectl", ["--request-timeout=10s"]);
        command
            .arg(format!("--kubeconfig={}", self.kubeconfig().display()))
            .args(args);
        peers::run(&command)
    }

    /// super-admin.conf, dialling the address.
    fn kubeconfig(&self) -> std::path::PathBuf {
        let admin = fs::read_to_string(self.tree.join("super-admin.conf")).unwrap();
        let own = self.tree.join("here.conf");
        let text = admin.replace("https://shaolin:6443", &format!("https://{ADDRESS}:6443"));
        fs::write(&own, text).unwrap();
        own
    }

    fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn stop(&mut self) {
        self.server = None;
    }
}

fn apiserver(tree: &Path, signing: &str, verifying: &[String]) -> std::process::Command {
    let pki = tree.join("pki");
    let file = |name: &str| pki.join(name).display().to_string();
    let mut command = peers::peer("kube-apiserver", ["--endpoint-reconciler-type=none"]);
    command.args([
        format!("--advertise-address={ADDRESS}"),
        format!("--bind-address={ADDRESS}"),
        "--authorization-mode=Node,RBAC".to_owned(),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--etcd-cafile={}", file("etcd/ca.crt")),
        format!("--etcd-certfile={}", file("apiserver-etcd-client.crt")),
        format!("--etcd-keyfile={}", file("apiserver-etcd-client.key")),
        format!("--etcd-servers=https://{ADDRESS}:2379"),
        "--service-cluster-ip-range=10.96.0.0/12".to_owned(),
        format!("--tls-cert-file={}", file("apiserver.crt")),
        format!("--tls-private-key-file={}", file("apiserver.key")),
        format!("--service-account-issuer={ISSUER}"),
        format!("--service-account-signing-key-file={signing}"),
    ]);
    for key in verifying {
        command.arg(format!("--service-account-key-file={key}"));
    }
    command
}
