//! Public keys: the bytes of a SubjectPublicKeyInfo and what they are.

use std::fmt;
use std::sync::Arc;

/// A `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), compared by its bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    der: Arc<[u8]>,
    algorithm: PublicKeyAlgorithm,
}

/// What kind of key it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PublicKeyAlgorithm {
    /// RSA with the length of its modulus in bits.
    Rsa {
        /// Length of the modulus in bits.
        bits: u32,
    },
    /// NIST P-224.
    EcP224,
    /// NIST P-256.
    EcP256,
    /// NIST P-384.
    EcP384,
    /// NIST P-521.
    EcP521,
    /// Ed25519.
    Ed25519,
    /// Anything else, by its dotted algorithm (or curve) identifier.
    Other(String),
}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo`.
    pub fn from_der(der: &[u8]) -> Result<Self, SpkiError> {
        todo!()
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> &PublicKeyAlgorithm {
        &self.algorithm
    }

    /// The contents of the `subjectPublicKey` BIT STRING.
    pub fn key_bits(&self) -> &[u8] {
        todo!()
    }
}

/// Why bytes are not a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SubjectPublicKeyInfo: {0}")]
pub struct SpkiError(pub String);

impl fmt::Display for PublicKeyAlgorithm {
    /// `rsa-2048`, `ecdsa-p256`, `ed25519`, as options and JSON name them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.algorithm)
    }
}
