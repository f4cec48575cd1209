//! Judges many server certificates on one thread as a Go client would: what tests/peers/compare.sh sets beside Go.
//!
//! ```sh
//! cargo run --release --example verify_many -- forge DIR 20000   # ca.crt and leafs.pem
//! cargo run --release --example verify_many -- chains DIR 1      # chain, name, dates, usages; each leaf once
//! cargo run --release --example verify_many -- names DIR         # from the file: PEM, parse, name, dates, usages
//! ```
//!
//! `chains` and `names` print the CPU time of that work alone, in seconds, as JSON.

#![allow(clippy::print_stdout, reason = "an example says what it did")]

use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::slice;

use pki_core::bundle::BundleFile;
use pki_core::bundle::Existing;
use pki_core::issue;
use pki_core::issue::Authorities;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::issue::Work;
use pki_core::plan::AuthorityStep;
use pki_core::plan::PlannedSan;
use pki_core::plan::SanSource;
use pki_core::plan::SigningStep;
use pki_core::plan::StepKey;
use pki_core::plan::Target;
use pki_core::plan::Validity;
use pki_core::profile::Authority;
use pki_core::profile::KubernetesVersion;
use pki_core::profile::Profile;
use pki_core::verdict::go;
use pki_core::verdict::go::Purpose;
use pki_core::verdict::go::Question;
use pki_core::verdict::signatures::Signatures;
use pki_core::x509::certificate;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::key::KeyAlgorithm;
use time::Duration;
use time::OffsetDateTime;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["forge", directory, count] => forge(Path::new(directory), count.parse()?),
        ["chains", directory, times] => chains(Path::new(directory), times.parse()?),
        ["names", directory] => names(Path::new(directory)),
        _ => Err("usage: verify_many forge DIR COUNT | chains DIR TIMES | names DIR".into()),
    }
}

/// Leafs of one CA that differ in key, serial number and first name.
fn forge(directory: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    let founding = [founding()];
    let mut keys = FreshKeys {
        threads: NonZeroUsize::MIN,
    };
    let authorities = Work {
        authorities: &founding,
        ..Work::default()
    };
    let founded = issue::carry_out(
        &authorities,
        &Authorities::new(),
        &mut keys,
        &mut RandomSerials,
    )?;
    let mut leafs = Vec::new();
    for number in 0..count {
        let steps = [leaf(number)?];
        let work = Work {
            steps: &steps,
            ..Work::default()
        };
        let issued = issue::carry_out(&work, &founded.founded, &mut keys, &mut RandomSerials)?;
        leafs.extend_from_slice(contents(&issued.bundle.files, LEAF)?);
    }
    fs::create_dir_all(directory)?;
    fs::write(directory.join(CA), contents(&founded.bundle.files, CA)?)?;
    fs::write(directory.join(LEAFS), leafs)?;
    Ok(())
}

/// Verify and VerifyHostname for every leaf, so many times over, parsed beforehand.
fn chains(directory: &Path, times: usize) -> Result<(), Box<dyn Error>> {
    let roots = read(&directory.join(CA))?;
    let leafs = read(&directory.join(LEAFS))?;
    let now = OffsetDateTime::now_utc();
    let mut signatures = Signatures::default();
    let before = cpu_seconds()?;
    for _ in 0..times {
        for leaf in &leafs {
            accept(leaf, &roots, now, &mut signatures)?;
        }
    }
    report(leafs.len() * times, signatures.made(), before)
}

/// What can be told without a signature: a leaf that is itself trusted needs none.
fn names(directory: &Path) -> Result<(), Box<dyn Error>> {
    let now = OffsetDateTime::now_utc();
    let mut signatures = Signatures::default();
    let before = cpu_seconds()?;
    let leafs = read(&directory.join(LEAFS))?;
    for leaf in &leafs {
        accept(leaf, slice::from_ref(leaf), now, &mut signatures)?;
    }
    report(leafs.len(), signatures.made(), before)
}

fn accept(
    leaf: &Certificate,
    roots: &[Certificate],
    now: OffsetDateTime,
    signatures: &mut Signatures,
) -> Result<(), Box<dyn Error>> {
    let question = Question {
        leaf,
        intermediates: &[],
        roots,
        name: Some(HOST),
        purpose: Purpose::Server,
        now,
    };
    go::verify(&question, signatures).map_err(|refusal| refusal.text())?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Certificate>, Box<dyn Error>> {
    let mut certificates = Vec::new();
    for entry in certificate::read(&fs::read(path)?) {
        certificates.push(entry.certificate?);
    }
    Ok(certificates)
}

fn report(judged: usize, made: usize, before: f64) -> Result<(), Box<dyn Error>> {
    let spent = cpu_seconds()? - before;
    println!(r#"{{"n":{judged},"signature_checks":{made},"cpu_seconds":{spent}}}"#);
    Ok(())
}

/// The CPU time of this thread: the first figure of schedstat is in nanoseconds (Linux, Documentation/scheduler/sched-stats.rst).
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split(' ').next().unwrap_or_default();
    Ok(first.parse::<f64>()? / 1e9)
}

fn contents<'a>(files: &'a [BundleFile], name: &str) -> Result<&'a [u8], Box<dyn Error>> {
    let file = files.iter().find(|file| file.path.ends_with(name));
    Ok(&file.ok_or("nothing was issued")?.contents)
}

fn founding() -> AuthorityStep {
    AuthorityStep {
        authority: Authority::Cluster,
        subject: Authority::Cluster.subject(),
        sans: Vec::new(),
        key: KeyAlgorithm::EcdsaP256,
        validity: days(3650),
        certificates: vec![CA.into()],
        keys: vec!["ca.key".into()],
    }
}

fn leaf(number: usize) -> Result<SigningStep, Box<dyn Error>> {
    let own = format!("node-{number}");
    let names = [
        own.as_str(),
        "kubernetes",
        "kubernetes.default",
        HOST,
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        "10.24.138.208",
    ];
    let mut sans = Vec::new();
    for name in names {
        sans.push(PlannedSan {
            san: name.parse()?,
            from: SanSource::Option("--dns"),
        });
    }
    let profile = Profile::Apiserver;
    Ok(SigningStep {
        profile,
        node: own.clone(),
        subject: profile.subject(&own, KubernetesVersion::new(1, 34)),
        authority: profile.row().authority,
        usages: profile.row().usages.to_vec(),
        sans,
        not_taken: Vec::new(),
        key: StepKey::Generate(KeyAlgorithm::EcdsaP256),
        validity: days(365),
        target: Target::Pair {
            certificate: LEAF.into(),
            key: Some("apiserver.key".into()),
        },
        existing: Existing::Refuse,
    })
}

fn days(days: i64) -> Validity {
    let not_before = OffsetDateTime::now_utc() - Duration::minutes(5);
    Validity {
        not_before,
        not_after: not_before + Duration::days(days),
        cut_short_from: None,
    }
}

const CA: &str = "ca.crt";
const LEAF: &str = "apiserver.crt";
const LEAFS: &str = "leafs.pem";
const HOST: &str = "kubernetes.default.svc";
