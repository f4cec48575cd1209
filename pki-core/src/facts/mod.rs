//! What the files say, one file here for each format. Every fact has its place; a broken file is a fact as well.
//!
//! What is deliberately absent: any conclusion that needs two files. Those are drawn in [`crate::topology`].

pub mod balancer;
pub mod certificate_files;
mod cluster_objects;
mod compose;
mod containerd_hosts;
mod docker_certs;
mod etcd_config;
mod gather;
mod haproxy;
mod harbor;
pub mod hosts;
mod keepalived;
mod kube_vip;
pub mod kubeadm_config;
pub mod kubeconfig;
pub mod kubelet_config;
mod manifest;
mod nginx;
#[cfg(test)]
mod odd_manifests;
mod pod;
pub mod process;
pub mod registry;
pub mod registry_client;
pub mod registry_site;
pub mod rotation;
pub mod token_parties;
mod unit;
pub mod virtual_address;
pub mod yaml;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer::Balancer;
use crate::facts::certificate_files::PemFile;
use crate::facts::hosts::Hosts;
use crate::facts::kubeconfig::Kubeconfig;
use crate::facts::kubelet_config::KubeletConfig;
use crate::facts::process::Process;
use crate::facts::registry_client::Runtime;
use crate::facts::registry_site::RegistrySite;
use crate::facts::rotation::Rotation;
use crate::facts::token_parties::SigningKeyFile;
use crate::facts::token_parties::TokenSigner;
use crate::facts::virtual_address::VirtualAddress;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::source::Tree;
use crate::token::key_id::KidForm;
use crate::x509::spki::PublicKey;

/// What the files of all trees say.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// One entry for each node, as far as PATHs tell them apart.
    pub nodes: Vec<NodeFacts>,
    /// What kube-proxy's ConfigMaps have every kube-proxy use.
    pub kube_proxies: Vec<Kubeconfig>,
    /// What kubeadm-config ConfigMaps say.
    pub kubeadm: Vec<Inventory>,
    /// PATHs of which nothing could be read.
    pub broken: Vec<Broken>,
    /// Whether any file could be read.
    pub is_read: bool,
}

/// What the files of one node say. Places have no node yet: who it is follows from the facts.
#[derive(Clone, Debug, Default)]
pub struct NodeFacts {
    /// The name given with the PATH.
    pub given_name: Option<String>,
    /// The name of the directory that holds the tree.
    pub directory: Option<String>,
    /// Whether that directory lay in a directory of nodes, which have their nodes' names.
    pub among_nodes: bool,
    /// Whether the PKI directory was searched, so that what is not among the files is not there.
    pub searched: bool,
    /// Whether it was read from an archive, where nothing can be written.
    pub is_archived: bool,
    /// What /etc/hostname says.
    pub hostname: Option<(String, Place)>,
    /// Its /etc/kubernetes.
    pub kubernetes_dir: Place,
    /// What was given of a machine without Kubernetes.
    pub given_dir: Option<Place>,
    /// Its PKI directory: where the apiserver's client CA lies, else kubeadm's own.
    pub pki_dir: Place,
    /// Certificate and key files, by their path on the node.
    pub files: BTreeMap<PathBuf, PemFile>,
    /// Programs of Kubernetes that run on it, as static pods or units.
    pub processes: Vec<Process>,
    /// Kubeconfigs.
    pub kubeconfigs: Vec<Kubeconfig>,
    /// The hosts file.
    pub hosts: Hosts,
    /// The kubelet's configuration.
    pub kubelet: Option<KubeletConfig>,
    /// Balancers that run on it: nginx, haproxy.
    pub balancers: Vec<Balancer>,
    /// Addresses that it takes when it is its turn.
    pub virtual_addresses: Vec<VirtualAddress>,
    /// Container runtimes that were told something about registries.
    pub runtimes: Vec<Runtime>,
    /// Registries that run on it.
    pub registries: Vec<RegistrySite>,
    /// Changes of shared keys that are under way.
    pub rotations: Vec<Rotation>,
    /// Token servers of which only the key was given.
    pub token_servers: Vec<TokenSigner>,
    /// Keys that tokens are signed with, by their path on the node.
    pub token_keys: BTreeMap<PathBuf, SigningKeyFile>,
    /// What registries verify tokens with, by the path on the node: the PEM text of every CERTIFICATE block.
    pub token_bundles: BTreeMap<PathBuf, String>,
    /// JSON web keys, by their path on the node.
    pub token_jwks: BTreeMap<PathBuf, Vec<(String, PublicKey)>>,
    /// The machine's own roots, where the tree holds them and something may use them.
    pub system_roots: Option<PemFile>,
    /// kubeadm's configuration, where one lies in /etc/kubernetes.
    pub kubeadm: Option<Inventory>,
    /// Files that are named but do not belong to what was asked for.
    pub unseen: BTreeSet<PathBuf>,
    /// Files that could not be read or understood.
    pub broken: Vec<Broken>,
    /// What was read and is not followed.
    pub notes: Vec<Note>,
}

/// Something that was read and that nothing here follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it stands.
    pub place: Place,
    /// One sentence.
    pub text: String,
}

/// A file that could not be read or understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where.
    pub place: Place,
    /// What kind of trouble it is.
    pub kind: BrokenKind,
    /// The file that names it, where one does.
    pub told_at: Option<Place>,
    /// What is wrong with it, as the rest of a sentence that begins with the path: `is a FIFO, not a file`.
    pub problem: String,
}

/// Why a file is no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BrokenKind {
    /// It is not there, and something names it.
    Missing,
    /// It is there and cannot be read: no permission, a directory, a FIFO.
    Unreadable,
    /// It was read and makes no sense.
    Malformed,
}

/// Reads and parses everything that belongs to the trees. Never fails: what is broken is among the facts.
pub fn gather(trees: &[Tree]) -> Facts {
    gather::gather(trees)
}

impl Facts {
    /// Has every token server of which only the key is known name that key so.
    pub fn set_kid_form(&mut self, kid: KidForm) {
        let nodes = self.nodes.iter_mut();
        for server in nodes.flat_map(|node| &mut node.token_servers) {
            server.kid = kid;
        }
    }

    /// Everything that could not be read or understood.
    pub fn all_broken(&self) -> impl Iterator<Item = &Broken> {
        let nodes = self.nodes.iter().flat_map(|node| &node.broken);
        self.broken.iter().chain(nodes)
    }
}

impl NodeFacts {
    /// The process that runs `program`.
    pub fn process(&self, program: &str) -> Option<&Process> {
        self.processes
            .iter()
            .find(|process| process.program == program)
    }

    /// Whether anything says what its control plane runs with; otherwise kubeadm's layout does.
    pub fn declares_control_plane(&self) -> bool {
        let mut processes = self.processes.iter();
        processes.any(|process| process.program != process::KUBELET)
    }

    /// What a certificate or key file holds, where it was read.
    pub fn file(&self, path: &Path) -> Option<&PemFile> {
        self.files.get(path)
    }
}
