//! Gives two token servers of one registry the same key pair, mints a token and asks, as each registry would, whether
//! it is taken.
//!
//! ```sh
//! cargo run --example share_registry_keys -- /srv/registry1 /srv/registry2
//! ```
//!
//! Each directory holds a registry's `config.yml` and `root.crt`, and `private_key.pem` of its token server. All is done in
//! one go, so that tokens are refused until both registries are restarted; without `at_once` the same call goes a stage
//! at a time, and none is.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example says what it did"
)]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use pki_core::apply;
use pki_core::apply::Means;
use pki_core::apply::SharedCommand;
use pki_core::apply::SharedOptions;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::request::NamedPath;
use pki_core::request::SharedRequest;
use pki_core::token::jwt;
use pki_core::token::jwt::Claims;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id::KidForm;
use pki_core::verdict::distribution;
use pki_core::verdict::distribution::Presented;
use pki_core::verdict::distribution::Release;
use pki_core::verdict::distribution::Verifier;
use pki_core::x509::certificate;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::key::PrivateKey;
use time::Duration;
use time::OffsetDateTime;

fn main() -> ExitCode {
    match share() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn share() -> Result<(), Box<dyn Error>> {
    let directories: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let [first, second] = directories.as_slice() else {
        return Err("usage: share_registry_keys DIRECTORY DIRECTORY".into());
    };
    let clock = OffsetDateTime::now_utc;
    let paths = [
        ("registry1", first.clone()),
        ("registry2", second.clone()),
        ("tokens1", first.join(KEY)),
        ("tokens2", second.join(KEY)),
    ];
    let request = SharedRequest {
        paths: paths
            .map(|(name, path)| NamedPath {
                name: Some(name.to_owned()),
                path,
            })
            .to_vec(),
        from: Some("tokens1".to_owned()),
        generate: false,
        at_once: true,
        in_place: false,
        restarted: Vec::new(),
        probe: Vec::new(),
        signer_kid: Some(KidForm::Libtrust),
        token_lifetime: None,
        apply: true,
    };
    let options = SharedOptions {
        inventory: None,
        clock: &clock,
        probe: None,
    };
    let mut keys = FreshKeys {
        threads: NonZeroUsize::MIN,
    };
    let mut means = Means {
        now: clock(),
        keys: &mut keys,
        serials: &mut RandomSerials,
        dry_run: false,
        recovered: Vec::new(),
    };
    let outcome = apply::shared(SharedCommand::Unify, &request, &options, &mut means)?;
    for file in &outcome.files {
        println!("{}: {}", file.what, file.path.display());
    }
    for restart in &outcome.plan.restart {
        println!("to be restarted: {}", restart.name);
    }
    for directory in &directories {
        let kid = try_out(directory, clock())?;
        println!("{}: takes a token signed by {kid}", directory.display());
    }
    Ok(())
}

/// Mints a token as Harbor does, with what lies in the directory, and verifies it as its registry does.
fn try_out(directory: &Path, now: OffsetDateTime) -> Result<String, Box<dyn Error>> {
    let key = PrivateKey::from_bytes(&std::fs::read(directory.join(KEY))?)?;
    let reference = KeyRef::new(KidForm::Libtrust, key.public_key(), &[]);
    let claims = Claims {
        issuer: "harbor-token-issuer".to_owned(),
        subject: "admin".to_owned(),
        audience: vec!["harbor-registry".to_owned()],
        expires: Some(now + Duration::minutes(30)),
        not_before: Some(now),
        issued_at: Some(now),
        ..Claims::default()
    };
    let token = jwt::parse(&jwt::sign(&key, &reference, &claims)?)?;

    let entries = certificate::read(&std::fs::read(directory.join("root.crt"))?);
    let certificates = entries.into_iter().map(|entry| entry.certificate);
    let bundle = certificates.collect::<Result<Vec<Certificate>, _>>()?;
    let root = bundle.first().ok_or("root.crt holds no certificate")?;
    token.verify(root.public_key())?;

    let verifier = Verifier {
        release: Release::V2,
        issuer: "harbor-token-issuer",
        service: "harbor-registry",
        bundle: &bundle,
        jwks: &[],
        algorithms: None,
    };
    let presented = Presented {
        key: key.public_key(),
        algorithm: &token.header().algorithm,
        reference: &reference,
        issuer: &claims.issuer,
        audience: &claims.audience,
        audience_as_array: false,
        expires: claims.expires,
        not_before: claims.not_before,
    };
    match (distribution::accepts(&presented, &verifier, now), reference) {
        (Ok(()), KeyRef::Kid(kid)) => Ok(kid),
        (Ok(()), _) => Ok("an unnamed key".to_owned()),
        (Err(refusal), _) => Err(refusal.log.unwrap_or(refusal.context).into()),
    }
}

const KEY: &str = "private_key.pem";
