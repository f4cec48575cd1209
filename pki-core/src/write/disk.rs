//! Single steps on the disk, each of which either happened or did not.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
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

use crate::write::error::WriteError;

/// Creates `path`, which must not exist, and writes `contents`. The file is not yet synced. A file that was created
/// but could not be filled is removed.
pub(super) fn create(path: &Path, mode: u32, contents: &[u8]) -> Result<File, io::Error> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    match file.write_all(contents) {
        Ok(()) => Ok(file),
        Err(error) => {
            fs::remove_file(path)?;
            Err(error)
        }
    }
}

/// Gives `file` the owner and the bits of the file that it will replace. The owner comes first, for a change of
/// owner may clear bits.
pub(super) fn give(file: &File, uid: u32, gid: u32, mode: u32) -> Result<(), io::Error> {
    let metadata = file.metadata()?;
    if (metadata.uid(), metadata.gid()) != (uid, gid) {
        fchown(file, Some(uid), Some(gid))?;
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// Makes `directory` and what is missing above it, and appends what was made to `made`.
pub(super) fn make_directories(
    directory: &Path,
    mode: u32,
    made: &mut Vec<PathBuf>,
) -> Result<(), WriteError> {
    let refused = |path: &Path, source| WriteError::Io {
        doing: "make the directory",
        path: path.to_path_buf(),
        source,
    };
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
                missing.push(ancestor);
            }
            Err(error) => return Err(refused(ancestor, error)),
        }
    }
    for path in missing.into_iter().rev() {
        match DirBuilder::new().mode(mode).create(path) {
            Ok(()) => made.push(path.to_path_buf()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refused(path, error)),
        }
    }
    Ok(())
}

/// Makes the complete file `from` visible as `to`, which must not exist. `from` may remain as its second name.
pub(super) fn publish(from: &Path, to: &Path) -> Result<(), io::Error> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if has_no_links(&error) => {
            // Where there are no hard links, an empty file that only we can have made is renamed over.
            drop(
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(to)?,
            );
            fs::rename(from, to).inspect_err(|_| drop(fs::remove_file(to)))
        }
        Err(error) => Err(error),
    }
}

/// A second name for `path`, or a copy of it where there are no hard links.
pub(super) fn hold(path: &Path, held: &Path) -> Result<(), io::Error> {
    match fs::hard_link(path, held) {
        Err(error) if has_no_links(&error) => {
            let metadata = fs::metadata(path)?;
            let contents = zeroize::Zeroizing::new(fs::read(path)?);
            let copy = create(held, 0o600, &contents)?;
            give(
                &copy,
                metadata.uid(),
                metadata.gid(),
                metadata.mode() & 0o7777,
            )
            .and_then(|()| copy.sync_all())
            .inspect_err(|_| drop(fs::remove_file(held)))
        }
        outcome => outcome,
    }
}

/// Makes a tree's own directory, which nobody else may read, and what is missing above it.
pub(super) fn make_state_dir(directory: &Path, made: &mut Vec<PathBuf>) -> Result<(), WriteError> {
    if let Some(above) = directory.parent() {
        make_directories(above, 0o755, made)?;
    }
    make_directories(directory, 0o700, made)
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), io::Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Removes those of `directories` that are empty. One that is not is somebody's.
pub(super) fn remove_empty<P: AsRef<Path>>(directories: impl Iterator<Item = P>) {
    for directory in directories {
        let _ = fs::remove_dir(directory);
    }
}

/// Makes the names in `directory` durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), io::Error> {
    match File::open(directory).and_then(|open| open.sync_all()) {
        // Some network filesystems cannot sync a directory; their names are durable when the call returns.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome,
    }
}

fn has_no_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied | io::ErrorKind::TooManyLinks
    )
}
