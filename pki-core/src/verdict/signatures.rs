//! What is asked of one certificate again and again, each answered once: signature checks are what judging costs.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::verdict::go::ParseRefusal;
use crate::verdict::go::parse_refusal;
use crate::x509::certificate::Certificate;
use crate::x509::crypto::Verifier;
use crate::x509::spki::PublicKey;

/// Which issuer key has signed which certificate, remembered for a run.
#[derive(Debug, Default)]
pub struct Signatures {
    /// By the issuer's SubjectPublicKeyInfo.
    known: BTreeMap<Vec<u8>, OfIssuer>,
    made: usize,
    /// What Go's parser says, by the place of the DER in memory, which the clone beside it keeps from being used again.
    parsed: HashMap<usize, (Certificate, Option<ParseRefusal>)>,
}

#[derive(Debug)]
struct OfIssuer {
    key: Verifier,
    /// By the certificate's DER, which differs early, so that comparing costs less than hashing.
    answers: BTreeMap<Vec<u8>, bool>,
}

impl Signatures {
    /// What Go's `ParseCertificate` says of a certificate that it does not take for one.
    pub(crate) fn parse_refusal(&mut self, certificate: &Certificate) -> Option<&ParseRefusal> {
        let place = certificate.as_der().as_ptr() as usize;
        let (_, refusal) = self
            .parsed
            .entry(place)
            .or_insert_with(|| (certificate.clone(), parse_refusal(certificate.as_der())));
        refusal.as_ref()
    }

    /// Whether `certificate` bears a signature by `issuer_key`.
    pub fn is_signed_by(&mut self, certificate: &Certificate, issuer_key: &PublicKey) -> bool {
        let issuer = self
            .known
            .entry(issuer_key.as_der().to_vec())
            .or_insert_with(|| OfIssuer {
                key: Verifier::new(issuer_key),
                answers: BTreeMap::new(),
            });
        if let Some(&answer) = issuer.answers.get(certificate.as_der()) {
            return answer;
        }
        let answer = certificate.check_signature_with(&issuer.key).is_ok();
        self.made += 1;
        issuer.answers.insert(certificate.as_der().to_vec(), answer);
        answer
    }

    /// How many checks were really made.
    pub fn made(&self) -> usize {
        self.made
    }
}
