//! weak-key: an RSA key below 2048 bits.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::Role;
use crate::x509::spki::PublicKeyAlgorithm;

pub(super) const RULE: Rule = Rule {
    id: "weak-key",
    summary: "an RSA key is shorter than 2048 bits",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    roles::in_use(judged)
        .into_iter()
        .filter_map(|used| {
            let PublicKeyAlgorithm::Rsa { bits } = *used.certificate.public_key().algorithm()
            else {
                return None;
            };
            let severity = match bits {
                2048.. => return None,
                BELIEVED.. => Severity::Warning,
                _ => Severity::Error,
            };
            let message = format!(
                "{used} has an RSA key of {bits} bits; 2048 is the least that is held safe"
            );
            let mut finding = used.finding(RULE.id, severity, message);
            if let Role::Profile(_) = used.role {
                finding.remedy = remedy::reissue(judged, &finding.place);
            }
            Some(finding)
        })
        .collect()
}

/// Go refuses shorter keys since 1.24, and such moduli have been factored in public.
const BELIEVED: u32 = 1024;
