//! tls-terminated-at-balancer: TLS to the apiservers ends at a balancer, and no client certificate gets past it.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Balancer;
use crate::topology::BalancerMode;
use crate::topology::Edge;

pub(super) const RULE: Rule = Rule {
    id: "tls-terminated-at-balancer",
    summary: "a load balancer ends TLS, so that apiservers never see their clients' certificates",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut balancers = judged.topology.balancers.iter();
    let mut done: Vec<&str> = Vec::new();
    balancers.by_ref().for_each(|balancer| {
        if balancer.terminates()
            && balancer.leads_to_apiservers()
            && !done.contains(&balancer.label.as_str())
        {
            done.push(&balancer.label);
            findings.push(finding(judged, balancer));
        }
    });
    findings
}

fn finding(judged: &Judged, balancer: &Balancer) -> Finding {
    let through = judged
        .judged_edges()
        .filter(|(edge, _)| edge.passes(&balancer.label));
    let lost: Vec<(&Edge, Option<&str>)> = through
        .filter(|(_, verdict)| {
            verdict
                .faults
                .first()
                .is_some_and(|fault| fault.kind == FaultKind::IdentityLost)
        })
        .map(|(edge, verdict)| (edge, verdict.says.as_deref()))
        .collect();
    let has_identity = matches!(
        balancer.mode,
        BalancerMode::Terminates {
            has_identity: true,
            ..
        }
    );
    let (severity, what) = match lost.first() {
        Some((edge, _)) => (
            Severity::Error,
            format!(
                "{} shows a certificate that no apiserver sees, and is nobody there",
                edge.client
            ),
        ),
        None if has_identity => (
            Severity::Warning,
            "its own certificate makes all who come through it one user".to_owned(),
        ),
        None => (
            Severity::Warning,
            "who comes through it with a client certificate is nobody to the apiservers".to_owned(),
        ),
    };
    let message = format!("{} ends TLS: {what}", balancer.label);
    let mut finding = Finding::new(RULE.id, severity, balancer.place.clone(), message);
    finding.says = lost.first().and_then(|(_, says)| says.map(str::to_owned));
    for (edge, _) in &lost {
        finding.edges.push(edge.id.clone());
        if !finding
            .related
            .iter()
            .any(|related| related.place == edge.told_at)
        {
            finding = finding.related_to(edge.told_at.clone(), crate::checks::group::dials(edge));
        }
    }
    finding
}
