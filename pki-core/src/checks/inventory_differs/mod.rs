//! inventory-differs: the inventory and the files contradict each other, or two nodes claim one address.

mod balancers;
mod cluster;
mod nodes;

use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::node_identity_mismatch;
use crate::checks::wrong_advertise_address;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "inventory-differs",
    summary: "the inventory says something else than the files, or two nodes claim one address",
    check,
};

fn check(judged: &Judged, settings: &Settings) -> Vec<Finding> {
    let topology = &judged.topology;
    let mut of_nodes = nodes::claimed_twice(topology);
    let mut findings = Vec::new();
    if let Some(inventory) = &topology.inventory {
        findings.extend(cluster::differences(topology, inventory));
        findings.extend(balancers::differences(topology, inventory));
        findings.extend(nodes::not_given(topology, inventory));
        of_nodes.extend(nodes::differences(topology, inventory));
    }
    if !of_nodes.is_empty() {
        let told = told_already(judged, settings);
        findings.extend(of_nodes.into_iter().filter(|finding| {
            let mut related = finding.related.iter().map(|related| &related.place.node);
            !told.contains(&finding.place.node) && !related.any(|node| told.contains(node))
        }));
    }
    findings
}

/// Nodes of which another rule says that a file or an address is another node's.
fn told_already(judged: &Judged, settings: &Settings) -> BTreeSet<String> {
    [
        wrong_advertise_address::RULE.check,
        node_identity_mismatch::RULE.check,
    ]
    .iter()
    .flat_map(|check| check(judged, settings))
    .filter(|finding| finding.severity > Severity::Info)
    .map(|finding| finding.place.node)
    .filter(|node| !node.is_empty())
    .collect()
}
