//! Signature algorithms as certificates name them.

use std::fmt;

use pkcs8::ObjectIdentifier;

use crate::x509::der::SEQUENCE;
use crate::x509::der::read::Reader;
use crate::x509::der::read::dotted;
use crate::x509::spki::PublicKeyAlgorithm;

/// What a signature was made with, read from an AlgorithmIdentifier (RFC 5280 section 4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    Rsa(Hash),
    /// RSASSA-PSS as Go takes it: MGF1 with the same hash, a salt as long as the hash.
    RsaPss(Hash),
    /// DSA.
    Dsa(Hash),
    /// ECDSA.
    Ecdsa(Hash),
    /// Ed25519.
    Ed25519,
    /// Any other, dotted; `malformed` when the bytes are no AlgorithmIdentifier.
    Other(String),
}

/// The hash under a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl SignatureAlgorithm {
    /// Reads a DER AlgorithmIdentifier as Go's crypto/x509 does (`getSignatureAlgorithmFromAI`): of the parameters only
    /// those of RSASSA-PSS count, and that Ed25519 has none.
    pub fn from_der(der: &[u8]) -> Self {
        let Some((oid, parameters)) = identifier(Reader::new(der).inside(SEQUENCE)) else {
            return Self::Other("malformed".to_owned());
        };
        let known = if oid == RSASSA_PSS.as_bytes() {
            parameters.and_then(pss_hash).map(Self::RsaPss)
        } else {
            let row = ALGORITHMS.iter().find(|(known, _)| known.as_bytes() == oid);
            row.map(|(_, algorithm)| algorithm.clone())
        };
        known
            .filter(|known| *known != Self::Ed25519 || parameters.is_none())
            .unwrap_or_else(|| Self::Other(dotted(oid)))
    }

    /// Whether its hash is one that collides.
    pub fn is_insecure(&self) -> bool {
        matches!(
            self,
            Self::Rsa(Hash::Md5 | Hash::Sha1) | Self::Dsa(Hash::Sha1) | Self::Ecdsa(Hash::Sha1)
        )
    }

    /// Whether such a signature is made by such a key. A key or an algorithm that is not known is given the benefit.
    pub fn fits(&self, key: &PublicKeyAlgorithm) -> bool {
        use PublicKeyAlgorithm::{EcP224, EcP256, EcP384, EcP521, Ed25519, Other, Rsa};
        match self {
            _ if matches!(key, Other(_)) => true,
            Self::Rsa(_) | Self::RsaPss(_) => matches!(key, Rsa { .. }),
            Self::Ecdsa(_) => matches!(key, EcP224 | EcP256 | EcP384 | EcP521),
            Self::Ed25519 => matches!(key, Ed25519),
            Self::Dsa(_) => false,
            Self::Other(_) => true,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    /// As Go's `x509.SignatureAlgorithm` prints it: `SHA256-RSA`, `ECDSA-SHA256`; what Go does not know is dotted here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(hash) => write!(f, "{hash}-RSA"),
            Self::RsaPss(hash) => write!(f, "{hash}-RSAPSS"),
            Self::Dsa(hash) => write!(f, "DSA-{hash}"),
            Self::Ecdsa(hash) => write!(f, "ECDSA-{hash}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        })
    }
}

/// The identifier's contents and the parameters, of an AlgorithmIdentifier's inside; what follows is passed over.
fn identifier<'a>(inside: Option<Reader<'a>>) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let mut inside = inside?;
    let oid = inside.oid()?;
    let parameters = match inside.is_empty() {
        true => None,
        false => Some(inside.any()?.whole),
    };
    Some((oid, parameters))
}

/// The hash of RSASSA-PSS parameters that Go accepts: one hash for all, and a salt as long as the hash.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let mut fields = Reader::new(parameters).inside(SEQUENCE)?;
    let (hash, hash_parameters) = identifier(explicit(&mut fields, 0xa0)?.inside(SEQUENCE))?;
    let (mask, mask_parameters) = identifier(explicit(&mut fields, 0xa1)?.inside(SEQUENCE))?;
    let (mask_hash, mask_hash_parameters) =
        identifier(Reader::new(mask_parameters?).inside(SEQUENCE))?;
    let salt = explicit(&mut fields, 0xa2)?.integer()?;
    let trailer = match fields.is_next(0xa3) {
        true => explicit(&mut fields, 0xa3)?.integer()?,
        false => &[1],
    };
    let is_null = |parameters: Option<&[u8]>| parameters.is_none_or(|null| null == [5, 0]);
    let fits = is_null(hash_parameters)
        && is_null(mask_hash_parameters)
        && mask == MGF1.as_bytes()
        && mask_hash == hash
        && trailer == [1];
    let known = [
        (SHA256, 32, Hash::Sha256),
        (SHA384, 48, Hash::Sha384),
        (SHA512, 64, Hash::Sha512),
    ];
    let row = known
        .into_iter()
        .find(|(oid, length, _)| oid.as_bytes() == hash && salt == [*length]);
    row.filter(|_| fits).map(|(.., hash)| hash)
}

/// The one element under an explicit tag.
fn explicit<'a>(fields: &mut Reader<'a>, tag: u8) -> Option<Reader<'a>> {
    let inside = fields.inside(tag)?;
    let mut only = inside;
    only.any()?;
    only.is_empty().then_some(inside)
}

const RSASSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

static ALGORITHMS: [(ObjectIdentifier, SignatureAlgorithm); 13] = [
    (
        oid("1.2.840.10045.4.3.2"),
        SignatureAlgorithm::Ecdsa(Hash::Sha256),
    ),
    (
        oid("1.2.840.113549.1.1.11"),
        SignatureAlgorithm::Rsa(Hash::Sha256),
    ),
    (
        oid("1.2.840.10045.4.3.3"),
        SignatureAlgorithm::Ecdsa(Hash::Sha384),
    ),
    (
        oid("1.2.840.10045.4.3.4"),
        SignatureAlgorithm::Ecdsa(Hash::Sha512),
    ),
    (
        oid("1.2.840.113549.1.1.12"),
        SignatureAlgorithm::Rsa(Hash::Sha384),
    ),
    (
        oid("1.2.840.113549.1.1.13"),
        SignatureAlgorithm::Rsa(Hash::Sha512),
    ),
    (oid("1.3.101.112"), SignatureAlgorithm::Ed25519),
    (
        oid("1.2.840.113549.1.1.4"),
        SignatureAlgorithm::Rsa(Hash::Md5),
    ),
    (
        oid("1.2.840.113549.1.1.5"),
        SignatureAlgorithm::Rsa(Hash::Sha1),
    ),
    (oid("1.3.14.3.2.29"), SignatureAlgorithm::Rsa(Hash::Sha1)),
    (
        oid("1.2.840.10045.4.1"),
        SignatureAlgorithm::Ecdsa(Hash::Sha1),
    ),
    (
        oid("1.2.840.10040.4.3"),
        SignatureAlgorithm::Dsa(Hash::Sha1),
    ),
    (
        oid("2.16.840.1.101.3.4.3.2"),
        SignatureAlgorithm::Dsa(Hash::Sha256),
    ),
];

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenSSL writes RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    const PSS: &[u8] = b"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\
        \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
        \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\
        \xa2\x03\x02\x01\x20";

    fn read(der: &[u8]) -> String {
        SignatureAlgorithm::from_der(der).to_string()
    }

    #[test]
    fn algorithms_have_the_names_that_go_gives_them() {
        for (der, name) in [
            (
                &b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"[..],
                "ECDSA-SHA256",
            ),
            (
                b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00",
                "SHA1-RSA",
            ),
            (
                b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00",
                "SHA512-RSA",
            ),
            (b"\x30\x05\x06\x03\x2b\x65\x70", "Ed25519"),
            (b"\x30\x05\x06\x03\x2b\x65\x71", "1.3.101.113"),
            (PSS, "SHA256-RSAPSS"),
            (b"", "malformed"),
        ] {
            assert_eq!(read(der), name);
        }
    }

    #[test]
    fn pss_counts_only_as_go_takes_it() {
        // The salt, the hash, the mask's hash; each alone.
        for (at, byte) in [(PSS.len() - 1, 20), (29, 2), (59, 2)] {
            let mut der = PSS.to_vec();
            der[at] = byte;
            assert_eq!(read(&der), RSASSA_PSS.to_string(), "{at}");
        }
        // All defaults: SHA-1.
        assert_eq!(
            read(b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x00"),
            RSASSA_PSS.to_string()
        );
    }
}
