//! Token keys that are too short.

use crate::checks::tokens;
use crate::checks::weak_key;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// Whoever finds such a key mints tokens, and needs no connection for it.
pub(super) fn findings(judged: &Judged) -> Vec<Finding> {
    let signers = tokens::signers_by_file(judged).into_iter();
    let keys = signers.filter_map(|signer| Some((&signer.key.place, signer.key.public.as_ref()?)));
    let verifiers = judged.topology.token_verifiers.iter();
    let bundles = verifiers.filter_map(|verifier| verifier.distribution()?.bundle.as_ref());
    let roots = bundles.flat_map(|bundle| {
        let certificates = bundle.certificates.iter();
        certificates.map(|certificate| (&bundle.place, certificate.public_key()))
    });
    let mut findings: Vec<Finding> = Vec::new();
    for (place, key) in keys.chain(roots) {
        let is_told = findings
            .iter()
            .any(|finding| finding.place.is_same_file(place));
        if !is_told {
            findings.extend(of_key(place, key));
        }
    }
    findings
}

fn of_key(place: &Place, key: &PublicKey) -> Option<Finding> {
    let PublicKeyAlgorithm::Rsa { bits } = *key.algorithm() else {
        return None;
    };
    let severity = match bits {
        2048.. => return None,
        weak_key::BELIEVED.. => Severity::Warning,
        _ => Severity::Error,
    };
    let message = format!(
        "{} holds an RSA key of {bits} bits for tokens; 2048 is the least that is held safe",
        place.path.display()
    );
    Some(Finding::new(
        weak_key::RULE.id,
        severity,
        place.clone(),
        message,
    ))
}
