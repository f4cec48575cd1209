//! wrong-advertise-address: an apiserver advertises another node's address, because its manifest was copied.

use std::net::IpAddr;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::Node;

pub(super) const RULE: Rule = Rule {
    id: "wrong-advertise-address",
    summary: "an apiserver advertises an address that is another node's",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let nodes = &judged.topology.nodes;
    nodes
        .iter()
        .filter_map(|node| finding(nodes, node))
        .collect()
}

fn finding(nodes: &[Node], node: &Node) -> Option<Finding> {
    let apiserver = node.apiserver.as_ref()?;
    let advertised = apiserver.advertise_address?;
    if node.addresses.is_empty() || has(node, advertised) {
        return None;
    }
    let place = apiserver
        .flags
        .iter()
        .find(|flag| flag.name == "advertise-address")
        .map_or_else(|| apiserver.place.clone(), |flag| flag.place.clone());
    let owner = nodes
        .iter()
        .filter(|other| other.name != node.name)
        .find_map(|other| claimed_at(other, advertised).map(|place| (other, place)));
    let (own, own_place) = node
        .addresses
        .first()
        .map(|claim| (claim.value, claim.place.clone()))?;
    let whose = owner.as_ref().map_or_else(
        || "none of this node's addresses".to_owned(),
        |(other, _)| format!("{}'s", other.name),
    );
    let message = format!(
        "the apiserver of {} advertises {advertised}, which is {whose}; its own address is {own}",
        node.name
    );
    let finding = Finding::new(RULE.id, Severity::Warning, place, message)
        .related_to(own_place, format!("says {own}"));
    Some(match owner {
        Some((other, place)) => finding.related_to(place, format!("{}'s address", other.name)),
        None => finding,
    })
}

fn has(node: &Node, address: IpAddr) -> bool {
    node.addresses.iter().any(|claim| claim.value == address)
}

/// Where it is said that `address` is this node's.
fn claimed_at(node: &Node, address: IpAddr) -> Option<Place> {
    let claimed = node.addresses.iter().find(|claim| claim.value == address);
    let advertised = node
        .apiserver
        .as_ref()
        .filter(|apiserver| apiserver.advertise_address == Some(address));
    claimed
        .map(|claim| claim.place.clone())
        .or_else(|| advertised.map(|apiserver| apiserver.place.clone()))
}
