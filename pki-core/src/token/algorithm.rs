//! Signature algorithms as tokens name them (RFC 7518 section 3.1, RFC 8037 section 3.1).

use std::fmt;

use crate::x509::signature::Hash;
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// The `alg` of a token's header, of those that are made with a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// By its name; names are case-sensitive (RFC 7515 section 4.1.1).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// What a token is signed with by such a key: RS256 by RSA, else the one that its curve has. None for a kind of key
    /// that signs no tokens.
    pub fn of(key: &PublicKey) -> Option<Self> {
        match key.algorithm() {
            PublicKeyAlgorithm::Rsa { .. } => Some(Self::Rs256),
            PublicKeyAlgorithm::EcP256 => Some(Self::Es256),
            PublicKeyAlgorithm::EcP384 => Some(Self::Es384),
            PublicKeyAlgorithm::EcP521 => Some(Self::Es512),
            PublicKeyAlgorithm::Ed25519 => Some(Self::EdDsa),
            PublicKeyAlgorithm::EcP224 | PublicKeyAlgorithm::Other(_) => None,
        }
    }

    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether such a key makes such signatures: each algorithm of ECDSA is for one curve (RFC 7518 section 3.4).
    pub fn fits(self, key: &PublicKey) -> bool {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                matches!(key.algorithm(), PublicKeyAlgorithm::Rsa { .. })
            }
            Self::Es256 | Self::Es384 | Self::Es512 | Self::EdDsa => Self::of(key) == Some(self),
        }
    }

    /// How many octets `r` and `s` take each, of ECDSA.
    pub(crate) fn coordinate_length(self) -> Option<usize> {
        match self {
            Self::Es256 => Some(32),
            Self::Es384 => Some(48),
            Self::Es512 => Some(66),
            _ => None,
        }
    }

    /// What certificates call it.
    pub(crate) fn signature(self) -> SignatureAlgorithm {
        match self {
            Self::Rs256 => SignatureAlgorithm::Rsa(Hash::Sha256),
            Self::Rs384 => SignatureAlgorithm::Rsa(Hash::Sha384),
            Self::Rs512 => SignatureAlgorithm::Rsa(Hash::Sha512),
            Self::Ps256 => SignatureAlgorithm::RsaPss(Hash::Sha256),
            Self::Ps384 => SignatureAlgorithm::RsaPss(Hash::Sha384),
            Self::Ps512 => SignatureAlgorithm::RsaPss(Hash::Sha512),
            Self::Es256 => SignatureAlgorithm::Ecdsa(Hash::Sha256),
            Self::Es384 => SignatureAlgorithm::Ecdsa(Hash::Sha384),
            Self::Es512 => SignatureAlgorithm::Ecdsa(Hash::Sha512),
            Self::EdDsa => SignatureAlgorithm::Ed25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
