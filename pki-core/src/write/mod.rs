//! The only writer of files: all files of one command, or none, however it ends.
//!
//! 1. Every target is looked at before anything is written: what exists and may not be replaced, directories, FIFOs,
//!    dangling links, one file named twice with different bytes. The trees are locked.
//! 2. A journal that names every file to be made goes into each tree's `.hapki`. Missing directories are made (0755), and
//!    every file is written under a name of ours in its own directory, created exclusively, with its final owner and
//!    permission bits before its first byte (a key is never readable by others, not for an instant).
//! 3. What will be replaced or removed is copied to `.hapki/backup/<time>/` (0600 whatever the original was) and held by
//!    a second link, so that it can be put back without needing space. All of it is synced.
//! 4. The journals are renamed: from here on the change will be finished. The files become visible in the order of the
//!    bundle: a new one by linking, which fails when someone else made the file meanwhile; a replaced one by renaming,
//!    or in place where the bundle says so. Then what goes is removed, the directories are synced, and the journals go.
//!
//! When any step fails, what was made is removed and what was replaced is put back. A run that is killed, or whose
//! power fails, is finished by the next one from any one journal that says forward, and its remains are removed where
//! none does: [`Locks::recover`]. docs/writing.md tells what that looks like from outside, decision 0012 why it is so.
//!
//! A bundle lists a key before its certificate. A reader between the two finds a key without its certificate, which
//! every reader passes over, while a CA certificate without its key is what kubeadm takes for an external CA; and one
//! that watches the certificate finds the key in place when it is told of the new one.
//!
//! A file that is replaced keeps its owner, group and permission bits, as it does when kubeadm renews it; a private
//! file loses what others were allowed; [`crate::bundle::Attributes`] may ask for others. A link is followed once, and
//! the file that it points to is replaced. New files are subject to the process's umask, as kubeadm's are.

mod back;
mod change;
mod disk;
mod error;
mod forward;
mod journal;
mod lock;
mod prepare;
mod recover;
mod rollback;
mod stage;
mod target;

use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::place::OWN_DIR;
use crate::write::change::Change;
use crate::write::forward::Progress;
use crate::write::prepare::Prepared;
use crate::write::stage::NotGiven;
use crate::write::target::Targets;

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
    /// under its absolute path; a file of none of these trees has its backup in the nearest. Without any, a backup is
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
        if let Some(journal) = journal::names(&settings.state_dirs).into_iter().next() {
            return Err(WriteError::Unfinished { journal });
        }
        let targets = target::targets(bundle)?;
        let mut prepared = prepare::prepare(&targets.all, &settings)?;
        let directories = self.made().iter().cloned().map(change::FilePath);
        prepared.change.directories.splice(0..0, directories);
        let not_given = commit(&targets, &prepared)?;
        Ok(written(bundle, targets, prepared, &not_given))
    }
}

/// Makes the change, or undoes what was made of it.
fn commit(targets: &Targets<'_>, prepared: &Prepared) -> Result<NotGiven, WriteError> {
    let change = &prepared.change;
    let staged = journal::begin(change).and_then(|()| {
        let not_given = stage::stage(&targets.all, prepared)?;
        match targets.all.iter().find(|target| !target.is_unchanged()) {
            Some(target) => Err(target.raced()),
            None => Ok(not_given),
        }
    });
    let not_given = match staged {
        Ok(not_given) => not_given,
        Err(cause) => return Err(ended(cause, back::unstage(change), change)),
    };
    let outcome = journal::turn_forward(change)
        .and_then(|()| go(targets, change))
        .and_then(|()| forward::settle(change));
    if let Err(cause) = outcome {
        // Where a journal cannot be turned, it says forward, and so the next run goes: nothing may be taken back.
        if let Err(error) = journal::turn_back(change) {
            return Err(interrupted_midway(error, change));
        }
        return Err(ended(cause, back::undo(change), change));
    }
    // All is visible and durable: what fails now keeps the journal, and the next run has nothing left to do but this.
    forward::clear(change)
        .and_then(|()| journal::finish(change))
        .map_err(|cause| interrupted_midway(cause, change))?;
    Ok(not_given)
}

fn go(targets: &Targets<'_>, change: &Change) -> Result<(), WriteError> {
    for (target, step) in targets.all.iter().zip(&change.steps) {
        match forward::progress(step)? {
            Progress::Pending => forward::take(step)?,
            Progress::Done => {}
            Progress::Past | Progress::Foreign => return Err(target.raced()),
        }
    }
    Ok(())
}

/// The change is undone, but for what is `left`.
fn ended(cause: WriteError, left: Vec<Undone>, change: &Change) -> WriteError {
    let cause = match left.is_empty() {
        true => match journal::forget(change) {
            Ok(()) => return cause,
            Err(error) => error,
        },
        false => cause,
    };
    WriteError::NotUndone {
        cause: Box::new(cause),
        left,
    }
}

fn interrupted_midway(cause: WriteError, change: &Change) -> WriteError {
    let state_dirs: Vec<PathBuf> = change
        .state_dirs
        .iter()
        .map(|path| path.0.clone())
        .collect();
    match journal::names(&state_dirs).into_iter().next() {
        Some(journal) => WriteError::Interrupted {
            cause: Box::new(cause),
            journal,
        },
        // Without journals there is nothing that the next run could do.
        None => cause,
    }
}

fn written(
    bundle: &Bundle,
    targets: Targets<'_>,
    prepared: Prepared,
    not_given: &NotGiven,
) -> Written {
    let steps = &prepared.change.steps;
    let file = |(file, index): (&BundleFile, &usize)| {
        let target = targets.all.get(*index)?;
        Some(WrittenFile {
            path: file.path.clone(),
            through_link: (target.path != target.asked.path()).then(|| target.path.clone()),
            backup: steps.get(*index)?.backup().map(Path::to_path_buf),
            owner_not_given: not_given.get(*index).copied().flatten(),
        })
    };
    let files = bundle
        .files
        .iter()
        .zip(&targets.of_file)
        .filter_map(file)
        .collect();
    let is_ours = |path: &PathBuf| path.components().any(|part| part.as_os_str() == OWN_DIR);
    let directories = prepared.change.directories.into_iter().map(|made| made.0);
    Written {
        files,
        directories: directories.filter(|path| !is_ours(path)).collect(),
    }
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
