//! What to sign, with which names, and why; decided before anything is signed or written, so that a dry run can print
//! all of it. [`crate::issue`] carries the steps out.

use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::bundle::Existing;
use crate::profile::Authority;
use crate::profile::Profile;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::csr::CertificationRequest;
use crate::x509::key::KeyAlgorithm;
use crate::x509::name::DistinguishedName;
use crate::x509::san::SubjectAltName;

pub mod cluster;
pub mod init;
pub mod names;
pub mod outcome;
pub mod registry;
pub mod restart;
pub mod san;
pub mod shared;
pub mod target;

mod error;
mod files;
mod inventory;
mod issue;
mod next;
mod server;
mod validity;

pub use crate::plan::cluster::Cluster;
pub use crate::plan::error::PlanError;
pub use crate::plan::init::InitPlan;
pub use crate::plan::init::init;
pub use crate::plan::issue::IssuePlan;
pub use crate::plan::issue::Options;
pub use crate::plan::issue::Resolve;
pub use crate::plan::issue::Surroundings;
pub use crate::plan::issue::issue;
pub use crate::plan::issue::profiles;
pub use crate::plan::issue::refuse_several;
pub use crate::plan::issue::version;
pub use crate::plan::san::NotTaken;
pub use crate::plan::san::PlannedSan;
pub use crate::plan::san::SanSource;

/// One certificate to be: everything that is decided before the key is made and the signature is computed.
#[derive(Clone, Debug)]
pub struct SigningStep {
    /// What it is.
    pub profile: Profile,
    /// The node it is for.
    pub node: String,
    /// Its subject.
    pub subject: DistinguishedName,
    /// Who signs it.
    pub authority: Authority,
    /// Extended key usages, in this order.
    pub usages: Vec<ExtendedKeyUsage>,
    /// Its names in the order of the certificate: DNS sorted, then addresses as they were found (as kubeadm orders them).
    pub sans: Vec<PlannedSan>,
    /// Names that were seen and left out, each with the reason.
    pub not_taken: Vec<NotTaken>,
    /// Where its key comes from.
    pub key: StepKey,
    /// From when until when.
    pub validity: Validity,
    /// What is written, and where.
    pub target: Target,
    /// What happens when the target is there already.
    pub existing: Existing,
}

/// Where the key of a step comes from.
#[derive(Clone, Debug)]
pub enum StepKey {
    /// It is generated.
    Generate(KeyAlgorithm),
    /// It stays with whoever made this request; only the certificate is written.
    Request(Box<CertificationRequest>),
}

/// From when until when a certificate is to be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First instant, UTC.
    pub not_before: OffsetDateTime,
    /// Last instant, UTC.
    pub not_after: OffsetDateTime,
    /// Until when it was asked to be valid, where its authority ends before that: `not_after` is then the authority's.
    pub cut_short_from: Option<OffsetDateTime>,
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A certificate file and its key file.
    Pair {
        /// The certificate, mode 0644.
        certificate: PathBuf,
        /// The key, mode 0600; `None` where the key came as a request and stays where it is.
        key: Option<PathBuf>,
    },
    /// A kubeconfig that embeds certificate and key, mode 0600.
    Kubeconfig(KubeconfigStep),
}

/// A kubeconfig to be, with one cluster, one user and one context named `user@cluster`, as kubeadm writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeconfigStep {
    /// The file.
    pub path: PathBuf,
    /// The URL that its user dials: `https://10.24.138.208:6443`.
    pub server: String,
    /// The cluster's name: `kubernetes` unless the owner named it.
    pub cluster: String,
    /// The user's name: the common name of the certificate.
    pub user: String,
}

/// A certificate authority to be made. Its files are the same on every node that holds it.
#[derive(Clone, Debug)]
pub struct AuthorityStep {
    /// Which.
    pub authority: Authority,
    /// Its subject and issuer.
    pub subject: DistinguishedName,
    /// Its own names: kubeadm gives a CA its common name as dNSName.
    pub sans: Vec<SubjectAltName>,
    /// What key to generate.
    pub key: KeyAlgorithm,
    /// From when until when.
    pub validity: Validity,
    /// Every place of the certificate, mode 0644.
    pub certificates: Vec<PathBuf>,
    /// Every place of the key, mode 0600: control-plane nodes only.
    pub keys: Vec<PathBuf>,
}

/// The service-account pair to be made: `sa.key` signs the tokens, `sa.pub` checks them. The same on every master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountStep {
    /// What key to generate: RSA or ECDSA, as kube-apiserver takes no other.
    pub key: KeyAlgorithm,
    /// Every place of the private key, mode 0600.
    pub private: Vec<PathBuf>,
    /// Every place of the public key (PKIX, `PUBLIC KEY`), mode 0600 as kubeadm writes it.
    pub public: Vec<PathBuf>,
}

impl Target {
    /// The certificate, or the kubeconfig that embeds it.
    pub fn path(&self) -> &Path {
        match self {
            Self::Pair { certificate, .. } => certificate,
            Self::Kubeconfig(kubeconfig) => &kubeconfig.path,
        }
    }
}

#[cfg(test)]
mod tests;
