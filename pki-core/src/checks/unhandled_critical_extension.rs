//! unhandled-critical-extension: a critical extension that Go's verifier does not know, for which it refuses the certificate.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::roles;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "unhandled-critical-extension",
    summary: "a certificate has a critical extension that Go does not know",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    group::refused(judged, FaultKind::UnhandledCriticalExtension)
        .iter()
        .map(|group| {
            let certificate = group.fault.certificate.as_ref();
            let oids = certificate
                .map(|certificate| certificate.extensions().unhandled_critical.join(", "));
            let message = format!(
                "{} has the critical extension {}, which Go does not know",
                roles::name_of(judged, &group.place),
                oids.unwrap_or_default(),
            );
            group.finding(judged, RULE.id, message)
        })
        .collect()
}
