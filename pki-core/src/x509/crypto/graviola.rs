//! graviola, for P-256 signatures alone: it checks them in six sevenths of ring's time (docs/decisions/0006-graviola.md).
//!
//! Only its yes counts. What it does not accept, or the processor cannot do, goes to the provider, whose word is final.

use std::fmt;
use std::sync::LazyLock;

use graviola::hashing::Sha256;
use graviola::signing::ecdsa::P256;
use graviola::signing::ecdsa::VerifyingKey;

use crate::x509::signature::Hash;
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// A P-256 key, loaded: what it costs to load is a twentieth of a signature's check.
pub(super) struct Verifier(VerifyingKey<P256>);

impl Verifier {
    /// Nothing where the key is of another kind, or the processor lacks what graviola needs.
    pub(super) fn new(key: &PublicKey) -> Option<Self> {
        let is_its_work = *key.algorithm() == PublicKeyAlgorithm::EcP256 && *IS_SUPPORTED;
        let key = is_its_work.then(|| VerifyingKey::from_x962_uncompressed(key.key_bits()))?;
        key.ok().map(Self)
    }

    /// Whether this is ECDSA with SHA-256 and the signature is this key's.
    pub(super) fn has_verified(
        &self,
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        *algorithm == SignatureAlgorithm::Ecdsa(Hash::Sha256)
            && self.0.verify_asn1::<Sha256>(&[message], signature).is_ok()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P-256")
    }
}

/// What graviola asks of the processor; it panics on one that lacks any of these (its README, "Limitations").
static IS_SUPPORTED: LazyLock<bool> = LazyLock::new(|| {
    is_x86_feature_detected!("adx")
        && is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("avx")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("ssse3")
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::crypto;
    use crate::x509::crypto::provider;
    use crate::x509::key::KeyAlgorithm;
    use crate::x509::key::PrivateKey;

    #[test]
    fn it_says_yes_exactly_where_the_provider_does() {
        let algorithm = SignatureAlgorithm::Ecdsa(Hash::Sha256);
        for round in 0..20_u8 {
            let [ours, other] =
                [0; 2].map(|_| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
            let message = vec![round; 100 + usize::from(round)];
            let good = crypto::sign(&ours, &message).unwrap();
            let flips = (0..good.len()).map(|at| {
                let mut bad = good.clone();
                bad[at] ^= 1 << (round % 8);
                bad
            });
            for signature in [good.clone()].into_iter().chain(flips) {
                for key in [ours.public_key(), other.public_key()] {
                    let provider = provider::signature::UnparsedPublicKey::new(
                        &provider::signature::ECDSA_P256_SHA256_ASN1,
                        key.key_bits(),
                    );
                    let expected = provider.verify(&message, &signature).is_ok();
                    let found = Verifier::new(key)
                        .is_some_and(|key| key.has_verified(&algorithm, &message, &signature));
                    assert_eq!(found, expected && *IS_SUPPORTED, "{signature:?}");
                }
            }
        }
    }
}
