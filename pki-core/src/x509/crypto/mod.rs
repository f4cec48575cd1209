//! The crypto provider seam: ring, with `rsa` for generating RSA keys, or aws-lc-rs; and behind either the RustCrypto
//! crates, for signatures that Go verifies and they do not. Nothing else names a crypto crate.
//!
//! What a provider would accept beyond the other (aws-lc-rs takes RSA keys with exponent 3, ring does not) is
//! decided before it is asked, so that both refuse the same in the same words.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::x509::key::KeyAlgorithm;
use crate::x509::key::KeyMaterial;
use crate::x509::key::PrivateKey;
use crate::x509::signature::Hash;
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
pub(crate) mod curve;
#[cfg(all(feature = "graviola", target_arch = "x86_64"))]
mod graviola;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
mod ring;
mod rsa_consistency;
mod rust_crypto;

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs as provider;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use ring as provider;

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!(
    "pki-core needs a crypto provider: enable the feature `ring` (default) or `aws-lc-rs`"
);

use provider::digest;
use provider::rand;
use provider::rand::SecureRandom;
use provider::signature;
use provider::signature::KeyPair;

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest_of(&digest::SHA256, bytes)
}

/// SHA-1, for key identifiers only (RFC 5280 section 4.2.1.2 method 1).
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    digest_of(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
}

/// Fills `bytes` from the operating system's generator.
pub fn fill_random(bytes: &mut [u8]) -> Result<(), CryptoError> {
    RANDOM
        .fill(bytes)
        .map_err(|_| CryptoError("the operating system gave no random bytes".to_owned()))
}

/// Signs `message` with the algorithm that goes with the key: PKCS#1 v1.5 with SHA-256 for RSA, SHA-256 for P-256,
/// SHA-384 for P-384, Ed25519.
pub fn sign(key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
    key.signer()?.sign(message)
}

/// Checks `signature` over `message`. `algorithm` is the DER AlgorithmIdentifier beside the signature.
///
/// What Go's crypto/x509 verifies is verified: by the provider where both providers do so alike, else by RustCrypto.
/// MD5 and SHA-1 are refused.
pub fn verify(
    key: &PublicKey,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    Verifier::new(key).verify(algorithm, message, signature)
}

/// A public key made ready, once, for checking many signatures.
#[derive(Debug)]
pub struct Verifier {
    key: PublicKey,
    #[cfg(all(feature = "graviola", target_arch = "x86_64"))]
    sooner: Option<graviola::Verifier>,
}

impl Verifier {
    /// Makes the key ready. Whether it can verify anything shows when it is asked.
    pub fn new(key: &PublicKey) -> Self {
        Self {
            key: key.clone(),
            #[cfg(all(feature = "graviola", target_arch = "x86_64"))]
            sooner: graviola::Verifier::new(key),
        }
    }

    /// As [`verify`] does.
    pub fn verify(
        &self,
        algorithm: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        self.verify_as(SignatureAlgorithm::from_der(algorithm), message, signature)
    }

    /// As [`verify`] does, with an algorithm that no DER names. A signature of ECDSA is DER here too.
    pub(crate) fn verify_as(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        check_fit(&algorithm, &self.key)?;
        let Some(scheme) = verification_scheme(&algorithm, &self.key) else {
            return self.verify_rare(algorithm, message, signature);
        };
        #[cfg(all(feature = "graviola", target_arch = "x86_64"))]
        if let Some(sooner) = &self.sooner
            && sooner.has_verified(&algorithm, message, signature)
        {
            return Ok(());
        }
        signature::UnparsedPublicKey::new(scheme, self.key.key_bits())
            .verify(message, signature)
            .map_err(|_| VerifyError::Mismatch)
    }

    fn verify_rare(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        match rust_crypto::verify(&self.key, &algorithm, message, signature) {
            Some(true) => Ok(()),
            Some(false) => Err(VerifyError::Mismatch),
            None => Err(VerifyError::Unsupported {
                algorithm,
                key: self.key.algorithm().clone(),
            }),
        }
    }
}

/// Generates the secret parts of a key and its public half's bits (the contents of `subjectPublicKey`).
pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<KeyMaterial, CryptoError> {
    match algorithm {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            let pkcs1 = provider::rsa(algorithm.bits())?;
            KeyMaterial::from_pkcs1(pkcs1).ok_or_else(CryptoError::generation)
        }
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 => {
            let scheme = ecdsa_scheme(algorithm).ok_or_else(CryptoError::generation)?;
            let pkcs8 = signature::EcdsaKeyPair::generate_pkcs8(scheme, &*RANDOM)
                .map_err(|_| CryptoError::generation())?;
            KeyMaterial::from_generated_ec(pkcs8.as_ref()).ok_or_else(CryptoError::generation)
        }
        KeyAlgorithm::Ed25519 => {
            let mut seed = Zeroizing::new([0; 32]);
            fill_random(seed.as_mut_slice())?;
            ed25519(seed).ok_or_else(CryptoError::generation)
        }
    }
}

/// The Ed25519 key of a seed.
pub(crate) fn ed25519(seed: Zeroizing<[u8; 32]>) -> Option<KeyMaterial> {
    let pair = signature::Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).ok()?;
    let point = pair.public_key().as_ref().to_vec();
    Some(KeyMaterial::Ed25519 { seed, point })
}

/// Whether the numbers of a private key belong together. RSA keys are checked without the provider, which does sums that
/// only who signs needs: an audit reads many keys and signs nothing.
pub(crate) fn check(algorithm: KeyAlgorithm, material: &KeyMaterial) -> Result<(), CryptoError> {
    match material {
        KeyMaterial::Rsa { pkcs1, .. } if rsa_consistency::holds(pkcs1) => Ok(()),
        KeyMaterial::Rsa { .. } => Err(CryptoError::inconsistent()),
        _ => Signer::new(algorithm, material).map(|_| ()),
    }
}

/// A private key as the provider holds it. Made once a key: preparing an RSA key costs about as much as signing.
pub(crate) enum Signer {
    Rsa(Box<signature::RsaKeyPair>, usize),
    Ecdsa(Box<signature::EcdsaKeyPair>),
    Ed25519(Box<signature::Ed25519KeyPair>),
}

impl Signer {
    /// Hands the key to the provider, which checks that its numbers belong together.
    pub(crate) fn new(
        algorithm: KeyAlgorithm,
        material: &KeyMaterial,
    ) -> Result<Self, CryptoError> {
        let refused = CryptoError::inconsistent;
        match material {
            KeyMaterial::Rsa { pkcs1, .. } => signature::RsaKeyPair::from_der(pkcs1)
                .map(|pair| Self::Rsa(Box::new(pair), algorithm.bits() / 8))
                .map_err(|_| refused()),
            KeyMaterial::Ec { scalar, point } => ecdsa_scheme(algorithm)
                .and_then(|scheme| provider::ecdsa(scheme, scalar, point))
                .map(|pair| Self::Ecdsa(Box::new(pair)))
                .ok_or_else(refused),
            KeyMaterial::Ed25519 { seed, point } => {
                signature::Ed25519KeyPair::from_seed_and_public_key(seed.as_slice(), point)
                    .map(|pair| Self::Ed25519(Box::new(pair)))
                    .map_err(|_| refused())
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let failed = || CryptoError("the crypto provider failed to sign".to_owned());
        match self {
            Self::Rsa(pair, length) => {
                let mut signed = vec![0; *length];
                pair.sign(&signature::RSA_PKCS1_SHA256, &*RANDOM, message, &mut signed)
                    .map_err(|_| failed())?;
                Ok(signed)
            }
            Self::Ecdsa(pair) => match pair.sign(&*RANDOM, message) {
                Ok(signed) => Ok(signed.as_ref().to_vec()),
                Err(_) => Err(failed()),
            },
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// The provider refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CryptoError(pub String);

impl CryptoError {
    fn generation() -> Self {
        Self("the crypto provider failed to generate a key".to_owned())
    }

    fn inconsistent() -> Self {
        Self("its numbers do not belong together".to_owned())
    }
}

/// Why a signature does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Signed with a hash that collides (MD5, SHA-1).
    #[error("signed with {0}, which is insecure")]
    Insecure(SignatureAlgorithm),
    /// An algorithm or a key that hapki does not verify.
    #[error("signed with {algorithm} by a key of type {key}, which hapki does not verify")]
    Unsupported {
        /// The signature's algorithm.
        algorithm: SignatureAlgorithm,
        /// The key's.
        key: PublicKeyAlgorithm,
    },
    /// The algorithm is for another kind of key.
    #[error("signed with {algorithm}, but the key is of type {key}")]
    OtherKeyType {
        /// The signature's algorithm.
        algorithm: SignatureAlgorithm,
        /// The key's.
        key: PublicKeyAlgorithm,
    },
    /// This key did not make this signature over these bytes.
    #[error("the signature was not made by this key")]
    Mismatch,
}

fn digest_of<const N: usize>(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let digest = digest::digest(algorithm, bytes);
    for (to, from) in out.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    out
}

fn ecdsa_scheme(algorithm: KeyAlgorithm) -> Option<&'static signature::EcdsaSigningAlgorithm> {
    match algorithm {
        KeyAlgorithm::EcdsaP256 => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP384 => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        _ => None,
    }
}

fn check_fit(algorithm: &SignatureAlgorithm, key: &PublicKey) -> Result<(), VerifyError> {
    if algorithm.is_insecure() {
        return Err(VerifyError::Insecure(algorithm.clone()));
    }
    if !algorithm.fits(key.algorithm()) {
        return Err(VerifyError::OtherKeyType {
            algorithm: algorithm.clone(),
            key: key.algorithm().clone(),
        });
    }
    Ok(())
}

/// What both providers verify alike; of RSA, keys as everyone makes them.
fn verification_scheme(
    algorithm: &SignatureAlgorithm,
    key: &PublicKey,
) -> Option<&'static dyn signature::VerificationAlgorithm> {
    use PublicKeyAlgorithm::{EcP256, EcP384, Ed25519, Rsa};
    if let Rsa { bits } = key.algorithm()
        && (bits % 8 != 0 || key.rsa_numbers()?.1 != F4)
    {
        return None;
    }
    Some(match (algorithm, key.algorithm()) {
        (SignatureAlgorithm::Rsa(Hash::Sha256), Rsa { bits: 1024..=8192 }) => {
            &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        (SignatureAlgorithm::Rsa(Hash::Sha384), Rsa { bits: 2048..=8192 }) => {
            &signature::RSA_PKCS1_2048_8192_SHA384
        }
        (SignatureAlgorithm::Rsa(Hash::Sha512), Rsa { bits: 1024..=8192 }) => {
            &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
        }
        (SignatureAlgorithm::RsaPss(Hash::Sha256), Rsa { bits: 2048..=8192 }) => {
            &signature::RSA_PSS_2048_8192_SHA256
        }
        (SignatureAlgorithm::RsaPss(Hash::Sha384), Rsa { bits: 2048..=8192 }) => {
            &signature::RSA_PSS_2048_8192_SHA384
        }
        (SignatureAlgorithm::RsaPss(Hash::Sha512), Rsa { bits: 2048..=8192 }) => {
            &signature::RSA_PSS_2048_8192_SHA512
        }
        (SignatureAlgorithm::Ecdsa(Hash::Sha256), EcP256) => &signature::ECDSA_P256_SHA256_ASN1,
        (SignatureAlgorithm::Ecdsa(Hash::Sha384), EcP256) => &signature::ECDSA_P256_SHA384_ASN1,
        (SignatureAlgorithm::Ecdsa(Hash::Sha256), EcP384) => &signature::ECDSA_P384_SHA256_ASN1,
        (SignatureAlgorithm::Ecdsa(Hash::Sha384), EcP384) => &signature::ECDSA_P384_SHA384_ASN1,
        (SignatureAlgorithm::Ed25519, Ed25519) => &signature::ED25519,
        _ => return None,
    })
}

/// The exponent 65537.
const F4: &[u8] = &[1, 0, 1];

static RANDOM: LazyLock<rand::SystemRandom> = LazyLock::new(rand::SystemRandom::new);
