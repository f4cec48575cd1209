//! From what is asked for and what is there to the steps that lead from one to the other. Nothing is written.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;
use time::UtcOffset;
use zeroize::Zeroizing;

use crate::bundle::Manner;
use crate::place::OWN_DIR;
use crate::write::Settings;
use crate::write::change::Change;
use crate::write::change::Digest;
use crate::write::change::FilePath;
use crate::write::change::Old;
use crate::write::change::SCHEMA;
use crate::write::change::Step;
use crate::write::disk;
use crate::write::error::WriteError;
use crate::write::lock::absolute;
use crate::write::target::Asked;
use crate::write::target::Found;
use crate::write::target::Target;

/// A change and the bytes of what it replaces, one for each step.
pub(super) struct Prepared {
    pub(super) change: Change,
    pub(super) old: Vec<Option<Zeroizing<Vec<u8>>>>,
}

/// Reads what will be replaced and names every file that the change makes.
pub(super) fn prepare(targets: &[Target<'_>], settings: &Settings) -> Result<Prepared, WriteError> {
    let mut old = Vec::with_capacity(targets.len());
    for target in targets {
        old.push(match &target.found {
            None => None,
            Some(_) => Some(read(target)?),
        });
    }
    let (run, steps) = named(targets, &old, settings)?;
    let mut change = Change {
        schema: SCHEMA.to_owned(),
        run,
        state_dirs: settings.state_dirs.iter().cloned().map(FilePath).collect(),
        directories: Vec::new(),
        steps,
    };
    change.directories = missing(&change)?;
    Ok(Prepared { change, old })
}

/// The first name that no earlier run of this second has left anything under.
fn named(
    targets: &[Target<'_>],
    old: &[Option<Zeroizing<Vec<u8>>>],
    settings: &Settings,
) -> Result<(String, Vec<Step>), WriteError> {
    let stamp = stamp(settings.now);
    for attempt in 0..ATTEMPTS {
        let run = match attempt {
            0 => stamp.clone(),
            _ => format!("{stamp}-{attempt}"),
        };
        let mut steps = Vec::with_capacity(targets.len());
        for (target, old) in targets.iter().zip(old) {
            steps.push(step(target, old.as_deref(), &run, steps.len(), settings)?);
        }
        if steps.iter().all(is_free) {
            return Ok((run, steps));
        }
    }
    Err(WriteError::Io {
        doing: "find a free name for the backups of",
        path: targets
            .first()
            .map(|target| target.path.clone())
            .unwrap_or_default(),
        source: io::ErrorKind::AlreadyExists.into(),
    })
}

fn step(
    target: &Target<'_>,
    old: Option<&Vec<u8>>,
    run: &str,
    number: usize,
    settings: &Settings,
) -> Result<Step, WriteError> {
    let absolute = absolute(&target.path)?;
    let beside =
        |end: &str| FilePath(absolute.with_file_name(format!(".hapki-{run}-{number}.{end}")));
    let backup = FilePath(backup(&absolute, run, settings));
    let old = target
        .found
        .zip(old)
        .map(|(found, bytes)| as_found(found, bytes));
    let path = FilePath(absolute.clone());
    Ok(match (target.asked, old) {
        (Asked::File(file), None) => Step::Create {
            path,
            temporary: beside("tmp"),
            new: Digest::of(&file.contents),
        },
        (Asked::File(file), Some(old)) => match file.manner {
            Manner::Rename => Step::Replace {
                path,
                temporary: beside("tmp"),
                held: beside("old"),
                backup,
                old,
                new: Digest::of(&file.contents),
            },
            Manner::InPlace => Step::Overwrite {
                path,
                temporary: beside("tmp"),
                backup,
                old,
                new: Digest::of(&file.contents),
            },
        },
        (Asked::Removal(_), Some(old)) => Step::Remove {
            path,
            held: beside("old"),
            backup,
            old,
        },
        // Only what is there is a target of a removal.
        (Asked::Removal(removal), None) => {
            return Err(WriteError::ChangedMeanwhile(removal.path.clone()));
        }
    })
}

fn as_found(found: Found, bytes: &[u8]) -> Old {
    Old {
        sha256: Digest::of(bytes),
        mode: found.mode,
        uid: found.uid,
        gid: found.gid,
    }
}

/// In the tree that is nearest to the file, under its absolute path; without trees, beside it.
fn backup(path: &Path, run: &str, settings: &Settings) -> PathBuf {
    let distance = |state_dir: &&PathBuf| {
        let tree = state_dir.parent().unwrap_or(state_dir);
        let shared = tree.components().zip(path.components());
        let shared = shared.take_while(|(one, other)| one == other).count();
        (Reverse(shared), tree.components().count())
    };
    match settings.state_dirs.iter().min_by_key(distance) {
        None => {
            let name = path.file_name().unwrap_or_default();
            let own = path.with_file_name(OWN_DIR);
            own.join(BACKUPS).join(run).join(name)
        }
        Some(state_dir) => {
            let inside = path.strip_prefix("/").unwrap_or(path);
            state_dir.join(BACKUPS).join(run).join(inside)
        }
    }
}

fn is_free(step: &Step) -> bool {
    let made = [step.temporary(), step.held(), step.backup()];
    made.into_iter()
        .flatten()
        .all(|path| fs::symlink_metadata(path).is_err())
}

/// Every directory that the change needs and that is not there, outermost first.
fn missing(change: &Change) -> Result<Vec<FilePath>, WriteError> {
    let needed: BTreeSet<&Path> = change
        .steps
        .iter()
        .flat_map(|step| [Some(step.directory()), step.backup().and_then(Path::parent)])
        .flatten()
        .collect();
    let mut found = BTreeSet::new();
    for directory in needed {
        found.extend(disk::missing(directory)?);
    }
    // A set of paths is sorted by their components: what is above comes first.
    Ok(found.into_iter().map(FilePath).collect())
}

fn read(target: &Target<'_>) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    fs::read(&target.path)
        .map(Zeroizing::new)
        .map_err(|source| WriteError::Io {
            doing: "read",
            path: target.asked.path().to_path_buf(),
            source,
        })
}

/// `20260131T235959Z`: sorts by time and needs no quoting.
fn stamp(now: OffsetDateTime) -> String {
    let now = now.to_offset(UtcOffset::UTC);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second()
    )
}

/// Below a tree's own directory.
const BACKUPS: &str = "backup";
/// How many runs of one second keep their backups apart.
const ATTEMPTS: u32 = 1000;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_backup_lies_in_the_tree_that_is_nearest_to_its_file() {
        let state_dirs = [
            "/mnt/node1/opt/harbor",
            "/mnt/node2/opt/harbor",
            "/mnt/node2",
        ];
        let settings = Settings {
            now: datetime!(2026-01-31 23:59:59 UTC),
            state_dirs: state_dirs
                .map(|tree| Path::new(tree).join(OWN_DIR))
                .to_vec(),
        };
        for (file, tree) in [
            (
                "/mnt/node1/data/secret/core/private_key.pem",
                "/mnt/node1/opt/harbor",
            ),
            ("/mnt/node2/data/secret/core/private_key.pem", "/mnt/node2"),
            ("/mnt/node2/opt/harbor/harbor.cfg", "/mnt/node2/opt/harbor"),
        ] {
            let expected = format!("{tree}/.hapki/backup/run{file}");
            assert_eq!(
                backup(Path::new(file), "run", &settings),
                Path::new(&expected)
            );
        }
    }
}
