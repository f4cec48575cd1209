//! Issues the serving certificate of a kube-apiserver with the CA of a PKI directory, beside the CA.
//!
//! ```sh
//! cargo run --example issue_apiserver -- /etc/kubernetes/pki wudang 10.24.138.208
//! ```
//!
//! The names are given here one by one; `pki_core::plan` derives them from a cluster's files.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example says what it did"
)]

use std::error::Error;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;

use pki_core::bundle::Existing;
use pki_core::issue;
use pki_core::issue::Authorities;
use pki_core::issue::Authority;
use pki_core::issue::AuthorityFiles;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::issue::Work;
use pki_core::plan::PlannedSan;
use pki_core::plan::SanSource;
use pki_core::plan::SigningStep;
use pki_core::plan::StepKey;
use pki_core::plan::Target;
use pki_core::plan::Validity;
use pki_core::profile::KubernetesVersion;
use pki_core::profile::Profile;
use pki_core::write;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::san::SubjectAltName;
use time::Duration;
use time::OffsetDateTime;

fn main() -> ExitCode {
    match issue_apiserver() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn issue_apiserver() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pki_dir, node, address] = arguments.as_slice() else {
        return Err("usage: issue_apiserver PKI_DIR NODE ADDRESS".into());
    };
    let pki_dir = Path::new(pki_dir);
    let now = OffsetDateTime::now_utc();

    let step = apiserver(pki_dir, node, address.parse()?, now)?;
    let authorities = Authorities::from([(step.authority, load(pki_dir, now)?)]);
    let work = Work {
        steps: &[step],
        ..Work::default()
    };
    let mut keys = FreshKeys {
        threads: NonZeroUsize::MIN,
    };
    let issued = issue::carry_out(&work, &authorities, &mut keys, &mut RandomSerials)?;
    let settings = write::Settings {
        now,
        state_dirs: Vec::new(),
    };
    for file in write::write(&issued.bundle, &settings)?.files {
        println!("wrote {}", file.path.display());
    }
    Ok(())
}

fn load(pki_dir: &Path, now: OffsetDateTime) -> Result<Authority, Box<dyn Error>> {
    let (certificate_path, key_path) = (pki_dir.join("ca.crt"), pki_dir.join("ca.key"));
    let (certificate, key) = (std::fs::read(&certificate_path)?, std::fs::read(&key_path)?);
    let files = AuthorityFiles {
        certificate_path: &certificate_path,
        certificate: &certificate,
        key_path: &key_path,
        key: Some(&key),
    };
    Ok(Authority::check(&files, now)?)
}

fn apiserver(
    pki_dir: &Path,
    node: &str,
    address: IpAddr,
    now: OffsetDateTime,
) -> Result<SigningStep, Box<dyn Error>> {
    let profile = Profile::Apiserver;
    let mut names: Vec<SubjectAltName> = vec![node.parse()?];
    for name in [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "10.96.0.1",
    ] {
        names.push(name.parse()?);
    }
    names.push(SubjectAltName::Ip(address));
    let sans = names.into_iter().map(|san| PlannedSan {
        san,
        from: SanSource::Profile,
    });
    Ok(SigningStep {
        profile,
        node: node.into(),
        subject: profile.subject(node, KubernetesVersion::new(1, 34)),
        authority: profile.row().authority,
        usages: profile.row().usages.to_vec(),
        sans: sans.collect(),
        not_taken: Vec::new(),
        key: StepKey::Generate(KeyAlgorithm::EcdsaP256),
        validity: Validity {
            not_before: now - Duration::minutes(5),
            not_after: now + Duration::days(365),
            cut_short_from: None,
        },
        target: Target::Pair {
            certificate: pki_dir.join(format!("apiserver-{node}.crt")),
            key: Some(pki_dir.join(format!("apiserver-{node}.key"))),
        },
        existing: Existing::Refuse,
    })
}
