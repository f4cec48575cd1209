//! restart-pending: a change of shared keys stopped on its way, and what was written counts once it was restarted.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "restart-pending",
    summary: "a change of shared keys is under way, and restarts or the wait are not done",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let rotations = judged.topology.rotations.iter();
    rotations
        .map(|rotation| {
            let what = match rotation.stage.as_str() {
                "trust" => "every verifier was given the new key, which it knows once it was restarted",
                "sign" | "wait" => "what signs was given the new key; tokens of the old one are running out",
                _ => "the old key was taken away, and counts until the restart",
            };
            let message = format!(
                "`hapki {}` carried out `{}` and waits: {what}; run it again, it says what is to be restarted",
                rotation.kind, rotation.stage
            );
            let place = rotation.place.clone();
            Finding::new(RULE.id, Severity::Warning, place, message)
        })
        .collect()
}
