//! The last change taken back, as a change of its own.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::bundle::Attributes;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::bundle::Manner;
use crate::bundle::Owner;
use crate::bundle::Removal;
use crate::write::Written;
use crate::write::change::Digest;
use crate::write::change::Old;
use crate::write::change::Step;
use crate::write::error::WriteError;
use crate::write::forward;
use crate::write::journal;
use crate::write::lock::Locks;

impl Locks {
    /// Restores, byte for byte and with owner and bits, what the last change of the locked trees replaced or removed, and
    /// removes what it made; in all trees of that change, which are locked as well. Taking back is a change too, and
    /// can be taken back. `None` where nothing has been replaced yet.
    ///
    /// # Errors
    /// What has been changed since, which backup is gone, or why it cannot be written. Every file is as it was
    /// before, unless the error says otherwise.
    pub fn rollback(&mut self, now: OffsetDateTime) -> Result<Option<Written>, WriteError> {
        let Some(bundle) = self.taking_back()? else {
            return Ok(None);
        };
        self.write(&bundle, now).map(Some)
    }

    /// What [`Locks::rollback`] would write.
    fn taking_back(&mut self) -> Result<Option<Bundle>, WriteError> {
        let mut last: Option<journal::Found> = None;
        for state_dir in self.state_dirs() {
            let Some(found) = journal::read(&state_dir.join(journal::LAST))? else {
                continue;
            };
            match &last {
                Some(one) if one.change != found.change => {
                    return Err(WriteError::DifferentChanges {
                        one: one.path.clone(),
                        other: found.path,
                    });
                }
                _ => last = Some(found),
            }
        }
        let Some(found) = last else {
            return Ok(None);
        };
        self.reach(&found)?;
        let mut bundle = Bundle::default();
        for step in &found.change.steps {
            take_back(step, found.change.is_own(step.path()), &mut bundle)?;
        }
        Ok(Some(bundle))
    }
}

/// hapki's own notes may have been carried on since.
fn take_back(step: &Step, is_own: bool, bundle: &mut Bundle) -> Result<(), WriteError> {
    let path = step.path().to_path_buf();
    let now = forward::digest(&path).map_err(refused(&path))?;
    let left = match step {
        Step::Create { new, .. } | Step::Replace { new, .. } | Step::Overwrite { new, .. } => {
            Some(new)
        }
        Step::Remove { .. } => None,
    };
    if now.as_ref() != left && !is_own {
        return Err(WriteError::ChangedSince(path));
    }
    match step {
        Step::Create { .. } => bundle.removals.push(Removal { path, what: "file" }),
        Step::Replace { backup, old, .. } => {
            bundle
                .files
                .push(restored(path, backup, old, Manner::Rename)?);
        }
        Step::Overwrite { backup, old, .. } => {
            bundle
                .files
                .push(restored(path, backup, old, Manner::InPlace)?);
        }
        Step::Remove { backup, old, .. } => {
            bundle
                .files
                .push(restored(path, backup, old, Manner::Rename)?);
        }
    }
    Ok(())
}

fn restored(
    path: PathBuf,
    backup: &Path,
    old: &Old,
    manner: Manner,
) -> Result<BundleFile, WriteError> {
    let bytes = forward::read(backup).map_err(refused(backup))?;
    let contents = match bytes {
        Some(bytes) if Digest::of(&bytes) == old.sha256 => bytes,
        _ => {
            let backup = backup.to_path_buf();
            return Err(WriteError::NoBackup { path, backup });
        }
    };
    let owner = Owner::Required {
        uid: old.uid,
        gid: old.gid,
    };
    Ok(BundleFile {
        path,
        mode: old.mode,
        what: "file",
        existing: Existing::Replace,
        attributes: Attributes::Set { owner: Some(owner) },
        manner,
        contents,
    })
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_path_buf();
    |source| WriteError::Io {
        doing: "read",
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use time::macros::datetime;

    use super::*;
    use crate::write::lock;
    use crate::write::world::Does;
    use crate::write::world::World;

    const CHANGE: &[(usize, Does)] = &[
        (0, Does::Replace),
        (1, Does::Create),
        (1, Does::Overwrite),
        (0, Does::ReplaceThroughLink),
        (1, Does::Remove),
    ];
    const LATER: OffsetDateTime = datetime!(2026-02-01 08:00 UTC);

    /// Takes back what is known of in one tree alone.
    fn rollback(world: &World, tree: usize) -> Result<Option<Written>, WriteError> {
        lock(&world.state_dirs()[tree..=tree])
            .unwrap()
            .rollback(LATER)
    }

    #[test]
    fn every_tree_is_as_it_was_and_taking_back_can_be_taken_back() {
        let world = World::new(CHANGE);
        let old = world.others();
        world.write().unwrap();
        let new = world.others();
        rollback(&world, 1).unwrap().unwrap();
        assert_eq!(world.others(), old);
        rollback(&world, 0).unwrap().unwrap();
        assert_eq!(world.others(), new);
        world.assert_clean("taken back twice");
    }

    #[test]
    fn where_nothing_was_replaced_there_is_nothing_to_take_back() {
        let world = World::new(&[(0, Does::Create)]);
        world.write().unwrap();
        assert_eq!(rollback(&world, 0).unwrap(), None);
    }

    #[test]
    fn notes_of_hapki_s_own_are_no_change_and_come_back_with_the_one_that_they_are_about() {
        let mut world = World::new(CHANGE);
        let note = world.state_dirs()[0].join("rotation.json");
        let noted = |text: &str| {
            let contents = text.as_bytes().to_vec();
            BundleFile::new(&note, 0o600, "note", Existing::Replace, contents)
        };
        let old = world.others();
        let write = |bundle: Bundle| {
            lock(&world.state_dirs())
                .unwrap()
                .write(&bundle, LATER)
                .unwrap()
        };
        write(Bundle {
            files: vec![noted("first")],
            ..Bundle::default()
        });
        let mut change = std::mem::take(&mut world.bundle);
        change.files.push(noted("second"));
        let write = |bundle: Bundle| {
            lock(&world.state_dirs())
                .unwrap()
                .write(&bundle, LATER)
                .unwrap()
        };
        write(change);
        write(Bundle {
            files: vec![noted("third")],
            ..Bundle::default()
        });
        rollback(&world, 1).unwrap().unwrap();
        assert_eq!(world.others(), old);
        assert_eq!(fs::read_to_string(&note).unwrap(), "first");
    }

    #[test]
    fn what_has_changed_since_is_named_and_nothing_is_written() {
        let world = World::new(CHANGE);
        world.write().unwrap();
        let path = world.root.path().join("b/1.key");
        fs::write(&path, "theirs").unwrap();
        let before = world.files();
        let error = rollback(&world, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{} has been changed since the change that is to be taken back",
                path.display()
            )
        );
        assert_eq!(world.files(), before);
    }

    #[test]
    fn a_backup_that_is_gone_is_named() {
        let world = World::new(CHANGE);
        let written = world.write().unwrap();
        let backup = written.files[0].backup.clone().unwrap();
        fs::remove_file(&backup).unwrap();
        let error = rollback(&world, 0).unwrap_err();
        assert!(
            error.to_string().contains(&backup.display().to_string()),
            "{error}"
        );
    }
}
