//! The cluster as its owner describes it: hapki.yaml, or kubeadm's own documents. Read once into types that cannot be
//! wrong; whatever is wrong is one sentence with its line.
//!
//! Deliberately absent: defaults that only the machine knows (its host name, its addresses), and anything about
//! certificates that exist.

mod check;
mod duration;
mod endpoint;
mod hapki;
mod kubeadm;
mod text;
mod version;
mod yaml;

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use ipnet::IpNet;
use ipnet::Ipv4Net;
use time::Duration;

use crate::place::Place;
use crate::x509::key::KeyAlgorithm;
use crate::x509::san::DnsName;
use crate::x509::san::SubjectAltName;

pub use duration::duration;
pub use duration::go_duration;
pub use endpoint::Endpoint;
pub use text::ValueError;
pub use text::first_service_address;
pub use text::node_name;
pub use text::service_subnets;
pub use version::KubernetesVersion;
pub use version::VersionError;

/// A cluster and its registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The file it was read from.
    pub place: Place,
    /// `metadata.name`; kubeadm's `clusterName`.
    pub name: Option<String>,
    /// Whether it means to list every node: hapki.yaml does, kubeadm's documents are about the node that they are for.
    pub lists_every_node: bool,
    /// What all nodes share.
    pub kubernetes: Kubernetes,
    /// How keys and certificates are made.
    pub certificates: Certificates,
    /// Every node, in the order of the file; no name and no address occurs twice.
    pub nodes: Vec<Node>,
    /// etcd's own names, and where it runs when it is not on the nodes.
    pub etcd: Etcd,
    /// Balancers before the apiservers.
    pub load_balancers: Vec<LoadBalancer>,
    /// Registries.
    pub registries: Vec<Registry>,
    /// Findings that the owner has decided to live with.
    pub ignores: Vec<Ignore>,
}

/// What all nodes share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kubernetes {
    /// The release, where it is told.
    pub version: Option<KubernetesVersion>,
    /// One network, or one of each family; empty where the file tells none (see [`DEFAULT_SERVICE_SUBNET`]).
    pub service_subnets: Vec<IpNet>,
    /// The DNS domain, where it is told (see [`DEFAULT_DNS_DOMAIN`]).
    pub dns_domain: Option<DnsName>,
    /// The name or address by which clients reach all apiservers.
    pub control_plane_endpoint: Option<Endpoint>,
    /// Names that every apiserver certificate carries besides the derived ones.
    pub cert_sans: Vec<SubjectAltName>,
    /// Where each of these stands.
    pub told_at: ToldAt,
}

/// Where the values of [`Kubernetes`] stand; `None` where one is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldAt {
    /// The release.
    pub version: Option<Place>,
    /// The service networks.
    pub service_subnets: Option<Place>,
    /// The DNS domain.
    pub dns_domain: Option<Place>,
    /// The endpoint.
    pub control_plane_endpoint: Option<Place>,
    /// The first of the names.
    pub cert_sans: Option<Place>,
}

/// How keys and certificates are made. What the file does not tell is `None`: an option may still tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// The kind of key.
    pub key: Option<KeyAlgorithm>,
    /// How long a leaf is valid.
    pub validity: Option<Duration>,
    /// How long a CA is valid.
    pub ca_validity: Option<Duration>,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it is described.
    pub place: Place,
    /// Its Kubernetes node name: an RFC 1123 subdomain.
    pub name: String,
    /// Its addresses; the first is advertised. Empty where the file tells none.
    pub addresses: Vec<IpAddr>,
    /// Where they stand; where it is described when it has none.
    pub addresses_at: Place,
    /// What it does; at least one.
    pub roles: Vec<Role>,
    /// Names that this node's apiserver certificate carries besides the derived ones.
    pub cert_sans: Vec<SubjectAltName>,
    /// Where its apiserver listens; 6443 unless told.
    pub bind_port: u16,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Runs kube-apiserver, kube-controller-manager and kube-scheduler.
    ControlPlane,
    /// Runs an etcd member.
    Etcd,
    /// Runs a balancer.
    LoadBalancer,
    /// Runs workloads.
    Worker,
}

/// etcd's own names, and where it runs when it is not on the nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Etcd {
    /// Names that every etcd server certificate carries besides the derived ones.
    pub server_cert_sans: Vec<SubjectAltName>,
    /// Names that every etcd peer certificate carries besides the derived ones.
    pub peer_cert_sans: Vec<SubjectAltName>,
    /// An etcd that the cluster uses and hapki makes no certificates for.
    pub external: Option<ExternalEtcd>,
}

/// An etcd that somebody else keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalEtcd {
    /// The URLs; at least one.
    pub endpoints: Vec<EtcdUrl>,
    /// The CA that its members are verified by, on each node.
    pub ca_file: Option<PathBuf>,
    /// The certificate that apiservers show, on each node.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
}

/// `https://10.0.0.5:2379`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdUrl {
    /// Whether TLS is used.
    pub https: bool,
    /// Host and port.
    pub endpoint: Endpoint,
}

/// A balancer before the apiservers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Where it is described.
    pub place: Place,
    /// Where it runs.
    pub host: BalancerHost,
    /// The port that it listens on.
    pub listen: u16,
    /// Whether it passes TLS through.
    pub mode: BalancerMode,
    /// Names that clients dial it by, besides its address.
    pub names: Vec<SubjectAltName>,
    /// Where the names stand; where it is described when it has none.
    pub names_at: Place,
    /// Names of nodes; at least one, each a node of the inventory.
    pub backends: Vec<String>,
    /// Where they stand.
    pub backends_at: Place,
}

/// Where a balancer runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BalancerHost {
    /// On a node of the inventory.
    Node(String),
    /// At an address of its own: a VIP, or someone else's box.
    Address(IpAddr),
}

/// What a balancer does with TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BalancerMode {
    /// Passes bytes through: clients see each backend's own certificate.
    #[default]
    Tcp,
    /// Ends TLS itself: clients see its certificate, backends never see the client's.
    Http,
}

/// One registry under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Where it is described.
    pub place: Place,
    /// The name or address in image references.
    pub name: SubjectAltName,
    /// Which software.
    pub kind: RegistryKind,
    /// Its release, as its owner writes it.
    pub version: Option<String>,
    /// 443 unless told.
    pub port: u16,
    /// Where it is installed on each instance.
    pub path: Option<PathBuf>,
    /// The machines that serve it.
    pub instances: Vec<RegistryInstance>,
}

/// Which registry software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryKind {
    /// `harbor`.
    Harbor,
    /// `registry`: CNCF distribution.
    Registry,
}

/// One machine that serves a registry; it need not be a node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryInstance {
    /// Its name.
    pub node: String,
    /// Its address.
    pub address: IpAddr,
}

/// A finding that the owner has decided to live with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// Where it is written, for the day when it matches nothing.
    pub place: Place,
    /// The rule's id.
    pub rule: String,
    /// Only on this node.
    pub node: Option<String>,
    /// Only at this path on the node.
    pub path: Option<PathBuf>,
    /// Why.
    pub reason: String,
}

/// Why a text is not an inventory: one sentence with file and line and, apart from it, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct InventoryError {
    /// The file and the line.
    pub place: Box<Place>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Reads hapki.yaml, or a stream of kubeadm's documents; `place` is the file that `text` was read from.
///
/// Of kubeadm's, ClusterConfiguration, InitConfiguration and JoinConfiguration (kubeadm.k8s.io/v1beta3, v1beta4, v1)
/// are read; other kinds in the same stream (KubeletConfiguration, KubeProxyConfiguration) are passed over.
///
/// # Errors
/// The first thing that is wrong: no YAML, an unknown or repeated key, a value that is not what its key holds, a node
/// described twice, a backend that is no node.
pub fn parse(text: &str, place: &Place) -> Result<Inventory, InventoryError> {
    let documents = yaml::documents(text, place);
    if documents.is_empty() {
        return Err(InventoryError {
            place: Box::new(place.clone()),
            problem: "the file is empty".to_owned(),
            hint: Some(
                "an inventory begins with `apiVersion: hapki.dev/v1` and `kind: Cluster`"
                    .to_owned(),
            ),
        });
    }
    let headers = documents
        .iter()
        .map(yaml::Document::read::<yaml::Header>)
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(inventory) = hapki::read(&documents, &headers, place)? {
        return Ok(inventory);
    }
    kubeadm::read(&documents, &headers, place)
}

impl Inventory {
    /// The node called `name`.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The nodes that have `role`, in the order of the file.
    pub fn nodes_with(&self, role: Role) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.has(role))
    }
}

impl Kubernetes {
    /// The first address of every service network that is told.
    pub fn service_addresses(&self) -> Vec<IpAddr> {
        self.service_subnets
            .iter()
            .map(first_service_address)
            .collect()
    }
}

impl Node {
    /// Whether it has `role`.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The address that it advertises.
    pub fn address(&self) -> Option<IpAddr> {
        self.addresses.first().copied()
    }
}

impl InventoryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// Where an inventory is looked for that nobody names.
pub const DEFAULT_PATHS: [&str; 2] = ["hapki.yaml", "/etc/hapki/hapki.yaml"];
/// kubeadm's service network where none is told (apis/kubeadm/v1beta4/defaults.go).
pub const DEFAULT_SERVICE_SUBNET: IpNet =
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 12));
/// kubeadm's DNS domain where none is told (apis/kubeadm/v1beta4/defaults.go).
pub const DEFAULT_DNS_DOMAIN: &str = "cluster.local";
/// kube-apiserver's port where none is told.
pub const DEFAULT_BIND_PORT: u16 = 6443;

#[cfg(test)]
mod tests;
