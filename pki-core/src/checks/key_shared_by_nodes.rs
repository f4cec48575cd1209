//! key-shared-by-nodes: two nodes use one private key for what should be their own. Whoever takes one node has taken the other.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::remedy;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::profile::Profile;
use crate::topology::Holding;
use crate::topology::Role;

pub(super) const RULE: Rule = Rule {
    id: "key-shared-by-nodes",
    summary: "two nodes use the same private key for a certificate of their own",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let own: Vec<&Holding> = judged
        .topology
        .holdings
        .iter()
        .filter(|holding| holding.used && holding.index == 0 && is_a_nodes_own(holding))
        .collect();
    let mut by_key: HashMap<&[u8], Vec<&Holding>> = HashMap::new();
    for holding in &own {
        let key = holding.certificate.public_key().as_der();
        by_key.entry(key).or_default().push(holding);
    }
    own.iter()
        .filter_map(|holding| {
            let sharers = by_key.remove(holding.certificate.public_key().as_der())?;
            let nodes = sharers.iter().map(|other| other.place.node.as_str());
            let nodes: BTreeSet<&str> = nodes.collect();
            (nodes.len() > 1).then(|| finding(judged, holding, &sharers, &nodes))
        })
        .collect()
}

fn finding(
    judged: &Judged,
    first: &Holding,
    sharers: &[&Holding],
    nodes: &BTreeSet<&str>,
) -> Finding {
    // The copy is rather the one whose names belong to another node; where that cannot be told, the last.
    let is_told = sharers.iter().any(|holding| names_its_node(holding));
    let copy = sharers
        .iter()
        .find(|holding| is_told && !names_its_node(holding))
        .or_else(|| sharers.last())
        .map_or(first, |holding| *holding);
    let nodes: Vec<&str> = nodes.iter().copied().collect();
    let message = format!(
        "{} use one private key for {}: whoever takes one of them can act as the others",
        nodes.join(", "),
        copy.place.path.display()
    );
    let mut finding = Finding::new(RULE.id, Severity::Warning, copy.place.clone(), message);
    for other in sharers {
        if other.place != copy.place {
            finding = finding.related_to(other.place.clone(), "the same key");
        }
    }
    finding.remedy = remedy::reissue(judged, &copy.place);
    finding
}

/// A person's credentials may lie on every node; authorities are shared by design.
fn is_a_nodes_own(holding: &Holding) -> bool {
    match holding.role {
        Some(Role::Profile(profile)) => !matches!(
            profile,
            Profile::AdminConf | Profile::SuperAdminConf | Profile::Registry
        ),
        _ => false,
    }
}

fn names_its_node(holding: &Holding) -> bool {
    let names = holding
        .certificate
        .extensions()
        .subject_alt_names
        .as_deref();
    let is_named = names.unwrap_or_default().iter().any(|name| {
        matches!(name, crate::x509::certificate::GeneralName::Dns(name) if *name == holding.place.node)
    });
    let common_name = holding
        .certificate
        .subject()
        .common_name()
        .unwrap_or_default();
    is_named || common_name.ends_with(&holding.place.node)
}
