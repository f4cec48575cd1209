//! Gives two token servers of one registry the same key pair, mints a token and asks, as the registry would, whether it
//! is taken.
//!
//! ```sh
//! cargo run --example share_registry_keys -- /srv/harbor1/registry /srv/harbor2/registry
//! ```
//!
//! Each directory holds `private_key.pem` and `root.crt`; the pair of the first is the one that stays. This is the short
//! way, with tokens refused until both registries are restarted; `hapki unify` goes the long one, without.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example says what it did"
)]

use std::error::Error;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use pki_core::bundle::Bundle;
use pki_core::bundle::BundleFile;
use pki_core::bundle::Existing;
use pki_core::token::jwt;
use pki_core::token::jwt::Claims;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id::KidForm;
use pki_core::token::public_keys;
use pki_core::token::signing_key;
use pki_core::verdict::distribution;
use pki_core::verdict::distribution::Presented;
use pki_core::verdict::distribution::Release;
use pki_core::verdict::distribution::Verifier;
use pki_core::write;
use pki_core::x509::certificate;
use pki_core::x509::certificate::BasicConstraints;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::template::Template;
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
    let [first, _] = directories.as_slice() else {
        return Err("usage: share_registry_keys DIRECTORY DIRECTORY".into());
    };
    let now = OffsetDateTime::now_utc();
    let key = key_of(first)?;
    let root = root_of(first, &key, now)?;

    let mut bundle = Bundle::default();
    for directory in &directories {
        // Whoever verifies learns the key before anyone signs with it.
        let contents = root.to_pem().into_bytes();
        bundle.files.push(file(directory, "root.crt", contents));
    }
    for directory in &directories {
        let contents = key.to_pem().as_bytes().to_vec();
        bundle
            .files
            .push(file(directory, "private_key.pem", contents));
    }
    let settings = write::Settings {
        now,
        state_dirs: directories
            .iter()
            .map(|directory| directory.join(".hapki"))
            .collect(),
    };
    for file in write::write(&bundle, &settings)?.files {
        println!("wrote {}", file.path.display());
    }

    for directory in &directories {
        let kid = try_out(directory, now)?;
        println!("{}: takes a token signed by {kid}", directory.display());
    }
    Ok(())
}

fn key_of(directory: &Path) -> Result<PrivateKey, Box<dyn Error>> {
    let path = directory.join("private_key.pem");
    let bytes = std::fs::read(&path)?;
    // What Harbor and other token servers cannot load, hapki could.
    signing_key::libtrust(&bytes).map_err(|says| format!("{}: {says}", path.display()))?;
    let key =
        PrivateKey::from_bytes(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    match public_keys::known(key.public_key()) {
        Some(who) => Err(format!("{}: everyone has this key: {who}", path.display()).into()),
        None => Ok(key),
    }
}

/// The certificate beside the key, or a new one for ten years where it is another key's.
fn root_of(
    directory: &Path,
    key: &PrivateKey,
    now: OffsetDateTime,
) -> Result<Certificate, Box<dyn Error>> {
    let entries = certificate::read(&std::fs::read(directory.join("root.crt"))?);
    let certificates = entries
        .into_iter()
        .filter_map(|entry| entry.certificate.ok());
    for certificate in certificates {
        if certificate.public_key() == key.public_key() {
            return Ok(certificate);
        }
    }
    let mut serial = vec![0; 16];
    pki_core::x509::crypto::fill_random(&mut serial)?;
    // Positive, and not zero.
    serial.insert(0, 1);
    let name = DistinguishedName::new("registry tokens", &[]);
    let template = Template {
        serial,
        issuer: name.clone(),
        subject: name,
        not_before: now,
        not_after: now + Duration::days(3650),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage(KeyUsage::DIGITAL_SIGNATURE.0 | KeyUsage::KEY_CERT_SIGN.0),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: None,
        authority_key_id: None,
    };
    Ok(template.sign(key)?)
}

fn file(directory: &Path, name: &str, contents: Vec<u8>) -> BundleFile {
    let (mode, what) = match name {
        "private_key.pem" => (0o600, "key"),
        _ => (0o644, "certificate"),
    };
    BundleFile::new(
        directory.join(name),
        mode,
        what,
        Existing::Replace,
        contents,
    )
}

/// Mints a token as Harbor does, with what lies in the directory, and verifies it as its registry does.
fn try_out(directory: &Path, now: OffsetDateTime) -> Result<String, Box<dyn Error>> {
    let key = key_of(directory)?;
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
