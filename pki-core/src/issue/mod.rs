//! Signing steps carried out in memory: keys are made, certificates signed, kubeconfigs rendered. The result is a
//! [`Bundle`]; nothing is read or written here.

pub mod authority;
pub mod csr;
pub mod harbor_internal;
pub mod kubeconfig;
pub mod source;

mod files;
mod founding;
mod leaf;
mod token_root;

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::bundle::Bundle;
use crate::plan::AuthorityStep;
use crate::plan::NotTaken;
use crate::plan::PlannedSan;
use crate::plan::ServiceAccountStep;
use crate::plan::SigningStep;
use crate::profile;
use crate::profile::Profile;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::crypto::CryptoError;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::KeyError;
use crate::x509::spki::PublicKeyAlgorithm;
use crate::x509::template::TemplateError;

pub use crate::issue::authority::Authorities;
pub use crate::issue::authority::Authority;
pub use crate::issue::authority::AuthorityError;
pub use crate::issue::authority::AuthorityFiles;
pub use crate::issue::source::FreshKeys;
pub use crate::issue::source::KeySource;
pub use crate::issue::source::RandomSerials;
pub use crate::issue::source::SerialSource;
pub use crate::issue::token_root::token_root;

/// Everything that one command makes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work<'a> {
    /// CAs to be founded; the steps may be signed by them.
    pub authorities: &'a [AuthorityStep],
    /// The service-account pair to be made.
    pub service_account: Option<&'a ServiceAccountStep>,
    /// Certificates to be signed.
    pub steps: &'a [SigningStep],
}

/// What was made.
#[derive(Debug)]
pub struct Issued {
    /// Every file, in the order in which they should become visible: CAs, the service-account pair, then the steps in
    /// their order; a key always before its certificate.
    pub bundle: Bundle,
    /// The CAs that were founded, to sign further work with.
    pub founded: Authorities,
    /// One record a founded CA, in the order of [`Work::authorities`].
    pub authorities: Vec<AuthorityRecord>,
    /// One record a signing step, in their order.
    pub records: Vec<IssuedRecord>,
}

/// A CA that was founded.
#[derive(Clone, Debug)]
pub struct AuthorityRecord {
    /// Which.
    pub authority: profile::Authority,
    /// Its certificate.
    pub certificate: Certificate,
    /// Every place of the certificate.
    pub certificates: Vec<PathBuf>,
    /// Every place of the key.
    pub keys: Vec<PathBuf>,
}

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct IssuedRecord {
    /// What it is.
    pub profile: Profile,
    /// The node it is for.
    pub node: String,
    /// The certificate.
    pub certificate: Certificate,
    /// Where the certificate goes, or the kubeconfig that embeds it.
    pub path: PathBuf,
    /// Where its key goes; `None` for a kubeconfig and for a signed request.
    pub key_path: Option<PathBuf>,
    /// Its names, and why it has them.
    pub sans: Vec<PlannedSan>,
    /// Names that were left out, and why.
    pub not_taken: Vec<NotTaken>,
    /// Until when it was to be valid, where its CA ends before that.
    pub cut_short_from: Option<OffsetDateTime>,
    /// What a signed request asked for and did not get, one sentence each.
    pub not_given: Vec<String>,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A step names a CA that is not at hand.
    #[error("{profile} for {node} is signed by {authority}, which was not loaded")]
    NoAuthority {
        /// What was to be issued.
        profile: Profile,
        /// The node it is for.
        node: String,
        /// The CA.
        authority: profile::Authority,
    },
    /// The component that reads the key takes no such key.
    #[error("{what} cannot have a key of type {algorithm}: {reader} refuses it")]
    ReaderRefuses {
        /// `a CA`, `the service-account pair`.
        what: &'static str,
        /// The key that was asked for.
        algorithm: KeyAlgorithm,
        /// Who reads it, and what it says.
        reader: &'static str,
    },
    /// The key of a request is one that relying parties refuse.
    #[error(
        "the request for {profile} holds a key of type {algorithm}, which Kubernetes components refuse or which is too weak"
    )]
    RequestKey {
        /// What was to be issued.
        profile: Profile,
        /// The request's key.
        algorithm: PublicKeyAlgorithm,
    },
    /// A kubeconfig embeds the key, but a request does not give it away.
    #[error("{profile} embeds its private key, so it cannot be made from a request")]
    KubeconfigFromRequest {
        /// What was to be issued.
        profile: Profile,
    },
    /// The certificate would end before it begins.
    #[error(
        "{profile} for {node} would be valid from {not_before} until {not_after}: it would never be valid"
    )]
    NeverValid {
        /// What was to be issued.
        profile: Profile,
        /// The node it is for.
        node: String,
        /// First instant.
        not_before: authority::Instant,
        /// Last instant.
        not_after: authority::Instant,
    },
    /// The CA's extended key usages exclude what the certificate is for.
    #[error(
        "{profile} is for {usage}, which the extended key usage of the CA in {path} does not allow"
    )]
    UsageNotAllowed {
        /// What was to be issued.
        profile: Profile,
        /// What it is for.
        usage: ExtendedKeyUsage,
        /// The CA's certificate file.
        path: PathBuf,
    },
    /// The key source does not keep its promise.
    #[error("the source of keys gave fewer keys than were asked for")]
    TooFewKeys,
    /// A key could not be made.
    #[error("a key could not be made: {0}")]
    Key(#[from] KeyError),
    /// No randomness for a serial number.
    #[error("no serial number could be drawn: {0}")]
    Serial(#[from] CryptoError),
    /// The certificate could not be encoded or signed.
    #[error("{what} could not be signed: {error}")]
    Template {
        /// `apiserver for wudang`.
        what: String,
        /// Why.
        error: TemplateError,
    },
}

impl IssueError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoAuthority { .. } => {
                "give its files with --ca-cert and --ca-key, or the PKI directory with --pki-dir"
            }
            Self::UsageNotAllowed { .. } => "give another CA with --ca-cert and --ca-key",
            Self::ReaderRefuses { .. } => "choose an RSA or ECDSA key with --key",
            Self::RequestKey { .. } => {
                "make the request with RSA of at least 2048 bits, P-256 or P-384"
            }
            Self::KubeconfigFromRequest { .. } => {
                "leave --csr out, or ask for the certificate of a pair"
            }
            Self::NeverValid { .. } => "give a longer --validity, or replace the CA",
            Self::TooFewKeys | Self::Key(_) | Self::Serial(_) => {
                "run the command again; if it fails again, this machine gives no random numbers"
            }
            Self::Template { .. } => "this is a fault of the request; see what it names",
        }
    }
}

/// Makes all of `work`. `authorities` are the CAs that exist already; one that `work` founds takes precedence.
///
/// All keys are asked for at once and before the first signature, so a source may make them side by side.
///
/// # Errors
/// The first thing that could not be made; then there is no bundle.
pub fn carry_out(
    work: &Work<'_>,
    authorities: &Authorities,
    keys: &mut dyn KeySource,
    serials: &mut dyn SerialSource,
) -> Result<Issued, IssueError> {
    founding::refuse_unreadable(work)?;
    leaf::refuse_unsignable(work, authorities)?;
    let mut made = keys.keys(&leaf::algorithms(work))?.into_iter();
    let mut issued = Issued {
        bundle: Bundle::default(),
        founded: Authorities::new(),
        authorities: Vec::with_capacity(work.authorities.len()),
        records: Vec::with_capacity(work.steps.len()),
    };
    for (step, key) in work.authorities.iter().zip(&mut made) {
        let (authority, record) = founding::found(step, key, serials)?;
        files::of_authority(step, &authority, &mut issued.bundle);
        issued.authorities.push(record);
        issued.founded.insert(step.authority, authority);
    }
    for (step, key) in work.service_account.iter().zip(&mut made) {
        files::of_service_account(step, &key, &mut issued.bundle);
    }
    for step in work.steps {
        let authority = issued
            .founded
            .get(&step.authority)
            .or_else(|| authorities.get(&step.authority));
        let authority = authority.ok_or_else(|| leaf::no_authority(step))?;
        let record = leaf::issue(step, authority, &mut made, serials, &mut issued.bundle)?;
        issued.records.push(record);
    }
    Ok(issued)
}

#[cfg(test)]
mod tests;
