//! `CheckSignatureFrom`: may this certificate's key have signed that one, and did it.

use std::fmt;

use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::KeyUsage;
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// Why a signature is not accepted as its issuer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureFailure {
    /// The issuer is no CA, or its key usage does not allow it to sign certificates (`ConstraintViolationError`).
    MayNotSign,
    /// The algorithm is refused whoever signs with it (`InsecureAlgorithmError`).
    Insecure(SignatureAlgorithm),
    /// An algorithm that Go does not verify (`ErrUnsupportedAlgorithm`).
    Unimplemented,
    /// The algorithm belongs to another kind of key than the issuer's.
    OtherKind {
        /// The kind of key that the algorithm needs.
        specified: &'static str,
        /// The Go type of the issuer's key.
        have: &'static str,
    },
    /// An RSA key too short to be believed.
    ShortKey(u32),
    /// An RSA key whose numbers cannot be right.
    BadKey(&'static str),
    /// The arithmetic does not come out: another key made it, or the bytes were changed.
    Mismatch(&'static str),
}

impl fmt::Display for SignatureFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MayNotSign => f.write_str(
                "x509: invalid signature: parent certificate cannot sign this kind of certificate",
            ),
            Self::Insecure(algorithm) => write!(
                f,
                "x509: cannot verify signature: insecure algorithm {algorithm}"
            ),
            Self::Unimplemented => {
                f.write_str("x509: cannot verify signature: algorithm unimplemented")
            }
            Self::OtherKind { specified, have } => write!(
                f,
                "x509: signature algorithm specifies an {specified} public key, but have public key of type {have}"
            ),
            Self::ShortKey(bits) => write!(
                f,
                "crypto/rsa: {bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
            ),
            Self::BadKey(text) | Self::Mismatch(text) => f.write_str(text),
        }
    }
}

/// `Certificate.CheckSignatureFrom`.
pub(super) fn check_signature_from(
    child: &Certificate,
    parent: &Certificate,
    signatures: &mut Signatures,
) -> Result<(), SignatureFailure> {
    let extensions = parent.extensions();
    let may_sign = match extensions.basic_constraints {
        Some(constraints) => constraints.ca,
        None => !is_version_3(parent),
    };
    let usage = extensions.key_usage.unwrap_or_default();
    if !may_sign || (usage != KeyUsage::default() && !usage.contains(KeyUsage::KEY_CERT_SIGN)) {
        return Err(SignatureFailure::MayNotSign);
    }
    let algorithm = SignatureAlgorithm::from_der(child.signature_algorithm());
    if algorithm.is_insecure() {
        return Err(SignatureFailure::Insecure(algorithm));
    }
    let specified = KeyKind::of_algorithm(&algorithm).ok_or(SignatureFailure::Unimplemented)?;
    let key = parent.public_key();
    let kind = KeyKind::of(key).ok_or(SignatureFailure::Unimplemented)?;
    if kind != specified {
        return Err(SignatureFailure::OtherKind {
            specified: specified.name(),
            have: kind.go_type(),
        });
    }
    check_rsa_key(key)?;
    if signatures.is_signed_by(child, key) {
        return Ok(());
    }
    Err(SignatureFailure::Mismatch(kind.failure()))
}

/// `checkPublicKeySize`, then `checkPublicKey` of `crypto/internal/fips140/rsa`.
fn check_rsa_key(key: &PublicKey) -> Result<(), SignatureFailure> {
    let PublicKeyAlgorithm::Rsa { bits } = key.algorithm() else {
        return Ok(());
    };
    if *bits < 1024 {
        return Err(SignatureFailure::ShortKey(*bits));
    }
    let Some((modulus, exponent)) = key.rsa_numbers() else {
        return Ok(());
    };
    let is_even = |number: &[u8]| number.last().is_none_or(|last| last % 2 == 0);
    let is_too_large = match exponent {
        [first, _, _, _] => *first >= 0x80,
        _ => exponent.len() > 4,
    };
    let fault = match exponent {
        _ if is_even(modulus) => "crypto/rsa: public modulus is even",
        [] | [0 | 1] => "crypto/rsa: public exponent too small or negative",
        _ if is_even(exponent) => "crypto/rsa: public exponent is even",
        _ if is_too_large => "crypto/rsa: public exponent too large",
        _ => return Ok(()),
    };
    Err(SignatureFailure::BadKey(fault))
}

/// Whether the TBSCertificate says version 3 (RFC 5280 section 4.1.2.1): `[0] { INTEGER 2 }` comes first.
fn is_version_3(certificate: &Certificate) -> bool {
    contents(certificate.tbs()).is_some_and(|tbs| tbs.starts_with(&[0xa0, 0x03, 0x02, 0x01, 0x02]))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    Ecdsa,
    Ed25519,
    Dsa,
}

impl KeyKind {
    /// The kind of key that an algorithm of `signatureAlgorithmDetails` is for.
    fn of_algorithm(algorithm: &SignatureAlgorithm) -> Option<Self> {
        match algorithm {
            SignatureAlgorithm::Rsa(_) | SignatureAlgorithm::RsaPss(_) => Some(Self::Rsa),
            SignatureAlgorithm::Ecdsa(_) => Some(Self::Ecdsa),
            SignatureAlgorithm::Ed25519 => Some(Self::Ed25519),
            SignatureAlgorithm::Dsa(_) => Some(Self::Dsa),
            SignatureAlgorithm::Other(_) => None,
        }
    }

    fn of(key: &PublicKey) -> Option<Self> {
        match key.algorithm() {
            PublicKeyAlgorithm::Rsa { .. } => Some(Self::Rsa),
            PublicKeyAlgorithm::Ed25519 => Some(Self::Ed25519),
            PublicKeyAlgorithm::Other(_) => None,
            PublicKeyAlgorithm::EcP224
            | PublicKeyAlgorithm::EcP256
            | PublicKeyAlgorithm::EcP384
            | PublicKeyAlgorithm::EcP521 => Some(Self::Ecdsa),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Ecdsa => "ECDSA",
            Self::Ed25519 => "Ed25519",
            Self::Dsa => "DSA",
        }
    }

    fn go_type(self) -> &'static str {
        match self {
            Self::Rsa => "*rsa.PublicKey",
            Self::Ecdsa => "*ecdsa.PublicKey",
            Self::Ed25519 => "ed25519.PublicKey",
            Self::Dsa => "*dsa.PublicKey",
        }
    }

    /// What Go says when the arithmetic does not come out.
    fn failure(self) -> &'static str {
        match self {
            Self::Rsa => "crypto/rsa: verification error",
            Self::Ecdsa => "x509: ECDSA verification failure",
            Self::Ed25519 => "x509: Ed25519 verification failure",
            Self::Dsa => "x509: cannot verify signature: algorithm unimplemented",
        }
    }
}

/// The content bytes of the first DER element, its length in at most three octets.
fn contents(der: &[u8]) -> Option<&[u8]> {
    let (_, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return rest.get(..usize::from(first));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if octets.len() > 3 {
        return None;
    }
    let length = octets
        .iter()
        .fold(0_usize, |length, octet| (length << 8) | usize::from(*octet));
    rest.get(..length)
}
