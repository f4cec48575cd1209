//! weak-key: an RSA key below 2048 bits, or one of more bits than Go's TLS computes with.

mod tokens;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Role;
use crate::x509::spki::PublicKeyAlgorithm;

pub(super) const RULE: Rule = Rule {
    id: "weak-key",
    summary: "an RSA key is shorter than 2048 bits, or longer than 8192",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings = too_short(judged);
    findings.extend(too_long(judged));
    findings.extend(tokens::findings(judged));
    findings
}

fn too_long(judged: &Judged) -> Vec<Finding> {
    group::refused(judged, FaultKind::LargeKey)
        .iter()
        .map(|group| {
            let name = roles::name_of(judged, &group.place);
            let message = format!(
                "{name} has, or shows with it, an RSA key of more than {LONGEST} bits, with which no Go client or server shakes hands"
            );
            group.finding(judged, RULE.id, message)
        })
        .collect()
}

fn too_short(judged: &Judged) -> Vec<Finding> {
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

/// `crypto/tls` ends a handshake over a longer key (`defaultMaxRSAKeySize`).
const LONGEST: u32 = 8192;

/// Go refuses shorter keys since 1.24, and such moduli have been factored in public.
const BELIEVED: u32 = 1024;
