//! token-issuer-mismatch: apiservers that write an issuer into service-account tokens that others do not accept, and
//! registries that are told another issuer or service than their tokens name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::Setting;

pub(super) const RULE: Rule = Rule {
    id: "token-issuer-mismatch",
    summary: "tokens name an issuer or a service that whoever checks them does not accept",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings = of_apiservers(judged);
    findings.extend(of_registries(judged));
    findings
}

/// A registry compares both byte for byte (distribution, registry/auth/token/token.go, `Verify`).
fn of_registries(judged: &Judged) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for group in tokens::groups(judged) {
        for way in &group.ways {
            let first = way.verdict.faults.first();
            if first.is_none_or(|fault| fault.kind.rule() != RULE.id) {
                continue;
            }
            let Some(told) = way.verifier.distribution() else {
                continue;
            };
            let written = |setting: &Option<Setting<String>>| {
                setting.as_ref().map(|setting| setting.value.clone())
            };
            let issuer = written(&way.signer.issuer);
            let is_issuer = told.issuer.as_ref().map(|told| &told.value) != issuer.as_ref();
            let (what, own, theirs) = if is_issuer {
                ("issuer", &told.issuer, issuer)
            } else {
                ("service", &told.service, written(&way.signer.service))
            };
            let place = own.as_ref().map_or(&way.verifier.told_at, |own| &own.place);
            let known = findings.iter_mut().find(|finding| finding.place == *place);
            if let Some(finding) = known {
                finding.edges.push(way.edge.id.clone());
                continue;
            }
            let message = format!(
                "{} takes tokens of the {what} {}, and {} writes {}",
                way.verifier.component,
                own.as_ref().map_or("", |own| own.value.as_str()),
                way.signer.component,
                theirs.unwrap_or_default(),
            );
            let mut finding = Finding::new(RULE.id, Severity::Error, place.clone(), message);
            finding.says = way.verdict.server_says.clone();
            finding.edges.push(way.edge.id.clone());
            findings.push(finding);
        }
    }
    findings
}

fn of_apiservers(judged: &Judged) -> Vec<Finding> {
    let issuers = issuers(judged);
    let same = |one: &str| issuers.values().filter(|(other, _)| *other == one).count();
    // On a draw the first wins: max_by_key would take the last.
    let reference = issuers
        .iter()
        .rev()
        .max_by_key(|(_, (issuer, _))| same(issuer));
    let Some((reference, (usual, usual_at))) = reference else {
        return Vec::new();
    };
    let mut told = BTreeSet::new();
    issuers
        .iter()
        .filter(|(_, (issuer, _))| issuer != usual)
        .filter_map(|(node, (issuer, place))| {
            let message = format!(
                "the apiserver of {node} writes the issuer {issuer} into tokens and {reference}'s {usual}: neither \
                 accepts the other's"
            );
            let mut finding = Finding::new(RULE.id, Severity::Error, (*place).clone(), message)
                .related_to((*usual_at).clone(), format!("{reference}'s issuer is {usual}"));
            for (edge, verdict) in judged.judged_edges() {
                let first = verdict.faults.first();
                let is_ours = first.is_some_and(|fault| fault.kind == FaultKind::ServiceAccountIssuer)
                    && (edge.client.node == *node || edge.server.node == *node);
                if is_ours && told.insert(&edge.id) {
                    finding.says = finding.says.or_else(|| verdict.server_says.clone());
                    finding.edges.push(edge.id.clone());
                }
            }
            (!finding.edges.is_empty()).then_some(finding)
        })
        .collect()
}

/// What each apiserver writes, and where it is told to.
fn issuers(judged: &Judged) -> BTreeMap<&str, (&str, &Place)> {
    let tokens = judged
        .topology
        .edges
        .iter()
        .filter_map(|edge| Some((edge, edge.service_account()?)));
    tokens
        .filter_map(|(edge, token)| {
            let written = token.issuers.first()?;
            Some((
                edge.server.node.as_str(),
                (written.as_str(), &token.issuers_at),
            ))
        })
        .collect()
}
