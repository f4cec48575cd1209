//! shared-ca-differs: masters of one cluster hold different authorities where they must hold the same.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::slot;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::JudgedEdge;
use crate::place::Place;
use crate::profile::Authority;
use crate::topology::Edge;
use crate::topology::EdgeKind;
use crate::topology::Role;

pub(super) const RULE: Rule = Rule {
    id: "shared-ca-differs",
    summary: "nodes of one cluster hold different authorities",
    check,
};

pub(super) fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    Authority::ALL
        .into_iter()
        .flat_map(|authority| of_authority(judged, authority))
        .collect()
}

/// One finding for each node that holds another authority than most.
pub(super) fn of_authority(judged: &Judged, authority: Authority) -> Vec<Finding> {
    let by_node = keys_by_node(judged, authority);
    let Some((reference, odd)) = odd_ones_out(&by_node) else {
        return Vec::new();
    };
    let misplaced = slot::told(judged);
    let mut seen = BTreeSet::new();
    odd.into_iter()
        .filter(|odd| {
            let place = by_node.get(odd).map(|(place, _)| *place);
            !misplaced
                .iter()
                .any(|told| place.is_some_and(|place| told.is_same_file(place)))
        })
        .filter_map(|odd| {
            let mut finding = finding(judged, authority, &by_node, (reference, odd))?;
            finding.edges.retain(|edge| seen.insert(edge.clone()));
            Some(finding)
        })
        .collect()
}

fn finding(
    judged: &Judged,
    authority: Authority,
    by_node: &Keys<'_>,
    (reference, odd): (&str, &str),
) -> Option<Finding> {
    let (place, _) = by_node.get(odd)?;
    let (other, _) = by_node.get(reference)?;
    let message = format!(
        "{odd} holds another {authority} than {reference}: what one of them signs the other refuses"
    );
    let severity = match authority {
        Authority::Cluster | Authority::Etcd => Severity::Error,
        Authority::FrontProxy => Severity::Warning,
    };
    let mut finding = Finding::new(RULE.id, severity, (*place).clone(), message);
    finding = finding.related_to((*other).clone(), format!("{reference}'s"));
    let refused: Vec<(&Edge, &JudgedEdge)> = judged
        .judged_edges()
        .filter(|(edge, _)| (edge.client.node == odd) != (edge.server.node == odd))
        .filter(|(edge, verdict)| {
            authority_of(edge) == authority && verdict.faults.first().is_some_and(is_of_the_chain)
        })
        .collect();
    if authority != Authority::FrontProxy {
        let first = refused.first().map(|(_, verdict)| *verdict);
        finding.says =
            first.and_then(|verdict| verdict.server_says.clone().or_else(|| verdict.says.clone()));
    }
    finding.edges = refused.iter().map(|(edge, _)| edge.id.clone()).collect();
    Some(finding)
}

/// Findings whose every edge one of these tells already follow from it and are not told again; the others say what they
/// follow from.
pub(super) fn without_consequences(judged: &Judged, findings: Vec<Finding>) -> Vec<Finding> {
    let causes: Vec<Finding> = [Authority::Cluster, Authority::Etcd]
        .into_iter()
        .flat_map(|authority| of_authority(judged, authority))
        .collect();
    let mut told: HashMap<&str, usize> = HashMap::new();
    for (index, cause) in causes.iter().enumerate() {
        for edge in &cause.edges {
            told.entry(edge).or_insert(index);
        }
    }
    let cause_of = |edge: &String| told.get(edge.as_str()).copied();
    findings
        .into_iter()
        .filter(|finding| finding.edges.iter().any(|edge| cause_of(edge).is_none()))
        .map(|mut finding| {
            let first = finding.edges.iter().filter_map(cause_of).min();
            let cause = first.and_then(|index| causes.get(index));
            finding.caused_by = cause.map(Finding::as_cause);
            finding
        })
        .collect()
}

fn is_of_the_chain(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::SameNameOtherCa | FaultKind::UnknownAuthority | FaultKind::FrontProxyMismatch
    )
}

fn authority_of(edge: &Edge) -> Authority {
    match (edge.kind, edge.server.name.as_str()) {
        (EdgeKind::Identity, _) => Authority::FrontProxy,
        (_, "etcd" | "etcd-peer") => Authority::Etcd,
        _ => Authority::Cluster,
    }
}

type Keys<'a> = BTreeMap<&'a str, (&'a Place, BTreeSet<&'a [u8]>)>;

/// The public keys of the authority's file, by node: a bundle has several.
fn keys_by_node(judged: &Judged, authority: Authority) -> Keys<'_> {
    let mut by_node: Keys<'_> = BTreeMap::new();
    let held = judged
        .topology
        .holdings
        .iter()
        .filter(|holding| holding.used && holding.role == Some(Role::Authority(authority)))
        // What a kubeconfig trusts may be stale without the node's own authority being another.
        .filter(|holding| {
            !holding.place.node.is_empty() && judged.kubeconfig_in(&holding.place).is_none()
        });
    for holding in held {
        by_node
            .entry(holding.place.node.as_str())
            .or_insert_with(|| (&holding.place, BTreeSet::new()))
            .1
            .insert(holding.certificate.public_key().as_der());
    }
    by_node
}

/// A node that most agree with, and those that share no key with it. Bundles that overlap are a rotation under way.
fn odd_ones_out<'a>(by_node: &Keys<'a>) -> Option<(&'a str, Vec<&'a str>)> {
    let mut alike: BTreeMap<&BTreeSet<&[u8]>, usize> = BTreeMap::new();
    for (_, keys) in by_node.values() {
        *alike.entry(keys).or_default() += 1;
    }
    let agreeing = |node: &str| -> usize {
        let Some((_, keys)) = by_node.get(node) else {
            return 0;
        };
        let agreeing = alike.iter().filter(|(others, _)| !keys.is_disjoint(others));
        agreeing.map(|(_, count)| count).sum()
    };
    // On a draw the first wins: max_by_key would take the last.
    let reference = *by_node.keys().rev().max_by_key(|node| agreeing(node))?;
    let (_, keys) = by_node.get(reference)?;
    let odd = by_node
        .iter()
        .filter(|(_, (_, others))| keys.is_disjoint(others))
        .map(|(node, _)| *node)
        .collect();
    Some((reference, odd))
}
