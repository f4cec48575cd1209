//! The way back: what was prepared is removed, what was taken is undone.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::write::change::Change;
use crate::write::change::Digest;
use crate::write::change::Old;
use crate::write::change::Step;
use crate::write::disk;
use crate::write::error::Undone;
use crate::write::forward;
use crate::write::forward::Progress;

/// Removes what was made for a change of which no file was visible yet; the answer is what could not be. What the
/// steps are about is not touched.
pub(super) fn unstage(change: &Change) -> Vec<Undone> {
    let steps = change.steps.iter().rev();
    let left: Vec<Undone> = steps
        .filter_map(|step| {
            clear(step, Keep::Nothing)
                .err()
                .map(|error| undone(step, &error))
        })
        .collect();
    disk::remove_empty(change.directories.iter().rev());
    left
}

/// Puts everything back; the answer is what could not be. What is back already stays so: the way can be gone again.
pub(super) fn undo(change: &Change) -> Vec<Undone> {
    let mut left = Vec::new();
    for step in change.steps.iter().rev() {
        let outcome = put_back(step).and_then(|keep| clear(step, keep));
        left.extend(outcome.err().map(|error| undone(step, &error)));
    }
    if left.is_empty() {
        // Durable before the journal goes. A disk that cannot sync is said by whatever failed before.
        let _ = forward::settle(change);
    }
    disk::remove_empty(change.directories.iter().rev());
    left
}

/// What stays of what was made for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    Nothing,
    /// Someone else has changed the file since ours was visible: theirs stays, and so does the copy of what it was.
    Backup,
}

fn put_back(step: &Step) -> Result<Keep, io::Error> {
    match step {
        Step::Create {
            path,
            temporary,
            new,
        } => {
            let is_ours = match disk::find(temporary)? {
                Some(_) => forward::is_one_file(path, temporary)?,
                None => forward::digest(path)?.as_ref() == Some(new),
            };
            if is_ours {
                disk::remove(path)?;
            }
            Ok(Keep::Nothing)
        }
        Step::Replace {
            path,
            held,
            backup,
            old,
            new,
            ..
        } => match disk::find(held)? {
            Some(_) => from_held(step, path, held, old, new),
            None => from_backup(path, backup, old, new),
        },
        Step::Overwrite {
            path, backup, old, ..
        } => {
            if forward::digest(path)?.as_ref() == Some(&old.sha256) {
                give_back(path, backup, old)?;
                return Ok(Keep::Nothing);
            }
            match forward::look(step)? {
                Progress::Pending | Progress::Done => {
                    give_back(path, backup, old)?;
                    Ok(Keep::Nothing)
                }
                Progress::Foreign | Progress::Past => Ok(Keep::Backup),
            }
        }
        Step::Remove { path, held, .. } => {
            if disk::find(path)?.is_none() && disk::find(held)?.is_some() {
                disk::rename(held, path)?;
            }
            Ok(Keep::Nothing)
        }
    }
}

fn from_held(
    step: &Step,
    path: &Path,
    held: &Path,
    old: &Old,
    new: &Digest,
) -> Result<Keep, io::Error> {
    let was_visible = match step.temporary() {
        Some(temporary) => disk::find(temporary)?.is_none(),
        None => false,
    };
    if !was_visible || forward::is_one_file(path, held)? {
        return Ok(Keep::Nothing);
    }
    match forward::digest(path)? {
        Some(now) if now == *new => disk::rename(held, path).map(|()| Keep::Nothing),
        None => disk::rename(held, path).map(|()| Keep::Nothing),
        Some(now) if now == old.sha256 => Ok(Keep::Nothing),
        Some(_) => Ok(Keep::Backup),
    }
}

/// The second name is gone: the file is back already, or somebody removed it.
fn from_backup(path: &Path, backup: &Path, old: &Old, new: &Digest) -> Result<Keep, io::Error> {
    let is_ours = forward::digest(path)?.as_ref() == Some(new) && old.sha256 != *new;
    if is_ours {
        give_back(path, backup, old)?;
    }
    Ok(Keep::Nothing)
}

/// Gives the file its old bytes, bits and owner, unless it has them.
fn give_back(path: &Path, backup: &Path, old: &Old) -> Result<(), io::Error> {
    let found = fs::metadata(path)?;
    let attributes = (found.mode() & 0o7777, found.uid(), found.gid());
    if attributes == (old.mode, old.uid, old.gid)
        && forward::digest(path)?.as_ref() == Some(&old.sha256)
    {
        return Ok(());
    }
    let bytes = zeroize::Zeroizing::new(fs::read(backup)?);
    disk::overwrite(path, &bytes, old.mode, (old.uid, old.gid))
}

/// Removes what was made for the step.
fn clear(step: &Step, keep: Keep) -> Result<(), io::Error> {
    let backup = step.backup().filter(|_| keep == Keep::Nothing);
    for path in [step.temporary(), step.held(), backup]
        .into_iter()
        .flatten()
    {
        disk::remove(path)?;
    }
    Ok(())
}

fn undone(step: &Step, error: &io::Error) -> Undone {
    let what = match step.backup() {
        Some(backup) => format!("the old file is {}: {error}", backup.display()),
        None => error.to_string(),
    };
    Undone {
        path: step.path().to_path_buf(),
        what,
    }
}
