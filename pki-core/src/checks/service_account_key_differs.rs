//! service-account-key-differs: a token that one master signs is refused by another. The pair sa.key and sa.pub has to be
//! the same on all of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Edge;
use crate::topology::Token;
use crate::topology::TokenKey;

pub(super) const RULE: Rule = Rule {
    id: "service-account-key-differs",
    summary: "masters sign or verify service-account tokens with different keys",
    check,
};

/// What one master signs with, and what it verifies with.
#[derive(Default)]
struct Master<'a> {
    signers: Vec<&'a TokenKey>,
    verifiers: Vec<&'a TokenKey>,
}

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let masters = masters(judged);
    let Some((reference, usual)) = usual(&masters) else {
        return Vec::new();
    };
    let mut told = BTreeSet::new();
    masters
        .iter()
        .filter_map(|(node, master)| {
            let odd = odd(master, usual)?;
            let mut finding = finding(node, master, odd, (reference, usual));
            for (edge, verdict) in judged.judged_edges() {
                let first = verdict.faults.first().map(|fault| fault.kind);
                let concerns = edge.client.node == **node || edge.server.node == **node;
                if first == Some(FaultKind::ServiceAccountKey) && concerns && told.insert(&edge.id)
                {
                    finding.says = finding.says.or_else(|| verdict.server_says.clone());
                    finding.edges.push(edge.id.clone());
                }
            }
            let fails = !finding.edges.is_empty();
            finding.severity = if fails {
                Severity::Error
            } else {
                Severity::Warning
            };
            Some(finding)
        })
        .collect()
}

fn masters(judged: &Judged) -> BTreeMap<&str, Master<'_>> {
    let mut masters: BTreeMap<&str, Master<'_>> = BTreeMap::new();
    let tokens = judged.topology.edges.iter();
    for (edge, token) in tokens.filter_map(|edge: &Edge| Some((edge, edge.service_account()?))) {
        let Token {
            signer, verifiers, ..
        } = token;
        let from = masters.entry(&edge.client.node).or_default();
        if !from.signers.iter().any(|known| known.place == signer.place) {
            from.signers.push(signer);
        }
        let to = masters.entry(&edge.server.node).or_default();
        if to.verifiers.is_empty() {
            to.verifiers.extend(verifiers);
        }
    }
    masters
}

/// The key that most masters sign and verify with, and the first master that does. On a draw the first wins.
fn usual<'a>(masters: &BTreeMap<&'a str, Master<'a>>) -> Option<(&'a str, &'a TokenKey)> {
    let uses = |key: &TokenKey| {
        let all = masters
            .values()
            .flat_map(|master| master.signers.iter().chain(&master.verifiers));
        all.filter(|own| own.kid == key.kid).count()
    };
    let signers = masters
        .iter()
        .flat_map(|(node, master)| master.signers.iter().map(|signer| (*node, *signer)));
    let all: Vec<(&str, &TokenKey)> = signers.collect();
    all.into_iter().rev().max_by_key(|(_, signer)| uses(signer))
}

/// The key to look at first: one that signs and is not the usual, else the first of those that verify and among which it is
/// not.
fn odd<'a>(master: &Master<'a>, usual: &TokenKey) -> Option<&'a TokenKey> {
    let signer = master.signers.iter().find(|signer| signer.kid != usual.kid);
    let verifies = master
        .verifiers
        .iter()
        .any(|verifier| verifier.kid == usual.kid);
    let verifier = || (!verifies).then(|| master.verifiers.first()).flatten();
    signer.or_else(verifier).copied()
}

fn finding(
    node: &str,
    master: &Master<'_>,
    odd: &TokenKey,
    (reference, usual): (&str, &TokenKey),
) -> Finding {
    let signs = master.signers.contains(&odd);
    let message = if signs {
        format!(
            "{node} signs service-account tokens with the key {}, {reference} with {}",
            odd.kid, usual.kid
        )
    } else {
        format!(
            "{node} does not verify service-account tokens of the key {}, which {reference} signs with",
            usual.kid
        )
    };
    let mut finding = Finding::new(RULE.id, Severity::Error, odd.place.clone(), message);
    let own = master.signers.iter().chain(&master.verifiers);
    for key in own.filter(|key| key.place != odd.place) {
        finding = finding.related_to(key.place.clone(), format!("the key {}", key.kid));
    }
    if usual.place.node != node {
        finding = finding.related_to(usual.place.clone(), format!("the key {}", usual.kid));
    }
    finding
}
