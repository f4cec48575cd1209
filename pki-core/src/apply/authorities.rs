//! The CAs that a plan needs, read and checked.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::apply::error::ApplyError;
use crate::issue::Authorities;
use crate::issue::Authority;
use crate::issue::AuthorityFiles;
use crate::profile;
use crate::profile::Profile;
use crate::source;
use crate::source::Document;
use crate::source::ReadProblem;
use crate::x509::certificate::Certificate;

/// Certificate and key file of a CA.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// Where the CAs of `profiles` lie: in the PKI directory, unless the options say otherwise.
pub(super) fn paths(
    profiles: &[Profile],
    pki_dir: &Path,
    ca_cert: Option<&Path>,
    ca_key: Option<&Path>,
) -> Result<BTreeMap<profile::Authority, Paths>, ApplyError> {
    let mut needed: BTreeMap<profile::Authority, Paths> = profiles
        .iter()
        .map(|profile| profile.row().authority)
        .map(|authority| (authority, in_directory(authority, pki_dir)))
        .collect();
    if ca_cert.is_none() && ca_key.is_none() {
        return Ok(needed);
    }
    if needed.len() > 1 {
        let names: Vec<&str> = profiles.iter().map(|profile| profile.row().name).collect();
        return Err(ApplyError::SeveralAuthorities(names.join(", ")));
    }
    for paths in needed.values_mut() {
        if let Some(certificate) = ca_cert {
            paths.certificate = certificate.to_path_buf();
            // A CA given by its certificate has its key beside it unless told otherwise.
            paths.key = certificate.with_extension("key");
        }
        if let Some(key) = ca_key {
            paths.key = key.to_path_buf();
        }
    }
    Ok(needed)
}

/// `<base>.crt` and `<base>.key`.
pub(super) fn in_directory(authority: profile::Authority, pki_dir: &Path) -> Paths {
    let base = pki_dir.join(authority.base());
    Paths {
        certificate: base.with_extension("crt"),
        key: base.with_extension("key"),
    }
}

/// Reads and checks them all.
pub(super) fn load(
    paths: &BTreeMap<profile::Authority, Paths>,
    now: OffsetDateTime,
) -> Result<Authorities, ApplyError> {
    paths
        .iter()
        .map(|(authority, paths)| Ok((*authority, one(paths, now)?)))
        .collect()
}

/// Reads and checks one.
pub(super) fn one(paths: &Paths, now: OffsetDateTime) -> Result<Authority, ApplyError> {
    let certificate = read(&paths.certificate, "the CA's certificate")?;
    let key = match source::read_file(&paths.key) {
        Ok(document) => Some(document),
        Err(problem) if problem.is_missing() => None,
        Err(problem) => return Err(refused(&paths.key, "the CA's key", problem)),
    };
    let files = AuthorityFiles {
        certificate_path: &paths.certificate,
        certificate: &certificate.bytes,
        key_path: &paths.key,
        key: key.as_ref().map(|document| document.bytes.as_slice()),
    };
    Ok(Authority::check(&files, now)?)
}

/// The certificates that sign.
pub(super) fn certificates(authorities: &Authorities) -> BTreeMap<profile::Authority, Certificate> {
    let signing = |(name, authority): (&profile::Authority, &Authority)| {
        (*name, authority.certificate().clone())
    };
    authorities.iter().map(signing).collect()
}

pub(super) fn read(path: &Path, what: &'static str) -> Result<Document, ApplyError> {
    source::read_file(path).map_err(|problem| refused(path, what, problem))
}

pub(super) fn refused(path: &Path, what: &'static str, problem: ReadProblem) -> ApplyError {
    ApplyError::Read {
        path: path.to_path_buf(),
        what,
        problem,
    }
}
