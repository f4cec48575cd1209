//! What the files of the trees that were read say about the cluster.
//!
//! Service range, DNS domain, release and the names that are dialled hold for the whole cluster, whichever node they are
//! read on. An advertised address holds for the node in whose tree the manifest lies, unless something better says that
//! it is another's (see [`Strength`]).

use std::net::IpAddr;

use crate::inventory::Endpoint;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::plan::cluster::AddressClaim;
use crate::plan::cluster::Cluster;
use crate::plan::cluster::ClusterNode;
use crate::plan::cluster::HeldCertificate;
use crate::plan::cluster::HostsName;
use crate::plan::cluster::ReachedBy;
use crate::plan::cluster::Sourced;
use crate::plan::cluster::Strength;
use crate::plan::san::SanSource;
use crate::profile::KubernetesVersion;
use crate::profile::Profile;
use crate::topology::Apiserver;
use crate::topology::Dialled;
use crate::topology::Etcd;
use crate::topology::Flag;
use crate::topology::Hosts;
use crate::topology::Node;
use crate::topology::Role;
use crate::topology::Topology;
use crate::topology::is_every_machines;
use crate::topology::url;
use crate::x509::certificate::GeneralName;
use crate::x509::san::SubjectAltName;

impl Cluster {
    /// What the files say.
    pub fn from_files(topology: &Topology) -> Self {
        let mut cluster = Self {
            apiserver_certificates: held(topology),
            ..Self::default()
        };
        for node in &topology.nodes {
            let told = manifest(node);
            cluster.version = cluster.version.or_else(|| version(node));
            cluster.dns_domain = cluster.dns_domain.or_else(|| dns_domain(node));
            cluster.service_address = cluster.service_address.or_else(|| service_address(told));
            cluster.add(own(node));
            hosts(&mut cluster, &node.hosts);
            if let Some(etcd) = &node.etcd {
                members(&mut cluster, etcd);
            }
        }
        for node in &topology.nodes {
            if let Some(configuration) = &node.kubeadm {
                cluster = cluster.or(configured(configuration));
            }
        }
        cluster.dns_domain = cluster
            .dns_domain
            .take()
            .or_else(|| domain_of_certificates(&cluster.apiserver_certificates));
        for dialled in &topology.dialled {
            let from = file(&dialled.told_at, "server");
            cluster
                .dialled
                .push(Sourced::new(dialled.name.clone(), from));
        }
        for moving in &topology.virtual_addresses {
            if moving.leads_to_apiservers {
                let from = file(&moving.place, "virtual address");
                let name = SubjectAltName::ip(moving.address);
                cluster.apiserver_names.push(Sourced::new(name, from));
            }
        }
        let names = topology.registry_names.iter();
        cluster.registry_names = names
            .map(|known| ReachedBy {
                node: known.registry.node.clone(),
                name: Sourced::new(known.name.clone(), file(&known.told_at, &*known.what)),
                port: known.port,
                given: false,
            })
            .collect();
        cluster.shared_servers = topology.dialled.iter().filter_map(shared_server).collect();
        etcd_certificates(&mut cluster, topology);
        cluster
    }

    fn add(&mut self, node: ClusterNode) {
        *self = std::mem::take(self).or(Self {
            nodes: vec![node],
            ..Self::default()
        });
    }

    fn claim(&mut self, node: &str, address: IpAddr, from: SanSource) {
        let mut known = ClusterNode::named(node);
        known.addresses.push(AddressClaim {
            address,
            from,
            strength: Strength::Named,
        });
        self.add(known);
    }
}

fn file(place: &Place, what: impl Into<String>) -> SanSource {
    SanSource::File {
        place: place.clone(),
        what: what.into(),
    }
}

fn manifest(node: &Node) -> Option<&Apiserver> {
    node.apiserver.as_ref().filter(|told| told.from_manifest)
}

fn flag<'a>(flags: &'a [Flag], name: &str) -> Option<&'a Flag> {
    flags.iter().rev().find(|flag| flag.name == name)
}

/// What its own manifest says.
fn own(node: &Node) -> ClusterNode {
    let mut known = ClusterNode::named(&node.name);
    let Some(told) = manifest(node) else {
        return known;
    };
    known.bind_port = Some(told.secure_port);
    known.control_plane = Some(true);
    if let Some(address) = told.advertise_address {
        let line = flag(&told.flags, "advertise-address").map_or(&told.place, |flag| &flag.place);
        known.addresses.push(AddressClaim {
            address,
            from: file(line, "--advertise-address"),
            strength: Strength::Manifest,
        });
    }
    known
}

fn version(node: &Node) -> Option<Sourced<KubernetesVersion>> {
    let told = manifest(node)?;
    Some(Sourced::new(node.version?, file(&told.place, "image")))
}

fn dns_domain(node: &Node) -> Option<Sourced<String>> {
    let domain = node.dns_domain.clone()?;
    let place = manifest(node).map_or_else(
        || Place::file(&node.kubernetes_dir),
        |told| told.place.clone(),
    );
    Some(Sourced::new(domain, file(&place, "DNS domain")))
}

fn service_address(told: Option<&Apiserver>) -> Option<Sourced<IpAddr>> {
    let told = told?;
    let address = *told.service_addresses.first()?;
    let flag = flag(&told.flags, "service-cluster-ip-range")?;
    Some(Sourced::new(
        address,
        file(&flag.place, "--service-cluster-ip-range"),
    ))
}

/// Every apiserver certificate: in use, or beside, as `hapki issue` leaves it for another master. One beside is known by
/// the service's names in it.
fn held(topology: &Topology) -> Vec<HeldCertificate> {
    let is_apiserver = Some(Role::Profile(Profile::Apiserver));
    let leaves = topology
        .holdings
        .iter()
        .filter(|holding| holding.index == 0);
    leaves
        .map(|holding| {
            let held = HeldCertificate {
                node: holding.place.node.clone(),
                place: holding.place.clone(),
                used: holding.used,
                certificate: holding.certificate.clone(),
            };
            (holding.role, held)
        })
        .filter(|(role, held)| {
            *role == is_apiserver || (role.is_none() && held.holds_dns("kubernetes.default.svc"))
        })
        .map(|(_, held)| held)
        .collect()
}

/// kubeadm's own documents, beside what was made of them. A manifest counts more: it is what runs.
fn configured(configuration: &Inventory) -> Cluster {
    let mut cluster = Cluster::from_inventory(configuration);
    let claims = cluster
        .nodes
        .iter_mut()
        .flat_map(|node| &mut node.addresses);
    claims.for_each(|claim| claim.strength = Strength::Named);
    cluster
}

/// Where kubectl and the kubelet go; whether that is one node's own apiserver shows when all nodes are known.
fn shared_server(dialled: &Dialled) -> Option<Sourced<Endpoint>> {
    if !dialled.client.dials_the_shared_address()
        || !dialled.url.contains(&dialled.name.to_string())
    {
        return None;
    }
    let endpoint = Endpoint {
        host: dialled.name.clone(),
        port: Some(dialled.port),
    };
    Some(Sourced::new(endpoint, file(&dialled.told_at, "server")))
}

/// Debian gives a machine's own name to 127.0.1.1, which nobody else can dial.
fn hosts(cluster: &mut Cluster, hosts: &Hosts) {
    for entry in hosts.entries.iter() {
        if is_every_machines(entry.address) {
            continue;
        }
        let names = entry.names.iter().map(|name| HostsName {
            name: name.clone(),
            address: entry.address,
            from: file(&hosts.place_of(entry), "hosts entry"),
        });
        cluster.hosts.extend(names);
    }
}

/// etcd's --initial-cluster names every member with its address: `shaolin=https://10.27.53.32:2380,…`.
fn members(cluster: &mut Cluster, etcd: &Etcd) {
    let Some(flag) = flag(&etcd.flags, "initial-cluster") else {
        return;
    };
    for member in flag.value.split(',') {
        let Some((name, url)) = member.split_once('=') else {
            continue;
        };
        if let Some(address) = url::parse(url).and_then(|endpoint| endpoint.address()) {
            cluster.claim(name, address, file(&flag.place, "--initial-cluster"));
        }
    }
}

/// kubeadm gives etcd's certificates the node's name as common name and the node's own address, never a shared one.
fn etcd_certificates(cluster: &mut Cluster, topology: &Topology) {
    let roles =
        [Profile::EtcdServer, Profile::EtcdPeer].map(|profile| Some(Role::Profile(profile)));
    for holding in &topology.holdings {
        if !roles.contains(&holding.role) || !holding.used || holding.index != 0 {
            continue;
        }
        let Some(name) = holding.certificate.subject().common_name() else {
            continue;
        };
        let names = holding.certificate.extensions().subject_alt_names.iter();
        for address in names.flatten().filter_map(own_address) {
            cluster.claim(name, address, file(&holding.place, "etcd certificate"));
        }
    }
}

fn own_address(name: &GeneralName) -> Option<IpAddr> {
    match name {
        GeneralName::Ip(address) if !is_every_machines(*address) => Some(*address),
        _ => None,
    }
}

fn domain_of_certificates(certificates: &[HeldCertificate]) -> Option<Sourced<String>> {
    certificates.iter().find_map(|held| {
        let names = held.sans();
        let domain = names.iter().find_map(|san| {
            let name = san.to_string();
            name.strip_prefix("kubernetes.default.svc.")
                .map(str::to_owned)
        })?;
        let from = file(&held.place, "kubernetes.default.svc.<domain>");
        Some(Sourced::new(domain, from))
    })
}
