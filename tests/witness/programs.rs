//! The clients built on OpenSSL, over TLS on 127.0.0.1, and hapki: `openssl s_client`, which stops at the first fault or goes
//! on to the last, and curl.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread;

use pki_core::verdict::go::Purpose;
use pki_core::verdict::openssl;
use pki_core::verdict::openssl::Settings;
use pki_core::verdict::signatures::Signatures;
use pki_core::x509::certificate::Certificate;
use time::OffsetDateTime;

use crate::ask::Ask;
use crate::ask::write;
use crate::families::World;
use crate::handshake::Dialled;
use crate::handshake::a_name_of;
use crate::handshake::is_ours;
use crate::handshake::key_of;
use crate::known::Known;
use crate::openssl::generate;
use crate::peer::Servers;
use crate::setting;

const SEED: u64 = 20_260_601;
const CASES: usize = 700;
/// Of fewer, a known difference need not be among them.
const LEAST: usize = 500;
const SHOWN: usize = 12;

#[test]
#[ignore = "needs openssl and Go: tests/peers/build.sh"]
fn s_client_and_hapki_say_the_same() {
    let asks = asks(|ask, _| {
        ask.settings.level = ask.settings.level.max(2);
        true
    });
    let (servers, asks) = asks;
    let known = include_str!("known_s_client.toml");
    compare("s_client", known, &asks, &servers, s_client, |ask| {
        let faults = openssl::faults(&ask.question(), &mut Signatures::default());
        let line = |fault: &openssl::Fault| {
            let (depth, number) = (fault.depth, fault.code.number());
            format!("depth={depth} verify error:num={number}:{}", fault.code)
        };
        let stopped = openssl::s_client(&ask.question(), &mut Signatures::default());
        [
            stopped.into_iter().collect(),
            faults.iter().map(line).collect(),
        ]
    });
}

#[test]
#[ignore = "needs curl and Go: tests/peers/build.sh"]
fn curl_and_hapki_say_the_same() {
    // curl has no option for the time.
    let now = OffsetDateTime::now_utc();
    let (servers, asks) = asks(|ask, world| {
        ask.now = now;
        ask.settings = Settings::CURL;
        if ask.host.is_empty() {
            ask.host = a_name_of(&ask.chain[0]).unwrap_or_default();
        }
        // Who accepts goes on to the key, which must be the leaf's.
        !ask.roots.is_empty() && is_for_a_url(&ask.host) && is_ours(&ask.chain[0], world)
    });
    let known = include_str!("known_curl.toml");
    compare("curl", known, &asks, &servers, curl, |ask| {
        openssl::curl(&ask.question(), &mut Signatures::default())
    });
}

/// The asks that `fit` lets pass and has made fit, all about servers, and who presents their chains.
pub fn asks(fit: impl Fn(&mut Ask, &World) -> bool) -> (Servers, Vec<(&'static str, Ask)>) {
    let seed = setting("HAPKI_WITNESS_SEED", SEED);
    let count = setting("HAPKI_WITNESS_HANDSHAKES", CASES as u64) as usize;
    let (world, mut asks) = generate(seed, count);
    asks.retain_mut(|(_, ask)| {
        ask.purpose = Purpose::Server;
        fit(ask, &world)
    });
    let chains = asks.iter().map(|(_, ask)| served(ask, &world).to_json());
    (Servers::start(chains), asks)
}

fn served(ask: &Ask, world: &World) -> Dialled {
    Dialled {
        chain: ask.chain.iter().map(|one| one.as_der().to_vec()).collect(),
        key: key_of(ask.chain.first(), world),
        roots: Vec::new(),
        host: String::new(),
        now: ask.now,
    }
}

/// What a program said of a chain.
pub trait Said: PartialEq + Debug + Send {
    /// Whether it found nothing wrong.
    fn is_accepted(&self) -> bool;
}

impl Said for Option<String> {
    fn is_accepted(&self) -> bool {
        self.is_none()
    }
}

impl Said for [Vec<String>; 2] {
    fn is_accepted(&self) -> bool {
        self.iter().all(Vec::is_empty)
    }
}

pub fn compare<T: Said>(
    program: &str,
    known: &str,
    asks: &[(&'static str, Ask)],
    servers: &Servers,
    run: impl Fn(&Ask, &str, &Path) -> T + Sync,
    hapki: impl Fn(&Ask) -> T,
) {
    let known = Known::read(known);
    let said = in_halves(asks, &servers.addresses, run);
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differ = Vec::new();
    for (number, ((family, ask), said)) in asks.iter().zip(said).enumerate() {
        *families.entry(family).or_default() += 1;
        let expected = hapki(ask);
        let text = |lines: &T| (!lines.is_accepted()).then(|| format!("{lines:?}"));
        if said != expected && !known.allows(family, &text(&said), &text(&expected)) {
            differ.push(format!(
                "case {number}, {family}, host {:?}, {:?}\n {program}: {said:#?}\n hapki: {expected:#?}\n{}",
                ask.host,
                ask.settings,
                ask.chain.iter().chain(&ask.roots).map(Certificate::to_pem).collect::<String>()
            ));
        }
    }
    println!(
        "{program}: {} handshakes, {} families, {} differ",
        asks.len(),
        families.len(),
        differ.len()
    );
    let shown = &differ[..differ.len().min(SHOWN)];
    let unmet = known.never_met();
    assert!(
        asks.len() < LEAST || unmet.is_empty(),
        "known differences of {program} that no case shows:\n{}",
        unmet.join("\n")
    );
    assert!(
        shown.is_empty(),
        "{} differ:\n{}",
        differ.len(),
        shown.join("\n")
    );
}

fn in_halves<T: Send>(
    asks: &[(&'static str, Ask)],
    addresses: &[String],
    run: impl Fn(&Ask, &str, &Path) -> T + Sync,
) -> Vec<T> {
    let half = asks.len().div_ceil(2).max(1);
    let run = &run;
    thread::scope(|scope| {
        let workers: Vec<_> = asks
            .chunks(half)
            .zip(addresses.chunks(half))
            .map(|(asks, addresses)| {
                scope.spawn(move || {
                    let directory = tempfile::tempdir().unwrap();
                    let pairs = asks.iter().zip(addresses);
                    let said = pairs.map(|((_, ask), address)| run(ask, address, directory.path()));
                    said.collect::<Vec<_>>()
                })
            })
            .collect();
        let said = workers.into_iter().map(|worker| worker.join().unwrap());
        said.flatten().collect()
    })
}

/// The lines about faults, of a client that stops and of one that goes on.
fn s_client(ask: &Ask, address: &str, directory: &Path) -> [Vec<String>; 2] {
    let run = |stop: &[&str]| {
        let output = Command::new("openssl")
            .args([
                "s_client",
                "-noservername",
                "-no-CApath",
                "-no-CAstore",
                "-connect",
                address,
            ])
            .args(stop)
            .args(ask.options(directory))
            .stdin(Stdio::null())
            .output()
            .expect("openssl is installed");
        assert!(
            output.stdout.starts_with(b"CONNECTED"),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let stopped = run(&["-verify_return_error"]);
    let stopped = stopped
        .lines()
        .filter(|line| line.starts_with("verify error:"));
    let mut depth = "";
    let went_on = run(&[]);
    let mut all = Vec::new();
    for line in went_on.lines() {
        if line.starts_with("depth=") {
            depth = line.split(' ').next().unwrap_or_default();
        } else if line.starts_with("verify error:") {
            all.push(format!("{depth} {line}"));
        }
    }
    [stopped.map(str::to_owned).collect(), all]
}

/// What curl says.
fn curl(ask: &Ask, address: &str, directory: &Path) -> Option<String> {
    let roots = directory.join("roots.pem");
    write(&roots, &ask.roots);
    let host = if ask.host.contains(':') {
        format!("[{}]", ask.host)
    } else {
        ask.host.clone()
    };
    let output = Command::new("curl")
        .args([
            "-q",
            "-g",
            "-sS",
            "--noproxy",
            "*",
            "--capath",
            "/nonexistent",
            "--cacert",
        ])
        .arg(roots)
        .args(["--connect-to", &format!("::{address}")])
        .arg(format!("https://{host}/"))
        .output()
        .expect("curl is installed");
    if output.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().next().unwrap_or_default();
    // hapki cannot know which release of OpenSSL it is.
    let Some((before, (_, after))) = line
        .split_once("OpenSSL/")
        .and_then(|(before, rest)| Some((before, rest.split_once(':')?)))
    else {
        return Some(line.to_owned());
    };
    // What an RSA signature that does not fit decrypts to decides what is wrong with it.
    let after = if after.contains(":rsa routines::") {
        " error:0200008A:rsa routines::invalid padding"
    } else {
        after
    };
    Some(format!("{before}OpenSSL/{}:{after}", openssl::RELEASE))
}

/// What curl takes for the host that it is: it reads `10.27.53.032` as 10.27.53.26, and `0x0a.0.0.1` as 10.0.0.1.
pub fn is_for_a_url(host: &str) -> bool {
    let is_name = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && host.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_address = host
        .parse::<IpAddr>()
        .is_ok_and(|address| address.to_string() == host);
    let is_hexadecimal = host.starts_with("0x");
    is_address || (is_name && !is_hexadecimal && !host.starts_with('.') && !host.contains(".."))
}
