//! ring, and `rsa` for what ring does not do: generating RSA keys.

use zeroize::Zeroizing;

use crate::x509::crypto::CryptoError;
use crate::x509::crypto::rust_crypto;

pub(super) use ring::digest;
pub(super) use ring::rand;
pub(super) use ring::signature;

/// The provider's key pair from its parts, which are checked to belong together.
pub(super) fn ecdsa(
    algorithm: &'static signature::EcdsaSigningAlgorithm,
    scalar: &[u8],
    point: &[u8],
) -> Option<signature::EcdsaKeyPair> {
    signature::EcdsaKeyPair::from_private_key_and_public_key(
        algorithm,
        scalar,
        point,
        &rand::SystemRandom::new(),
    )
    .ok()
}

/// A fresh RSA key as PKCS#1.
pub(super) fn rsa(bits: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    rust_crypto::rsa_pkcs1(bits)
}
