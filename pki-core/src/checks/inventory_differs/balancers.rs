//! Balancers: where they listen, and where they send.

use std::collections::BTreeSet;

use crate::checks::inventory_differs::RULE;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::inventory::BalancerHost;
use crate::inventory::Inventory;
use crate::inventory::LoadBalancer;
use crate::topology::Balancer;
use crate::topology::Topology;

/// Balancers of the inventory that the files have elsewhere or with other backends, and balancers that it does not have.
pub(super) fn differences(topology: &Topology, inventory: &Inventory) -> Vec<Finding> {
    if inventory.load_balancers.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    // One that no file tells of is described by the inventory itself.
    let configured = topology
        .balancers
        .iter()
        .filter(|balancer| balancer.leads_to_apiservers())
        .filter(|balancer| balancer.place.read_from != inventory.place.read_from)
        .filter(|balancer| {
            !balancer
                .address
                .is_some_and(|address| address.is_loopback())
        });
    for balancer in configured {
        let near: Vec<&LoadBalancer> = inventory
            .load_balancers
            .iter()
            .filter(|owned| is_at(owned, balancer))
            .collect();
        let finding = match near.iter().find(|owned| owned.listen == balancer.port) {
            Some(owned) => other_backends(topology, balancer, owned),
            None => Some(elsewhere(inventory, balancer, &near)),
        };
        findings.extend(finding.filter(|finding| !findings.contains(finding)));
    }
    findings
}

fn is_at(owned: &LoadBalancer, balancer: &Balancer) -> bool {
    match &owned.host {
        BalancerHost::Node(node) => balancer.node.as_ref() == Some(node),
        // One that moves between nodes may listen on every address of each.
        BalancerHost::Address(address) => {
            balancer.address.is_none_or(|own| own == *address) && owned.listen == balancer.port
                || balancer.address == Some(*address)
        }
    }
}

fn elsewhere(inventory: &Inventory, balancer: &Balancer, near: &[&LoadBalancer]) -> Finding {
    let (message, place, note) = match near.first() {
        Some(owned) => (
            format!(
                "{} listens on {}, but the inventory says {}",
                balancer.component, balancer.port, owned.listen
            ),
            owned.place.clone(),
            format!("says {}", owned.listen),
        ),
        None => {
            let first = inventory.load_balancers.first();
            (
                format!("the inventory has no balancer where {} is", balancer.label),
                first.map_or_else(|| inventory.place.clone(), |owned| owned.place.clone()),
                "has another one".to_owned(),
            )
        }
    };
    Finding::new(RULE.id, Severity::Warning, balancer.place.clone(), message)
        .related_to(place, note)
}

/// A master that it leaves out is backend-missing's to tell, where the master's files are there.
fn other_backends(
    topology: &Topology,
    balancer: &Balancer,
    owned: &LoadBalancer,
) -> Option<Finding> {
    let reached: BTreeSet<&str> = balancer
        .backends
        .iter()
        .filter_map(|backend| {
            let server = backend.server.as_ref().map(|server| server.node.as_str());
            let nearby = backend.nothing_there.as_ref();
            server.or(nearby.map(|(node, _)| node.as_str()))
        })
        .collect();
    let wanted: BTreeSet<&str> = owned.backends.iter().map(String::as_str).collect();
    let runs_apiserver = |name: &str| {
        topology
            .node(name)
            .is_some_and(|node| node.apiserver.is_some())
    };
    let unknown = balancer.backends.len() > reached.len();
    let more: Vec<&str> = reached.difference(&wanted).copied().collect();
    let less: Vec<&str> = wanted
        .difference(&reached)
        .copied()
        // An address that nobody is known to have may be that of a master whose files are not there.
        .filter(|name| {
            topology.node(name).is_some() && !runs_apiserver(name)
                || topology.node(name).is_none() && !unknown
        })
        .collect();
    let mut differences = Vec::new();
    if !more.is_empty() {
        differences.push(format!(
            "sends to {}, which the inventory does not have there",
            more.join(", ")
        ));
    }
    if !less.is_empty() {
        differences.push(format!(
            "does not send to {}, as the inventory says",
            less.join(", ")
        ));
    }
    if differences.is_empty() {
        return None;
    }
    let message = format!("{} {}", balancer.label, differences.join(", and "));
    let place = balancer
        .backends
        .first()
        .map_or(&balancer.place, |backend| &backend.place);
    let says = format!("says {}", owned.backends.join(", "));
    let finding = Finding::new(RULE.id, Severity::Warning, place.clone(), message);
    Some(finding.related_to(owned.backends_at.clone(), says))
}
