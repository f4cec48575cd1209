//! client-auth-missing: a client certificate whose extended key usages leave out clientAuth, or that a client lacks where
//! the server demands one.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::server_auth_missing;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::x509::certificate::ExtendedKeyUsage;

pub(super) const RULE: Rule = Rule {
    id: "client-auth-missing",
    summary: "a client certificate is not allowed to be used by a client",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings = server_auth_missing::usage_missing(
        judged,
        RULE.id,
        FaultKind::ClientAuthMissing,
        &ExtendedKeyUsage::ClientAuth,
        "clientAuth",
    );
    for group in group::refused(judged, FaultKind::CertificateDemanded) {
        let server = group.edges.first().map(|(edge, _)| edge.server.to_string());
        let message = format!(
            "{} shows no certificate, and {} demands one",
            group.clients(),
            server.unwrap_or_default()
        );
        findings.push(group.finding(judged, RULE.id, message));
    }
    findings
}
