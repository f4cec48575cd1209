//! nginx as a client: one server with a location for each chain, which it dials with `proxy_ssl_verify on`, and its error log.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use pki_core::verdict::openssl;
use pki_core::verdict::openssl::ErrorCode;
use pki_core::verdict::openssl::Settings;
use pki_core::verdict::signatures::Signatures;
use time::OffsetDateTime;

use crate::ask::Ask;
use crate::ask::write;
use crate::handshake::a_name_of;
use crate::handshake::is_ours;
use crate::programs::asks;
use crate::programs::compare;
use crate::programs::is_for_a_url;

#[test]
#[ignore = "needs nginx and Go: tests/peers/build.sh"]
fn nginx_and_hapki_say_the_same() {
    let now = OffsetDateTime::now_utc();
    let (servers, asks) = asks(|ask, world| {
        ask.now = now;
        ask.settings = Settings {
            depth: ask.settings.depth.min(3),
            ..Settings::NGINX
        };
        if ask.host.is_empty() {
            ask.host = a_name_of(&ask.chain[0]).unwrap_or_default();
        }
        !ask.roots.is_empty()
            && is_for_a_url(&ask.host)
            && is_ours(&ask.chain[0], world)
            && is_computed(ask)
    });
    let directory = tempfile::tempdir().unwrap();
    let nginx = Nginx::start(directory.path(), &asks, &servers.addresses);
    compare(
        "nginx",
        "",
        &asks,
        &servers,
        |_, address, _| nginx.dial(address),
        |ask| openssl::nginx(&ask.question(), &mut Signatures::default()),
    );
}

/// What is refused as too weak is forged here, so that its signature is wrong as well. nginx would tell that, as the last
/// fault; hapki does not compute such signatures.
fn is_computed(ask: &Ask) -> bool {
    let faults = openssl::faults(&ask.question(), &mut Signatures::default());
    !faults.iter().any(|fault| {
        matches!(
            fault.code,
            ErrorCode::CaMdTooWeak | ErrorCode::CaKeyTooSmall
        )
    })
}

/// A running nginx.
struct Nginx<'a> {
    directory: &'a Path,
    process: Child,
}

impl<'a> Nginx<'a> {
    fn start(directory: &'a Path, asks: &[(&str, Ask)], addresses: &[String]) -> Self {
        let here = directory.display();
        let mut config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log error;\n\
             events {{ worker_connections 512; }}\nhttp {{ access_log off;\n"
        );
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            writeln!(config, "{kind}_temp_path {here}/{kind};").unwrap();
        }
        writeln!(config, "server {{ listen unix:{here}/socket;\nproxy_ssl_verify on; proxy_ssl_session_reuse off; proxy_ssl_protocols TLSv1.3;").unwrap();
        for ((_, ask), address) in asks.iter().zip(addresses) {
            let roots = directory.join(format!("{address}.pem"));
            write(&roots, &ask.roots);
            let depth = ask.settings.depth;
            let host = if ask.host.contains(':') {
                format!("[{}]", ask.host)
            } else {
                ask.host.clone()
            };
            writeln!(
                config,
                "location = /{address} {{ proxy_pass https://{address}/; proxy_ssl_name \"{host}\"; \
                 proxy_ssl_verify_depth {depth}; proxy_ssl_trusted_certificate {}; }}",
                roots.display()
            )
            .unwrap();
        }
        config.push_str("} }\n");
        fs::write(directory.join("nginx.conf"), config).unwrap();
        let sbin = Path::new("/usr/sbin/nginx");
        let program = if sbin.is_file() {
            sbin
        } else {
            Path::new("nginx")
        };
        let process = Command::new(program)
            .arg("-p")
            .arg(directory)
            .args(["-c", "nginx.conf"])
            .spawn()
            .expect("nginx is installed: tests/peers/build.sh");
        let nginx = Self { directory, process };
        let start = Instant::now();
        while UnixStream::connect(nginx.socket()).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "nginx does not start"
            );
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    fn socket(&self) -> std::path::PathBuf {
        self.directory.join("socket")
    }

    /// What it logs when it is made to dial `address`.
    fn dial(&self, address: &str) -> Option<String> {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        write!(stream, "GET /{address} HTTP/1.0\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let log = fs::read_to_string(self.directory.join("error.log")).unwrap();
        let upstream = format!("upstream: \"https://{address}/\"");
        let said = log
            .lines()
            .filter(|line| line.contains(&upstream))
            .find_map(|line| {
                let (_, message) = line.split_once(": *")?;
                let (_, message) = message.split_once(' ')?;
                Some(message.split_once(", client:")?.0.to_owned())
            });
        assert_eq!(said.is_none(), answer.contains(" 200 "), "{answer}");
        said
    }
}

impl Drop for Nginx<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
