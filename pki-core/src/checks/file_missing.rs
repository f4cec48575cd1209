//! file-missing: a component was told to load a file that is not there.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::remedy;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Broken;
use crate::topology::BrokenKind;

pub(super) const RULE: Rule = Rule {
    id: "file-missing",
    summary: "a component was told to load a file that is not there",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let topology = &judged.topology;
    topology
        .broken
        .iter()
        .filter(|broken| broken.kind == BrokenKind::Missing)
        // A key that is missing beside its certificate is key-missing's to report.
        .filter(|broken| {
            !topology
                .pairs
                .iter()
                .any(|pair| is_key_of_a_held_pair(judged, pair, broken))
        })
        .map(|broken| {
            let mut finding = broken_file(judged, RULE.id, Severity::Error, broken);
            finding.remedy = remedy::reissue(judged, &broken.place);
            finding
        })
        .collect()
}

fn is_key_of_a_held_pair(judged: &Judged, pair: &crate::topology::Pair, broken: &Broken) -> bool {
    pair.key.is_same_file(&broken.place)
        && judged
            .topology
            .holdings
            .iter()
            .any(|holding| holding.place.is_at(&pair.certificate))
}

/// The findings of this rule and of file-unreadable.
pub(super) fn broken_file(
    judged: &Judged,
    rule: &'static str,
    severity: Severity,
    broken: &Broken,
) -> Finding {
    let message = match broken.kind {
        BrokenKind::Missing => format!("{} is not there", broken.place.path.display()),
        _ => format!("{} {}", broken.place.path.display(), broken.problem),
    };
    let mut finding = Finding::new(rule, severity, broken.place.clone(), message);
    if let Some(told_at) = &broken.told_at {
        finding = finding.related_to(told_at.clone(), "names it");
    }
    finding.edges = group::refused(judged, FaultKind::FileMissing)
        .iter()
        .filter(|group| group.place.is_same_file(&broken.place))
        .flat_map(|group| &group.edges)
        .map(|(edge, _)| edge.id.clone())
        .collect();
    finding
}
