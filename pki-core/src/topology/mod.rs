//! Who holds what and who dials whom, derived from the facts.

use std::net::IpAddr;

use crate::place::Place;
use crate::profile::Profile;
use crate::x509::certificate::Certificate;
use crate::x509::san::SubjectAltName;
use crate::x509::spki::PublicKey;

/// The cluster as its files describe it.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Every node, by name.
    pub nodes: Vec<Node>,
    /// Every certificate that a file holds, once per place.
    pub holdings: Vec<Holding>,
    /// Every private key file: where, which public key, permission bits.
    pub keys: Vec<KeyHolding>,
    /// Every certificate and key that some component was told to use together.
    pub pairs: Vec<Pair>,
    /// Every connection that the files describe and whose other end is known.
    pub edges: Vec<Edge>,
    /// What is dialled but cannot be judged from these files, and why.
    pub unjudged: Vec<Unjudged>,
    /// Files that could not be read or understood.
    pub broken: Vec<Broken>,
}

/// One machine.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its Kubernetes node name.
    pub name: String,
    /// The address its apiserver advertises.
    pub address: Option<IpAddr>,
    /// What its kube-apiserver was told, if it runs one.
    pub apiserver: Option<Apiserver>,
    /// Where its PKI directory was read from, for remedies.
    pub pki_dir: std::path::PathBuf,
    /// Names that its files give it: etcd's `--name`, `system:node:NAME`, the name of the directory.
    pub names: Vec<Claim<String>>,
    /// Addresses that anything but its apiserver's manifest gives it: etcd's manifest, hosts files, the inventory.
    pub addresses: Vec<Claim<IpAddr>>,
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
    /// The manifest.
    pub place: Place,
    /// `--advertise-address`.
    pub advertise_address: Option<IpAddr>,
    /// `--secure-port`, 6443 unless said.
    pub secure_port: u16,
    /// The first address of `--service-cluster-ip-range`, once per range.
    pub service_addresses: Vec<IpAddr>,
    /// The path on the node that `--tls-cert-file` points to.
    pub certificate: Option<Place>,
    /// The path on the node that `--tls-private-key-file` points to.
    pub key: Option<Place>,
}

/// One certificate at one place.
#[derive(Clone, Debug)]
pub struct Holding {
    /// What it is used as, when that is known.
    pub role: Option<Role>,
    /// Where.
    pub place: Place,
    /// Which of the certificates in the file, from 0.
    pub index: usize,
    /// The certificate.
    pub certificate: Certificate,
}

/// What a certificate is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A certificate of the profile table.
    Profile(Profile),
    /// A certificate authority.
    Authority(crate::profile::Authority),
}

/// One private key at one place.
#[derive(Clone, Debug)]
pub struct KeyHolding {
    /// Where.
    pub place: Place,
    /// Its public half, or why the key cannot be used.
    pub key: Result<PublicKey, crate::x509::key::KeyError>,
    /// Permission bits, where the source has them.
    pub mode: Option<u32>,
}

/// A certificate and the private key that a component was told to use with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Who uses them; for files that no manifest or kubeconfig names, the component that kubeadm's layout means them for.
    pub user: Component,
    /// Where it was told to; `None` where only the layout says so.
    pub told_at: Option<Place>,
    /// The certificate, as a [`Holding`] has its place.
    pub certificate: Place,
    /// The key, as a [`KeyHolding`] has its place. Neither need be there.
    pub key: Place,
}

/// A component on a node: `kubelet@wudang`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Component {
    /// `kube-apiserver`, `kubelet`, `kubeconfig:admin.conf`.
    pub name: String,
    /// The node.
    pub node: String,
}

/// One connection: a client that dials a server and verifies what it shows.
#[derive(Clone, Debug)]
pub struct Edge {
    /// `e12`; numbered in the order of derivation.
    pub id: String,
    /// What kind of trust it needs.
    pub kind: EdgeKind,
    /// Who dials.
    pub client: Component,
    /// Who answers.
    pub server: Component,
    /// The URL as the client's file has it; `None` where nothing is dialled (a token that is carried).
    pub dials: Option<String>,
    /// The host part, decided once; `None` where it is no name that a certificate could carry, or where nothing is dialled.
    pub name: Option<SubjectAltName>,
    /// What the client has its verifier look for, as written: the host of the URL without brackets, or `tls-server-name`.
    pub asks_for: Option<String>,
    /// Where the client was told not to verify what it is shown (`insecure-skip-tls-verify`), or where a flag that would
    /// make it verify is left out.
    pub unverified: Option<Place>,
    /// The balancer in between.
    pub via: Option<String>,
    /// Where the client was told to dial this.
    pub told_at: Place,
    /// What the server shows, leaf first.
    pub shown: Shown,
    /// What the client trusts.
    pub trusts: Trust,
    /// What the client shows, and whom the server trusts for that; `None` where it shows nothing.
    pub client_shows: Option<(Shown, Trust)>,
}

/// What kind of trust an edge needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A connection whose ends show each other certificates.
    #[default]
    Tls,
    /// A token signed on one node and verified on another.
    Token,
    /// A name that one component vouches for and another believes.
    Identity,
}

/// A chain shown in a handshake.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Where it is read from.
    pub place: Place,
    /// Leaf first; empty where the file is missing or broken.
    pub chain: Vec<Certificate>,
}

/// Roots of trust.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Where they are read from.
    pub place: Place,
    /// The roots.
    pub roots: Vec<Certificate>,
}

/// What is dialled but cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Who dials.
    pub client: Component,
    /// The URL.
    pub dials: String,
    /// Where it was told to.
    pub place: Place,
    /// Why it cannot be judged.
    pub why: String,
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
    /// What is wrong with it, in one sentence.
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
