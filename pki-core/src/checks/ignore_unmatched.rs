//! ignore-unmatched: an ignore in the inventory that no finding answers to: what it was for is mended, or it is misspelt.

use crate::checks;
use crate::checks::RULES;
use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "ignore-unmatched",
    summary: "an ignore in the inventory matches no finding",
    check,
};

fn check(judged: &Judged, settings: &Settings) -> Vec<Finding> {
    if settings.ignores.is_empty() {
        return Vec::new();
    }
    let found: Vec<Finding> = RULES
        .iter()
        .filter(|rule| rule.id != RULE.id)
        .flat_map(|rule| (rule.check)(judged, settings))
        .collect();
    settings
        .ignores
        .iter()
        .filter(|ignore| {
            !found
                .iter()
                .any(|finding| checks::is_ignored(ignore, finding))
        })
        .map(|ignore| {
            let is_known = RULES.iter().any(|rule| rule.id == ignore.rule);
            let why = if is_known {
                "nothing of the kind is found"
            } else {
                "there is no such rule"
            };
            let message = format!("the ignore of {} matches no finding: {why}", ignore.rule);
            Finding::new(RULE.id, Severity::Warning, ignore.place.clone(), message)
        })
        .collect()
}
