//! Machines, and what their components were told.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::facts::hosts::Hosts;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::profile::KubernetesVersion;

/// One machine.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its Kubernetes node name.
    pub name: String,
    /// The address its apiserver advertises.
    pub address: Option<IpAddr>,
    /// What its kube-apiserver was told, if it runs one.
    pub apiserver: Option<Apiserver>,
    /// Where a remedy finds its PKI directory: where it was read from, and on the node itself if that is an archive.
    /// Of a machine without Kubernetes, what was given of it.
    pub pki_dir: PathBuf,
    /// Whether it was read from an archive, so that none of its files is at hand elsewhere than on the node itself.
    pub is_archived: bool,
    /// Names that its files give it, strongest first: the argument, etcd's `--name`, `system:node:NAME`, /etc/hostname, the
    /// name of the directory. When two differ, a file was copied from another node.
    pub names: Vec<Claim<String>>,
    /// Addresses that anything but its apiserver's manifest gives it: etcd's manifest, hosts files, the inventory.
    pub addresses: Vec<Claim<IpAddr>>,
    /// What its etcd member was told, if it runs one.
    pub etcd: Option<Etcd>,
    /// What its kube-controller-manager signs with: `--cluster-signing-cert-file` and `--cluster-signing-key-file`.
    pub cluster_signing: Option<PairFiles>,
    /// Its hosts file.
    pub hosts: Hosts,
    /// Where its /etc/kubernetes was read from.
    pub kubernetes_dir: PathBuf,
    /// kubeadm's configuration, where one lies in /etc/kubernetes.
    pub kubeadm: Option<Inventory>,
    /// The release of its control plane, by its apiserver's image or kubeadm's configuration.
    pub version: Option<KubernetesVersion>,
    /// Whether its kubelet renews its client certificate, and what says so.
    pub rotation: Option<Claim<bool>>,
    /// The cluster's DNS domain, where a file of this node says it.
    pub dns_domain: Option<String>,
}

/// Something that one place says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<T> {
    /// What it says.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// What a kube-apiserver was told.
#[derive(Clone, Debug)]
pub struct Apiserver {
    /// The manifest; the PKI directory's certificate where there is no manifest.
    pub place: Place,
    /// Whether a manifest was read; without one everything here is kubeadm's default.
    pub from_manifest: bool,
    /// `--advertise-address`.
    pub advertise_address: Option<IpAddr>,
    /// `--secure-port`, 6443 unless said.
    pub secure_port: u16,
    /// The first address of `--service-cluster-ip-range`, once per range.
    pub service_addresses: Vec<IpAddr>,
    /// The file that `--tls-cert-file` points to.
    pub certificate: Option<Place>,
    /// What it shows to who asks for some names: every `--tls-sni-cert-key`.
    pub named: Vec<NamedCertificate>,
    /// The file that `--tls-private-key-file` points to.
    pub key: Option<Place>,
    /// The file that `--client-ca-file` points to.
    pub client_ca: Option<Place>,
    /// Every flag, in order; places have the manifest's line.
    pub flags: Vec<Flag>,
}

/// One `--tls-sni-cert-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCertificate {
    /// The certificate.
    pub certificate: Place,
    /// The names that it is for; empty where its own are.
    pub names: Vec<String>,
}

/// What an etcd member was told.
#[derive(Clone, Debug)]
pub struct Etcd {
    /// The manifest; the serving certificate where there is none and the member is as kubeadm's layout has it.
    pub place: Place,
    /// `--name`.
    pub name: Option<String>,
    /// `--listen-client-urls`.
    pub listens: Vec<String>,
    /// `--advertise-client-urls`.
    pub advertises: Vec<String>,
    /// `--initial-advertise-peer-urls`.
    pub advertises_to_peers: Vec<String>,
    /// `--listen-peer-urls`.
    pub listens_to_peers: Vec<String>,
    /// `--cert-file` and `--key-file`.
    pub server: Option<PairFiles>,
    /// `--peer-cert-file` and `--peer-key-file`.
    pub peer: Option<PairFiles>,
    /// `--trusted-ca-file`; with it, clients must show a certificate.
    pub trusted_ca: Option<Place>,
    /// `--peer-trusted-ca-file`.
    pub peer_trusted_ca: Option<Place>,
    /// Every flag, in order.
    pub flags: Vec<Flag>,
}

/// One command line flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Without dashes: `tls-cert-file`.
    pub name: String,
    /// Its value; `true` where it has none.
    pub value: String,
    /// The manifest and the line.
    pub place: Place,
}

impl Flag {
    /// The flag of that name; of several, the last counts.
    pub fn named<'a>(flags: &'a [Self], name: &str) -> Option<&'a Self> {
        flags.iter().rev().find(|flag| flag.name == name)
    }
}

/// A certificate file and the file of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFiles {
    /// The certificate.
    pub certificate: Place,
    /// Its key.
    pub key: Place,
}
