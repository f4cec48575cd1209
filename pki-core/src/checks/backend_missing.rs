//! backend-missing: a balancer leaves a master out, or sends to where no apiserver listens.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::Balancer;

pub(super) const RULE: Rule = Rule {
    id: "backend-missing",
    summary: "a load balancer leaves an apiserver out, or sends to where none listens",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for balancer in &judged.topology.balancers {
        if !balancer.leads_to_apiservers() {
            continue;
        }
        // One upstream may be listened for on several addresses.
        for finding in elsewhere(balancer).chain(left_out(judged, balancer)) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn elsewhere(balancer: &Balancer) -> impl Iterator<Item = Finding> {
    balancer.backends.iter().filter_map(|backend| {
        let (_, why) = backend.nothing_there.as_ref()?;
        let message = format!(
            "{} sends to {}, where no apiserver answers: {why}",
            balancer.label, backend.address
        );
        Some(Finding::new(
            RULE.id,
            Severity::Warning,
            backend.place.clone(),
            message,
        ))
    })
}

fn left_out(judged: &Judged, balancer: &Balancer) -> Option<Finding> {
    let is_reached = |node: &str| {
        balancer.backends.iter().any(|backend| {
            let server = backend.server.as_ref().map(|server| server.node.as_str());
            let nearby = backend
                .nothing_there
                .as_ref()
                .map(|(node, _)| node.as_str());
            let mut further = backend.further.iter();
            server.or(nearby) == Some(node) || further.any(|server| server.node == node)
        })
    };
    let left_out: Vec<&str> = judged
        .topology
        .nodes
        .iter()
        .filter(|node| node.apiserver.is_some() && !is_reached(&node.name))
        .map(|node| node.name.as_str())
        .collect();
    if left_out.is_empty() {
        return None;
    }
    let message = format!(
        "{} does not send to the apiserver of {}: its clients lose every apiserver while that one still runs",
        balancer.label,
        left_out.join(", ")
    );
    let place = balancer
        .backends
        .first()
        .map_or(&balancer.place, |backend| &backend.place);
    Some(Finding::new(
        RULE.id,
        Severity::Warning,
        place.clone(),
        message,
    ))
}
