//! Names that an apiserver's certificate has to carry by what the inventory or kubeadm's configuration says, whether or not
//! anything in the files dials them.

use std::path::Path;

use crate::inventory::BalancerHost;
use crate::inventory::BalancerMode;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::inventory::DEFAULT_PATHS;
use crate::inventory::Endpoint;
use crate::inventory::Inventory;
use crate::inventory::Role as InventoryRole;
use crate::judge::Judged;
use crate::place::Place;
use crate::profile::Authority;
use crate::topology;
use crate::topology::Node;
use crate::topology::Role;
use crate::x509::san::SubjectAltName;
use crate::x509::spki::PublicKey;

/// A name that is asked for.
pub(super) struct Asked {
    /// The name.
    pub(super) name: SubjectAltName,
    /// What says it: `load balancer's names`, `certSANs`.
    pub(super) what: &'static str,
    /// Where.
    pub(super) place: Place,
    /// Whether the inventory says it; kubeadm's configuration otherwise.
    pub(super) by_inventory: bool,
    /// Whether `issue` finds it by itself, run where the audit was.
    pub(super) is_derived: bool,
}

/// Every name that the apiserver of `node` is asked for, once for each place that says it.
pub(super) fn names(judged: &Judged, node: &Node) -> Vec<Asked> {
    let mut asked = Vec::new();
    if let Some(inventory) = &judged.topology.inventory {
        by_inventory(judged, inventory, node, &mut asked);
    }
    let own = authority(judged, &node.name);
    for said in &judged.topology.told.cert_sans {
        let told_on = said.place.node.as_str();
        let is_own = told_on == node.name;
        if is_own || told_on.is_empty() || (own.is_some() && authority(judged, told_on) == own) {
            asked.push(Asked {
                name: said.value.clone(),
                what: said.what,
                place: said.place.clone(),
                by_inventory: false,
                is_derived: is_own,
            });
        }
    }
    asked
}

fn by_inventory(judged: &Judged, inventory: &Inventory, node: &Node, asked: &mut Vec<Asked>) {
    let is_derived = DEFAULT_PATHS
        .iter()
        .any(|path| inventory.place.path == Path::new(path));
    let mut add = |name: &SubjectAltName, what, place: &Place| {
        asked.push(Asked {
            name: name.clone(),
            what,
            place: place.clone(),
            by_inventory: true,
            is_derived,
        });
    };
    let before = inventory.load_balancers.iter().filter(|balancer| {
        balancer.mode == BalancerMode::Tcp
            && balancer.backends.contains(&node.name)
            && !is_terminated(judged, inventory, balancer.listen)
    });
    for balancer in before {
        for name in &balancer.names {
            add(name, "load balancer's names", &balancer.names_at);
        }
        if let BalancerHost::Address(address) = &balancer.host {
            let name = SubjectAltName::ip(*address);
            add(&name, "load balancer's address", &balancer.place);
        }
    }
    let shared = &inventory.kubernetes;
    let at = |place: &Option<Place>| place.clone().unwrap_or_else(|| inventory.place.clone());
    if let Some(endpoint) = &shared.control_plane_endpoint
        && !is_terminated(judged, inventory, port(endpoint))
        && !is_another_masters(judged, inventory, node, endpoint)
    {
        let place = at(&shared.told_at.control_plane_endpoint);
        add(&endpoint.host, "controlPlaneEndpoint", &place);
    }
    for name in &shared.cert_sans {
        add(name, "certSANs", &at(&shared.told_at.cert_sans));
    }
    let described = inventory.node(&node.name);
    for (described, name) in described.iter().flat_map(|described| {
        let names = described.cert_sans.iter();
        names.map(move |name| (described, name))
    }) {
        add(name, "certSANs", &described.place);
    }
}

/// Whether a balancer that ends TLS itself listens there: its clients never see an apiserver's certificate. What files say
/// counts beside what the inventory does.
fn is_terminated(judged: &Judged, inventory: &Inventory, port: u16) -> bool {
    let by_files = judged.topology.balancers.iter().any(|balancer| {
        balancer.port == port && !matches!(balancer.mode, topology::BalancerMode::PassThrough)
    });
    by_files
        || inventory
            .load_balancers
            .iter()
            .any(|balancer| balancer.listen == port && balancer.mode == BalancerMode::Http)
}

/// Whether the endpoint is the apiserver of one other master: nobody who dials it sees this one's certificate.
fn is_another_masters(
    judged: &Judged,
    inventory: &Inventory,
    node: &Node,
    endpoint: &Endpoint,
) -> bool {
    let port = port(endpoint);
    let by_files = judged.topology.nodes.iter().any(|other| {
        let apiserver = other.apiserver.as_ref();
        other.name != node.name
            && apiserver.is_some_and(|apiserver| apiserver.secure_port == port)
            && match &endpoint.host {
                SubjectAltName::Dns(name) => name.as_str() == other.name,
                SubjectAltName::Ip(address) => {
                    let mut claims = other.addresses.iter();
                    other.address == Some(*address) || claims.any(|claim| claim.value == *address)
                }
            }
    });
    let mut masters = inventory.nodes_with(InventoryRole::ControlPlane);
    by_files
        || masters.any(|other| {
            other.name != node.name
                && other.bind_port == port
                && match &endpoint.host {
                    SubjectAltName::Dns(name) => name.as_str() == other.name,
                    SubjectAltName::Ip(address) => other.addresses.contains(address),
                }
        })
}

fn port(endpoint: &Endpoint) -> u16 {
    endpoint.port.unwrap_or(DEFAULT_BIND_PORT)
}

/// The key of the cluster's authority in a node's tree: which cluster it belongs to.
fn authority<'a>(judged: &'a Judged, node: &str) -> Option<&'a PublicKey> {
    judged
        .topology
        .holdings
        .iter()
        .find(|holding| {
            holding.role == Some(Role::Authority(Authority::Cluster))
                && holding.index == 0
                && holding.place.node == node
        })
        .map(|holding| holding.certificate.public_key())
}
