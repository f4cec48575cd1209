//! The inventory of a cluster that exists, from its files: what an owner would write down, and who says so.
//!
//! Deliberately absent: guesses. What no file tells is left out and said; of two files that contradict each other the one
//! that counts more is taken, and the other is named beside.

mod balancers;
mod certificates;
mod document;
mod etcd;
mod names;
mod nodes;

use ipnet::IpNet;

use crate::discover::document::found_or;
use crate::inventory::DEFAULT_DNS_DOMAIN;
use crate::inventory::DEFAULT_SERVICE_SUBNET;
use crate::topology::Topology;

pub use crate::discover::document::Discovery;
pub use crate::discover::document::Entry;
pub use crate::discover::document::Scalar;
pub use crate::discover::document::Source;
pub use crate::discover::document::Value;

/// Describes the cluster whose files `topology` was derived from; it must have been derived without an inventory.
pub fn discover(topology: &Topology) -> Discovery {
    let (mut described, mut remarks) = nodes::describe(topology);
    let (balancers, elsewhere) = balancers::describe(topology, &mut described);
    remarks.extend(elsewhere);
    nodes::settle(topology, &mut described, &mut remarks);
    let shared_names = names::describe(topology, &mut described, &balancers);
    let mut entries = vec![
        metadata(topology),
        kubernetes(topology, shared_names),
        certificates::entry(topology),
        nodes::entry(&described),
    ];
    entries.extend(etcd::entry(topology, &described));
    entries.push(balancers::entry(&balancers));
    entries.extend(remarks.into_iter().map(Entry::Remark));
    entries.push(Entry::Missing {
        key: "registries",
        example: "[]".to_owned(),
        why: "no registry is among the files".to_owned(),
    });
    Discovery {
        read: topology
            .nodes
            .iter()
            .map(|node| node.name.clone())
            .collect(),
        entries,
    }
}

fn metadata(topology: &Topology) -> Entry {
    let name = Scalar::of(&topology.told.names, String::clone);
    let why = "kubeadm's clusterName, and no kubeadm configuration is among the files";
    match name {
        Some(name) => Entry::Key(
            "metadata",
            Value::Keys(vec![Entry::Key("name", Value::One(name))]),
        ),
        None => Entry::Missing {
            key: "metadata",
            example: "{ name: kubernetes }".to_owned(),
            why: why.to_owned(),
        },
    }
}

fn kubernetes(topology: &Topology, names: Vec<Scalar>) -> Entry {
    let told = &topology.told;
    let mut entries = vec![
        found_or(
            "version",
            Scalar::of(&told.versions, ToString::to_string),
            "\"1.34\"",
            "neither an image of kube-apiserver nor a kubeadm configuration tells it",
        ),
        found_or(
            "serviceSubnet",
            Scalar::of(&told.service_subnets, |networks| subnets(networks)),
            &DEFAULT_SERVICE_SUBNET.to_string(),
            &no_subnet(topology),
        ),
        found_or(
            "dnsDomain",
            Scalar::of(&told.dns_domains, ToString::to_string),
            DEFAULT_DNS_DOMAIN,
            "no file tells it; this is kubeadm's default",
        ),
        found_or(
            "controlPlaneEndpoint",
            Scalar::of(&told.endpoints, ToString::to_string),
            "\"name:6443\"",
            "kubectl and the kubelets dial the apiservers themselves",
        ),
    ];
    entries.push(if names.is_empty() {
        Entry::Missing {
            key: "certSANs",
            example: "[]".to_owned(),
            why: "the apiservers' certificates share no name that is not derived from the rest"
                .to_owned(),
        }
    } else {
        Entry::Key("certSANs", Value::List(names))
    });
    Entry::Key("kubernetes", Value::Keys(entries))
}

fn subnets(networks: &[IpNet]) -> String {
    let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
    networks.join(",")
}

/// A certificate carries the first address alone, which tells nothing of the network's length.
fn no_subnet(topology: &Topology) -> String {
    let why = "no manifest of kube-apiserver and no kubeadm configuration tells it";
    match names::service_address(topology) {
        Some((address, place)) => format!(
            "{why}; {} carries {address}, its first address",
            place.path.display()
        ),
        None => format!("{why}; this is kubeadm's default"),
    }
}
