//! Everything that is not yet visible: directories, temporary files, backups, second names.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::bundle::Attributes;
use crate::bundle::BundleFile;
use crate::bundle::Owner;
use crate::place::OWN_DIR;
use crate::write::change::Change;
use crate::write::change::Old;
use crate::write::change::Step;
use crate::write::disk;
use crate::write::error::WriteError;
use crate::write::prepare::Prepared;
use crate::write::target::Asked;
use crate::write::target::Target;

/// Owners that were wished for and could not be given, one for each file.
pub(super) type NotGiven = Vec<Option<(u32, u32)>>;

/// Writes everything that is not yet visible, and makes it durable.
pub(super) fn stage(targets: &[Target<'_>], prepared: &Prepared) -> Result<NotGiven, WriteError> {
    let change = &prepared.change;
    for directory in &change.directories {
        disk::make_directory(directory, directory_mode(directory))?;
    }
    let mut open = Vec::with_capacity(targets.len());
    let mut not_given = Vec::with_capacity(targets.len());
    for ((target, step), old) in targets.iter().zip(&change.steps).zip(&prepared.old) {
        let refused = |doing| refused(doing, target);
        if let (Asked::File(file), Some(temporary)) = (target.asked, step.temporary()) {
            let (made, missed) = temporary_file(file, step, temporary)?;
            open.push((target, made));
            not_given.push(missed);
            if open.len() == MOST_OPEN {
                sync_all(&mut open)?;
            }
        }
        if let (Some(backup), Some(old)) = (step.backup(), old) {
            disk::create_filled(backup, 0o600, old).map_err(|source| WriteError::Io {
                doing: "write the backup",
                path: backup.to_path_buf(),
                source,
            })?;
        }
        if let Some(held) = step.held() {
            disk::hold(&target.path, held).map_err(refused("keep a second name for"))?;
        }
    }
    sync_all(&mut open)?;
    disk::sync_directories(named_in(change))?;
    Ok(not_given)
}

/// Where the change makes or replaces names.
fn named_in(change: &Change) -> impl Iterator<Item = &Path> {
    let steps = change.steps.iter();
    let files =
        steps.flat_map(|step| [Some(step.directory()), step.backup().and_then(Path::parent)]);
    let made = change
        .directories
        .iter()
        .map(|directory| directory.parent());
    files.chain(made).flatten()
}

/// Many are written first, then all are synced: the first sync carries most of the others' bytes with it.
fn sync_all(open: &mut Vec<(&Target<'_>, File)>) -> Result<(), WriteError> {
    for (target, file) in open.drain(..) {
        disk::sync(&file).map_err(refused("write", target))?;
    }
    Ok(())
}

/// The new file under a name of ours, with its final owner and bits before it has a byte.
fn temporary_file(
    file: &BundleFile,
    step: &Step,
    temporary: &Path,
) -> Result<(File, Option<(u32, u32)>), WriteError> {
    let refused = |source| WriteError::Io {
        doing: "write",
        path: file.path.clone(),
        source,
    };
    let as_umask_says = matches!((file.attributes, step.old()), (Attributes::Keep, None));
    let created = if as_umask_says { file.mode } else { 0o600 };
    let mut made = disk::create(temporary, created).map_err(refused)?;
    let mut missed = None;
    if !as_umask_says {
        missed = give(&made, file, step.old())?;
        disk::set_mode(&made, mode(file, step.old())).map_err(refused)?;
    }
    disk::fill(&mut made, &file.contents).map_err(refused)?;
    Ok((made, missed))
}

/// Gives the file its owner; the answer is one that was wished for and cannot be given.
fn give(
    made: &File,
    file: &BundleFile,
    old: Option<&Old>,
) -> Result<Option<(u32, u32)>, WriteError> {
    let path = file.path.clone();
    match (file.attributes, old) {
        (
            Attributes::Set {
                owner: Some(Owner::Required { uid, gid }),
            },
            _,
        ) => {
            let outcome = disk::give(made, (uid, gid));
            outcome.map_err(|_| WriteError::OwnerNeeded { path, uid, gid })?;
        }
        (
            Attributes::Set {
                owner: Some(Owner::Wished { uid, gid }),
            },
            _,
        ) => {
            return Ok(disk::give(made, (uid, gid)).err().map(|_| (uid, gid)));
        }
        (Attributes::Keep | Attributes::Set { owner: None }, Some(&Old { uid, gid, .. })) => {
            let outcome = disk::give(made, (uid, gid));
            outcome.map_err(|_| WriteError::Owner { path, uid, gid })?;
        }
        (Attributes::Keep | Attributes::Set { owner: None }, None) => {}
    }
    Ok(None)
}

/// The permission bits to give: those of the file that is replaced, less what others were allowed on a private one.
fn mode(file: &BundleFile, old: Option<&Old>) -> u32 {
    let is_private = file.mode & 0o077 == 0;
    match (file.attributes, old) {
        (Attributes::Set { .. }, _) | (Attributes::Keep, None) => file.mode,
        (Attributes::Keep, Some(old)) if is_private => old.mode & 0o770,
        (Attributes::Keep, Some(old)) => old.mode & 0o777,
    }
}

fn directory_mode(directory: &Path) -> u32 {
    let is_ours = directory
        .components()
        .any(|part| part.as_os_str() == OWN_DIR);
    if is_ours { 0o700 } else { 0o755 }
}

fn refused(doing: &'static str, target: &Target<'_>) -> impl FnOnce(io::Error) -> WriteError {
    let path = target.asked.path().to_path_buf();
    move |source| WriteError::Io {
        doing,
        path,
        source,
    }
}

/// A process may have 1024 files open on most systems.
const MOST_OPEN: usize = 256;
