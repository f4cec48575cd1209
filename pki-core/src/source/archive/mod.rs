//! A tar archive in memory: the one reader of what is packed. Nothing is unpacked to disk.

mod gzip;
mod meter;
pub(super) mod packed;
mod unpack;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::ops::Bound;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::place::FileStatus;
use crate::source::archive::unpack::Limits;
use crate::source::document::ReadProblem;
use crate::source::resolve;

/// What an audit could read of an archive. Paths are absolute, `/` being the archive.
pub(super) struct Archive {
    path: PathBuf,
    /// By path without the first slash. Names that share a directory stand together, for `/` is the least byte in use
    /// but for `!` to `.`; every directory on the way to a member is a member.
    members: BTreeMap<OsString, Member>,
    damage: Option<ReadProblem>,
}

#[derive(Clone, Debug)]
pub(super) enum Member {
    Directory,
    File {
        bytes: Arc<Zeroizing<Vec<u8>>>,
        status: FileStatus,
    },
    Link(PathBuf),
    Unreadable(ReadProblem),
}

/// The archive that the file `path`, opened as `file`, is. `None`: it is none, by its content.
///
/// # Errors
/// Why nothing of it can be read.
pub(super) fn open(path: &Path, file: &mut File) -> Result<Option<Archive>, ReadProblem> {
    unpack::open(path, file, LIMITS)
}

impl Archive {
    /// Why not all of it was read.
    pub(super) fn damage(&self) -> Option<&ReadProblem> {
        self.damage.as_ref()
    }

    /// How a member is named to people: `/tmp/wudang.tgz:/etc/kubernetes/pki/ca.crt`.
    pub(super) fn name(&self, path: &Path) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(":/");
        name.push(key(path));
        name.into()
    }

    /// The name of its file without `.tar.gz`, which may be the node's.
    pub(super) fn stem(&self) -> Option<&str> {
        let name = self.path.file_name()?.to_str()?;
        let endings = [".tar.gz", ".tgz", ".tar"];
        let stem = endings.iter().find_map(|ending| name.strip_suffix(ending));
        Some(stem.unwrap_or(name)).filter(|stem| !stem.is_empty())
    }

    /// Where a link at `path` leads.
    pub(super) fn link(&self, path: &Path) -> Option<PathBuf> {
        match self.members.get(&key(path))? {
            Member::Link(target) => Some(target.clone()),
            _ => None,
        }
    }

    /// `path` with every link followed, the archive being the root.
    pub(super) fn resolve(&self, path: &Path) -> Result<PathBuf, ReadProblem> {
        let root = Path::new("/");
        Ok(resolve::below(root, path, |path, _| {
            self.link(path).into()
        })?)
    }

    /// The member at `path`, which has no links in it.
    pub(super) fn member(&self, path: &Path) -> Result<&Member, ReadProblem> {
        static ROOT: Member = Member::Directory;
        let key = key(path);
        if key.is_empty() {
            return Ok(&ROOT);
        }
        self.members.get(&key).ok_or_else(|| self.absent(&key))
    }

    /// The names in the directory `path`, which has no links in it, sorted.
    pub(super) fn list(&self, path: &Path) -> Result<Vec<(OsString, &Member)>, ReadProblem> {
        match self.member(path)? {
            Member::Directory => {}
            _ => return Err(not_a_directory()),
        }
        let mut directory = key(path);
        if !directory.is_empty() {
            directory.push("/");
        }
        let mut found = Vec::new();
        let mut from = Bound::Included(directory.clone());
        while let Some((key, member)) = self.next(&from) {
            let Ok(rest) = Path::new(key).strip_prefix(Path::new(&directory)) else {
                break;
            };
            let mut names = rest.iter();
            let Some(name) = names.next() else {
                break;
            };
            from = if names.next().is_none() {
                found.push((name.to_owned(), member));
                Bound::Excluded(key.clone())
            } else {
                // What lies deeper is passed over at once: no name of this directory lies between `name/` and `name0`.
                let mut beyond = directory.clone();
                beyond.push(name);
                beyond.push("0");
                Bound::Included(beyond)
            };
        }
        Ok(found)
    }

    fn next(&self, from: &Bound<OsString>) -> Option<(&OsString, &Member)> {
        let from = from.as_ref().map(OsString::as_os_str);
        self.members
            .range::<OsStr, _>((from, Bound::Unbounded))
            .next()
    }

    /// Why nothing is at `key`.
    fn absent(&self, key: &OsStr) -> ReadProblem {
        let above = Path::new(key).ancestors().skip(1);
        let nearest = above
            .filter_map(|path| self.members.get(path.as_os_str()))
            .next();
        match nearest {
            Some(Member::File { .. }) => not_a_directory(),
            _ if self.damage.is_some() => ReadProblem::CutOff,
            _ => ReadProblem::Missing,
        }
    }
}

impl PartialEq for Archive {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Archive {}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("path", &self.path)
            .field("members", &self.members.len())
            .field("damage", &self.damage)
            .finish()
    }
}

fn not_a_directory() -> ReadProblem {
    std::io::Error::from(std::io::ErrorKind::NotADirectory).into()
}

/// The names of an absolute or relative path, with slashes between them.
fn key(path: &Path) -> OsString {
    let mut key = OsString::with_capacity(path.as_os_str().len());
    for component in path.components() {
        if let Component::Normal(name) = component {
            if !key.is_empty() {
                key.push("/");
            }
            key.push(name);
        }
    }
    key
}

/// An etc/kubernetes has about 40 files of 2 KiB; a whole machine has 300000 members, most of them not kept.
const LIMITS: Limits = Limits {
    bytes: 256 << 20,
    members: 500_000,
    names: 64 << 20,
};

#[cfg(test)]
mod tests;
