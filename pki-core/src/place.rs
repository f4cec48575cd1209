//! Where something was read.

use std::fmt;
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
        self.path == other.path && self.node == other.node
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
