//! The paved path from a request to files: read, plan, sign, write. Time, randomness and the resolver are the
//! caller's.

mod authorities;
mod csr;
mod error;
mod harbor_internal;
mod init;
mod issue;
mod registry;
mod shared;
mod surroundings;

pub use crate::apply::error::ApplyError;
pub use crate::apply::harbor_internal::HarborInternalOptions;
pub use crate::apply::harbor_internal::harbor_internal;
pub use crate::apply::init::InitOptions;
pub use crate::apply::init::init;
pub use crate::apply::issue::IssueOptions;
pub use crate::apply::issue::issue;
pub use crate::apply::shared::Ask;
pub use crate::apply::shared::Probe;
pub use crate::apply::shared::SharedCommand;
pub use crate::apply::shared::SharedOptions;
pub use crate::apply::shared::SharedOutcome;
pub use crate::apply::shared::SharedWritten;
pub use crate::apply::shared::shared;

use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::issue::IssuedRecord;
use crate::issue::KeySource;
use crate::issue::SerialSource;
use crate::plan::SigningStep;
use crate::plan::Target;
use crate::plan::outcome::IssuedFile;
use crate::write;
use crate::write::Recovered;
use crate::write::Settings;
use crate::write::Written;
use crate::x509::certificate::Certificate;

/// What every change takes from its caller.
pub struct Means<'a> {
    /// Now.
    pub now: OffsetDateTime,
    /// Where keys come from.
    pub keys: &'a mut dyn KeySource,
    /// Where serial numbers come from.
    pub serials: &'a mut dyn SerialSource,
    /// Whether nothing is written and no key is made.
    pub dry_run: bool,
    /// Filled on the way: earlier changes of the same trees that were found interrupted, and what became of them.
    pub recovered: Vec<Recovered>,
}

/// Sees to what an interrupted run left in the trees; a dry run says that there is something.
fn see_to_interrupted(
    settings: &Settings,
    means: &mut Means<'_>,
) -> Result<Vec<String>, ApplyError> {
    if means.dry_run {
        let say = |journal: &PathBuf| {
            format!(
                "an earlier change was interrupted ({}); the next run without --dry-run sees to it first",
                journal.display()
            )
        };
        return Ok(write::interrupted(&settings.state_dirs)
            .iter()
            .map(say)
            .collect());
    }
    means
        .recovered
        .extend(write::recover(&settings.state_dirs)?);
    Ok(Vec::new())
}

/// The files of the plan without their contents: what a dry run has looked at instead of written.
fn hollow(steps: &[SigningStep]) -> Bundle {
    let mut bundle = Bundle::default();
    for step in steps {
        let file = |path: &PathBuf, mode, what| hollow_file(path, mode, what, step.existing);
        match &step.target {
            Target::Pair { certificate, key } => {
                bundle
                    .files
                    .extend(key.iter().map(|key| file(key, 0o600, "key")));
                bundle.files.push(file(certificate, 0o644, "certificate"));
            }
            Target::Kubeconfig(kubeconfig) => {
                bundle
                    .files
                    .push(file(&kubeconfig.path, 0o600, "kubeconfig"));
            }
        }
    }
    bundle
}

fn hollow_file(path: &Path, mode: u32, what: &'static str, existing: Existing) -> BundleFile {
    BundleFile::new(path, mode, what, existing, Vec::new())
}

/// Everything about the files of `bundle` but their bytes.
fn files(bundle: &Bundle, written: &Written) -> Vec<IssuedFile> {
    bundle
        .files
        .iter()
        .map(|file| IssuedFile {
            path: file.path.clone(),
            mode: file.mode,
            what: file.what,
            backup: written
                .files
                .iter()
                .find(|written| written.path == file.path)
                .and_then(|written| written.backup.clone()),
        })
        .collect()
}

fn certificates(records: &[IssuedRecord]) -> Vec<Certificate> {
    records
        .iter()
        .map(|record| record.certificate.clone())
        .collect()
}
