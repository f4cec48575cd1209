//! Where something was read.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

/// One place in one file: which node it belongs to, its path there, and the file that was really opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The node's name; empty where the file belongs to no node (a CA bundle given by itself, an inventory).
    pub node: String,
    /// The absolute path on that node, as its components name it: `/etc/kubernetes/pki/apiserver.crt`.
    pub path: PathBuf,
    /// The path that was opened, in a copy of the node's tree or on the node itself.
    pub read_from: PathBuf,
    /// The line, counted from 1, where the format has lines.
    pub line: Option<u32>,
}

/// What the file system says of a file, as far as it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStatus {
    /// Permission bits.
    pub mode: Option<u32>,
    /// User and group.
    pub owner: Option<(u32, u32)>,
    /// Device and inode: one file has one pair, by whatever path it is reached.
    pub inode: Option<(u64, u64)>,
}

/// Where kubeadm puts manifests and kubeconfigs (cmd/kubeadm/app/constants/constants.go, `KubernetesDir`).
pub const KUBERNETES_DIR: &str = "/etc/kubernetes";
/// Where kubeadm puts certificates and keys (cmd/kubeadm/app/apis/kubeadm/v1beta4/defaults.go, `DefaultCertificatesDir`).
pub const PKI_DIR: &str = "/etc/kubernetes/pki";
/// The directory of a tree in which hapki keeps what is its own: backups, journals. An audit passes over it.
pub const OWN_DIR: &str = ".hapki";

impl Place {
    /// A file that belongs to no node and is known by the path it was opened by.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            node: String::new(),
            read_from: path.clone(),
            path,
            line: None,
        }
    }

    /// Whether both are the same file of the same node.
    pub fn is_same_file(&self, other: &Self) -> bool {
        is_same_path(&self.path, &other.path) && self.node == other.node
    }

    /// Whether both can be the same spot: the same file, and lines that do not differ where both have one.
    pub fn is_at(&self, other: &Self) -> bool {
        let lines_differ = matches!((self.line, other.line), (Some(one), Some(two)) if one != two);
        self.is_same_file(other) && !lines_differ
    }

    /// The same file at `line`.
    pub fn at_line(&self, line: u32) -> Self {
        Self {
            line: Some(line),
            ..self.clone()
        }
    }
}

impl FileStatus {
    /// Of a file of which only the permission bits are known.
    pub fn of_mode(mode: Option<u32>) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }

    /// Whether both are known to be one file.
    pub fn is_same_inode(&self, other: &Self) -> bool {
        self.inode.is_some() && self.inode == other.inode
    }
}

/// Whether two paths are equal. Most pairs that an audit compares differ within their last component, which shows in a
/// few bytes; taking both apart, as `Path` does, costs a hundred times as much.
pub(crate) fn is_same_path(one: &Path, other: &Path) -> bool {
    let [one_bytes, other_bytes] = [one, other].map(|path| path.as_os_str().as_encoded_bytes());
    one_bytes == other_bytes || !names_differ(one_bytes, other_bytes) && one == other
}

/// Whether the last components are surely different; a path that ends in `/` or `.` is not looked at.
fn names_differ(one: &[u8], other: &[u8]) -> bool {
    if [one, other]
        .iter()
        .any(|path| matches!(path.last(), None | Some(b'/' | b'.')))
    {
        return false;
    }
    let mut ends = one.iter().rev().zip(other.iter().rev());
    match ends.find(|(one, other)| one != other || **one == b'/') {
        Some((one, other)) => one != other && *one != b'/' && *other != b'/',
        None => false,
    }
}

impl fmt::Display for Place {
    /// `path:line`, the path being the one that can be opened here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.read_from.display())?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_same_exactly_where_path_says_so() {
        let paths = [
            "",
            ".",
            "/",
            "a",
            "/a",
            "a/",
            "a/.",
            "./a",
            "a/b",
            "a//b",
            "a/./b",
            "a/b/",
            "b",
            "ab",
            "a/..",
            "/a/ca.crt",
            "/a/b/ca.crt",
            "/a/ca.key",
            "ca.crt",
        ];
        for one in paths.map(Path::new) {
            for other in paths.map(Path::new) {
                assert_eq!(is_same_path(one, other), one == other, "{one:?}, {other:?}");
            }
        }
    }
}
