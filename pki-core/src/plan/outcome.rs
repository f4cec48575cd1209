//! What was done, or in a dry run would be: the steps and what came of them. Reports are made from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::plan::AuthorityStep;
use crate::plan::ServiceAccountStep;
use crate::plan::SigningStep;
use crate::profile::Authority;
use crate::x509::certificate::Certificate;

/// What was done, or in a dry run would be.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// CAs that were made.
    pub founded: Vec<AuthorityStep>,
    /// The service-account pair that was made.
    pub service_account: Option<ServiceAccountStep>,
    /// The certificates that were asked for.
    pub steps: Vec<SigningStep>,
    /// What was signed, one for each of `steps`; empty in a dry run.
    pub certificates: Vec<Certificate>,
    /// Pairs that no profile describes: Harbor's internal TLS.
    pub pairs: Vec<PairMade>,
    /// Requests that were made for a CA whose key is elsewhere.
    pub requests: Vec<RequestMade>,
    /// The CAs that signed.
    pub issuers: BTreeMap<Authority, Certificate>,
    /// Every file, in the order in which they were written.
    pub files: Vec<IssuedFile>,
    /// What was assumed, cut short or left out.
    pub notes: Vec<String>,
    /// What remains to be done by hand, in order.
    pub next: Vec<String>,
}

/// A pair that no profile describes.
#[derive(Clone, Debug)]
pub struct PairMade {
    /// Its files without their endings.
    pub name: &'static str,
    /// The certificate.
    pub certificate: Certificate,
    /// Its file.
    pub path: PathBuf,
    /// The file of its key.
    pub key_path: PathBuf,
}

/// A request that was made.
#[derive(Clone, Debug)]
pub struct RequestMade {
    /// Its file.
    pub path: PathBuf,
    /// The file of its key.
    pub key: PathBuf,
    /// What it asks for.
    pub step: SigningStep,
}

/// A file that was written, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedFile {
    /// Where.
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// `certificate`, `key`, `public key`, `kubeconfig`.
    pub what: &'static str,
    /// The copy of what was replaced.
    pub backup: Option<PathBuf>,
}
