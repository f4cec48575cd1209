//! client-auth-missing: a client certificate whose extended key usages leave out clientAuth.

use crate::checks::Rule;
use crate::checks::Settings;
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
    server_auth_missing::usage_missing(
        judged,
        RULE.id,
        FaultKind::ClientAuthMissing,
        &ExtendedKeyUsage::ClientAuth,
        "clientAuth",
    )
}
