//! The numbers of a private key, whatever form they came in.

use pkcs8::AlgorithmIdentifierRef;
use pkcs8::LineEnding;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der;
use pkcs8::der::Decode;
use pkcs8::der::Encode;
use pkcs8::der::Reader;
use pkcs8::der::SliceReader;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::asn1::UintRef;
use pkcs8::der::pem as pem_out;
use sec1::EcParameters;
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use crate::x509::crypto::CryptoError;
use crate::x509::der as write;
use crate::x509::der::integer::bit_length;
use crate::x509::key::KeyAlgorithm;
use crate::x509::spki;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// What the provider signs with. `point` is the content of the `subjectPublicKey` of the public half.
pub(crate) enum KeyMaterial {
    Rsa {
        pkcs1: Zeroizing<Vec<u8>>,
        numbers: RsaNumbers,
    },
    Ec {
        scalar: Zeroizing<Vec<u8>>,
        point: Vec<u8>,
    },
    Ed25519 {
        seed: Zeroizing<[u8; 32]>,
        point: Vec<u8>,
    },
}

/// The public numbers of an RSA key, big-endian without leading zeros.
pub(crate) struct RsaNumbers {
    pub(crate) modulus: Vec<u8>,
    pub(crate) exponent: Vec<u8>,
    /// More than two primes (RFC 8017 version 1).
    pub(crate) multi_prime: bool,
}

/// All numbers of an `RSAPrivateKey` of two primes (RFC 8017 appendix A.1.2), big-endian without leading zeros.
pub(crate) struct RsaPrivateNumbers<'a> {
    version: u8,
    pub(crate) modulus: &'a [u8],
    pub(crate) exponent: &'a [u8],
    /// d.
    pub(crate) private_exponent: &'a [u8],
    pub(crate) p: &'a [u8],
    pub(crate) q: &'a [u8],
    /// d mod p-1.
    pub(crate) exponent_p: &'a [u8],
    /// d mod q-1.
    pub(crate) exponent_q: &'a [u8],
    /// 1/q mod p.
    pub(crate) coefficient: &'a [u8],
}

impl KeyMaterial {
    /// Reads an `RSAPrivateKey` (RFC 8017 appendix A.1.2).
    pub(crate) fn from_pkcs1(pkcs1: Zeroizing<Vec<u8>>) -> Option<Self> {
        let private = RsaPrivateNumbers::read(&pkcs1).ok()?;
        let numbers = RsaNumbers {
            modulus: private.modulus.to_vec(),
            exponent: private.exponent.to_vec(),
            multi_prime: private.version != 0,
        };
        Some(Self::Rsa { pkcs1, numbers })
    }

    /// Reads what the provider generated: PKCS#8 with a SEC1 key that holds its public half.
    pub(crate) fn from_generated_ec(pkcs8: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfoRef::try_from(pkcs8).ok()?;
        let key = EcPrivateKey::from_der(info.private_key.as_bytes()).ok()?;
        Some(Self::Ec {
            scalar: Zeroizing::new(key.private_key.to_vec()),
            point: key.public_key?.to_vec(),
        })
    }

    /// The public half.
    pub(crate) fn public_key(&self, algorithm: KeyAlgorithm) -> PublicKey {
        match self {
            Self::Rsa { numbers, .. } => {
                let bits = bit_length(&numbers.modulus);
                let modulus = unsigned(&numbers.modulus);
                let exponent = unsigned(&numbers.exponent);
                let key = write::element(write::SEQUENCE, &[&modulus, &exponent]);
                PublicKey::assemble(PublicKeyAlgorithm::Rsa { bits }, RSA_IDENTIFIER, &key)
            }
            Self::Ec { point, .. } if algorithm == KeyAlgorithm::EcdsaP384 => {
                PublicKey::assemble(PublicKeyAlgorithm::EcP384, P384_IDENTIFIER, point)
            }
            Self::Ec { point, .. } => {
                PublicKey::assemble(PublicKeyAlgorithm::EcP256, P256_IDENTIFIER, point)
            }
            Self::Ed25519 { point, .. } => {
                PublicKey::assemble(PublicKeyAlgorithm::Ed25519, ED25519_IDENTIFIER, point)
            }
        }
    }

    /// The form kubeadm writes: PKCS#1, SEC1 with the curve and the public half, PKCS#8 for Ed25519.
    pub(crate) fn to_pem(&self, algorithm: KeyAlgorithm) -> Result<Zeroizing<String>, CryptoError> {
        match self {
            Self::Rsa { pkcs1, .. } => pem("RSA PRIVATE KEY", pkcs1),
            Self::Ec { scalar, point } => {
                let curve = match algorithm {
                    KeyAlgorithm::EcdsaP384 => spki::P384,
                    _ => spki::P256,
                };
                let key = EcPrivateKey {
                    private_key: scalar,
                    parameters: Some(EcParameters::NamedCurve(curve)),
                    public_key: Some(point),
                };
                pem("EC PRIVATE KEY", &encoded(&key)?)
            }
            Self::Ed25519 { .. } => self.to_pkcs8_pem(algorithm),
        }
    }

    /// PKCS#8 (RFC 5958): RSA by RFC 8017, EC by RFC 5915, Ed25519 by RFC 8410.
    pub(crate) fn to_pkcs8_pem(
        &self,
        algorithm: KeyAlgorithm,
    ) -> Result<Zeroizing<String>, CryptoError> {
        let curve = match algorithm {
            KeyAlgorithm::EcdsaP384 => spki::P384,
            _ => spki::P256,
        };
        let (oid, parameters, inner) = match self {
            Self::Rsa { pkcs1, .. } => (spki::RSA, Some(AnyRef::NULL), pkcs1.clone()),
            Self::Ec { scalar, point } => {
                let key = EcPrivateKey {
                    private_key: scalar,
                    parameters: None,
                    public_key: Some(point),
                };
                (spki::EC, Some(AnyRef::from(&curve)), encoded(&key)?)
            }
            Self::Ed25519 { seed, .. } => {
                let seed = write::element(write::OCTET_STRING, &[seed.as_slice()]);
                (spki::ED25519, None, Zeroizing::new(seed))
            }
        };
        let algorithm = AlgorithmIdentifierRef { oid, parameters };
        let inner = OctetStringRef::new(&inner).map_err(|_| unencodable())?;
        let info = PrivateKeyInfoRef::new(algorithm, inner);
        pem("PRIVATE KEY", &encoded(&info)?)
    }
}

impl<'a> RsaPrivateNumbers<'a> {
    pub(crate) fn read(pkcs1: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(pkcs1)?;
        let numbers = reader.sequence(|inner| {
            let version = u8::decode(inner)?;
            let mut number = || UintRef::decode(inner).map(|number| number.as_bytes());
            let numbers = Self {
                version,
                modulus: number()?,
                exponent: number()?,
                private_exponent: number()?,
                p: number()?,
                q: number()?,
                exponent_p: number()?,
                exponent_q: number()?,
                coefficient: number()?,
            };
            inner.drain(inner.remaining_len())?;
            Ok::<_, der::Error>(numbers)
        })?;
        reader.finish()?;
        Ok(numbers)
    }
}

/// One PEM block of a secret, without look-up tables and without copies that are not wiped.
pub(crate) fn pem(label: &str, der: &[u8]) -> Result<Zeroizing<String>, CryptoError> {
    pem_out::encode_string(label, LineEnding::LF, der)
        .map(Zeroizing::new)
        .map_err(|_| unencodable())
}

fn encoded(value: &impl Encode) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    value
        .to_der()
        .map(Zeroizing::new)
        .map_err(|_| unencodable())
}

fn unencodable() -> CryptoError {
    CryptoError("the key cannot be encoded".to_owned())
}

/// An INTEGER that is not negative.
fn unsigned(number: &[u8]) -> Vec<u8> {
    let pad: &[u8] = if number.first().is_none_or(|first| first & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    write::element(write::INTEGER, &[pad, number])
}

/// AlgorithmIdentifier of rsaEncryption with NULL (RFC 8017 appendix A.1).
const RSA_IDENTIFIER: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// AlgorithmIdentifier of id-ecPublicKey on secp256r1 (RFC 5480 section 2.1.1).
const P256_IDENTIFIER: &[u8] =
    b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// AlgorithmIdentifier of id-ecPublicKey on secp384r1.
const P384_IDENTIFIER: &[u8] =
    b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
/// AlgorithmIdentifier of id-Ed25519 (RFC 8410 section 3).
const ED25519_IDENTIFIER: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";
