//! key-missing: a certificate whose key file is not there or cannot be used.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::BrokenKind;
use crate::topology::Pair;
use crate::x509::key::KeyError;

pub(super) const RULE: Rule = Rule {
    id: "key-missing",
    summary: "a certificate's key file is missing or cannot be used",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let groups = group::refused(judged, FaultKind::KeyMissing);
    let mut findings: Vec<Finding> = Vec::new();
    for pair in &judged.topology.pairs {
        let is_held = judged
            .holdings_in(&pair.certificate)
            .any(|holding| holding.place.is_at(&pair.certificate));
        let Some(problem) = problem(judged, pair).filter(|_| is_held) else {
            continue;
        };
        if findings
            .iter()
            .any(|finding| finding.place.is_at(&pair.certificate))
        {
            continue;
        }
        let severity = if pair.told_at.is_some() {
            Severity::Error
        } else {
            Severity::Warning
        };
        let message = format!(
            "the key of {}, {}, {problem}",
            roles::name_of(judged, &pair.certificate),
            pair.key.path.display()
        );
        let mut finding = Finding::new(RULE.id, severity, pair.certificate.clone(), message)
            .related_to(pair.key.clone(), "where the key should be");
        finding.remedy = remedy::reissue(judged, &pair.certificate);
        finding.edges = groups
            .iter()
            .filter(|group| group.place.is_at(&pair.certificate))
            .flat_map(|group| &group.edges)
            .map(|(edge, _)| edge.id.clone())
            .collect();
        findings.push(finding);
    }
    for group in groups {
        let is_reported = findings.iter().any(|finding| {
            group
                .edges
                .iter()
                .any(|(edge, _)| finding.edges.contains(&edge.id))
        });
        if !is_reported {
            let message = format!("{} does not dial: {}", group.clients(), group.fault.text);
            findings.push(group.finding(judged, RULE.id, message));
        }
    }
    findings
}

fn problem(judged: &Judged, pair: &Pair) -> Option<String> {
    let topology = &judged.topology;
    let mut keys = judged.keys_in(&pair.key);
    if let Some(key) = keys.find(|key| key.place.is_at(&pair.key)) {
        // A key of a kind that hapki does not sign with may serve its component well.
        return match &key.key {
            Err(error @ (KeyError::NotAKey { .. } | KeyError::Damaged { .. })) => {
                Some(error.to_string())
            }
            _ => None,
        };
    }
    let is_unreadable = topology
        .broken
        .iter()
        .any(|broken| broken.place.is_at(&pair.key) && broken.kind != BrokenKind::Missing);
    (!is_unreadable).then(|| "is not there".to_owned())
}
