//! common-name-only: a server certificate without subject alternative names, which Go has not read the common name of since 1.15.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::x509::certificate::ExtendedKeyUsage;

pub(super) const RULE: Rule = Rule {
    id: "common-name-only",
    summary: "a server certificate has a common name but no subject alternative names",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = group::refused(judged, FaultKind::CommonNameOnly)
        .iter()
        .map(|group| {
            let name = roles::name_of(judged, &group.place);
            group.finding(judged, RULE.id, message(&name))
        })
        .collect();
    for (used, profile) in roles::leaves(judged) {
        let serves = profile.row().usages.contains(&ExtendedKeyUsage::ServerAuth);
        let has_names = used.certificate.extensions().subject_alt_names.is_some();
        let is_dialled = || {
            roles::edges_showing(judged, used.certificate)
                .next()
                .is_some()
        };
        if serves && !has_names && !is_dialled() {
            let mut finding = used.finding(RULE.id, Severity::Error, message(&used.to_string()));
            finding.remedy = remedy::reissue(judged, &finding.place);
            findings.push(finding);
        }
    }
    findings
}

fn message(name: &str) -> String {
    format!("{name} has no subject alternative names, and no client looks at its common name")
}
