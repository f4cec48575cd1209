//! expires-soon: a certificate in use expires within the time that was asked for.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::embedded_certificate_stale;
use crate::checks::expired;
use crate::checks::remedy;
use crate::checks::roles;
use crate::checks::stale_trust;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::Role;

pub(super) const RULE: Rule = Rule {
    id: "expires-soon",
    summary: "a certificate in use expires soon",
    check,
};

fn check(judged: &Judged, settings: &Settings) -> Vec<Finding> {
    // What was renewed elsewhere is embedded-certificate-stale's to report, a root that no connection needs stale-trust's.
    let renewed = embedded_certificate_stale::stale(judged);
    let unneeded = stale_trust::stale(judged);
    roles::in_use(judged)
        .into_iter()
        .filter(|used| {
            let mut renewed = renewed.iter();
            let mut unneeded = unneeded.iter();
            !renewed.any(|stale| stale.embedded == used.certificate)
                && !unneeded.any(|stale| stale.certificate == used.certificate)
        })
        .filter(|used| {
            let left = used.certificate.not_after() - judged.now;
            !left.is_negative() && left <= settings.expires_within
        })
        .map(|used| {
            let expires = used.certificate.not_after();
            let days = (expires - judged.now).whole_days();
            let message = format!(
                "{used} expires on {}, in {days} days",
                expired::day(expires)
            );
            let mut finding = used.finding(RULE.id, Severity::Warning, message);
            if let Role::Profile(_) = used.role {
                finding.remedy = remedy::reissue(judged, &finding.place);
            }
            finding
        })
        .collect()
}
