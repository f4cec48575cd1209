//! `--probe`: the registry says itself whether it has read its bundle.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use pki_core::token::jwt;
use pki_core::token::key_id;

use crate::harbor;
use crate::run::code;
use crate::run::stderr;
use crate::unify::drive::Drive;
use crate::unify::drive::keys;
use crate::unify::drive::snapshot;

const SERVICE: &str = "hub.wulin.internal";

/// As much of a registry as a probe meets: it trusts the ids of the bundle that it read last.
struct Registry {
    url: String,
    trusts: Arc<Mutex<BTreeSet<String>>>,
}

impl Registry {
    fn start(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let trusts: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let (known, service) = (trusts.clone(), service.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &known, &service);
            }
        });
        Self { url, trusts }
    }

    fn read(&self, bundle: &Path) {
        let ids = keys(bundle).iter().map(key_id::libtrust).collect();
        *self.trusts.lock().unwrap() = ids;
    }
}

fn answer(mut stream: TcpStream, trusts: &Mutex<BTreeSet<String>>, service: &str) {
    let mut token = None;
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let line = line.unwrap();
        if line.is_empty() {
            break;
        }
        if let Some((_, value)) = line.split_once("Bearer ") {
            token = Some(value.to_owned());
        }
    }
    let id = token.map(|token| {
        let token = jwt::parse(&token).unwrap();
        token.header().key_id.clone().unwrap()
    });
    let (status, error) = match id {
        None => ("401 Unauthorized", ""),
        Some(id) if trusts.lock().unwrap().contains(&id) => ("200 OK", ""),
        Some(_) => ("401 Unauthorized", ",error=\"invalid_token\""),
    };
    let challenge = format!("Bearer realm=\"http://127.0.0.1/token\",service=\"{service}\"{error}");
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    );
}

#[test]
fn a_registry_that_has_read_its_bundle_needs_no_word() {
    let release = "2.8.2";
    let mut drive = Drive::of(&[
        "unify",
        "node1=node1",
        "node2=node2",
        "token1=node1/etc/token-server/key.pem",
        "token2=node2/etc/token-server/key.pem",
        "--from",
        "token1",
    ]);
    let roots = harbor::plain::two(release, drive.path());
    let running = [(); 2].map(|()| Registry::start(SERVICE));
    for (registry, root) in running.iter().zip(&roots) {
        registry.read(&harbor::plain::bundle(root, release));
    }
    drive.stage(&[]);
    drive.restarted.clear();

    let probes: Vec<String> = (1..)
        .zip(&running)
        .map(|(number, registry)| format!("--probe=registry@node{number}={}", registry.url))
        .collect();
    let args: Vec<&str> = probes.iter().map(String::as_str).collect();
    let before = snapshot(drive.path());
    let refused = drive.run(&[&args[..], &["--apply"]].concat());
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("has not been restarted"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(snapshot(drive.path()), before);

    for (registry, root) in running.iter().zip(&roots) {
        registry.read(&harbor::plain::bundle(root, release));
    }
    let sign = drive.stage(&args);
    assert_eq!(sign["stage"], "sign");
}
