//! What is at each target before anything is written.

use std::collections::HashMap;
use std::ffi::OsString;
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
use crate::bundle::Manner;
use crate::bundle::Removal;
use crate::write::error::WriteError;

/// One file and where it really goes.
pub(super) struct Target<'a> {
    pub(super) asked: Asked<'a>,
    /// The file itself, links followed.
    pub(super) path: PathBuf,
    /// What is there now.
    pub(super) found: Option<Found>,
}

/// What a bundle asks for.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    File(&'a BundleFile),
    Removal(&'a Removal),
}

/// A file that will be replaced or removed, as it was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

/// The targets of a bundle.
pub(super) struct Targets<'a> {
    /// Each file once, in the order of the bundle, then what is removed.
    pub(super) all: Vec<Target<'a>>,
    /// For each file of the bundle the index of its target: two paths may be one file.
    pub(super) of_file: Vec<usize>,
}

impl Asked<'_> {
    /// The path of the bundle.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(file) => &file.path,
            Self::Removal(removal) => &removal.path,
        }
    }
}

impl Target<'_> {
    /// Whether what is there is still what was looked at.
    pub(super) fn is_unchanged(&self) -> bool {
        let now = fs::symlink_metadata(&self.path).ok();
        now.as_ref().map(Found::from) == self.found
    }

    /// What to say when it is not.
    pub(super) fn raced(&self) -> WriteError {
        match self.found {
            Some(_) => WriteError::ChangedMeanwhile(self.path.clone()),
            None => WriteError::Exists(vec![self.asked.path().to_path_buf()]),
        }
    }
}

impl From<&Metadata> for Found {
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
pub(super) fn targets(bundle: &Bundle) -> Result<Targets<'_>, WriteError> {
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    let mut exist = Vec::new();
    let mut targets = Targets {
        all: Vec::with_capacity(bundle.files.len()),
        of_file: Vec::with_capacity(bundle.files.len()),
    };
    for file in &bundle.files {
        let (path, found) = look(&file.path)?;
        if found.is_some() && file.existing == Existing::Refuse {
            exist.push(file.path.clone());
        }
        let identity = identity(&path, found.as_ref(), file.manner);
        let asked = Asked::File(file);
        match seen.get(&identity) {
            Some(&index)
                if targets
                    .all
                    .get(index)
                    .is_some_and(|target| is_same(target.asked, file)) =>
            {
                targets.of_file.push(index);
            }
            Some(_) => return Err(WriteError::Twice(file.path.clone())),
            None => {
                seen.insert(identity, targets.all.len());
                targets.of_file.push(targets.all.len());
                targets.all.push(Target { asked, path, found });
            }
        }
    }
    for removal in &bundle.removals {
        // One that is not there is gone already.
        let Some((path, found)) = removable(removal)? else {
            continue;
        };
        let identity = identity(&path, Some(&found), Manner::Rename);
        if seen.insert(identity, targets.all.len()).is_some() {
            return Err(WriteError::Twice(removal.path.clone()));
        }
        targets.all.push(Target {
            asked: Asked::Removal(removal),
            path,
            found: Some(found),
        });
    }
    match exist.is_empty() {
        true => Ok(targets),
        false => Err(WriteError::Exists(exist)),
    }
}

/// What tells whether two paths are one file.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    /// A directory, whatever leads to it, and what is missing below it.
    Named {
        device: u64,
        inode: u64,
        rest: Vec<OsString>,
    },
    /// A file that keeps its inode, whatever its names are.
    Inode { device: u64, inode: u64 },
    /// Nothing of it could be looked at.
    Path(PathBuf),
}

fn identity(path: &Path, found: Option<&Found>, manner: Manner) -> Identity {
    if let (Some(found), Manner::InPlace) = (found, manner) {
        return Identity::Inode {
            device: found.device,
            inode: found.inode,
        };
    }
    let mut rest: Vec<OsString> = path.file_name().map(OsString::from).into_iter().collect();
    for above in directory(path).ancestors() {
        let above = if above.as_os_str().is_empty() {
            Path::new(".")
        } else {
            above
        };
        if let Ok(metadata) = fs::metadata(above) {
            return Identity::Named {
                device: metadata.dev(),
                inode: metadata.ino(),
                rest,
            };
        }
        rest.extend(above.file_name().map(OsString::from));
    }
    Identity::Path(path.to_path_buf())
}

/// Whether both ask for the same. Files whose bytes are not known yet may turn out to differ.
fn is_same(one: Asked<'_>, other: &BundleFile) -> bool {
    let Asked::File(one) = one else { return false };
    !other.contents.is_empty()
        && one.contents == other.contents
        && one.mode == other.mode
        && one.attributes == other.attributes
        && one.manner == other.manner
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What is to be removed; `None` where there is nothing.
fn removable(removal: &Removal) -> Result<Option<(PathBuf, Found)>, WriteError> {
    let path = &removal.path;
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Err(WriteError::NotAFile {
            path: path.clone(),
            what: "a link",
        });
    }
    let (path, found) = look(path)?;
    Ok(found.map(|found| (path, found)))
}

/// The file at `path`, a link followed, and what it is; `None` where there is nothing yet.
fn look(path: &Path) -> Result<(PathBuf, Option<Found>), WriteError> {
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
) -> Result<(PathBuf, Option<Found>), WriteError> {
    let kind = metadata.file_type();
    let what = match () {
        () if kind.is_file() => return Ok((real, Some(Found::from(&metadata)))),
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
