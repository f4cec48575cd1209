//! Issues many certificates in memory on one thread and throws them away: what tests/peers/compare.sh sets beside Go.
//!
//! ```sh
//! cargo run --release --example issue_many -- ecdsa-p256 20000
//! ```
//!
//! Each certificate has its own key, a random serial number and the seven names of an apiserver.

#![allow(clippy::print_stdout, reason = "an example says what it did")]

use std::error::Error;
use std::num::NonZeroUsize;

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
use pki_core::x509::key::KeyAlgorithm;
use time::Duration;
use time::OffsetDateTime;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(algorithm), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: issue_many ecdsa-p256|rsa-2048|… COUNT".into());
    };
    let algorithm: KeyAlgorithm = algorithm.parse()?;
    let count: usize = count.parse()?;

    let mut keys = FreshKeys {
        threads: NonZeroUsize::MIN,
    };
    let founding = [founding(algorithm)];
    let founded = issue::carry_out(
        &Work {
            authorities: &founding,
            ..Work::default()
        },
        &Authorities::new(),
        &mut keys,
        &mut RandomSerials,
    )?;
    let steps = [step(algorithm)?];
    let work = Work {
        steps: &steps,
        ..Work::default()
    };
    let mut bytes = 0;
    for _ in 0..count {
        let issued = issue::carry_out(&work, &founded.founded, &mut keys, &mut RandomSerials)?;
        let files = issued.bundle.files.iter();
        bytes += files.map(|file| file.contents.len()).sum::<usize>();
    }
    println!("{count} certificates and keys, {bytes} bytes");
    Ok(())
}

fn founding(key: KeyAlgorithm) -> AuthorityStep {
    AuthorityStep {
        authority: Authority::Cluster,
        subject: Authority::Cluster.subject(),
        sans: Vec::new(),
        key,
        validity: days(3650),
        certificates: vec!["ca.crt".into()],
        keys: vec!["ca.key".into()],
    }
}

fn step(key: KeyAlgorithm) -> Result<SigningStep, Box<dyn Error>> {
    let names = [
        "wudang",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
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
        node: "wudang".into(),
        subject: profile.subject("wudang", KubernetesVersion::new(1, 34)),
        authority: profile.row().authority,
        usages: profile.row().usages.to_vec(),
        sans,
        not_taken: Vec::new(),
        key: StepKey::Generate(key),
        validity: days(365),
        target: Target::Pair {
            certificate: "apiserver.crt".into(),
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
