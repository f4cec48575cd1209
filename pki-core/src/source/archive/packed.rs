//! A node's directory inside an archive, read as the node would read it.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::place::FileStatus;
use crate::place::OWN_DIR;
use crate::source::archive::Archive;
use crate::source::archive::Member;
use crate::source::document::ReadProblem;
use crate::source::resolve;
use crate::source::tree::Entry;

/// A directory in an archive that stands for a directory of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) struct Packed {
    pub(in crate::source) archive: Arc<Archive>,
    /// `/`, `/etc/kubernetes`.
    pub(in crate::source) on_node: PathBuf,
    /// The directory in the archive, without links in its path.
    pub(in crate::source) within: PathBuf,
}

impl Packed {
    /// Where `path` of the node lies in the archive; links are not followed.
    pub(in crate::source) fn locate(&self, path: &Path) -> Option<PathBuf> {
        Some(self.within.join(path.strip_prefix(&self.on_node).ok()?))
    }

    /// The bytes and the permission bits of a file of the node.
    pub(in crate::source) fn read(
        &self,
        path: &Path,
    ) -> Result<(Zeroizing<Vec<u8>>, FileStatus), ReadProblem> {
        match self.reached(path)? {
            Member::File { bytes, status } => Ok((Zeroizing::clone(bytes), *status)),
            Member::Unreadable(problem) => Err(problem.clone()),
            Member::Directory | Member::Link(_) => Err(ReadProblem::NotAFile {
                what: "a directory",
            }),
        }
    }

    /// The entries of a directory of the node, sorted; what belongs to hapki itself is passed over.
    pub(in crate::source) fn list(&self, path: &Path) -> Result<Vec<Entry>, ReadProblem> {
        let reached = self.follow(path)?;
        let within = self.locate(&reached).ok_or(ReadProblem::Missing)?;
        let names = self.archive.list(&within)?.into_iter();
        let entries = names.filter(|(name, _)| name != OWN_DIR);
        let mut entries: Vec<Entry> = entries
            .map(|(name, member)| {
                let path = path.join(name);
                let is_directory = match member {
                    Member::Directory => true,
                    Member::Link(_) => matches!(self.reached(&path), Ok(Member::Directory)),
                    Member::File { .. } | Member::Unreadable(_) => false,
                };
                Entry { path, is_directory }
            })
            .collect();
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn reached(&self, path: &Path) -> Result<&Member, ReadProblem> {
        let at = |path: &Path| {
            let within = self.locate(path).ok_or(ReadProblem::Missing)?;
            self.archive.member(&within)
        };
        at(&self.follow(path)?).map_err(|problem| match self.link(&resolve::absolute(path)) {
            Some(target) if problem.is_missing() => ReadProblem::DanglingLink { target },
            _ => problem,
        })
    }

    fn follow(&self, path: &Path) -> Result<PathBuf, ReadProblem> {
        let root = Path::new("/");
        Ok(resolve::below(root, path, |path, _| {
            self.link(path).into()
        })?)
    }

    fn link(&self, path: &Path) -> Option<PathBuf> {
        self.archive.link(&self.locate(path)?)
    }
}
