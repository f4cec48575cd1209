//! node-identity-mismatch: the files of a node disagree about which node it is.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Claim;
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
        if let Some(finding) = disagreement(judged, node).filter(|_| !is_reported) {
            findings.push(finding);
        }
    }
    findings
}

fn disagreement(judged: &Judged, node: &Node) -> Option<Finding> {
    let (odd, rest): (Vec<_>, Vec<_>) = node
        .names
        .iter()
        .partition(|claim| claim.value != node.name);
    let strongest = odd.iter().find(|claim| !is_of_the_directory(node, claim));
    let first = strongest.or_else(|| odd.first())?;
    let (severity, message) = match strongest {
        Some(claim) => {
            let file = claim.place.path.display();
            let message = format!(
                "{file} calls this node {}, but it is {}: a file of another node was copied here",
                claim.value, node.name
            );
            (Severity::Warning, message)
        }
        // Two directories of one name: the second has got a number, and no file says anything else.
        None if rest.is_empty() => return None,
        None => {
            let message = format!(
                "the directory is called {}, but the files in it are {}'s",
                first.value, node.name
            );
            // A copy may lie in any directory; one that has another node's name is another matter.
            let severity = if is_another_nodes(judged, node, &first.value) {
                Severity::Warning
            } else {
                Severity::Info
            };
            (severity, message)
        }
    };
    let finding = Finding::new(RULE.id, severity, first.place.clone(), message);
    let others = odd
        .iter()
        .chain(&rest)
        .filter(|claim| claim.place != first.place);
    Some(others.fold(finding, |finding, claim| {
        finding.related_to(claim.place.clone(), format!("says {}", claim.value))
    }))
}

fn is_of_the_directory(node: &Node, claim: &Claim<String>) -> bool {
    claim.place.read_from == node.kubernetes_dir
}

fn is_another_nodes(judged: &Judged, node: &Node, name: &str) -> bool {
    let mut others = judged
        .topology
        .nodes
        .iter()
        .filter(|other| other.name != node.name);
    others.any(|other| {
        let mut claims = other
            .names
            .iter()
            .filter(|claim| !is_of_the_directory(other, claim));
        other.name == name || claims.any(|claim| claim.value == name)
    })
}
