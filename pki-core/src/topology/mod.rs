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
    /// Who dials.
    pub client: Component,
    /// Who answers.
    pub server: Component,
    /// The URL as the client's file has it.
    pub dials: String,
    /// The host part, decided once.
    pub name: SubjectAltName,
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
    /// What is wrong with it, in one sentence.
    pub problem: String,
}
