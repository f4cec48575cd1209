//! graviola, for P-256 signatures alone: it checks them in six sevenths of ring's time (docs/decisions/0006-graviola.md).
//!
//! Only its yes counts. What it does not accept, or the processor cannot do, goes to the provider, whose word is final.

use std::sync::LazyLock;

use graviola::hashing::Sha256;
use graviola::signing::ecdsa::P256;
use graviola::signing::ecdsa::VerifyingKey;

use crate::x509::signature::Hash;
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// Whether this is ECDSA with SHA-256 by a P-256 key, and the signature is that key's.
pub(super) fn has_verified(
    algorithm: &SignatureAlgorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let is_its_work = *algorithm == SignatureAlgorithm::Ecdsa(Hash::Sha256)
        && *key.algorithm() == PublicKeyAlgorithm::EcP256;
    is_its_work
        && *IS_SUPPORTED
        && VerifyingKey::<P256>::from_x962_uncompressed(key.key_bits())
            .is_ok_and(|key| key.verify_asn1::<Sha256>(&[message], signature).is_ok())
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
                    let found = has_verified(&algorithm, key, &message, &signature);
                    assert_eq!(found, expected && *IS_SUPPORTED, "{signature:?}");
                }
            }
            assert_eq!(
                has_verified(&algorithm, ours.public_key(), &message, &good),
                *IS_SUPPORTED
            );
        }
    }
}
