//! The only writer of files: all files of one command, or none.
//!
//! 1. Every target is looked at before anything is written: what exists and may not be replaced, directories, FIFOs,
//!    dangling links, one file named twice.
//! 2. Missing directories are made (0755), and every file is written to a temporary file in its own directory,
//!    created exclusively with its final permission bits (a key is never readable by others, not for an instant), and
//!    synced.
//! 3. What will be replaced is copied to `.hapki/backup/<time>/` (a private file's copy is 0600 whatever the
//!    original was) and held by a second link, so that it can be put back without needing space.
//! 4. The files become visible in the order of the bundle: a new one by linking, which fails when someone else made
//!    the file meanwhile; a replaced one by renaming. Then the directories are synced.
//!
//! When any step fails, what was made is removed and what was replaced is put back.
//!
//! A bundle lists a key before its certificate. The process may be killed between the two: a key without its
//! certificate is passed over by every reader, while a CA certificate without its key is what kubeadm takes for an
//! external CA; and a reader that watches the certificate finds the key in place when it is told of the new one.
//!
//! A file that is replaced keeps its owner, group and permission bits, as it does when kubeadm renews it; a private
//! file loses what others were allowed. A link is followed once, and the file that it points to is replaced. New
//! files are subject to the process's umask, as kubeadm's are.

mod disk;
mod error;
mod lock;
mod recover;
mod staged;
mod target;

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::bundle::Bundle;

pub use crate::write::error::Undone;
pub use crate::write::error::WriteError;
pub use crate::write::lock::Locks;
pub use crate::write::lock::lock;
pub use crate::write::recover::Ending;
pub use crate::write::recover::Recovered;
pub use crate::write::recover::interrupted;
pub use crate::write::recover::recover;

/// How to write.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names the backups of this run.
    pub now: OffsetDateTime,
    /// The `.hapki` directory of each tree that is changed: its lock, its journal, and the backups of its files, each
    /// under its absolute path; a file of none of these trees has its backup in the first. Without any, a backup is
    /// kept in `.hapki` beside the file that it was, nothing is locked, and a run that is killed leaves no journal.
    pub state_dirs: Vec<PathBuf>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The files, in the order of the bundle.
    pub files: Vec<WrittenFile>,
    /// Directories that were made.
    pub directories: Vec<PathBuf>,
}

/// One file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// The path of the bundle.
    pub path: PathBuf,
    /// Where it lies, when `path` is a link.
    pub through_link: Option<PathBuf>,
    /// The copy of what was replaced.
    pub backup: Option<PathBuf>,
    /// User and group that were wished for and could not be given.
    pub owner_not_given: Option<(u32, u32)>,
}

/// Looks at every target without writing: what [`write()`] would refuse before its first byte.
///
/// # Errors
/// The first target that cannot be written; all existing ones together.
pub fn check(bundle: &Bundle) -> Result<(), WriteError> {
    target::targets(bundle).map(drop)
}

/// Locks the trees and writes all files of `bundle`, or none.
///
/// # Errors
/// What could not be written and why. Every file is as it was before, unless the error is
/// [`WriteError::NotUndone`], which lists what is left.
pub fn write(bundle: &Bundle, settings: &Settings) -> Result<Written, WriteError> {
    check(bundle)?;
    lock(&settings.state_dirs)?.write(bundle, settings.now)
}

impl Locks {
    /// Writes all files of `bundle`, or none; as [`write()`], for a caller that has locked the trees before it read
    /// them.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn write(&self, bundle: &Bundle, now: OffsetDateTime) -> Result<Written, WriteError> {
        let settings = Settings {
            now,
            state_dirs: self.state_dirs().to_vec(),
        };
        write_locked(bundle, &settings)
    }
}

fn write_locked(bundle: &Bundle, settings: &Settings) -> Result<Written, WriteError> {
    let targets = target::targets(bundle)?;
    let mut staged = staged::Staged::new(settings);
    let outcome = staged
        .stage(&targets)
        .and_then(|()| staged.commit(&targets));
    match outcome {
        Ok(()) => Ok(staged.finish(&targets)),
        Err(error) => Err(staged.undo(&targets, error)),
    }
}

#[cfg(test)]
mod tests;
