//! not-followed: something was read that this audit does not follow, so that what depends on it is not judged.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "not-followed",
    summary: "something in a file that was read is not followed",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let notes = judged.topology.notes.iter();
    notes
        .map(|note| {
            Finding::new(
                RULE.id,
                Severity::Info,
                note.place.clone(),
                note.text.clone(),
            )
        })
        .collect()
}
