//! What the inventory says about the cluster.

use crate::inventory::BalancerHost;
use crate::inventory::BalancerMode;
use crate::inventory::Inventory;
use crate::inventory::LoadBalancer;
use crate::inventory::Node;
use crate::inventory::Registry;
use crate::inventory::Role;
use crate::inventory::first_service_address;
use crate::place::Place;
use crate::plan::cluster::AddressClaim;
use crate::plan::cluster::Cluster;
use crate::plan::cluster::ClusterNode;
use crate::plan::cluster::RegistrySite;
use crate::plan::cluster::Sourced;
use crate::plan::cluster::Strength;
use crate::plan::san::SanSource;
use crate::x509::san::SubjectAltName;

impl Cluster {
    /// What the inventory says.
    pub fn from_inventory(inventory: &Inventory) -> Self {
        let place = &inventory.place;
        let shared = &inventory.kubernetes;
        let service = shared.service_subnets.first().map(first_service_address);
        let domain = shared.dns_domain.as_ref();
        let endpoint = shared.control_plane_endpoint.clone();
        Self {
            version: shared
                .version
                .map(|version| sourced(version, place, "version")),
            service_address: service.map(|address| sourced(address, place, "serviceSubnet")),
            dns_domain: domain.map(|domain| sourced(domain.to_string(), place, "dnsDomain")),
            endpoint: endpoint.map(|endpoint| sourced(endpoint, place, "controlPlaneEndpoint")),
            apiserver_names: all(&shared.cert_sans, place, "certSANs"),
            etcd_server_names: all(&inventory.etcd.server_cert_sans, place, "serverCertSANs"),
            etcd_peer_names: all(&inventory.etcd.peer_cert_sans, place, "peerCertSANs"),
            external_etcd: inventory.etcd.external.is_some(),
            key: inventory.certificates.key,
            validity: inventory.certificates.validity,
            ca_validity: inventory.certificates.ca_validity,
            nodes: inventory
                .nodes
                .iter()
                .map(|described| node(described, &inventory.load_balancers))
                .collect(),
            registries: inventory.registries.iter().map(registry).collect(),
            ..Self::default()
        }
    }
}

fn node(described: &Node, balancers: &[LoadBalancer]) -> ClusterNode {
    let mut known = ClusterNode::named(&described.name);
    known.addresses = described
        .addresses
        .iter()
        .map(|address| AddressClaim {
            address: *address,
            from: from(&described.place, "addresses"),
            strength: Strength::Inventory,
        })
        .collect();
    known.names = all(&described.cert_sans, &described.place, "certSANs");
    let before = balancers.iter().filter(|balancer| {
        balancer.mode == BalancerMode::Tcp && balancer.backends.contains(&described.name)
    });
    known.names.extend(before.flat_map(balancer_names));
    let master = described.has(Role::ControlPlane);
    known.bind_port = master.then_some(described.bind_port);
    known.control_plane = Some(master);
    known.etcd = Some(described.has(Role::Etcd));
    known
}

/// What clients dial through a balancer that passes TLS through: each backend has to answer to it. The address of a
/// balancer on a node is that node's own.
fn balancer_names(balancer: &LoadBalancer) -> Vec<Sourced<SubjectAltName>> {
    let mut names = all(&balancer.names, &balancer.place, "load balancer's names");
    if let BalancerHost::Address(address) = &balancer.host {
        names.push(sourced(
            SubjectAltName::ip(*address),
            &balancer.place,
            "load balancer's address",
        ));
    }
    names
}

fn registry(described: &Registry) -> RegistrySite {
    let place = &described.place;
    RegistrySite {
        name: sourced(described.name.clone(), place, "registry's name"),
        port: described.port,
        instances: described
            .instances
            .iter()
            .map(|instance| {
                let address = sourced(instance.address, place, "instance's address");
                (instance.node.clone(), address)
            })
            .collect(),
    }
}

fn all(names: &[SubjectAltName], place: &Place, what: &str) -> Vec<Sourced<SubjectAltName>> {
    names
        .iter()
        .map(|name| sourced(name.clone(), place, what))
        .collect()
}

fn sourced<T>(value: T, place: &Place, what: &str) -> Sourced<T> {
    Sourced::new(value, from(place, what))
}

fn from(place: &Place, what: &str) -> SanSource {
    SanSource::File {
        place: place.clone(),
        what: what.to_owned(),
    }
}
