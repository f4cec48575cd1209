//! file-unreadable: a file that is there and could not be read, or makes no sense. What depends on it is not judged.

mod registry;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::file_missing;
use crate::checks::group;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::BrokenKind;

pub(super) const RULE: Rule = Rule {
    id: "file-unreadable",
    summary: "a file cannot be read or makes no sense",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let groups = group::refused(judged, FaultKind::FileMissing);
    let broken = judged.topology.broken.iter().filter_map(|broken| {
        let severity = match (broken.kind, &broken.told_at) {
            (BrokenKind::Missing, _) => return None,
            (BrokenKind::Malformed, Some(_)) => Severity::Error,
            // The component may be able to read what this user is not.
            (BrokenKind::Unreadable, _) | (BrokenKind::Malformed, None) => Severity::Warning,
        };
        Some(file_missing::broken_file(
            &groups, RULE.id, severity, broken,
        ))
    });
    let mut findings: Vec<Finding> = broken.chain(refused_by_go(judged)).collect();
    registry::add(judged, &mut findings);
    findings
}

/// Whether a fault is one of a file that its reader may not read, and reported here.
pub(super) fn is_forbidden(fault: &Fault) -> bool {
    registry::is_ours(fault)
}

/// Certificates that can be read here, and that Go's parser takes for none.
fn refused_by_go(judged: &Judged) -> Vec<Finding> {
    [FaultKind::Unloadable, FaultKind::Malformed]
        .into_iter()
        .flat_map(|kind| group::refused(judged, kind))
        .map(|group| {
            let message = format!(
                "{} holds a certificate that Go does not take for one: {}",
                group.place.path.display(),
                group.fault.text,
            );
            group.finding(judged, RULE.id, message)
        })
        .collect()
}
