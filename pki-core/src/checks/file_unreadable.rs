//! file-unreadable: a file that is there and could not be read, or makes no sense. What depends on it is not judged.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::file_missing;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::BrokenKind;

pub(super) const RULE: Rule = Rule {
    id: "file-unreadable",
    summary: "a file cannot be read or makes no sense",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    judged
        .topology
        .broken
        .iter()
        .filter_map(|broken| {
            let severity = match (broken.kind, &broken.told_at) {
                (BrokenKind::Missing, _) => return None,
                (BrokenKind::Malformed, Some(_)) => Severity::Error,
                // The component may be able to read what this user is not.
                (BrokenKind::Unreadable, _) | (BrokenKind::Malformed, None) => Severity::Warning,
            };
            Some(file_missing::broken_file(judged, RULE.id, severity, broken))
        })
        .collect()
}
