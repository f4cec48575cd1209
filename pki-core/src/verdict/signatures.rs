//! Signature checks, each made once: they are what judging costs.

use std::collections::BTreeMap;

use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKey;

/// Which issuer key has signed which certificate, remembered for a run.
#[derive(Debug, Default)]
pub struct Signatures {
    /// Issuer's SubjectPublicKeyInfo, then the certificate's DER. Both differ early, so comparing costs less than hashing.
    known: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, bool>>,
    made: usize,
}

impl Signatures {
    /// Whether `certificate` bears a signature by `issuer_key`.
    pub fn is_signed_by(&mut self, certificate: &Certificate, issuer_key: &PublicKey) -> bool {
        let known = self
            .known
            .get(issuer_key.as_der())
            .and_then(|of_issuer| of_issuer.get(certificate.as_der()));
        if let Some(&answer) = known {
            return answer;
        }
        let answer = certificate.is_signed_by(issuer_key);
        self.made += 1;
        self.known
            .entry(issuer_key.as_der().to_vec())
            .or_default()
            .insert(certificate.as_der().to_vec(), answer);
        answer
    }

    /// How many checks were really made.
    pub fn made(&self) -> usize {
        self.made
    }
}
