//! A token server: it signs a token for whoever sends a user and a password, with the key that stands in its file at that
//! moment, as Harbor's ui and core do.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pki_core::token::jwt;
use pki_core::token::jwt::Access;
use pki_core::token::jwt::Claims;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id;
use pki_core::x509::key::PrivateKey;
use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use crate::registry_tokens::http;
use crate::registry_tokens::http::Request;

pub const ISSUER: &str = "harbor-token-issuer";
pub const SERVICE: &str = "harbor-registry";

/// What an issuer writes into its tokens to name the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kid {
    Libtrust,
    Rfc7638,
}

/// A running token server; it ends when this is dropped.
pub struct Issuer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    key: PathBuf,
    kid: Kid,
    lifetime: Duration,
    ended: AtomicBool,
}

impl Issuer {
    pub fn start(address: SocketAddr, key: PathBuf, kid: Kid, lifetime: Duration) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let shared = Arc::new(Shared {
            key,
            kid,
            lifetime,
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let thread = thread::spawn(move || serve(&listener, &serving));
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // It stands in accept until someone comes.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Kid {
    /// hapki's option for it, where it is not what hapki takes for granted.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::Libtrust => None,
            Self::Rfc7638 => Some("--signer-kid=rfc7638"),
        }
    }

    pub fn of(self, key: &PrivateKey) -> String {
        match self {
            Self::Libtrust => key_id::libtrust(key.public_key()),
            Self::Rfc7638 => key_id::rfc7638(key.public_key()).unwrap(),
        }
    }
}

/// Reads a private key's file.
pub fn read_key(path: &Path) -> PrivateKey {
    PrivateKey::from_bytes(&fs::read(path).unwrap()).unwrap()
}

/// A JSON web key set, each key by the id that tokens name it by.
pub fn key_set(keys: &[(Kid, &PrivateKey)]) -> String {
    let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let keys: Vec<Value> = keys
        .iter()
        .map(|(kid, key)| {
            let (modulus, exponent) = key.public_key().rsa_numbers().unwrap();
            json!({ "kty": "RSA", "kid": kid.of(key), "n": encoded(modulus), "e": encoded(exponent) })
        })
        .collect();
    json!({ "keys": keys }).to_string()
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.ended.load(Ordering::Relaxed) {
            return;
        }
        let shared = Arc::clone(shared);
        if let Ok(stream) = stream {
            thread::spawn(move || {
                // Who goes away before the answer wants none.
                let _ = respond(&stream, &shared);
            });
        }
    }
}

fn respond(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let Some(request) = http::receive(stream)? else {
        return Ok(());
    };
    let is_known = request
        .header("authorization")
        .is_some_and(|credentials| credentials.starts_with("Basic "));
    if !is_known {
        let challenge = "WWW-Authenticate: Basic realm=\"tokens\"\r\n";
        return http::answer(stream, "401 Unauthorized", challenge, "{}");
    }
    match sign(&request, shared) {
        Ok(token) => {
            let body = json!({ "token": token, "expires_in": shared.lifetime.as_secs() });
            http::answer(stream, "200 OK", "", &body.to_string())
        }
        Err(problem) => http::answer(stream, "500 Internal Server Error", "", &problem),
    }
}

fn sign(request: &Request, shared: &Shared) -> Result<String, String> {
    let bytes = fs::read(&shared.key).map_err(|e| e.to_string())?;
    let key = PrivateKey::from_bytes(&bytes).map_err(|e| e.to_string())?;
    let now = OffsetDateTime::now_utc();
    let scopes = request.query("scope");
    let claims = Claims {
        issuer: ISSUER.to_owned(),
        subject: "admin".to_owned(),
        audience: request.query("service"),
        audience_as_array: false,
        expires: Some(now + shared.lifetime),
        not_before: Some(now),
        issued_at: Some(now),
        id: now.unix_timestamp_nanos().to_string(),
        access: scopes.iter().filter_map(|scope| access(scope)).collect(),
    };
    let named = KeyRef::Kid(shared.kid.of(&key));
    jwt::sign(&key, &named, &claims).map_err(|e| e.to_string())
}

/// `repository:t/img:pull,push`.
fn access(scope: &str) -> Option<Access> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    Some(Access {
        kind: kind.to_owned(),
        name: name.to_owned(),
        actions: actions.split(',').map(str::to_owned).collect(),
    })
}
