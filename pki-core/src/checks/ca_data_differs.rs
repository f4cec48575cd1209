//! ca-data-differs: the authorities that a kubeconfig embeds are not those of the cluster, though it works, or may.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::expired;
use crate::checks::remedy;
use crate::checks::stale_trust;
use crate::checks::stale_trust::Stale;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::profile::Authority;
use crate::topology::Edge;
use crate::topology::Holding;
use crate::topology::Kubeconfig;
use crate::topology::Node;
use crate::topology::Role;
use crate::topology::Trust;
use crate::x509::certificate::Certificate;

pub(super) const RULE: Rule = Rule {
    id: "ca-data-differs",
    summary: "a kubeconfig embeds other authorities than the cluster's file of them holds",
    check,
};

/// What is looked up for every kubeconfig.
struct Known<'a> {
    /// By what their clients trust.
    edges: HashMap<&'a Place, Vec<&'a Edge>>,
    /// Authorities by node.
    held: HashMap<&'a str, Vec<&'a Holding>>,
    nodes: HashMap<&'a str, &'a Node>,
    /// Roots of which it is no loss that a kubeconfig lacks them.
    unneeded: Vec<Stale<'a>>,
}

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut edges: HashMap<&Place, Vec<&Edge>> = HashMap::new();
    for edge in &judged.topology.edges {
        edges.entry(&edge.trusts.place).or_default().push(edge);
    }
    let mut held: HashMap<&str, Vec<&Holding>> = HashMap::new();
    for holding in &judged.topology.holdings {
        if matches!(holding.role, Some(Role::Authority(_))) {
            held.entry(&holding.place.node).or_default().push(holding);
        }
    }
    let nodes = judged.topology.nodes.iter();
    let known = Known {
        edges,
        held,
        nodes: nodes.map(|node| (node.name.as_str(), node)).collect(),
        unneeded: stale_trust::stale(judged),
    };
    let kubeconfigs = judged.topology.kubeconfigs.iter();
    kubeconfigs
        .filter_map(|kubeconfig| finding(judged, kubeconfig, &known))
        .collect()
}

fn finding(judged: &Judged, kubeconfig: &Kubeconfig, known: &Known<'_>) -> Option<Finding> {
    let trusts = kubeconfig.trusts.as_ref()?;
    if !trusts.place.is_same_file(&kubeconfig.place) || trusts.roots.is_empty() {
        return None;
    }
    let edges = known.edges.get(&trusts.place);
    let edges = edges.map(Vec::as_slice).unwrap_or_default();
    let served_by = edges.iter().map(|edge| edge.server.node.as_str());
    let (place, bundle) = std::iter::once(kubeconfig.place.node.as_str())
        .chain(served_by)
        .find_map(|node| known.authorities(node))?;
    let needed = bundle.iter().copied().filter(|root| {
        let mut unneeded = known.unneeded.iter();
        !unneeded.any(|stale| stale.certificate == *root)
    });
    let needed: Vec<&Certificate> = needed.collect();
    let said = difference(trusts, (&bundle, &needed), edges.is_empty())?;
    let message = format!(
        "{} of {}: certificate-authority-data {said}",
        kubeconfig.place.path.display(),
        kubeconfig.place.node
    );
    let mut finding = Finding::new(RULE.id, Severity::Warning, trusts.place.clone(), message);
    finding.edges = edges.iter().map(|edge| edge.id.clone()).collect();
    finding.remedy = remedy::reissue(judged, &kubeconfig.place);
    Some(finding.related_to(place.clone(), "what the cluster holds"))
}

impl<'a> Known<'a> {
    /// The cluster's own authorities on a node: where its apiserver is told them, else where kubeadm puts them.
    fn authorities(&self, node: &str) -> Option<(&'a Place, Vec<&'a Certificate>)> {
        let told = self.nodes.get(node)?.apiserver.as_ref();
        let told = told.and_then(|apiserver| apiserver.client_ca.as_ref());
        let held: Vec<&Holding> = self
            .held
            .get(node)?
            .iter()
            .copied()
            .filter(|holding| match told {
                Some(told) => holding.place.is_same_file(told),
                None => {
                    holding.role == Some(Role::Authority(Authority::Cluster))
                        && holding.place.path.ends_with("pki/ca.crt")
                }
            })
            .collect();
        let place = &held.first()?.place;
        Some((
            place,
            held.iter().map(|holding| &holding.certificate).collect(),
        ))
    }
}

/// What the kubeconfig holds too much, too little or otherwise. Where it trusts none of them at all, its edges say so.
fn difference(
    trusts: &Trust,
    (bundle, needed): (&[&Certificate], &[&Certificate]),
    is_unjudged: bool,
) -> Option<String> {
    let roots: Vec<&Certificate> = trusts.roots.iter().collect();
    let is_known = |root: &Certificate, among: &[&Certificate]| {
        let mut among = among.iter();
        among.any(|other| other.public_key() == root.public_key())
    };
    if !roots.iter().any(|root| is_known(root, bundle)) {
        let nothing = "holds none of the cluster's authorities".to_owned();
        return is_unjudged.then_some(nothing);
    }
    let without = |of: &[&Certificate], among: &[&Certificate]| {
        let left = of.iter().filter(|one| !is_known(one, among));
        let names: BTreeSet<String> = left.map(|one| described(one)).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    let mut said = Vec::new();
    let lacks = without(needed, &roots);
    if !lacks.is_empty() {
        said.push(format!(
            "lacks {lacks}: what that signs, this client will refuse"
        ));
    }
    let left_over = without(&roots, bundle);
    if !left_over.is_empty() {
        said.push(format!(
            "still trusts {left_over}, which the cluster's file does not hold"
        ));
    }
    for root in &roots {
        let mut bundle = bundle.iter();
        if let Some(own) =
            bundle.find(|own| own.public_key() == root.public_key() && !roots.contains(own))
        {
            said.push(format!(
                "holds an earlier or later certificate of the same key: {}, not {}",
                described(root),
                described(own)
            ));
        }
    }
    (!said.is_empty()).then(|| said.join("; and it "))
}

/// `kubernetes (until 2036-01-01, serial 1f)`.
fn described(authority: &Certificate) -> String {
    let name = authority.subject().common_name().unwrap_or("an authority");
    format!(
        "{name} (until {}, serial {})",
        expired::day(authority.not_after()),
        authority.serial_hex()
    )
}
