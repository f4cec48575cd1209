//! Nodes and their addresses.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::checks::inventory_differs::RULE;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::inventory;
use crate::inventory::Inventory;
use crate::inventory::Role;
use crate::place::Place;
use crate::profile::Profile;
use crate::topology::Node;
use crate::topology::Said;
use crate::topology::Topology;

/// Nodes whose files give them another address than the inventory does, and nodes that it does not have.
pub(super) fn differences(topology: &Topology, inventory: &Inventory) -> Vec<Finding> {
    let nodes = topology.nodes.iter().zip(&topology.told.addresses);
    nodes
        .filter_map(|(node, said)| match inventory.node(&node.name) {
            Some(owned) => other_address(node, said, owned),
            None => lacking(topology, node, inventory),
        })
        .collect()
}

/// Masters and members of the inventory whose files were not given although those of others were; likewise workers.
pub(super) fn not_given(topology: &Topology, inventory: &Inventory) -> Option<Finding> {
    if topology.nodes.len() < 2 || !inventory.lists_every_node {
        return None;
    }
    let is_master = |node: &inventory::Node| node.has(Role::ControlPlane) || node.has(Role::Etcd);
    let is_worker = |node: &inventory::Node| node.has(Role::Worker) && !is_master(node);
    let is_given = |node: &inventory::Node| topology.node(&node.name).is_some();
    let given = |kind: fn(&inventory::Node) -> bool| {
        let nodes = inventory.nodes.iter();
        nodes.filter(|node| kind(node) && is_given(node)).count()
    };
    let masters = given(|node| node.has(Role::ControlPlane) || node.has(Role::Etcd)) > 1;
    let workers = given(|node| node.roles == [Role::Worker]) > 0;
    let missing: Vec<&inventory::Node> = inventory
        .nodes
        .iter()
        .filter(|node| masters && is_master(node) || workers && is_worker(node))
        .filter(|node| !is_given(node))
        .collect();
    let (first, others) = missing.split_first()?;
    let names: Vec<&str> = missing.iter().map(|node| node.name.as_str()).collect();
    let message = format!(
        "the inventory has {}, of which no files were given: what it holds is not judged",
        names.join(", ")
    );
    let finding = Finding::new(RULE.id, Severity::Warning, first.place.clone(), message);
    Some(others.iter().fold(finding, |finding, node| {
        finding.related_to(node.place.clone(), format!("no files of {}", node.name))
    }))
}

/// Addresses that the files of two nodes give to both.
pub(super) fn claimed_twice(topology: &Topology) -> Vec<Finding> {
    let mut claims: BTreeMap<IpAddr, Vec<(&str, &Place)>> = BTreeMap::new();
    for (node, said) in topology.nodes.iter().zip(&topology.told.addresses) {
        let advertised = advertised(node);
        let said = said.iter().map(|said| (said.value, &said.place));
        for (address, place) in advertised.into_iter().chain(said) {
            let claims = claims.entry(address).or_default();
            if !claims.iter().any(|(known, _)| *known == node.name) {
                claims.push((&node.name, place));
            }
        }
    }
    let moving = topology.virtual_addresses.iter();
    let moving: BTreeSet<IpAddr> = moving.map(|moving| moving.address).collect();
    let twice = claims
        .into_iter()
        .filter(|(address, claims)| claims.len() > 1 && !moving.contains(address));
    twice
        .filter_map(|(address, claims)| {
            let ((_, place), others) = claims.split_last()?;
            let names: Vec<&str> = claims.iter().map(|(name, _)| *name).collect();
            let message = format!("{} have one address, {address}", names.join(" and "));
            let finding = Finding::new(RULE.id, Severity::Warning, (*place).clone(), message);
            Some(others.iter().fold(finding, |finding, (name, place)| {
                finding.related_to((*place).clone(), format!("gives it to {name}"))
            }))
        })
        .collect()
}

fn other_address(node: &Node, said: &[Said<IpAddr>], owned: &inventory::Node) -> Option<Finding> {
    let is_owned = |address: &IpAddr| owned.addresses.contains(address);
    let (address, place) = match advertised(node) {
        Some((address, _)) if is_owned(&address) => return None,
        Some(advertised) => advertised,
        None if said.iter().any(|said| is_owned(&said.value)) => return None,
        None => said.first().map(|said| (said.value, &said.place))?,
    };
    let wanted: Vec<String> = owned.addresses.iter().map(ToString::to_string).collect();
    if wanted.is_empty() {
        return None;
    }
    let message = format!(
        "{} gives {} the address {address}, but the inventory {}",
        place.path.display(),
        node.name,
        wanted.join(", ")
    );
    let finding = Finding::new(RULE.id, Severity::Warning, place.clone(), message);
    Some(finding.related_to(
        owned.addresses_at.clone(),
        format!("says {}", wanted.join(", ")),
    ))
}

/// A node by its files, whatever the directory is called that they lie in.
fn lacking(topology: &Topology, node: &Node, inventory: &Inventory) -> Option<Finding> {
    let by_files = node
        .names
        .iter()
        .find(|claim| claim.value == node.name && claim.place.read_from != node.kubernetes_dir)?;
    let mut kubeconfigs = topology.kubeconfigs.iter();
    let is_node = node.apiserver.is_some()
        || node.etcd.is_some()
        || kubeconfigs.any(|kubeconfig| {
            kubeconfig.place.node == node.name && kubeconfig.profile == Some(Profile::KubeletConf)
        });
    if !is_node || !inventory.lists_every_node || inventory.nodes.is_empty() {
        return None;
    }
    let message = format!("the inventory has no node {}", node.name);
    let finding = Finding::new(RULE.id, Severity::Warning, by_files.place.clone(), message);
    Some(finding.related_to(inventory.place.clone(), "lists the nodes".to_owned()))
}

fn advertised(node: &Node) -> Option<(IpAddr, &Place)> {
    let told = node.apiserver.as_ref()?;
    let address = told.advertise_address?;
    let mut flags = told.flags.iter().rev();
    let flag = flags.find(|flag| flag.name == "advertise-address");
    Some((address, flag.map_or(&told.place, |flag| &flag.place)))
}
