//! Private keys: read for what they are, made, and written in the form their reader takes.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::x509::crypto;
use crate::x509::crypto::CryptoError;
use crate::x509::crypto::Signer;
use crate::x509::pem;
use crate::x509::pem::PemBlock;
use crate::x509::pem::PemError;
use crate::x509::spki::PublicKey;

mod material;
mod read;

pub(crate) use material::KeyMaterial;
pub(crate) use material::RsaPrivateNumbers;

/// A private key that hapki can sign with: RSA of 2048, 3072 or 4096 bits, P-256, P-384 or Ed25519.
///
/// A loaded key keeps its PEM bytes and is never re-encoded: a label that does not fit its bytes is refused by Go.
pub struct PrivateKey {
    algorithm: KeyAlgorithm,
    material: KeyMaterial,
    pem: Zeroizing<String>,
    public: PublicKey,
    signer: OnceLock<Signer>,
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

/// How a private key is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyForm {
    /// In which encoding.
    pub encoding: KeyEncoding,
    /// The label of the text's first PEM block, which libtrust takes whatever follows; `None` where there is none.
    pub first_label: Option<String>,
    /// Whether the private key's text is encrypted.
    pub is_encrypted: bool,
}

/// The encoding of a private key, by the label of its PEM block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    /// `RSA PRIVATE KEY` (RFC 8017).
    Pkcs1,
    /// `EC PRIVATE KEY` (RFC 5915).
    Sec1,
    /// `PRIVATE KEY` and `ENCRYPTED PRIVATE KEY` (RFC 5958).
    Pkcs8,
    /// Another, or none.
    Other,
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
        let damaged = |error: CryptoError| KeyError::Damaged { detail: error.0 };
        let material = crypto::generate(algorithm).map_err(damaged)?;
        let pem = material.to_pem(algorithm).map_err(damaged)?;
        Ok(Self {
            algorithm,
            public: material.public_key(algorithm),
            material,
            pem,
            signer: OnceLock::new(),
        })
    }

    /// Reads the first private key of a PEM text (also after an `EC PARAMETERS` block or a certificate) or of DER bytes;
    /// PKCS#1, SEC1 and PKCS#8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        read::private_key(bytes)
    }

    /// Reads the first private key among `blocks`, which were read from `text`: for who needs the other blocks as well.
    pub fn from_blocks(
        text: &[u8],
        blocks: &[Result<PemBlock, PemError>],
    ) -> Result<Self, KeyError> {
        read::from_blocks(text, blocks)
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Its public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The PEM text of the key as it was read or, for a generated key, as kubeadm writes it: RSA as PKCS#1, EC as SEC1,
    /// Ed25519 as PKCS#8.
    pub fn to_pem(&self) -> &str {
        &self.pem
    }

    /// The PEM text as kubeadm writes it, whatever the key was read from: for a reader that takes PKCS#1 alone.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn to_traditional_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let damaged = |error: CryptoError| KeyError::Damaged { detail: error.0 };
        self.material.to_pem(self.algorithm).map_err(damaged)
    }

    /// The key as PKCS#8 (RFC 5958), for readers that want nothing else.
    ///
    /// # Errors
    /// Only where it cannot be encoded.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.material
            .to_pkcs8_pem(self.algorithm)
            .map_err(|error| KeyError::Damaged { detail: error.0 })
    }

    /// A loaded key, once its numbers are known to belong together.
    fn loaded(
        algorithm: KeyAlgorithm,
        material: KeyMaterial,
        pem: Zeroizing<String>,
    ) -> Result<Self, KeyError> {
        crypto::check(algorithm, &material)
            .map_err(|error| KeyError::Damaged { detail: error.0 })?;
        Ok(Self {
            algorithm,
            public: material.public_key(algorithm),
            material,
            pem,
            signer: OnceLock::new(),
        })
    }

    /// The key as the provider holds it, made when first needed: most keys sign nothing.
    pub(crate) fn signer(&self) -> Result<&Signer, CryptoError> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let signer = Signer::new(self.algorithm, &self.material)?;
        Ok(self.signer.get_or_init(|| signer))
    }
}

impl KeyForm {
    /// Of the first private key of a PEM text; `None` where it has none.
    pub fn of(text: &[u8]) -> Option<Self> {
        let blocks = pem::blocks(text);
        let label = |block: &Result<PemBlock, PemError>| match block {
            Ok(block) => Some(block.label.clone()),
            Err(error) => error.label().map(str::to_owned),
        };
        let first_label = blocks.first().and_then(label);
        let mut keys = blocks
            .iter()
            .filter_map(|block| Some((block, label(block)?)));
        let (block, label) = keys.find(|(_, label)| label.ends_with("PRIVATE KEY"))?;
        let headers = block.as_ref().map_or(&[][..], |block| &block.headers);
        let is_legacy = headers
            .iter()
            .any(|(name, value)| name == "Proc-Type" && value.contains("ENCRYPTED"));
        Some(Self {
            encoding: match label.as_str() {
                "RSA PRIVATE KEY" => KeyEncoding::Pkcs1,
                "EC PRIVATE KEY" => KeyEncoding::Sec1,
                "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => KeyEncoding::Pkcs8,
                _ => KeyEncoding::Other,
            },
            first_label,
            is_encrypted: is_legacy || label == "ENCRYPTED PRIVATE KEY",
        })
    }
}

impl KeyAlgorithm {
    /// All of them, in the order of their names' list.
    pub const ALL: [Self; 6] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::Ed25519,
    ];

    /// The length of the modulus or of the field.
    pub(crate) fn bits(self) -> usize {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
            Self::EcdsaP256 | Self::Ed25519 => 256,
            Self::EcdsaP384 => 384,
        }
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
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.to_string() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(|algorithm| algorithm.to_string()).join(", ");
                format!("`{text}` is no key algorithm; there are {names}")
            })
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
        })
    }
}

#[cfg(test)]
mod tests;
