//! not-yet-valid: a certificate in use begins in the future, most often because the clock of the machine that issued it ran ahead.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::expired;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "not-yet-valid",
    summary: "a certificate in use is not valid yet",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    expired::outside_validity(judged, RULE.id, FaultKind::NotYetValid, |certificate| {
        let begins = certificate.not_before();
        (begins > judged.now).then(|| {
            format!(
                "is not valid before {}: either a clock is wrong, or it was issued for later",
                expired::day(begins)
            )
        })
    })
}
