//! Public keys: the bytes of a SubjectPublicKeyInfo and what they are.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use pkcs8::ObjectIdentifier;

use crate::x509::der as write;
use crate::x509::der::SEQUENCE;
use crate::x509::der::integer::bit_length;
use crate::x509::der::read;
use crate::x509::der::read::Bits;
use crate::x509::der::read::Reader;
use crate::x509::pem;

/// A `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), compared by its bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    der: Arc<[u8]>,
    algorithm: PublicKeyAlgorithm,
    bits: Range<usize>,
    /// The key where its BIT STRING has unused bits, which no issuer writes.
    realigned: Option<Arc<[u8]>>,
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
    /// Reads a DER `SubjectPublicKeyInfo` with nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, SpkiError> {
        let parts =
            Parts::read(der).ok_or_else(|| SpkiError("the DER does not parse".to_owned()))?;
        let realigned = parts.bits.realigned();
        let octets = realigned.as_deref().unwrap_or(parts.bits.octets);
        let algorithm = classify(parts.algorithm, parts.parameters, octets)?;
        let end = der.len() - parts.behind;
        Ok(Self {
            bits: end - parts.bits.octets.len()..end,
            realigned: realigned.map(Into::into),
            der: der.into(),
            algorithm,
        })
    }

    /// Reads the first `PUBLIC KEY` block of a PEM text.
    pub fn from_pem(text: &[u8]) -> Result<Self, SpkiError> {
        let mut broken = None;
        for block in pem::blocks(text) {
            match block {
                Ok(block) if block.label == LABEL => return Self::from_der(&block.der),
                Ok(_) => {}
                Err(error) => broken = broken.or(Some(error)),
            }
        }
        Err(SpkiError(broken.map_or_else(
            || "no `PUBLIC KEY` block found".to_owned(),
            |error| error.to_string(),
        )))
    }

    /// An RSA key by its numbers, big-endian. `None` where they make none.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (modulus, exponent) = (written(modulus), written(exponent));
        let key = write::element(write::SEQUENCE, &[&modulus, &exponent]);
        Self::of_parts(&RSA, &[write::NULL, 0], &key)
    }

    /// A key on the curve of that name (`P-256`), by the coordinates of its point, leading zeros left out or not.
    pub fn ec(curve: &str, x: &[u8], y: &[u8]) -> Option<Self> {
        let (curve, length) = match curve {
            "P-224" => (P224, 28),
            "P-256" => (P256, 32),
            "P-384" => (P384, 48),
            "P-521" => (P521, 66),
            _ => return None,
        };
        let mut point = vec![4];
        for coordinate in [x, y] {
            point.resize(point.len() + length - coordinate.len().min(length), 0);
            point.extend_from_slice(coordinate);
        }
        (point.len() == 1 + 2 * length)
            .then(|| Self::of_parts(&EC, &write::oid(&curve), &point))
            .flatten()
    }

    /// An Ed25519 key.
    pub fn ed25519(key: &[u8]) -> Option<Self> {
        Self::of_parts(&ED25519, &[], key)
    }

    fn of_parts(algorithm: &ObjectIdentifier, parameters: &[u8], key: &[u8]) -> Option<Self> {
        let identifier = write::element(write::SEQUENCE, &[&write::oid(algorithm), parameters]);
        let bits = write::element(write::BIT_STRING, &[&[0], key]);
        Self::from_der(&write::element(write::SEQUENCE, &[&identifier, &bits])).ok()
    }

    /// From an algorithm and the contents of the BIT STRING, both already known to be sound.
    pub(crate) fn assemble(
        algorithm: PublicKeyAlgorithm,
        identifier: &[u8],
        key_bits: &[u8],
    ) -> Self {
        let bit_string = write::element(write::BIT_STRING, &[&[0], key_bits]);
        let der = write::element(write::SEQUENCE, &[identifier, &bit_string]);
        Self {
            bits: der.len() - key_bits.len()..der.len(),
            realigned: None,
            der: der.into(),
            algorithm,
        }
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// One `PUBLIC KEY` block, the form of kubeadm's sa.pub.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.der)
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> &PublicKeyAlgorithm {
        &self.algorithm
    }

    /// The contents of the `subjectPublicKey` BIT STRING.
    pub fn key_bits(&self) -> &[u8] {
        // The range was taken from these bytes when they were parsed.
        let as_written = || self.der.get(self.bits.clone()).unwrap_or_default();
        self.realigned.as_deref().unwrap_or_else(as_written)
    }

    /// The modulus and the public exponent of an RSA key, big-endian without leading zeros.
    pub fn rsa_numbers(&self) -> Option<(&[u8], &[u8])> {
        match self.algorithm {
            PublicKeyAlgorithm::Rsa { .. } => rsa_numbers(self.key_bits()),
            _ => None,
        }
    }
}

/// Why bytes are not a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SubjectPublicKeyInfo: {0}")]
pub struct SpkiError(pub String);

/// An INTEGER that is not negative.
fn written(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    let pad: &[u8] = if number.first().is_none_or(|first| first & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    write::element(write::INTEGER, &[pad, number])
}

impl PublicKeyAlgorithm {
    /// Whether it is DSA, which Go's parser knows and nothing else in Go uses.
    pub(crate) fn is_dsa(&self) -> bool {
        matches!(self, Self::Other(oid) if *oid == DSA.to_string())
    }

    /// The kind of key on a named curve.
    pub(crate) fn of_curve(curve: &ObjectIdentifier) -> Self {
        match *curve {
            P224 => Self::EcP224,
            P256 => Self::EcP256,
            P384 => Self::EcP384,
            P521 => Self::EcP521,
            other => Self::Other(other.to_string()),
        }
    }
}

impl fmt::Display for PublicKeyAlgorithm {
    /// `rsa-2048`, `ecdsa-p256`, `ed25519`, as options and JSON name them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "rsa-{bits}"),
            Self::EcP224 => f.write_str("ecdsa-p224"),
            Self::EcP256 => f.write_str("ecdsa-p256"),
            Self::EcP384 => f.write_str("ecdsa-p384"),
            Self::EcP521 => f.write_str("ecdsa-p521"),
            Self::Ed25519 => f.write_str("ed25519"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.algorithm)
    }
}

struct Parts<'a> {
    /// The contents of the algorithm's identifier.
    algorithm: &'a [u8],
    /// The whole DER of the parameters.
    parameters: Option<&'a [u8]>,
    bits: Bits<'a>,
    /// How many bytes follow the bits.
    behind: usize,
}

impl<'a> Parts<'a> {
    /// As Go reads it: what follows the parameters or the bits is passed over, as long as it is inside.
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(der);
        let mut inside = outer.inside(SEQUENCE)?;
        let mut identifier = inside.inside(SEQUENCE)?;
        let algorithm = identifier.contents(write::OBJECT_IDENTIFIER)?;
        let parameters = if identifier.is_empty() {
            None
        } else {
            Some(identifier.any()?.whole)
        };
        let bits = inside.bit_string()?;
        outer.is_empty().then_some(Self {
            algorithm,
            parameters,
            bits,
            behind: inside.rest().len(),
        })
    }
}

fn classify(
    algorithm: &[u8],
    parameters: Option<&[u8]>,
    bits: &[u8],
) -> Result<PublicKeyAlgorithm, SpkiError> {
    let Ok(algorithm) = ObjectIdentifier::from_bytes(algorithm) else {
        return Ok(PublicKeyAlgorithm::Other(read::dotted(algorithm)));
    };
    match algorithm {
        RSA => {
            let (modulus, _) = rsa_numbers(bits)
                .ok_or_else(|| SpkiError("the RSA key inside is damaged".to_owned()))?;
            Ok(PublicKeyAlgorithm::Rsa {
                bits: bit_length(modulus),
            })
        }
        EC => Ok(parameters
            .and_then(|parameters| Reader::new(parameters).oid())
            .map_or(PublicKeyAlgorithm::Other(EC.to_string()), of_curve)),
        ED25519 => Ok(PublicKeyAlgorithm::Ed25519),
        other => Ok(PublicKeyAlgorithm::Other(other.to_string())),
    }
}

/// The kind of key on a curve, by the contents of its identifier.
pub(crate) fn of_curve(curve: &[u8]) -> PublicKeyAlgorithm {
    ObjectIdentifier::from_bytes(curve).map_or_else(
        |_| PublicKeyAlgorithm::Other(read::dotted(curve)),
        |curve| PublicKeyAlgorithm::of_curve(&curve),
    )
}

/// The two numbers of an RSA key (RFC 8017 section A.1.1), neither negative.
fn rsa_numbers(bits: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut inside = Reader::new(bits).inside(SEQUENCE)?;
    Some((unsigned(inside.integer()?)?, unsigned(inside.integer()?)?))
}

fn unsigned(integer: &[u8]) -> Option<&[u8]> {
    match integer {
        [0, rest @ ..] if !rest.is_empty() => Some(rest),
        [first, ..] if first & 0x80 != 0 => None,
        _ => Some(integer),
    }
}

const LABEL: &str = "PUBLIC KEY";

/// rsaEncryption (RFC 8017).
pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-dsa (RFC 3279).
pub(crate) const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
/// id-ecPublicKey (RFC 5480).
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// id-Ed25519 (RFC 8410).
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// secp224r1.
pub(crate) const P224: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.33");
/// secp256r1 (RFC 5480).
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp384r1 (RFC 5480).
pub(crate) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// secp521r1.
pub(crate) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
