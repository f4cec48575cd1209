//! What can be read of one node.

use std::path::Path;
use std::path::PathBuf;

use crate::place::KUBERNETES_DIR;
use crate::place::OWN_DIR;
use crate::place::PKI_DIR;
use crate::place::Place;
use crate::source::archive::packed::Packed;
use crate::source::document;
use crate::source::document::Document;
use crate::source::document::ReadProblem;
use crate::source::resolve;
use crate::source::resolve::Directories;

/// What can be read of one node: where its paths lie here, and how much of it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    pub(super) name: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) among_nodes: bool,
    pub(super) base: Base,
    pub(super) extent: Extent,
}

/// How much of a node was asked for, by paths on the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything that belongs to the node's certificates.
    Node,
    /// `/etc/kubernetes` and what it points to.
    Kubernetes,
    /// The PKI directory and nothing else.
    PkiDirectory,
    /// One file, a certificate or a kubeconfig.
    File(PathBuf),
    /// A Harbor or registry directory, or its configuration file, and what they name.
    Registry(PathBuf),
    /// A directory of the cluster's own objects as YAML, which are no node's.
    Objects(PathBuf),
    /// Nothing, for the PATH could not be read.
    Unread(ReadProblem),
}

/// Where the paths of the node lie here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// The node is this machine.
    Machine,
    /// A copy of the node's root directory.
    Root(PathBuf),
    /// One directory, here, that stands for a directory of the node; other paths are this machine's.
    Directory {
        /// `/etc/kubernetes`.
        on_node: PathBuf,
        /// The directory here.
        here: PathBuf,
    },
    /// A directory in an archive that stands for a directory of the node; other paths are nowhere.
    Archived(Packed),
}

/// What a directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path on the node.
    pub path: PathBuf,
    /// Whether it is a directory, links followed.
    pub is_directory: bool,
}

impl Tree {
    /// The node's name, where the PATH argument said it.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of the directory that holds the tree, which may be the node's name.
    pub fn directory(&self) -> Option<&str> {
        self.directory.as_deref()
    }

    /// Whether the tree was found in a directory of nodes, whose names are the nodes'.
    pub fn is_among_nodes(&self) -> bool {
        self.among_nodes
    }

    /// How much was asked for.
    pub fn extent(&self) -> &Extent {
        &self.extent
    }

    /// Why nothing of the PATH could be read.
    pub fn unread(&self) -> Option<&ReadProblem> {
        match &self.extent {
            Extent::Unread(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether it was read from an archive, where nothing can be written.
    pub fn is_archived(&self) -> bool {
        matches!(self.base, Base::Archived(_))
    }

    /// Whether a part of it is lost, so that what is not in it may have been there.
    pub fn is_incomplete(&self) -> bool {
        matches!(&self.base, Base::Archived(packed) if packed.archive.damage().is_some())
    }

    /// Whether `path` of the node may be read: it lies in what was asked for, or one file was asked for that may name others.
    pub fn covers(&self, path: &Path) -> bool {
        match (&self.extent, &self.base) {
            (Extent::Unread(_), _) => false,
            (_, Base::Directory { on_node, .. }) => path.starts_with(on_node),
            (_, Base::Archived(packed)) if !path.starts_with(&packed.on_node) => false,
            (Extent::Node | Extent::File(_) | Extent::Registry(_), _) => true,
            (Extent::Kubernetes, _) => path.starts_with(KUBERNETES_DIR),
            (Extent::PkiDirectory, _) => path.starts_with(PKI_DIR),
            (Extent::Objects(directory), _) => path.starts_with(directory),
        }
    }

    /// Where `path` of the node lies here; links are not followed.
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.locate_absolute(&resolve::absolute(path))
    }

    fn locate_absolute(&self, path: &Path) -> PathBuf {
        match &self.base {
            Base::Machine => path.to_path_buf(),
            Base::Root(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            Base::Directory { on_node, here } => match path.strip_prefix(on_node) {
                Ok(rest) if rest.as_os_str().is_empty() => here.clone(),
                Ok(rest) => here.join(rest),
                Err(_) => path.to_path_buf(),
            },
            Base::Archived(packed) => packed
                .locate(path)
                .map_or_else(|| path.to_path_buf(), |within| packed.archive.name(&within)),
        }
    }

    /// The place of `path` of the node.
    pub fn place(&self, path: &Path) -> Place {
        let path = resolve::absolute(path);
        Place {
            node: self.name.clone().unwrap_or_default(),
            read_from: self.locate_absolute(&path),
            path,
            line: None,
        }
    }

    /// Reads one file of the node.
    ///
    /// # Errors
    /// When it is not there, not a regular file, too large, or not readable.
    pub fn read(&self, path: &Path) -> Result<Document, ReadProblem> {
        self.reader().read(path)
    }

    /// For who reads many files.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            tree: self,
            directories: Directories::default(),
        }
    }
}

/// Reads the files of one tree, and looks only once whether a directory is a link.
pub struct Reader<'a> {
    tree: &'a Tree,
    directories: Directories,
}

impl Reader<'_> {
    /// Reads one file of the node.
    ///
    /// # Errors
    /// When it is not there, not a regular file, too large, or not readable.
    pub fn read(&mut self, path: &Path) -> Result<Document, ReadProblem> {
        let place = self.tree.place(path);
        if let Base::Archived(packed) = &self.tree.base {
            let (bytes, status) = packed.read(path)?;
            return Ok(Document {
                place,
                bytes,
                status,
            });
        }
        let (bytes, status) = document::read(&self.follow(path)?)
            .map_err(|problem| problem.or_dangling_link(&place.read_from))?;
        Ok(Document {
            place,
            bytes,
            status,
        })
    }

    /// Lists one directory of the node, sorted; what belongs to hapki itself is passed over.
    ///
    /// # Errors
    /// When it is not there, not a directory, or not readable.
    pub fn list(&mut self, path: &Path) -> Result<Vec<Entry>, ReadProblem> {
        if let Base::Archived(packed) = &self.tree.base {
            return packed.list(path);
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.follow(path)?)? {
            let entry = entry?;
            if entry.file_name() == OWN_DIR {
                continue;
            }
            let path = path.join(entry.file_name());
            let kind = entry.file_type()?;
            let is_directory = if kind.is_symlink() {
                self.follow(&path).is_ok_and(|here| here.is_dir())
            } else {
                kind.is_dir()
            };
            entries.push(Entry { path, is_directory });
        }
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn follow(&mut self, path: &Path) -> Result<PathBuf, ReadProblem> {
        let tree = self.tree;
        match &tree.base {
            Base::Machine | Base::Archived(_) => Ok(tree.locate(path)),
            Base::Root(root) => Ok(resolve::below(root, path, |path, more_follows| {
                self.directories.look(path, more_follows)
            })?),
            // A link that names the node's own directory leads into the copy.
            Base::Directory { on_node, .. } => {
                let here = tree.locate(path);
                match std::fs::read_link(&here) {
                    Ok(target) if target.starts_with(on_node) => Ok(tree.locate(&target)),
                    _ => Ok(here),
                }
            }
        }
    }
}
