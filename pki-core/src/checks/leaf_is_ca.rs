//! leaf-is-ca: a leaf with the CA flag. Whoever holds its key can sign certificates that the whole cluster believes.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "leaf-is-ca",
    summary: "a leaf certificate has the CA flag",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    roles::leaves(judged)
        .filter(|(used, _)| {
            let constraints = used.certificate.extensions().basic_constraints;
            constraints.is_some_and(|constraints| constraints.ca)
        })
        .map(|(used, _)| {
            let message = format!(
                "{used} is marked as a CA: whoever holds its key can sign for the whole cluster"
            );
            let mut finding = used.finding(RULE.id, Severity::Warning, message);
            finding.remedy = remedy::reissue(judged, &finding.place);
            finding
        })
        .collect()
}
