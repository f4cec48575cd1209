//! One registry: its configuration, its process, what it answers and what it logs meanwhile.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pki_core::token::jwt;
use pki_core::verdict::distribution;
use pki_core::verdict::distribution::Presented;
use pki_core::verdict::distribution::Refusal;
use pki_core::verdict::distribution::Release;
use pki_core::verdict::distribution::Verifier;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::spki::PublicKey;
use pki_core::x509::spki::PublicKeyAlgorithm;
use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use crate::kids::cases::Asked;
use crate::kids::forge::ISSUER;
use crate::kids::forge::SERVICE;
use crate::peers;
use crate::server::Server;

const ADDRESS: &str = "127.0.91.41";

/// What a registry trusts.
#[derive(Default)]
pub struct Options {
    pub bundle: Option<Vec<Certificate>>,
    pub jwks: Vec<(String, PublicKey)>,
    pub algorithms: Option<Vec<String>>,
}

pub struct Registry {
    pub name: String,
    release: Release,
    options: Options,
    at: SocketAddr,
    log: PathBuf,
    server: Server,
}

/// What a client and the log say of one request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// `WWW-Authenticate`.
    pub challenge: String,
    /// The lines of level info that are no record of the request.
    pub says: Vec<String>,
    /// The line of level warning.
    pub context: Option<String>,
}

impl Registry {
    /// Starts one and waits until it listens.
    pub fn start(work: &Path, release: Release, name: &str, options: &Options) -> Self {
        let name = format!("{name}-{release:?}");
        let mut lines = String::new();
        if let Some(bundle) = &options.bundle {
            let path = work.join(format!("{name}.crt"));
            let text: String = bundle.iter().map(Certificate::to_pem).collect();
            fs::write(&path, text).unwrap();
            lines += &format!("    rootcertbundle: {}\n", path.display());
        }
        if !options.jwks.is_empty() {
            let path = work.join(format!("{name}.jwks"));
            fs::write(&path, jwks(&options.jwks)).unwrap();
            lines += &format!("    jwks: {}\n", path.display());
        }
        if let Some(algorithms) = &options.algorithms {
            lines += &format!("    signingalgorithms: [{}]\n", algorithms.join(", "));
        }
        let free = TcpListener::bind((ADDRESS, 0)).unwrap();
        let at = free.local_addr().unwrap();
        drop(free);
        let configuration = work.join(format!("{name}.yml"));
        fs::write(&configuration, config(at, &required(&lines))).unwrap();
        let log = work.join(format!("{name}.log"));
        let server = Server::start(&name, &serve(release, &configuration), log.clone());
        let mut registry = Self {
            name,
            release,
            options: Options {
                bundle: options.bundle.clone(),
                jwks: options.jwks.clone(),
                algorithms: options.algorithms.clone(),
            },
            at,
            log,
            server,
        };
        registry.wait();
        registry
    }

    /// Asks for the root of the API, which needs no access to anything.
    pub fn ask(&mut self, token: &str) -> Answer {
        self.get("/v2/", &format!("Authorization: Bearer {token}\r\n"))
    }

    /// What the verdict says of it.
    pub fn judge(&self, asked: &Asked, now: OffsetDateTime) -> Result<(), Refusal> {
        let token = jwt::parse(&asked.token).unwrap();
        let claims = token.claims().unwrap();
        let reference = token.header().key_reference();
        let presented = Presented {
            key: &asked.key,
            algorithm: &token.header().algorithm,
            reference: &reference,
            issuer: &claims.issuer,
            audience: &claims.audience,
            audience_as_array: claims.audience_as_array,
            expires: claims.expires,
            not_before: claims.not_before,
        };
        let verifier = Verifier {
            release: self.release,
            issuer: ISSUER,
            service: SERVICE,
            bundle: self.options.bundle.as_deref().unwrap_or_default(),
            jwks: &self.options.jwks,
            algorithms: self.options.algorithms.as_deref(),
        };
        distribution::accepts(&presented, &verifier, now)
    }

    /// No token at all, and one that gives access to nothing.
    pub fn assert_speaks_of_missing_tokens(&mut self, good: &str) {
        let answer = self.get("/v2/", "");
        let context = answer.context.as_deref();
        assert_eq!(context, Some(distribution::TOKEN_REQUIRED), "{answer:?}");
        let bearer = format!("Authorization: Bearer {good}\r\n");
        let answer = self.get("/v2/t/img/manifests/latest", &bearer);
        let context = answer.context.as_deref();
        assert_eq!(
            context,
            Some(distribution::INSUFFICIENT_SCOPE),
            "{answer:?}"
        );
        assert!(answer.challenge.contains("error=\"insufficient_scope\""));
    }

    fn get(&mut self, path: &str, header: &str) -> Answer {
        self.server.assert_alive();
        let before = self.lines().len();
        let mut stream = TcpStream::connect(self.at).unwrap();
        let host = self.at;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{header}Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let status = response[9..12].parse().unwrap();
        let challenge = response
            .lines()
            .find_map(|line| line.strip_prefix("Www-Authenticate: "));
        let mut answer = Answer {
            status,
            challenge: challenge.unwrap_or_default().to_owned(),
            says: Vec::new(),
            context: None,
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let lines = self.lines();
            let new = &lines[before..];
            answer.context = said(new, "warning")
                .into_iter()
                .find(|line| line.starts_with("error authorizing context"));
            if status != 401 || answer.context.is_some() {
                answer.says = said(new, "info");
                answer.says.retain(|line| !RECORDS.contains(&line.as_str()));
                return answer;
            }
            assert!(Instant::now() < deadline, "{}", self.server.log_tail());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self
            .lines()
            .iter()
            .any(|line| line.contains("listening on"))
        {
            self.server.assert_alive();
            assert!(Instant::now() < deadline, "{}", self.server.log_tail());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.log).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// A configuration with these lines below `token`.
pub fn config(at: SocketAddr, token: &str) -> String {
    format!(
        "version: 0.1\nlog: {{level: info, formatter: text}}\nstorage: {{inmemory: {{}}}}\nhttp:\n  addr: {at}\nauth:\n  token:\n{token}"
    )
}

/// What both releases ask for, and more lines.
pub fn required(more: &str) -> String {
    format!(
        "    realm: http://127.0.0.1/service/token\n    service: {SERVICE}\n    issuer: {ISSUER}\n{more}"
    )
}

/// The command that serves with a configuration.
pub fn serve(release: Release, configuration: &Path) -> Command {
    let program = match release {
        Release::V2 => "docker-registry",
        Release::V3 => "registry3",
    };
    // Else 3 looks for a collector of traces.
    let script = r#"TZ=UTC OTEL_TRACES_EXPORTER=none exec "$0" serve "$1""#;
    let mut command = peers::peer("sh", ["-c", script]);
    command.arg(peers::find(program)).arg(configuration);
    command
}

/// The messages of one level, in order (logrus, formatter text).
fn said(lines: &[String], level: &str) -> Vec<String> {
    let level = format!(" level={level} msg=");
    let lines = lines.iter().filter_map(|line| line.split_once(&level));
    lines
        .map(|(_, message)| {
            if !message.starts_with('"') {
                return message.split(' ').next().unwrap().to_owned();
            }
            // Go's quotes are JSON's, as far as these lines go.
            let mut texts = serde_json::Deserializer::from_str(message).into_iter::<String>();
            texts.next().unwrap().unwrap()
        })
        .collect()
}

fn jwks(keys: &[(String, PublicKey)]) -> String {
    let keys: Vec<Value> = keys.iter().map(|(kid, key)| jwk(kid, key)).collect();
    json!({ "keys": keys }).to_string()
}

fn jwk(kid: &str, key: &PublicKey) -> Value {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    match key.algorithm() {
        PublicKeyAlgorithm::Rsa { .. } => {
            let (n, e) = key.rsa_numbers().unwrap();
            json!({ "kid": kid, "kty": "RSA", "n": encode(n), "e": encode(e) })
        }
        PublicKeyAlgorithm::EcP256 => {
            let (x, y) = key.key_bits()[1..].split_at(32);
            json!({ "kid": kid, "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
        }
        other => panic!("no test has a JWK of {other}"),
    }
}

/// What every request leaves.
const RECORDS: [&str; 3] = [
    "response completed",
    "response completed with error",
    "authorized request",
];
