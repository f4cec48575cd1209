//! What is looked at to tell what a PATH is: directories on disk, or in an archive.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::place::OWN_DIR;
use crate::source::archive::Archive;
use crate::source::archive::Member;
use crate::source::archive::packed::Packed;
use crate::source::document::ReadProblem;
use crate::source::resolve;
use crate::source::tree::Base;

/// On disk, paths are as they were given; in an archive `/` is the archive.
pub(super) enum Ground {
    Disk,
    Archive(Arc<Archive>),
}

impl Ground {
    /// Whether a directory is there, links followed.
    pub(super) fn is_directory(&self, path: &Path) -> bool {
        match self {
            Self::Disk => path.is_dir(),
            Self::Archive(archive) => matches!(reached(archive, path), Ok(Member::Directory)),
        }
    }

    /// Whether anything is there, links followed.
    pub(super) fn exists(&self, path: &Path) -> bool {
        match self {
            Self::Disk => path.exists(),
            Self::Archive(archive) => reached(archive, path).is_ok(),
        }
    }

    /// The paths in a directory, in any order.
    pub(super) fn list(&self, path: &Path) -> Result<Vec<PathBuf>, ReadProblem> {
        match self {
            Self::Disk => {
                let entries = std::fs::read_dir(path)?;
                let paths = entries.map(|entry| Ok(entry?.path()));
                paths.collect()
            }
            Self::Archive(archive) => {
                let names = archive.list(&archive.resolve(path)?)?;
                Ok(names.iter().map(|(name, _)| path.join(name)).collect())
            }
        }
    }

    /// The directories in a directory that are no links and not hapki's own.
    pub(super) fn directories(&self, path: &Path) -> Vec<PathBuf> {
        let Self::Archive(archive) = self else {
            return Vec::new();
        };
        let entries = archive.list(path).unwrap_or_default().into_iter();
        entries
            .filter(|(name, member)| matches!(member, Member::Directory) && name != OWN_DIR)
            .map(|(name, _)| path.join(name))
            .collect()
    }

    /// `path` without `.` and `..`.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        match self {
            Self::Disk => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
                resolve::absolute(&path)
            }
            Self::Archive(_) => resolve::absolute(path),
        }
    }

    /// `root` as the root directory of a node.
    pub(super) fn rooted(&self, root: &Path) -> Base {
        match self {
            Self::Disk if root == Path::new("/") => Base::Machine,
            Self::Disk => Base::Root(root.to_path_buf()),
            Self::Archive(archive) => packed(archive, root, "/"),
        }
    }

    /// `here` as one directory of a node.
    pub(super) fn copied(&self, here: &Path, on_node: &str) -> Base {
        match self {
            Self::Disk => Base::Directory {
                on_node: on_node.into(),
                here: here.to_path_buf(),
            },
            Self::Archive(archive) => packed(archive, here, on_node),
        }
    }
}

fn reached<'a>(archive: &'a Archive, path: &Path) -> Result<&'a Member, ReadProblem> {
    archive.member(&archive.resolve(path)?)
}

fn packed(archive: &Arc<Archive>, here: &Path, on_node: &str) -> Base {
    Base::Archived(Packed {
        archive: Arc::clone(archive),
        on_node: on_node.into(),
        within: archive.resolve(here).unwrap_or_else(|_| here.to_path_buf()),
    })
}
