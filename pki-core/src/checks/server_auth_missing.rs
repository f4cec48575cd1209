//! server-auth-missing: a server certificate whose extended key usages leave out serverAuth.

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
    id: "server-auth-missing",
    summary: "a server certificate is not allowed to be used by a server",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    usage_missing(
        judged,
        RULE.id,
        FaultKind::ServerAuthMissing,
        &ExtendedKeyUsage::ServerAuth,
        "serverAuth",
    )
}

/// The findings of this rule and of client-auth-missing.
pub(super) fn usage_missing(
    judged: &Judged,
    rule: &'static str,
    kind: FaultKind,
    usage: &ExtendedKeyUsage,
    name: &str,
) -> Vec<Finding> {
    let message =
        |what: &str| format!("{what} lists extended key usages, and {name} is not among them");
    let mut findings: Vec<Finding> = group::refused(judged, kind)
        .iter()
        .map(|group| group.finding(judged, rule, message(&roles::name_of(judged, &group.place))))
        .collect();
    for (used, profile) in roles::leaves(judged) {
        let wants = profile.row().usages;
        let is_reported = findings.iter().any(|finding| used.is_at(&finding.place));
        if !wants.contains(usage) || roles::allows(used.certificate, usage) || is_reported {
            continue;
        }
        // etcd's certificates have two usages, and a cluster can run for years before the second is needed.
        let severity = if wants.len() > 1 {
            Severity::Warning
        } else {
            Severity::Error
        };
        let mut finding = used.finding(rule, severity, message(&used.to_string()));
        finding.remedy = remedy::reissue(judged, &finding.place);
        findings.push(finding);
    }
    findings
}
