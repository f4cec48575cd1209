//! A CA, loaded and checked before anything is signed with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::profile;
use crate::x509::certificate;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::KeyUsage;
use crate::x509::certificate::ReadError;
use crate::x509::crypto::sha256;
use crate::x509::key::KeyError;
use crate::x509::key::PrivateKey;
use crate::x509::spki::PublicKey;

/// A CA that may sign now: a CA certificate within its dates, allowed to sign certificates, and its own key.
#[derive(Debug)]
pub struct Authority {
    /// Where its certificate was read from, or will be written first.
    pub path: PathBuf,
    certificate: Certificate,
    others: Vec<Certificate>,
    key: PrivateKey,
}

/// The CAs at hand, each for its part of the cluster.
pub type Authorities = BTreeMap<profile::Authority, Authority>;

/// The files of a CA as they were read.
#[derive(Clone, Copy)]
pub struct AuthorityFiles<'a> {
    /// `…/pki/ca.crt`.
    pub certificate_path: &'a Path,
    /// What it holds.
    pub certificate: &'a [u8],
    /// `…/pki/ca.key`.
    pub key_path: &'a Path,
    /// What it holds; `None` where it does not exist.
    pub key: Option<&'a [u8]>,
}

impl Authority {
    /// Reads and checks the files of a CA. Of several certificates in the file the first signs, as kubeadm does
    /// (cmd/kubeadm/app/util/pkiutil/pki_helpers.go, `TryLoadCertFromDisk`).
    ///
    /// # Errors
    /// The first reason for which a leaf signed with these files would be refused, or cannot be signed.
    pub fn check(files: &AuthorityFiles<'_>, now: OffsetDateTime) -> Result<Self, AuthorityError> {
        let (certificate, others) = certificates(files)?;
        may_sign(&certificate, files.certificate_path, now)?;
        let bytes = files.key.ok_or_else(|| AuthorityError::KeyMissing {
            certificate: files.certificate_path.to_path_buf(),
            key: files.key_path.to_path_buf(),
        })?;
        let key = PrivateKey::from_bytes(bytes).map_err(|error| AuthorityError::Key {
            path: files.key_path.to_path_buf(),
            error,
        })?;
        if key.public_key() != certificate.public_key() {
            let owner = others
                .iter()
                .position(|other| other.public_key() == key.public_key());
            return Err(AuthorityError::KeyOfAnother {
                certificate: files.certificate_path.to_path_buf(),
                key: files.key_path.to_path_buf(),
                expected: fingerprint(certificate.public_key()),
                presented: fingerprint(key.public_key()),
                belongs_to: owner.map(|index| index + 2),
            });
        }
        Ok(Self {
            path: files.certificate_path.to_path_buf(),
            certificate,
            others,
            key,
        })
    }

    /// A CA that was just made.
    pub(crate) fn made(path: PathBuf, certificate: Certificate, key: PrivateKey) -> Self {
        Self {
            path,
            certificate,
            others: Vec::new(),
            key,
        }
    }

    /// The certificate that signs.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Further certificates of the same file: trusted beside the one that signs, as during a CA's replacement.
    pub fn others(&self) -> &[Certificate] {
        &self.others
    }

    /// All certificates of the file as PEM, without the text around them: what a kubeconfig trusts. kubeadm writes
    /// the first alone and so ends an overlap of two CAs.
    pub fn bundle_pem(&self) -> String {
        let mut text = self.certificate.to_pem();
        for other in &self.others {
            text.push_str(&other.to_pem());
        }
        text
    }

    /// What its user should know before it signs.
    pub fn notes(&self) -> Vec<String> {
        if self.others.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "{} holds {} certificates; the first signs, as with kubeadm: {}",
            self.path.display(),
            self.others.len() + 1,
            self.certificate.subject()
        )]
    }
}

/// Why a CA cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The certificate file holds something else, or is broken.
    #[error("{path}: {what}")]
    Certificate {
        /// The certificate file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// It is the certificate of a server or client.
    #[error("{path}: {subject} is not a CA: {why}")]
    NotAnAuthority {
        /// The certificate file.
        path: PathBuf,
        /// Its subject.
        subject: String,
        /// The extension that says so.
        why: &'static str,
    },
    /// Its time is over.
    #[error("{path}: the CA {subject} expired on {not_after}; it is now {now}")]
    Expired {
        /// The certificate file.
        path: PathBuf,
        /// Its subject.
        subject: String,
        /// Its last instant.
        not_after: Instant,
        /// When it should sign.
        now: Instant,
    },
    /// Its time has not come.
    #[error("{path}: the CA {subject} is valid from {not_before} on; it is now {now}")]
    NotYetValid {
        /// The certificate file.
        path: PathBuf,
        /// Its subject.
        subject: String,
        /// Its first instant.
        not_before: Instant,
        /// When it should sign.
        now: Instant,
    },
    /// There is a certificate but no key.
    #[error(
        "{key} does not exist, so nothing can be signed by the CA in {certificate} (an external CA?)"
    )]
    KeyMissing {
        /// The certificate file.
        certificate: PathBuf,
        /// Where the key should be.
        key: PathBuf,
    },
    /// The key file cannot be used.
    #[error("{path}: {error}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// Why.
        error: KeyError,
    },
    /// The key belongs to another certificate.
    #[error(
        "{key} is not the key of {certificate}: the certificate's public key is {expected}, the key's is {presented}{}",
        owner(.belongs_to)
    )]
    KeyOfAnother {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// SHA-256 of the certificate's SubjectPublicKeyInfo.
        expected: String,
        /// SHA-256 of the key's.
        presented: String,
        /// Which further certificate of the file it belongs to, counted from 1.
        belongs_to: Option<usize>,
    },
}

/// An instant as errors print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub OffsetDateTime);

impl std::fmt::Display for Instant {
    /// RFC 3339, UTC, to the second.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.0.to_offset(time::UtcOffset::UTC);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

impl AuthorityError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Certificate { .. } => "give the CA's certificate with --ca-cert, or restore the file".into(),
            Self::NotAnAuthority { .. } => "give the CA's own certificate with --ca-cert".into(),
            Self::Expired { .. } => {
                "replace the CA first; everything that it signed is refused since that date".into()
            }
            Self::NotYetValid { .. } => "check this machine's clock, or give the time with --at".into(),
            Self::KeyMissing { .. } => {
                "bring the key, say where it is with --ca-key, or write a request for whoever holds it with --csr".into()
            }
            Self::Key { error, .. } => hint_for(error).into(),
            Self::KeyOfAnother { belongs_to: Some(_), .. } => "put the certificate of this key first in the file".into(),
            Self::KeyOfAnother { .. } => {
                "give the pair that belongs together with --ca-cert and --ca-key, or copy both files from one master".into()
            }
        }
    }
}

fn hint_for(error: &KeyError) -> &'static str {
    match error {
        KeyError::NotAKey { .. } => "give the CA's key with --ca-key",
        KeyError::Encrypted { .. } => {
            "decrypt it (`openssl pkey -in ca.key -out plain.key`, mode 0600) and give that with --ca-key"
        }
        KeyError::Unsupported { .. } => {
            "hapki signs with RSA of 2048, 3072 or 4096 bits, P-256, P-384 and Ed25519; sign elsewhere what --csr writes"
        }
        KeyError::Damaged { .. } => "restore the file from another master or a backup",
    }
}

/// The first certificate of the file and the others.
fn certificates(
    files: &AuthorityFiles<'_>,
) -> Result<(Certificate, Vec<Certificate>), AuthorityError> {
    let wrong = |what: String| AuthorityError::Certificate {
        path: files.certificate_path.to_path_buf(),
        what,
    };
    if files.certificate.is_empty() {
        return Err(wrong("the file is empty".into()));
    }
    let mut read = Vec::new();
    for entry in certificate::read(files.certificate) {
        let certificate = entry
            .certificate
            .map_err(|error| match (entry.line, error) {
                // These name their line themselves.
                (_, ReadError::Pem(error)) => wrong(error.to_string()),
                (None, error) => wrong(error.to_string()),
                (Some(line), error) => wrong(format!("line {line}: {error}")),
            })?;
        read.push(certificate);
    }
    if read.is_empty() {
        return Err(wrong("holds no certificate".into()));
    }
    let first = read.remove(0);
    Ok((first, read))
}

/// Whether relying parties accept what this certificate's key signs (RFC 5280 sections 4.2.1.3 and 4.2.1.9).
fn may_sign(
    certificate: &Certificate,
    path: &Path,
    now: OffsetDateTime,
) -> Result<(), AuthorityError> {
    let subject = certificate.subject().to_string();
    let path = path.to_path_buf();
    let extensions = certificate.extensions();
    let not_a_ca = match (extensions.basic_constraints, extensions.key_usage) {
        (None, _) => Some("it has no basic constraints"),
        (Some(basic), _) if !basic.ca => Some("its basic constraints say CA:FALSE"),
        (_, Some(usage)) if !usage.contains(KeyUsage::KEY_CERT_SIGN) => {
            Some("its key usage lacks keyCertSign")
        }
        _ => None,
    };
    if let Some(why) = not_a_ca {
        return Err(AuthorityError::NotAnAuthority { path, subject, why });
    }
    if now > certificate.not_after() {
        return Err(AuthorityError::Expired {
            path,
            subject,
            not_after: Instant(certificate.not_after()),
            now: Instant(now),
        });
    }
    if now < certificate.not_before() {
        return Err(AuthorityError::NotYetValid {
            path,
            subject,
            not_before: Instant(certificate.not_before()),
            now: Instant(now),
        });
    }
    Ok(())
}

/// As `openssl pkey -pubin -outform DER | sha256sum` prints it, shortened to what tells two keys apart.
fn fingerprint(key: &PublicKey) -> String {
    let mut text = String::from("sha256:");
    for byte in sha256(key.as_der()).iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn owner(belongs_to: &Option<usize>) -> String {
    match belongs_to {
        Some(number) => format!("; it is the key of certificate {number} in that file"),
        None => String::new(),
    }
}
