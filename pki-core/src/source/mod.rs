//! The only reader of directories and files: PATH arguments become trees, one for each node, and trees give documents.
//!
//! What is deliberately absent: any knowledge of formats. A document is bytes with a place.

mod archive;
mod document;
mod ground;
mod recognise;
mod resolve;
mod tree;

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::place::Place;

pub use crate::source::document::Document;
pub use crate::source::document::ReadProblem;
pub use crate::source::document::SIZE_LIMIT;
pub use crate::source::recognise::SourceError;
pub use crate::source::tree::Entry;
pub use crate::source::tree::Extent;
pub use crate::source::tree::Reader;
pub use crate::source::tree::Tree;

/// One PATH as it was given, perhaps with the node's name before it: `wudang=/tmp/wudang`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathArgument {
    /// The node's name, where the argument says it.
    pub name: Option<String>,
    /// The path.
    pub path: PathBuf,
}

/// How PATH arguments are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether what belongs to the same node is read too, beside a PATH that ends in etc/kubernetes or
    /// etc/kubernetes/pki: manifests, kubeconfigs, the hosts file, /var/lib/kubelet.
    pub siblings: bool,
}

/// Opens every PATH.
///
/// # Errors
/// Only when nothing at all can be read; what is broken inside a tree is said by [`Tree::read`].
pub fn open(arguments: &[PathArgument], options: Options) -> Result<Vec<Tree>, SourceError> {
    recognise::open(arguments, options)
}

/// Reads one file that belongs to no tree: one that is to be inspected, an inventory.
///
/// # Errors
/// Why it cannot be read; a FIFO, a directory and the like are never opened.
pub fn read_file(path: &Path) -> Result<Document, ReadProblem> {
    let (bytes, status) = document::read(path).map_err(|problem| problem.or_dangling_link(path))?;
    Ok(Document {
        place: Place::file(path),
        bytes,
        status,
    })
}

/// Reads a stream to its end, such as standard input.
///
/// # Errors
/// When it cannot be read, or holds more than [`SIZE_LIMIT`].
pub fn read_stream(stream: impl Read) -> Result<Zeroizing<Vec<u8>>, ReadProblem> {
    document::read_stream(stream)
}

impl Default for Options {
    fn default() -> Self {
        Self { siblings: true }
    }
}

impl From<PathBuf> for PathArgument {
    fn from(path: PathBuf) -> Self {
        Self { name: None, path }
    }
}

impl FromStr for PathArgument {
    type Err = std::convert::Infallible;

    /// `NAME=PATH`, or a PATH alone. What stands before the first `=` is a name only when it has no slash in it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !name.contains('/') => Self {
                name: Some(name.to_owned()),
                path: path.into(),
            },
            _ => Self::from(PathBuf::from(text)),
        })
    }
}

#[cfg(test)]
mod tests;
