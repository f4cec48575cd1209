//! outlives-issuer: a certificate is dated beyond the authority that signed it, and will fail with the authority.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::expired;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "outlives-issuer",
    summary: "a certificate is valid for longer than the authority that signed it",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    roles::leaves(judged)
        .filter_map(|(used, _)| {
            let issuer = judged.issuer_of(used.certificate)?;
            // An authority that has expired already is expired's to report.
            let is_beyond = used.certificate.not_after() > issuer.not_after()
                && issuer.not_after() >= judged.now;
            is_beyond.then(|| {
                let message = format!(
                    "{used} is dated to {}, but its authority `{}` expires on {}, and it with it",
                    expired::day(used.certificate.not_after()),
                    issuer.subject(),
                    expired::day(issuer.not_after()),
                );
                used.finding(RULE.id, Severity::Warning, message)
            })
        })
        .collect()
}
