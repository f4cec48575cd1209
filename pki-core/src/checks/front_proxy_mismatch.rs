//! front-proxy-mismatch: what one apiserver's front proxy shows another does not believe, because their authorities differ.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::group::Group;
use crate::checks::roles;
use crate::checks::shared_ca_differs;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::profile::Authority;

pub(super) const RULE: Rule = Rule {
    id: "front-proxy-mismatch",
    summary: "a front proxy's certificate comes from another authority than the one that is believed",
    check,
};

/// Where nodes hold different authorities, the odd one is to blame for every edge between it and the others.
fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let groups = group::refused(judged, FaultKind::FrontProxyMismatch);
    let mut findings: Vec<Finding> = shared_ca_differs::of_authority(judged, Authority::FrontProxy)
        .into_iter()
        .filter(|cause| !cause.edges.is_empty())
        .map(|cause| of_authorities(&groups, cause))
        .collect();
    for group in &groups {
        let finding = group.finding(judged, RULE.id, message(judged, group));
        let is_told = |edge: &String| findings.iter().any(|known| known.edges.contains(edge));
        if !finding.edges.iter().all(is_told) {
            findings.push(finding);
        }
    }
    findings
}

fn of_authorities(groups: &[Group<'_>], cause: Finding) -> Finding {
    let message = format!(
        "{} holds another front-proxy-ca than the others: aggregated APIs do not believe its users, nor it theirs",
        cause.place.node
    );
    let says = groups
        .iter()
        .find(|group| {
            group
                .edges
                .iter()
                .any(|(edge, _)| cause.edges.contains(&edge.id))
        })
        .map(|group| group.fault.text.clone());
    Finding {
        rule: RULE.id,
        severity: Severity::Error,
        message,
        says,
        ..cause
    }
}

fn message(judged: &Judged, group: &Group<'_>) -> String {
    let believer = group.edges.first().map(|(edge, _)| edge.server.to_string());
    format!(
        "{} does not come from the authority that {} believes",
        roles::name_of(judged, &group.place),
        believer.unwrap_or_default()
    )
}
