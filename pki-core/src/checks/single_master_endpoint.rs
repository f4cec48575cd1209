//! single-master-endpoint: a client on one node depends on the apiserver of another one, though there are several.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::bypasses_load_balancer;
use crate::checks::group;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::Component;
use crate::topology::Edge;

pub(super) const RULE: Rule = Rule {
    id: "single-master-endpoint",
    summary: "clients on other nodes depend on one master, though there are several",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let nodes = judged.topology.nodes.iter();
    if nodes.filter(|node| node.apiserver.is_some()).count() < 2 {
        return Vec::new();
    }
    let mut by_server: BTreeMap<&Component, Vec<&Edge>> = BTreeMap::new();
    for edge in &judged.topology.edges {
        if depends(edge) && bypasses_load_balancer::passed_by(judged, edge).is_none() {
            by_server.entry(&edge.server).or_default().push(edge);
        }
    }
    by_server
        .into_iter()
        .filter_map(|(server, edges)| finding(server, &edges))
        .collect()
}

/// A component beside an apiserver dials that one; it goes down with it anyway.
fn depends(edge: &Edge) -> bool {
    edge.via.is_none()
        && edge.dials.is_some()
        && edge.server.name == "kube-apiserver"
        && edge.client.node != edge.server.node
        && CLIENTS.contains(&edge.client.name.as_str())
}

fn finding(server: &Component, edges: &[&Edge]) -> Option<Finding> {
    let first = edges.first()?;
    let (others, dial, they_have) = match edges.len() {
        1 => (String::new(), "dials", "it has"),
        2 => (" and 1 other".to_owned(), "dial", "they have"),
        count => (format!(" and {} others", count - 1), "dial", "they have"),
    };
    let message = format!(
        "{}{others} {dial} {server} alone: when {} is gone {they_have} no apiserver, though other masters run",
        first.client, server.node
    );
    let mut finding = Finding::new(RULE.id, Severity::Warning, first.told_at.clone(), message);
    finding.edges = edges.iter().map(|edge| edge.id.clone()).collect();
    let mut places = BTreeSet::from([&first.told_at]);
    for edge in edges {
        if places.insert(&edge.told_at) {
            finding = finding.related_to(edge.told_at.clone(), group::dials(edge));
        }
    }
    Some(finding)
}

/// Components. A person with a kubeconfig takes another one.
const CLIENTS: &[&str] = &[
    "kubelet",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
];
