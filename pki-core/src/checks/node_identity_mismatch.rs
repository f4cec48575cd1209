//! node-identity-mismatch: the files of a node disagree about which node it is.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Node;

pub(super) const RULE: Rule = Rule {
    id: "node-identity-mismatch",
    summary: "the files of a node say that it is another node",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let refused = group::refused(judged, FaultKind::OtherNode);
    let refused = refused.iter().map(|group| {
        let certificate = group.fault.certificate.as_ref();
        let user = certificate.and_then(|leaf| leaf.subject().common_name());
        let message = format!(
            "{} makes the kubelet of {} the user `{}`",
            roles::name_of(judged, &group.place),
            group.place.node,
            user.unwrap_or_default(),
        );
        group.finding(judged, RULE.id, message)
    });
    let mut findings: Vec<Finding> = refused.collect();
    for node in &judged.topology.nodes {
        let is_reported = findings
            .iter()
            .any(|finding| finding.place.node == node.name);
        if let Some(finding) = disagreement(node).filter(|_| !is_reported) {
            findings.push(finding);
        }
    }
    findings
}

fn disagreement(node: &Node) -> Option<Finding> {
    let (odd, rest): (Vec<_>, Vec<_>) = node
        .names
        .iter()
        .partition(|claim| claim.value != node.name);
    let first = odd.first()?;
    let message = format!(
        "{} calls this node {}, but it is {}: a file of another node was copied here",
        first.place.path.display(),
        first.value,
        node.name
    );
    let finding = Finding::new(RULE.id, Severity::Warning, first.place.clone(), message);
    let others = odd.iter().skip(1).chain(&rest);
    Some(others.fold(finding, |finding, claim| {
        finding.related_to(claim.place.clone(), format!("says {}", claim.value))
    }))
}
