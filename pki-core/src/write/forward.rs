//! The way forward: every step of a change that is not taken yet. The run itself goes it, and after an interruption
//! the next run; each step is looked at first and taken once.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::write::change::Change;
use crate::write::change::Digest;
use crate::write::change::Step;
use crate::write::disk;
use crate::write::error::WriteError;

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The old file is there, and what is needed to replace it.
    Pending,
    /// The new file is there.
    Done,
    /// It was taken once, and the file has been changed since.
    Past,
    /// Someone else changed the file before it was taken.
    Foreign,
}

/// How far `step` is, read from the files.
pub(super) fn progress(step: &Step) -> Result<Progress, WriteError> {
    look(step).map_err(|source| WriteError::Io {
        doing: "read",
        path: step.path().to_path_buf(),
        source,
    })
}

/// Takes `step`, which is [`Progress::Pending`].
pub(super) fn take(step: &Step) -> Result<(), WriteError> {
    let refused = |doing| {
        let path = step.path().to_path_buf();
        move |source| WriteError::Io {
            doing,
            path,
            source,
        }
    };
    match step {
        Step::Create {
            path, temporary, ..
        } => match disk::publish(temporary, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(WriteError::Exists(vec![path.to_path_buf()]))
            }
            outcome => outcome
                .and_then(|()| disk::remove(temporary))
                .map_err(refused("write")),
        },
        Step::Replace {
            path, temporary, ..
        } => disk::rename(temporary, path).map_err(refused("replace")),
        Step::Overwrite {
            path, temporary, ..
        } => overwrite(path, temporary).map_err(refused("write")),
        Step::Remove { path, .. } => disk::remove(path).map_err(refused("remove")),
    }
}

/// Makes what was taken durable. Backups and the directories that were made are already.
pub(super) fn settle(change: &Change) -> Result<(), WriteError> {
    disk::sync_directories(change.steps.iter().map(Step::directory))
}

/// Removes second names and temporary files. The change is durable; what would remain has hapki in its name.
pub(super) fn clear(change: &Change) -> Result<(), WriteError> {
    for step in &change.steps {
        for path in [step.temporary(), step.held()].into_iter().flatten() {
            disk::remove(path).map_err(|source| WriteError::Io {
                doing: "remove",
                path: path.to_path_buf(),
                source,
            })?;
        }
    }
    Ok(())
}

/// The digest of a file; `None` where there is none.
pub(super) fn digest(path: &Path) -> Result<Option<Digest>, io::Error> {
    Ok(read(path)?.map(|bytes| Digest::of(&bytes)))
}

/// A file's bytes; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, io::Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if disk::is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether both are names of one file.
pub(super) fn is_one_file(one: &Path, other: &Path) -> Result<bool, io::Error> {
    let (one, other) = (disk::find(one)?, disk::find(other)?);
    Ok(one
        .zip(other)
        .is_some_and(|(one, other)| (one.dev(), one.ino()) == (other.dev(), other.ino())))
}

pub(super) fn look(step: &Step) -> Result<Progress, io::Error> {
    match step {
        Step::Create {
            path,
            temporary,
            new,
        } => look_at_created(path, temporary, new),
        Step::Replace {
            path,
            temporary,
            old,
            new,
            ..
        } => {
            let now = digest(path)?;
            let waits = disk::find(temporary)?.is_some();
            Ok(match now {
                Some(now) if waits && now == old.sha256 => Progress::Pending,
                Some(now) if now == *new => Progress::Done,
                _ if waits => Progress::Foreign,
                _ => Progress::Past,
            })
        }
        Step::Overwrite {
            path,
            temporary,
            backup,
            old,
            new,
        } => {
            let Some(wanted) = read(temporary)? else {
                let is_new = digest(path)?.as_ref() == Some(new);
                return Ok(if is_new {
                    Progress::Done
                } else {
                    Progress::Past
                });
            };
            let Some(now) = read(path)? else {
                return Ok(Progress::Foreign);
            };
            let now_digest = Digest::of(&now);
            if now_digest == *new && has_attributes_of(path, temporary)? {
                return Ok(Progress::Done);
            }
            let is_known = now_digest == *new || now_digest == old.sha256;
            let old = read(backup)?.unwrap_or_default();
            Ok(match is_known || is_half_written(&now, &wanted, &old) {
                true => Progress::Pending,
                false => Progress::Foreign,
            })
        }
        Step::Remove {
            path, held, old, ..
        } => Ok(match (digest(path)?, disk::find(held)?) {
            (None, _) => Progress::Done,
            (Some(now), Some(_)) if now == old.sha256 => Progress::Pending,
            (Some(_), Some(_)) => Progress::Foreign,
            (Some(_), None) => Progress::Past,
        }),
    }
}

fn look_at_created(path: &Path, temporary: &Path, new: &Digest) -> Result<Progress, io::Error> {
    let Some(waiting) = disk::find(temporary)? else {
        let is_new = digest(path)?.as_ref() == Some(new);
        return Ok(if is_new {
            Progress::Done
        } else {
            Progress::Past
        });
    };
    let Some(there) = disk::find(path)? else {
        return Ok(Progress::Pending);
    };
    let is_ours = (there.dev(), there.ino()) == (waiting.dev(), waiting.ino());
    Ok(match is_ours || digest(path)?.as_ref() == Some(new) {
        true => Progress::Done,
        false => Progress::Foreign,
    })
}

/// Whether a run that was killed while it wrote `wanted` over `old` may have left this: every byte is the one's or the
/// other's at that place, or a zero, where the power failed before the bytes reached the disk.
fn is_half_written(now: &[u8], wanted: &[u8], old: &[u8]) -> bool {
    let explained = |(index, byte): (usize, &u8)| {
        *byte == 0
            || [wanted, old]
                .iter()
                .any(|bytes| bytes.get(index) == Some(byte))
    };
    now.len() <= wanted.len().max(old.len()) && now.iter().enumerate().all(explained)
}

fn has_attributes_of(path: &Path, temporary: &Path) -> Result<bool, io::Error> {
    let attributes = |path: &Path| {
        fs::metadata(path).map(|found| (found.mode() & 0o7777, found.uid(), found.gid()))
    };
    Ok(attributes(path)? == attributes(temporary)?)
}

fn overwrite(path: &Path, temporary: &Path) -> Result<(), io::Error> {
    let wanted = Zeroizing::new(fs::read(temporary)?);
    let like = fs::metadata(temporary)?;
    disk::overwrite(
        path,
        &wanted,
        like.mode() & 0o7777,
        (like.uid(), like.gid()),
    )
}

#[cfg(test)]
mod tests {
    use super::is_half_written;

    #[test]
    fn half_of_the_new_over_the_old_is_known_and_other_bytes_are_not() {
        let (new, old) = (&b"NEWNEWNEW"[..], &b"old old"[..]);
        let known: [&[u8]; 6] = [
            b"",
            b"NEW",
            b"NEW old",
            b"NEWNEWNEW",
            b"NEW\0\0\0",
            b"old old",
        ];
        for now in known {
            assert!(is_half_written(now, new, old), "{now:?}");
        }
        let foreign: [&[u8]; 4] = [b"other", b"NEWNEWNEWs", b"oldNEWx", b"NEW OLD"];
        for now in foreign {
            assert!(!is_half_written(now, new, old), "{now:?}");
        }
    }
}
