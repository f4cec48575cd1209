//! Private keys: read for what they are, made, and written in the form their reader takes.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::x509::spki::PublicKey;

/// A private key that hapki can sign with: RSA 2048 to 4096 bits, P-256, P-384 or Ed25519.
///
/// A loaded key keeps its PEM bytes and is never re-encoded: a label that does not fit its bytes is refused by Go.
pub struct PrivateKey {
    algorithm: KeyAlgorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    pem: Zeroizing<String>,
    public: PublicKey,
}

/// What to generate, and what a usable key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    /// kubeadm's default.
    Rsa2048,
    /// RSA, 3072 bits.
    Rsa3072,
    /// RSA, 4096 bits.
    Rsa4096,
    /// NIST P-256.
    EcdsaP256,
    /// NIST P-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
}

/// Why a key cannot be used, naming it for what it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key block in the text.
    #[error("holds no private key ({found})")]
    NotAKey {
        /// What is there instead: `a certificate`, `a public key`, `no PEM block`.
        found: String,
    },
    /// Encrypted with a passphrase.
    #[error("the key is encrypted ({form})")]
    Encrypted {
        /// The form: `PKCS#8 PBES2`, `legacy PEM encryption`.
        form: String,
    },
    /// A kind of key that is not signed with.
    #[error("the key is {what}, which hapki does not sign with")]
    Unsupported {
        /// What it is: `DSA`, `an RSA key of 3000 bits`, `an EC key on P-521`, `an RSA key with public exponent 3`.
        what: String,
    },
    /// The bytes are not a key.
    #[error("the key is damaged: {detail}")]
    Damaged {
        /// What is wrong.
        detail: String,
    },
}

impl PrivateKey {
    /// Generates a key. Randomness comes from the crypto provider.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        todo!()
    }

    /// Reads the first private key of a PEM text (also after an `EC PARAMETERS` block) or of DER bytes; PKCS#1, SEC1 and PKCS#8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        todo!()
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Its public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The PEM text as it was read or, for a generated key, as kubeadm writes it: RSA as PKCS#1, EC as SEC1, Ed25519 as PKCS#8.
    pub fn to_pem(&self) -> &str {
        &self.pem
    }

    /// PKCS#8 bytes, for the crypto provider.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.algorithm)
    }
}

impl FromStr for KeyAlgorithm {
    type Err = String;

    /// `rsa-2048`, `rsa-3072`, `rsa-4096`, `ecdsa-p256`, `ecdsa-p384`, `ed25519`.
    fn from_str(text: &str) -> Result<Self, String> {
        todo!()
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
