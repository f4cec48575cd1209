//! usage-absent: a leaf without key usage or extended key usage. Everything accepts it today, for everything.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "usage-absent",
    summary: "a certificate says nothing of what it may be used for",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    roles::leaves(judged)
        .filter_map(|(used, _)| {
            let extensions = used.certificate.extensions();
            let absent = match (&extensions.key_usage, &extensions.extended_key_usage) {
                (None, None) => "neither key usage nor extended key usage",
                (Some(_), None) => "no extended key usage",
                (None, Some(_)) => "no key usage",
                (Some(_), Some(_)) => return None,
            };
            let message = format!(
                "{used} has {absent}: it is accepted for anything, and stricter clients refuse it"
            );
            let mut finding = used.finding(RULE.id, Severity::Warning, message);
            finding.remedy = remedy::reissue(judged, &finding.place);
            Some(finding)
        })
        .collect()
}
