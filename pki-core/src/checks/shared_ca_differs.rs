//! shared-ca-differs: masters of one cluster hold different authorities where they must hold the same.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::place::Place;
use crate::profile::Authority;
use crate::topology::Role;

pub(super) const RULE: Rule = Rule {
    id: "shared-ca-differs",
    summary: "nodes of one cluster hold different authorities",
    check,
};

pub(super) fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    Authority::ALL
        .into_iter()
        .filter_map(|authority| finding(judged, authority))
        .collect()
}

fn finding(judged: &Judged, authority: Authority) -> Option<Finding> {
    let by_node = keys_by_node(judged, authority);
    let (reference, odd) = odd_one_out(&by_node)?;
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
    finding.edges = judged
        .judged_edges()
        .filter(|(edge, _)| (edge.client.node == odd) != (edge.server.node == odd))
        .filter(|(_, verdict)| {
            let kind = verdict.faults.first().map(|fault| fault.kind);
            matches!(
                kind,
                Some(FaultKind::SameNameOtherCa | FaultKind::UnknownAuthority)
            )
        })
        .map(|(edge, _)| edge.id.clone())
        .collect();
    Some(finding)
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
        .filter(|holding| {
            !holding.place.node.is_empty() && !is_in_a_kubeconfig(judged, &holding.place)
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

/// What a kubeconfig trusts may be stale without the node's own authority being another.
fn is_in_a_kubeconfig(judged: &Judged, place: &Place) -> bool {
    let mut kubeconfigs = judged.topology.kubeconfigs.iter();
    kubeconfigs.any(|kubeconfig| kubeconfig.place.is_same_file(place))
}

/// A node that most agree with, and one that shares no key with it. Bundles that overlap are a rotation under way.
fn odd_one_out<'a>(by_node: &Keys<'a>) -> Option<(&'a str, &'a str)> {
    let agreeing = |node: &str| {
        let keys = by_node.get(node).map(|(_, keys)| keys);
        by_node
            .values()
            .filter(|(_, others)| keys.is_some_and(|keys| !keys.is_disjoint(others)))
            .count()
    };
    // On a draw the first wins: max_by_key would take the last.
    let reference = *by_node.keys().rev().max_by_key(|node| agreeing(node))?;
    let (_, keys) = by_node.get(reference)?;
    let odd = by_node
        .iter()
        .find(|(_, (_, others))| keys.is_disjoint(others))?;
    Some((reference, *odd.0))
}
