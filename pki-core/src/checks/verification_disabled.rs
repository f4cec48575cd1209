//! verification-disabled: a client that accepts whatever certificate it is shown.

use std::collections::BTreeMap;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::Edge;

pub(super) const RULE: Rule = Rule {
    id: "verification-disabled",
    summary: "a client does not verify the server it talks to",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let conflicting = group::refused(judged, FaultKind::InsecureWithRoots);
    let mut findings: Vec<Finding> = conflicting
        .iter()
        .map(|group| {
            let message = "insecure-skip-tls-verify stands beside an authority, and clients refuse to start with both";
            group.finding(judged, RULE.id, message)
        })
        .collect();
    let mut by_place: BTreeMap<&Place, Vec<&Edge>> = BTreeMap::new();
    for (edge, verdict) in judged.judged_edges() {
        let is_reported = verdict
            .faults
            .iter()
            .any(|fault| fault.kind == FaultKind::InsecureWithRoots);
        if let Some(place) = edge.unverified.as_ref().filter(|_| !is_reported) {
            by_place.entry(place).or_default().push(edge);
        }
    }
    findings.extend(
        by_place
            .into_iter()
            .filter_map(|(place, edges)| finding(place, &edges)),
    );
    findings
}

fn finding(place: &Place, edges: &[&Edge]) -> Option<Finding> {
    let first = edges.first()?;
    let (severity, message) = if is_default(first) {
        let message = format!(
            "{} does not verify the kubelets it talks to: --kubelet-certificate-authority is not set, as kubeadm leaves it",
            first.client
        );
        (Severity::Info, message)
    } else {
        let what = match first.client.name.as_str() {
            "docker" => "insecure-registries",
            "containerd" | "cri-o" => "skip_verify",
            _ => "insecure-skip-tls-verify",
        };
        let message = format!(
            "{} accepts whatever certificate it is shown ({what})",
            first.client
        );
        (Severity::Warning, message)
    };
    let mut finding = Finding::new(RULE.id, severity, place.clone(), message);
    finding.edges = edges.iter().map(|edge| edge.id.clone()).collect();
    Some(finding)
}

/// What kubeadm leaves unverified.
fn is_default(edge: &Edge) -> bool {
    edge.client.name == "kube-apiserver" && edge.server.name == "kubelet"
}
