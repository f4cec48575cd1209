//! What issuing costs, beside the key generation and the signature alone, which no issuer can do without.
//!
//! `cargo bench -p pki-core --bench issuance` prints a table: CPU time of one thread, medians of rounds in which all
//! take turns (means for RSA keys, whose search for primes is random). Called with `issue KEY COUNT` it only issues,
//! and prints nothing: `tests/peers/compare.sh` measures that from outside.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench prints what it measured, and ends at the first fault"
)]

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs as provider;
#[cfg(not(feature = "aws-lc-rs"))]
use ring as provider;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use pki_core::bundle::Existing;
use pki_core::issue::Authorities;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::issue::Work;
use pki_core::issue::carry_out;
use pki_core::plan::AuthorityStep;
use pki_core::plan::PlannedSan;
use pki_core::plan::SanSource;
use pki_core::plan::SigningStep;
use pki_core::plan::StepKey;
use pki_core::plan::Target;
use pki_core::plan::Validity;
use pki_core::profile::Authority;
use pki_core::profile::Profile;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use provider::rand::SystemRandom;
use provider::signature;
use time::OffsetDateTime;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [issue, key, count] if issue == "issue" => {
            let count = count.parse().expect("COUNT is a number");
            Issuer::new(algorithm(key)).issue(count);
        }
        _ => print_table(),
    }
}

fn print_table() {
    println!("| one thread, in process | CPU us each | certificates a second |");
    println!("| --- | --- | --- |");
    let p256 = Issuer::new(KeyAlgorithm::EcdsaP256);
    let mut works = [
        Contender::new("raw P-256 key generation and signature", || {
            raw_p256(P256_A_ROUND)
        }),
        Contender::new("P-256 key and certificate", || p256.issue(P256_A_ROUND)),
    ];
    take_turns(&mut works, P256_ROUNDS);
    for Contender {
        name, mut rounds, ..
    } in works
    {
        rounds.sort_unstable();
        let median = rounds.get(rounds.len() / 2).copied().unwrap_or_default();
        print_row(name, median, P256_A_ROUND);
    }
    let rsa = Issuer::new(KeyAlgorithm::Rsa2048);
    let mut works = [
        Contender::new("raw RSA-2048 key generation", || raw_rsa(RSA_A_ROUND)),
        Contender::new("RSA-2048 key and certificate", || rsa.issue(RSA_A_ROUND)),
    ];
    take_turns(&mut works, RSA_ROUNDS);
    for Contender { name, rounds, .. } in works {
        print_row(
            name,
            rounds.iter().sum::<Duration>() / RSA_ROUNDS,
            RSA_A_ROUND,
        );
    }
}

fn print_row(name: &str, round: Duration, count: usize) {
    let each = round.as_secs_f64() / count as f64;
    println!("| {name} | {:.1} | {:.0} |", each * 1e6, 1.0 / each);
}

/// One way of doing the work, and the CPU time that each round of it took.
struct Contender<'a> {
    name: &'static str,
    work: Box<dyn Fn() + 'a>,
    rounds: Vec<Duration>,
}

impl<'a> Contender<'a> {
    fn new(name: &'static str, work: impl Fn() + 'a) -> Self {
        Self {
            name,
            work: Box::new(work),
            rounds: Vec::new(),
        }
    }
}

/// In each round every contender has its turn, so that a noisy minute hurts all.
fn take_turns(contenders: &mut [Contender<'_>], rounds: u32) {
    for _ in 0..rounds {
        for contender in contenders.iter_mut() {
            let before = thread_time();
            (contender.work)();
            contender.rounds.push(thread_time() - before);
        }
    }
}

/// What the kernel accounts to this thread, in nanoseconds; the wall clock where there is no such file.
fn thread_time() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    counted.map_or_else(|| START.with(Instant::elapsed), Duration::from_nanos)
}

/// A CA and the step that has it sign what kubeadm would make for an apiserver.
struct Issuer {
    authorities: Authorities,
    step: SigningStep,
}

impl Issuer {
    fn new(key: KeyAlgorithm) -> Self {
        let now = OffsetDateTime::now_utc();
        let validity = Validity {
            not_before: now,
            not_after: now + time::Duration::days(365),
            cut_short_from: None,
        };
        let founding = AuthorityStep {
            authority: Authority::Cluster,
            subject: DistinguishedName::new("kubernetes", &[]),
            sans: Vec::new(),
            key,
            validity: Validity {
                not_after: now + time::Duration::days(3650),
                ..validity
            },
            certificates: Vec::new(),
            keys: Vec::new(),
        };
        let work = Work {
            authorities: &[founding],
            ..Work::default()
        };
        let founded = carry_out(&work, &Authorities::new(), &mut fresh(), &mut RandomSerials)
            .unwrap_or_else(|error| panic!("{error}"))
            .founded;
        Self {
            authorities: founded,
            step: apiserver(key, validity),
        }
    }

    fn issue(&self, count: usize) {
        let work = Work {
            steps: std::slice::from_ref(&self.step),
            ..Work::default()
        };
        for _ in 0..count {
            let issued = carry_out(&work, &self.authorities, &mut fresh(), &mut RandomSerials);
            std::hint::black_box(issued.unwrap_or_else(|error| panic!("{error}")));
        }
    }
}

fn apiserver(key: KeyAlgorithm, validity: Validity) -> SigningStep {
    let names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "wudang",
        "10.96.0.1",
        "10.24.138.208",
    ];
    SigningStep {
        profile: Profile::Apiserver,
        node: "wudang".to_owned(),
        subject: DistinguishedName::new("kube-apiserver", &[]),
        authority: Authority::Cluster,
        usages: vec![ExtendedKeyUsage::ServerAuth],
        sans: names
            .iter()
            .map(|name| PlannedSan {
                san: name.parse().expect("these are names and addresses"),
                from: SanSource::Profile,
            })
            .collect(),
        not_taken: Vec::new(),
        key: StepKey::Generate(key),
        validity,
        target: Target::Pair {
            certificate: PathBuf::from("apiserver.crt"),
            key: Some(PathBuf::from("apiserver.key")),
        },
        existing: Existing::Refuse,
    }
}

fn fresh() -> FreshKeys {
    FreshKeys {
        threads: NonZeroUsize::MIN,
    }
}

fn raw_p256(count: usize) {
    let random = SystemRandom::new();
    let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let ca =
        signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key is generated");
    #[cfg(feature = "aws-lc-rs")]
    let ca = signature::EcdsaKeyPair::from_pkcs8(algorithm, ca.as_ref());
    #[cfg(not(feature = "aws-lc-rs"))]
    let ca = signature::EcdsaKeyPair::from_pkcs8(algorithm, ca.as_ref(), &random);
    let ca = ca.expect("a generated key loads");
    for _ in 0..count {
        let leaf = signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random);
        std::hint::black_box(leaf.expect("a key is generated"));
        // As long as what is signed of such a certificate.
        std::hint::black_box(ca.sign(&random, &[0; 420]).expect("P-256 signs"));
    }
}

fn raw_rsa(count: usize) {
    for _ in 0..count {
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048);
        std::hint::black_box(key.expect("an RSA key is generated"));
    }
}

fn algorithm(name: &str) -> KeyAlgorithm {
    match name {
        "ecdsa-p256" => KeyAlgorithm::EcdsaP256,
        "rsa-2048" => KeyAlgorithm::Rsa2048,
        other => panic!("KEY is ecdsa-p256 or rsa-2048, not {other}"),
    }
}

thread_local! {
    static START: Instant = Instant::now();
}

const P256_A_ROUND: usize = 5000;
const P256_ROUNDS: u32 = 9;
const RSA_A_ROUND: usize = 5;
const RSA_ROUNDS: u32 = 20;
