//! What is at each target before anything is written.

use std::collections::HashSet;
use std::fs;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::write::error::WriteError;

/// One file of the bundle and where it really goes.
pub(super) struct Target<'a> {
    pub(super) file: &'a BundleFile,
    /// The file itself, links followed.
    pub(super) path: PathBuf,
    /// Its directory.
    pub(super) directory: PathBuf,
    /// What is there now.
    pub(super) replaces: Option<Replaced>,
}

/// A file that will be replaced, as it was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replaced {
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Target<'_> {
    /// Whether only its owner may read it.
    pub(super) fn is_private(&self) -> bool {
        self.file.mode & 0o077 == 0
    }

    /// The permission bits to give: those of the file that is replaced, less what others were allowed on a private one.
    pub(super) fn mode(&self) -> u32 {
        match &self.replaces {
            None => self.file.mode,
            Some(old) if self.is_private() => old.mode & 0o770,
            Some(old) => old.mode & 0o777,
        }
    }

    /// Whether what is there is still what was looked at.
    pub(super) fn is_unchanged(&self) -> bool {
        let now = fs::symlink_metadata(&self.path).ok();
        now.as_ref().map(Replaced::from) == self.replaces
    }
}

impl From<&Metadata> for Replaced {
    fn from(metadata: &Metadata) -> Self {
        Self {
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid(),
            gid: metadata.gid(),
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Looks at every target of `bundle`.
pub(super) fn targets(bundle: &Bundle) -> Result<Vec<Target<'_>>, WriteError> {
    let mut seen = HashSet::new();
    let mut exist = Vec::new();
    let mut targets = Vec::with_capacity(bundle.files.len());
    for file in &bundle.files {
        let (path, metadata) = look(&file.path)?;
        if metadata.is_some() && file.existing == Existing::Refuse {
            exist.push(file.path.clone());
        }
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
            .to_path_buf();
        if !seen.insert(identity(&directory, &path)) {
            return Err(WriteError::Twice(file.path.clone()));
        }
        targets.push(Target {
            file,
            path,
            directory,
            replaces: metadata.as_ref().map(Replaced::from),
        });
    }
    match exist.is_empty() {
        true => Ok(targets),
        false => Err(WriteError::Exists(exist)),
    }
}

/// The file at `path`, a link followed, and what it is; `None` where there is nothing yet.
fn look(path: &Path) -> Result<(PathBuf, Option<Metadata>), WriteError> {
    if path.file_name().is_none() {
        return Err(WriteError::NoFileName(path.to_path_buf()));
    }
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((path.to_path_buf(), None));
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(blocked(path)),
        Err(error) => return Err(refused("look at", path, error)),
    };
    if !metadata.is_symlink() {
        return regular(path, path.to_path_buf(), metadata);
    }
    match fs::canonicalize(path).and_then(|real| Ok((fs::metadata(&real)?, real))) {
        Ok((metadata, real)) => regular(path, real, metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(WriteError::DanglingLink {
            path: path.to_path_buf(),
            target: fs::read_link(path).unwrap_or_default(),
        }),
        Err(error) => Err(refused("follow the link", path, error)),
    }
}

fn regular(
    path: &Path,
    real: PathBuf,
    metadata: Metadata,
) -> Result<(PathBuf, Option<Metadata>), WriteError> {
    let kind = metadata.file_type();
    let what = match () {
        () if kind.is_file() => return Ok((real, Some(metadata))),
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(WriteError::NotAFile {
        path: path.to_path_buf(),
        what,
    })
}

/// Two paths are one file when their names are equal and their directories are, links followed.
fn identity(directory: &Path, path: &Path) -> PathBuf {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
    directory.join(path.file_name().unwrap_or_default())
}

/// The part of `path` that should be a directory and is something else.
fn blocked(path: &Path) -> WriteError {
    let parent = path
        .ancestors()
        .skip(1)
        .find(|parent| fs::metadata(parent).is_ok_and(|found| !found.is_dir()));
    WriteError::NotADirectory {
        path: path.to_path_buf(),
        parent: parent.unwrap_or(path).to_path_buf(),
    }
}

fn refused(doing: &'static str, path: &Path, source: io::Error) -> WriteError {
    WriteError::Io {
        doing,
        path: path.to_path_buf(),
        source,
    }
}
