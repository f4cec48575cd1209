//! What is known of a cluster, from its inventory and from its files, each value with where it came from.
//!
//! Both sources become a [`Cluster`]; [`Cluster::or`] puts them together, so that what derives names does not ask which
//! of the two it was.

use std::net::IpAddr;

use time::Duration;

use crate::inventory::Endpoint;
use crate::place::Place;
use crate::plan::names::issuable;
use crate::plan::san::SanSource;
use crate::profile::KubernetesVersion;
use crate::x509::certificate::Certificate;
use crate::x509::key::KeyAlgorithm;
use crate::x509::san::SubjectAltName;

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub from: SanSource,
}

/// What is known of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// The release.
    pub version: Option<Sourced<KubernetesVersion>>,
    /// The first address of the first service range: where pods dial the apiservers.
    pub service_address: Option<Sourced<IpAddr>>,
    /// The DNS domain of services.
    pub dns_domain: Option<Sourced<String>>,
    /// kubeadm's controlPlaneEndpoint.
    pub endpoint: Option<Sourced<Endpoint>>,
    /// Where kubectl and kubelets go; one that is no node's own is the endpoint where nothing else says it.
    pub shared_servers: Vec<Sourced<Endpoint>>,
    /// Names that every apiserver's certificate shall carry: certSANs, the names and addresses of load balancers.
    pub apiserver_names: Vec<Sourced<SubjectAltName>>,
    /// Names and addresses that kubeconfigs, manifests or balancers dial the apiservers by.
    pub dialled: Vec<Sourced<SubjectAltName>>,
    /// kubeadm's etcd.local.serverCertSANs.
    pub etcd_server_names: Vec<Sourced<SubjectAltName>>,
    /// kubeadm's etcd.local.peerCertSANs.
    pub etcd_peer_names: Vec<Sourced<SubjectAltName>>,
    /// Whether etcd is run by someone else, whose CA hapki does not hold.
    pub external_etcd: bool,
    /// What kind of keys the owner wants.
    pub key: Option<KeyAlgorithm>,
    /// How long leaves shall be valid.
    pub validity: Option<Duration>,
    /// How long CAs shall be valid.
    pub ca_validity: Option<Duration>,
    /// Its nodes, as far as they are known.
    pub nodes: Vec<ClusterNode>,
    /// Its registries.
    pub registries: Vec<RegistrySite>,
    /// What registries are reached by, as files tell.
    pub registry_names: Vec<ReachedBy>,
    /// What the hosts files say; which of the names are nodes is decided by [`Cluster::settle`].
    pub hosts: Vec<HostsName>,
    /// Apiserver certificates that lie in the files that were read.
    pub apiserver_certificates: Vec<HeldCertificate>,
}

/// One node.
#[derive(Clone, Debug, Default)]
pub struct ClusterNode {
    /// Its Kubernetes node name.
    pub name: String,
    /// Its addresses; the first that holds is the one its apiserver advertises.
    pub addresses: Vec<AddressClaim>,
    /// Names that this node's apiserver certificate shall carry besides.
    pub names: Vec<Sourced<SubjectAltName>>,
    /// The port of its apiserver, where it was said.
    pub bind_port: Option<u16>,
    /// Whether it runs an apiserver; `None` where nothing says.
    pub control_plane: Option<bool>,
    /// Whether it runs an etcd member; `None` where nothing says.
    pub etcd: Option<bool>,
}

/// One address that something gives to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressClaim {
    /// The address.
    pub address: IpAddr,
    /// Where it was said.
    pub from: SanSource,
    /// How much it counts when two nodes are given the same address.
    pub strength: Strength,
}

/// How much a claim counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// `--advertise-address` of a manifest that lies in the node's tree: it may have been copied from another node.
    Manifest,
    /// A file that says the name and the address together: hosts, etcd's --initial-cluster, kubeadm configuration, a
    /// certificate of etcd.
    Named,
    /// The inventory.
    Inventory,
}

/// A certificate of an apiserver and where it lies.
#[derive(Clone, Debug)]
pub struct HeldCertificate {
    /// The node in whose tree it lies; empty where that is unknown.
    pub node: String,
    /// Where.
    pub place: Place,
    /// Whether an apiserver uses it; others lie beside, such as what was issued for another master.
    pub used: bool,
    /// The certificate.
    pub certificate: Certificate,
}

/// A name of a hosts file and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsName {
    /// The name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// The file and the line.
    pub from: SanSource,
}

/// A registry as the inventory describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySite {
    /// The host that clients know it by.
    pub name: Sourced<SubjectAltName>,
    /// The port.
    pub port: u16,
    /// Its instances: node name and address.
    pub instances: Vec<(String, Sourced<IpAddr>)>,
}

/// What a registry is reached by, as files tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachedBy {
    /// The node that the registry runs on.
    pub node: String,
    /// The host.
    pub name: Sourced<SubjectAltName>,
    /// The port; `None` where clients fetch no images by it.
    pub port: Option<u16>,
    /// Whether these files were given for the registry that is meant, whatever it is called there.
    pub given: bool,
}

impl<T> Sourced<T> {
    /// `value`, from `from`.
    pub fn new(value: T, from: SanSource) -> Self {
        Self { value, from }
    }
}

impl Cluster {
    /// Everything that `self` knows, and what only `other` does.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.version = self.version.or(other.version);
        self.service_address = self.service_address.or(other.service_address);
        self.dns_domain = self.dns_domain.or(other.dns_domain);
        self.endpoint = self.endpoint.or(other.endpoint);
        self.shared_servers.extend(other.shared_servers);
        self.apiserver_names.extend(other.apiserver_names);
        self.dialled.extend(other.dialled);
        self.etcd_server_names.extend(other.etcd_server_names);
        self.etcd_peer_names.extend(other.etcd_peer_names);
        self.external_etcd |= other.external_etcd;
        self.key = self.key.or(other.key);
        self.validity = self.validity.or(other.validity);
        self.ca_validity = self.ca_validity.or(other.ca_validity);
        for node in other.nodes {
            match self.nodes.iter_mut().find(|known| known.name == node.name) {
                Some(known) => known.add(node),
                None => self.nodes.push(node),
            }
        }
        self.registries.extend(other.registries);
        self.registry_names.extend(other.registry_names);
        self.hosts.extend(other.hosts);
        self.apiserver_certificates
            .extend(other.apiserver_certificates);
        self
    }

    /// The nodes on which the registry called `name` runs, as files tell: the node of that name, else those whose registry is
    /// reached by it, else all where its files were given.
    pub fn registry_nodes(&self, name: &str) -> Vec<&str> {
        let is_named = |known: &&ReachedBy| known.name.value.to_string() == name;
        let on_node = |known: &&ReachedBy| known.node == name;
        let all = || self.registry_names.iter();
        let mut nodes: Vec<&str> = if all().any(|known| on_node(&known)) {
            all()
                .filter(on_node)
                .map(|known| known.node.as_str())
                .collect()
        } else if all().any(|known| is_named(&known)) {
            all()
                .filter(is_named)
                .map(|known| known.node.as_str())
                .collect()
        } else {
            let given = all().filter(|known| known.given);
            given.map(|known| known.node.as_str()).collect()
        };
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Decides what takes all sources together. `asked` and every known node get the addresses that the hosts files
    /// give them; other names of hosts files (of balancers, of the service) are no nodes. And what kubectl and kubelets
    /// dial is the endpoint when it is no node's own.
    pub fn settle(&mut self, asked: &str) {
        if self.node(asked).is_none() {
            self.nodes.push(ClusterNode::named(asked));
        }
        for node in &mut self.nodes {
            let own = self.hosts.iter().filter(|entry| entry.name == node.name);
            node.addresses.extend(own.map(|entry| AddressClaim {
                address: entry.address,
                from: entry.from.clone(),
                strength: Strength::Named,
            }));
        }
        if self.endpoint.is_none() {
            let shared =
                |server: &&Sourced<Endpoint>| self.other_owner("", &server.value.host).is_none();
            self.endpoint = self.shared_servers.iter().find(shared).cloned();
        }
    }

    /// The node called `name`.
    pub fn node(&self, name: &str) -> Option<&ClusterNode> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The addresses of `name`, in order, without those that are another node's.
    pub fn addresses_of(&self, name: &str) -> Vec<Sourced<IpAddr>> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let mut taken: Vec<Sourced<IpAddr>> = Vec::new();
        for claim in &node.addresses {
            let known = taken.iter().any(|known| known.value == claim.address);
            if !known && self.stronger_owner(name, claim).is_none() {
                taken.push(Sourced::new(claim.address, claim.from.clone()));
            }
        }
        taken
    }

    /// The claims of `name` that are left out, each with whose address it is.
    pub fn disputed_addresses_of(&self, name: &str) -> Vec<(&AddressClaim, String)> {
        let claims = self.node(name).map_or(&[][..], |node| &node.addresses);
        claims
            .iter()
            .filter_map(|claim| self.stronger_owner(name, claim).map(|owner| (claim, owner)))
            .collect()
    }

    /// The node other than `node` whose own name or address `san` is.
    pub fn other_owner(&self, node: &str, san: &SubjectAltName) -> Option<&str> {
        let owns = |other: &&ClusterNode| match san {
            SubjectAltName::Dns(name) => name.as_str() == other.name,
            SubjectAltName::Ip(address) => {
                let claims = &mut other.addresses.iter();
                claims.any(|claim| claim.address == *address)
            }
        };
        let ours = |address: &IpAddr| {
            self.addresses_of(node)
                .iter()
                .any(|own| own.value == *address)
        };
        if matches!(san, SubjectAltName::Ip(address) if ours(address)) {
            return None;
        }
        let mut others = self.nodes.iter().filter(|other| other.name != node);
        others.find(owns).map(|other| other.name.as_str())
    }

    /// Who else is given the address, on better grounds than `claim` has. A manifest that was copied from another
    /// master still advertises that master: then the certificate it points to holds the address, but not this
    /// node's name.
    fn stronger_owner(&self, name: &str, claim: &AddressClaim) -> Option<String> {
        let mut others = self.nodes.iter().filter(|other| other.name != name);
        let better = |other: &&ClusterNode| {
            let mut claims = other.addresses.iter();
            claims.any(|c| c.address == claim.address && c.strength > claim.strength)
        };
        if let Some(owner) = others.find(better) {
            return Some(owner.name.clone());
        }
        if claim.strength > Strength::Manifest {
            return None;
        }
        if let Some(owner) = self.owner_by_hosts(name, claim.address) {
            return Some(owner);
        }
        let held = self.apiserver_certificates.iter();
        held.filter(|held| held.used && (held.node == name || held.node.is_empty()))
            .find(|held| held.holds_ip(claim.address) && !held.holds_dns(name))
            .map(|held| {
                held.subject_node()
                    .unwrap_or_else(|| "another node".to_owned())
            })
    }
}

impl Cluster {
    /// Whose address it is where the hosts files know `node` by other addresses only.
    fn owner_by_hosts(&self, node: &str, address: IpAddr) -> Option<String> {
        let known = || self.hosts.iter().filter(|entry| entry.name == node);
        if known().next().is_none() || known().any(|entry| entry.address == address) {
            return None;
        }
        let mut owners = self.hosts.iter().filter(|entry| entry.address == address);
        owners
            .find(|entry| !is_service_name(&entry.name))
            .map(|entry| entry.name.clone())
    }
}

impl ClusterNode {
    /// A node of which only the name is known.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.addresses.extend(other.addresses);
        self.names.extend(other.names);
        self.bind_port = self.bind_port.or(other.bind_port);
        self.control_plane = self.control_plane.or(other.control_plane);
        self.etcd = self.etcd.or(other.etcd);
    }
}

impl HeldCertificate {
    /// Its DNS names and addresses; other kinds are left out.
    pub fn sans(&self) -> Vec<SubjectAltName> {
        let names = self.certificate.extensions().subject_alt_names.iter();
        names.flatten().filter_map(issuable).collect()
    }

    /// Whether it carries `name` as dNSName.
    pub fn holds_dns(&self, name: &str) -> bool {
        let held = self.sans();
        held.iter()
            .any(|san| matches!(san, SubjectAltName::Dns(dns) if dns.as_str() == name))
    }

    /// The node it was made for: the one in its file's name (`apiserver-wudang.crt`), a known node whose name it
    /// carries, the only name in it that is no service's; else the node in whose tree it lies, else its file.
    pub fn made_for(&self, nodes: &[ClusterNode]) -> String {
        let stem = self.place.path.file_stem().and_then(|stem| stem.to_str());
        let in_file_name = stem.and_then(|stem| stem.strip_prefix("apiserver-"));
        let known = nodes.iter().map(|node| node.name.as_str());
        let mut candidates = in_file_name.into_iter().chain(known);
        if let Some(node) = candidates.find(|node| self.holds_dns(node)) {
            return node.to_owned();
        }
        self.subject_node().unwrap_or_else(|| {
            if self.node.is_empty() {
                self.place.to_string()
            } else {
                self.node.clone()
            }
        })
    }

    fn holds_ip(&self, address: IpAddr) -> bool {
        self.sans().contains(&SubjectAltName::ip(address))
    }

    /// The node it was made for, where it carries exactly one name that is not one of the service's.
    fn subject_node(&self) -> Option<String> {
        let names = self.sans();
        let mut own = names.iter().filter_map(|san| match san {
            SubjectAltName::Dns(dns) if !is_service_name(dns.as_str()) => Some(dns.as_str()),
            _ => None,
        });
        let first = own.next()?;
        own.next().is_none().then(|| first.to_owned())
    }
}

/// `kubernetes`, `kubernetes.default`, `kubernetes.default.svc` and below, `localhost`.
fn is_service_name(name: &str) -> bool {
    ["kubernetes", "kubernetes.default", "localhost"].contains(&name)
        || name == "kubernetes.default.svc"
        || name.starts_with("kubernetes.default.svc.")
}
