//! The crypto provider seam: ring with `rsa` for generating RSA keys, or aws-lc-rs. Nothing else names a crypto crate.

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    todo!()
}

/// SHA-1, for key identifiers only (RFC 5280 section 4.2.1.2 method 1).
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    todo!()
}

/// Fills `bytes` from the operating system's generator.
pub fn fill_random(bytes: &mut [u8]) -> Result<(), CryptoError> {
    todo!()
}

/// The provider refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CryptoError(pub String);
