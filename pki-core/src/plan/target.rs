//! Where files go: beside the CA, in a tree to be copied, or where the node's own components read them.

use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use crate::place::KUBERNETES_DIR;
use crate::place::PKI_DIR;
use crate::profile::Authority;
use crate::profile::Output;
use crate::profile::Profile;
use crate::topology::Node;
use crate::topology::Role;
use crate::topology::Topology;

/// Where the files of a command go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// Beside the CA, with the node's name in the file's: `pki/apiserver-wudang.crt`.
    #[default]
    Beside,
    /// `--out DIR`: `DIR/<node>/etc/kubernetes/…` in kubeadm's names.
    Out(PathBuf),
    /// `--install`: where the node's own manifest points.
    Install,
}

/// The files of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// Certificate and key.
    Pair {
        /// The certificate.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// A kubeconfig.
    Kubeconfig(PathBuf),
}

/// Where kubeadm, or the component that reads it, expects `profile` on a node.
pub fn on_node(profile: Profile) -> Files {
    match profile.row().output {
        // The kubelet's default for tlsCertFile (pkg/kubelet/apis/config/v1beta1, `--cert-dir`).
        Output::Pair { .. } if profile == Profile::KubeletServer => {
            pair(Path::new("/var/lib/kubelet/pki"), "kubelet")
        }
        Output::Pair { base } => pair(Path::new(PKI_DIR), base),
        Output::Kubeconfig { file, .. } => Files::Kubeconfig(Path::new(KUBERNETES_DIR).join(file)),
    }
}

/// Where the files of `profile` for `node` are written.
pub fn files(
    profile: Profile,
    node: &str,
    destination: &Destination,
    pki_dir: &Path,
    topology: &Topology,
) -> Files {
    match destination {
        Destination::Beside => beside(profile, node, pki_dir),
        Destination::Out(out) => on_node(profile).in_tree(out, node),
        Destination::Install => installed(profile, node, pki_dir, topology),
    }
}

/// Certificate and key of a CA in the tree of `node` below `out`.
pub fn authority_in_tree(authority: Authority, node: &str, out: &Path) -> (PathBuf, PathBuf) {
    let base = Path::new(PKI_DIR).join(authority.base());
    let path = |ending| in_tree(out, node, &base.with_extension(ending));
    (path("crt"), path("key"))
}

/// `path` of `node` in the tree for it below `out`.
pub fn in_tree(out: &Path, node: &str, path: &Path) -> PathBuf {
    out.join(node).join(path.strip_prefix("/").unwrap_or(path))
}

/// The path on the node that a file here stands for, where it lies below the PKI directory or beside it.
pub fn path_on_node(path: &Path, pki_dir: &Path) -> Option<PathBuf> {
    if let Ok(rest) = path.strip_prefix(pki_dir) {
        return Some(Path::new(PKI_DIR).join(rest));
    }
    let rest = path.strip_prefix(above(pki_dir)).ok()?;
    Some(Path::new(KUBERNETES_DIR).join(rest))
}

impl Files {
    fn map(&self, place: impl Fn(&Path) -> PathBuf) -> Self {
        match self {
            Self::Pair { certificate, key } => Self::Pair {
                certificate: place(certificate),
                key: place(key),
            },
            Self::Kubeconfig(path) => Self::Kubeconfig(place(path)),
        }
    }

    /// The same files in the tree of `node` below `out`.
    pub(super) fn in_tree(&self, out: &Path, node: &str) -> Self {
        self.map(|path| in_tree(out, node, path))
    }

    /// All of them.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Pair { certificate, key } => vec![certificate, key],
            Self::Kubeconfig(path) => vec![path],
        }
    }
}

fn pair(directory: &Path, base: &str) -> Files {
    Files::Pair {
        certificate: directory.join(format!("{base}.crt")),
        key: directory.join(format!("{base}.key")),
    }
}

fn beside(profile: Profile, node: &str, pki_dir: &Path) -> Files {
    match profile.row().output {
        Output::Pair { base } => pair(pki_dir, &format!("{base}-{node}")),
        Output::Kubeconfig { file, .. } => {
            let base = file.strip_suffix(".conf").unwrap_or(file);
            Files::Kubeconfig(above(pki_dir).join(format!("{base}-{node}.conf")))
        }
    }
}

/// The directory above; for a path that ends in no name (`.`, `..`), by way of it.
pub fn above(directory: &Path) -> PathBuf {
    match directory.components().next_back() {
        Some(Component::Normal(_)) => directory
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default(),
        _ => directory.join(".."),
    }
}

/// Where the node's components were told to read it, else kubeadm's own place in the directory at hand.
fn installed(profile: Profile, node: &str, pki_dir: &Path, topology: &Topology) -> Files {
    let told = topology
        .node(node)
        .and_then(|known| told(profile, known, topology));
    told.unwrap_or_else(|| match on_node(profile) {
        files @ Files::Pair { .. } => files.map(|path| match path.strip_prefix(PKI_DIR) {
            Ok(rest) => pki_dir.join(rest),
            Err(_) => root(pki_dir).map_or_else(
                || path.to_path_buf(),
                |root| root.join(path.strip_prefix("/").unwrap_or(path)),
            ),
        }),
        Files::Kubeconfig(path) => {
            Files::Kubeconfig(above(pki_dir).join(path.file_name().unwrap_or_default()))
        }
    })
}

/// The node's root, when the PKI directory is `<root>/etc/kubernetes/pki`.
fn root(pki_dir: &Path) -> Option<PathBuf> {
    let suffix = Path::new(PKI_DIR).strip_prefix("/").ok()?;
    pki_dir
        .ends_with(suffix)
        .then(|| pki_dir.ancestors().nth(3).map(Path::to_path_buf))?
}

/// The files that the node's manifests, kubelet configuration or kubeconfigs name for `profile`.
fn told(profile: Profile, node: &Node, topology: &Topology) -> Option<Files> {
    if let Output::Kubeconfig { .. } = profile.row().output {
        let mut kubeconfigs = topology.kubeconfigs.iter();
        return kubeconfigs
            .find(|known| known.profile == Some(profile) && known.place.node == node.name)
            .map(|known| Files::Kubeconfig(known.place.read_from.clone()));
    }
    let pair = topology.pairs.iter().find(|pair| {
        pair.user.node == node.name
            && pair.role == Some(Role::Profile(profile))
            && pair.told_at.is_some()
    })?;
    Some(Files::Pair {
        certificate: pair.certificate.read_from.clone(),
        key: pair.key.read_from.clone(),
    })
}
