//! Single steps on the disk, each of which either happened or did not.

use std::collections::BTreeSet;
use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::fchown;
use std::path::Path;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::write::error::WriteError;
#[cfg(test)]
use crate::write::faults::flush;
#[cfg(test)]
use crate::write::faults::halves;
#[cfg(test)]
use crate::write::faults::pass;

/// Where production code may be stopped by a test.
#[cfg(not(test))]
fn pass() -> Result<(), io::Error> {
    Ok(())
}

#[cfg(not(test))]
fn flush(file: &File) -> Result<(), io::Error> {
    file.sync_all()
}

#[cfg(not(test))]
fn halves(contents: &[u8]) -> [&[u8]; 1] {
    [contents]
}

/// Creates `path`, which must not exist.
pub(super) fn create(path: &Path, mode: u32) -> Result<File, io::Error> {
    pass()?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

/// Creates `path`, which must not exist, with `contents`, and syncs it.
pub(super) fn create_filled(path: &Path, mode: u32, contents: &[u8]) -> Result<(), io::Error> {
    let mut file = create(path, mode)?;
    fill(&mut file, contents)?;
    sync(&file)
}

/// Writes all of `contents`. The file is not yet synced.
pub(super) fn fill(file: &mut File, contents: &[u8]) -> Result<(), io::Error> {
    for part in halves(contents) {
        pass()?;
        file.write_all(part)?;
    }
    Ok(())
}

pub(super) fn sync(file: &File) -> Result<(), io::Error> {
    pass()?;
    flush(file)
}

/// Gives `file` to `owner`, unless it is theirs.
pub(super) fn give(file: &File, (uid, gid): (u32, u32)) -> Result<(), io::Error> {
    let metadata = file.metadata()?;
    if (metadata.uid(), metadata.gid()) == (uid, gid) {
        return Ok(());
    }
    pass()?;
    fchown(file, Some(uid), Some(gid))
}

/// Gives `file` exactly these permission bits. After its owner, for a change of owner may clear bits.
pub(super) fn set_mode(file: &File, mode: u32) -> Result<(), io::Error> {
    if file.metadata()?.mode() & 0o7777 == mode {
        return Ok(());
    }
    pass()?;
    file.set_permissions(Permissions::from_mode(mode))
}

/// Gives the file at `path` these bytes, bits and owner; it stays the same inode. Readers of the moment see the new
/// bytes before what is left of the old, and nobody reads them who may not in the end.
pub(super) fn overwrite(
    path: &Path,
    contents: &[u8],
    mode: u32,
    owner: (u32, u32),
) -> Result<(), io::Error> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    set_mode(&file, file.metadata()?.mode() & mode)?;
    give(&file, owner)?;
    fill(&mut file, contents)?;
    pass()?;
    file.set_len(contents.len() as u64)?;
    set_mode(&file, mode)?;
    sync(&file)
}

/// What is missing of `directory` and above it, outermost first.
pub(super) fn missing(directory: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let mut missing = Vec::new();
    for ancestor in directory.ancestors() {
        if ancestor.as_os_str().is_empty() {
            break;
        }
        match fs::metadata(ancestor) {
            Ok(found) if found.is_dir() => break,
            Ok(_) => {
                return Err(WriteError::NotADirectory {
                    path: directory.to_path_buf(),
                    parent: ancestor.to_path_buf(),
                });
            }
            // Below a file that should be a directory; the file itself is found further up.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                missing.push(ancestor.to_path_buf());
            }
            Err(error) => return Err(not_made(ancestor, error)),
        }
    }
    missing.reverse();
    Ok(missing)
}

/// Makes one directory. Another run may make it at the same time.
pub(super) fn make_directory(path: &Path, mode: u32) -> Result<(), WriteError> {
    let outcome = pass().and_then(|()| DirBuilder::new().mode(mode).create(path));
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(not_made(path, error)),
        _ => Ok(()),
    }
}

/// Makes a tree's own directory, which nobody else may read, and what is missing above it; appends what was made to
/// `made`.
pub(super) fn make_state_dir(directory: &Path, made: &mut Vec<PathBuf>) -> Result<(), WriteError> {
    for path in missing(directory)? {
        let mode = if path == directory { 0o700 } else { 0o755 };
        make_directory(&path, mode)?;
        made.push(path);
    }
    Ok(())
}

/// Makes the complete file `from` visible as `to`, which must not exist. `from` may remain as its second name.
pub(super) fn publish(from: &Path, to: &Path) -> Result<(), io::Error> {
    pass()?;
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if has_no_links(&error) => {
            // Where there are no hard links, an empty file that only we can have made is renamed over.
            drop(create(to, 0o600)?);
            rename(from, to).inspect_err(|_| drop(remove(to)))
        }
        Err(error) => Err(error),
    }
}

/// A second name for `path`, or a copy of it where there are no hard links.
pub(super) fn hold(path: &Path, held: &Path) -> Result<(), io::Error> {
    pass()?;
    match fs::hard_link(path, held) {
        Err(error) if has_no_links(&error) => {
            let metadata = fs::metadata(path)?;
            let contents = Zeroizing::new(fs::read(path)?);
            let mut copy = create(held, 0o600)?;
            give(&copy, (metadata.uid(), metadata.gid()))
                .and_then(|()| set_mode(&copy, metadata.mode() & 0o7777))
                .and_then(|()| fill(&mut copy, &contents))
                .and_then(|()| sync(&copy))
        }
        outcome => outcome,
    }
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), io::Error> {
    pass()?;
    fs::rename(from, to)
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), io::Error> {
    pass()?;
    match fs::remove_file(path) {
        Err(error) if is_absent(&error) => Ok(()),
        outcome => outcome,
    }
}

/// Removes those of `directories` that are empty. One that is not is somebody's.
pub(super) fn remove_empty<P: AsRef<Path>>(directories: impl Iterator<Item = P>) {
    for directory in directories {
        let _ = pass().and_then(|()| fs::remove_dir(directory));
    }
}

/// Makes the names in `directory` durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), WriteError> {
    let outcome = pass()
        .and_then(|()| File::open(directory))
        .and_then(|open| flush(&open));
    match outcome {
        // Some network filesystems cannot sync a directory; their names are durable when the call returns.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome.map_err(|source| WriteError::Io {
            doing: "sync the directory",
            path: directory.to_path_buf(),
            source,
        }),
    }
}

/// Makes the names in all of `directories` durable, each once.
pub(super) fn sync_directories<'a>(
    directories: impl Iterator<Item = &'a Path>,
) -> Result<(), WriteError> {
    let distinct: BTreeSet<&Path> = directories.collect();
    distinct.into_iter().try_for_each(sync_directory)
}

/// What is at `path`, links not followed; `None` where there is nothing.
pub(super) fn find(path: &Path) -> Result<Option<Metadata>, io::Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn not_made(path: &Path, source: io::Error) -> WriteError {
    WriteError::Io {
        doing: "make the directory",
        path: path.to_path_buf(),
        source,
    }
}

fn has_no_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied | io::ErrorKind::TooManyLinks
    )
}
