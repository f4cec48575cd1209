//! file-missing: a component was told to load a file that is not there.

use std::collections::HashSet;
use std::path::Path;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::group::Group;
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
    let groups = group::refused(judged, FaultKind::FileMissing);
    let held = topology.pairs.iter().filter(|pair| {
        let mut held = judged.holdings_in(&pair.certificate);
        held.any(|holding| holding.place.is_at(&pair.certificate))
    });
    let keys: HashSet<(&str, &Path)> = held
        .map(|pair| (pair.key.node.as_str(), pair.key.path.as_path()))
        .collect();
    topology
        .broken
        .iter()
        .filter(|broken| broken.kind == BrokenKind::Missing)
        // A key that is missing beside its certificate is key-missing's to report.
        .filter(|broken| !keys.contains(&(&broken.place.node, &broken.place.path)))
        .map(|broken| {
            let mut finding = broken_file(&groups, RULE.id, Severity::Error, broken);
            finding.remedy = remedy::reissue(judged, &broken.place);
            finding
        })
        .collect()
}

/// The findings of this rule and of file-unreadable.
pub(super) fn broken_file(
    groups: &[Group<'_>],
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
    finding.edges = groups
        .iter()
        .filter(|group| group.place.is_same_file(&broken.place))
        .flat_map(|group| &group.edges)
        .map(|(edge, _)| edge.id.clone())
        .collect();
    finding
}
