//! How strong keys and signatures are in bits, which the security level is compared with.

use crate::verdict::openssl::der::elements;
use crate::verdict::openssl::der::inside;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::SEQUENCE;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// The kinds of key that OpenSSL tells apart when it looks for an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    RsaPss,
    Ec,
    Ed25519,
    Ed448,
    Dsa,
}

/// An algorithm of signatures: the kind of key that makes them, and the bits of security that its digest is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithm {
    kind: KeyKind,
    pub(super) bits: u32,
}

impl KeyKind {
    /// `None` for a key of a kind that is not known.
    pub(super) fn of(key: &PublicKey) -> Option<Self> {
        match key.algorithm() {
            PublicKeyAlgorithm::Rsa { .. } => Some(Self::Rsa),
            PublicKeyAlgorithm::EcP224
            | PublicKeyAlgorithm::EcP256
            | PublicKeyAlgorithm::EcP384
            | PublicKeyAlgorithm::EcP521 => Some(Self::Ec),
            PublicKeyAlgorithm::Ed25519 => Some(Self::Ed25519),
            PublicKeyAlgorithm::Other(oid) => match oid.as_str() {
                SECP256K1 => Some(Self::Ec),
                RSASSA_PSS => Some(Self::RsaPss),
                ED448 => Some(Self::Ed448),
                DSA => Some(Self::Dsa),
                _ => None,
            },
        }
    }
}

impl Algorithm {
    /// Reads a DER AlgorithmIdentifier (`OBJ_find_sigid_algs` and `x509_sig_info_init`); `None` where it is not known.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let parts = inside(der, SEQUENCE)?;
        let (oid, parameters) = parts.split_first()?;
        let row = ALGORITHMS.iter().find(|row| row.0 == oid.content)?;
        let bits = match row.1 {
            KeyKind::RsaPss => pss_bits(parameters.first().map_or(&[], |first| first.whole)),
            _ => row.2,
        };
        (oid.tag == OBJECT_IDENTIFIER).then_some(Self { kind: row.1, bits })
    }

    /// `check_sig_alg_match`: whether such a key may have made such a signature.
    pub(super) fn fits(self, key: KeyKind) -> bool {
        self.kind == key || (self.kind == KeyKind::RsaPss && key == KeyKind::Rsa)
    }
}

/// `EVP_PKEY_get_security_bits`; `None` for a key of a kind that is not known.
pub(super) fn key_bits(key: &PublicKey) -> Option<u32> {
    Some(match key.algorithm() {
        PublicKeyAlgorithm::Rsa { bits } => rsa_bits(*bits),
        PublicKeyAlgorithm::EcP224 => 112,
        PublicKeyAlgorithm::EcP256 | PublicKeyAlgorithm::Ed25519 => 128,
        PublicKeyAlgorithm::EcP384 => 192,
        PublicKeyAlgorithm::EcP521 => 256,
        PublicKeyAlgorithm::Other(oid) => match oid.as_str() {
            SECP256K1 => 128,
            ED448 => 224,
            _ => return None,
        },
    })
}

/// `ossl_ifc_ffc_compute_security_bits` (crypto/rsa/rsa_lib.c): the estimate of NIST SP 800-56B appendix D, rounded to
/// a multiple of eight, but for the lengths that the standards list.
fn rsa_bits(bits: u32) -> u32 {
    match bits {
        2048 => return 112,
        3072 => return 128,
        4096 => return 152,
        6144 => return 176,
        7680 => return 192,
        8192 => return 200,
        15_360 => return 256,
        687_737.. => return 1200,
        0..8 => return 0,
        _ => {}
    }
    let cap = if bits < 7680 {
        192
    } else if bits < 15_360 {
        256
    } else {
        1200
    };
    let x = f64::from(bits) * std::f64::consts::LN_2;
    let estimate = (1.923 * (x * x.ln().powi(2)).cbrt() - 4.69) / std::f64::consts::LN_2;
    // Below 1200 by the first match.
    let whole = estimate as u32;
    ((whole + 4) & !7).min(cap)
}

/// The digest of RSASSA-PSS parameters (RFC 4055 section 3.1): SHA-1 where none is said.
fn pss_bits(parameters: &[u8]) -> u32 {
    let digest = || {
        let fields = inside(parameters, SEQUENCE)?;
        let hash = fields.iter().find(|field| field.tag == 0xa0)?;
        let identifier = elements(hash.content)?.first()?.content;
        elements(identifier)?.first().map(|oid| oid.content)
    };
    match digest().and_then(|oid| oid.strip_prefix(SHA2)) {
        Some([1]) => 128,
        Some([2]) => 192,
        Some([3]) => 256,
        Some([4]) => 112,
        _ => 64,
    }
}

/// The content octets of an algorithm, the kind of its keys, the security bits of its digest: none for MD2, which is
/// known by name only.
const ALGORITHMS: &[(&[u8], KeyKind, u32)] = &[
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02", KeyKind::Rsa, 0),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", KeyKind::Rsa, MD5),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", KeyKind::Rsa, SHA1),
    (b"\x2b\x0e\x03\x02\x1d", KeyKind::Rsa, SHA1),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", KeyKind::RsaPss, 0),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", KeyKind::Rsa, 128),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", KeyKind::Rsa, 192),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", KeyKind::Rsa, 256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", KeyKind::Rsa, 112),
    (b"\x2a\x86\x48\xce\x3d\x04\x01", KeyKind::Ec, SHA1),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x01", KeyKind::Ec, 112),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", KeyKind::Ec, 128),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", KeyKind::Ec, 192),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", KeyKind::Ec, 256),
    (b"\x2b\x65\x70", KeyKind::Ed25519, 128),
    (b"\x2b\x65\x71", KeyKind::Ed448, 224),
    (b"\x2a\x86\x48\xce\x38\x04\x03", KeyKind::Dsa, SHA1),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x01", KeyKind::Dsa, 112),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x02", KeyKind::Dsa, 128),
];

/// What collisions leave of them: below the 80 bits that level 1 asks for.
const SHA1: u32 = 63;
const MD5: u32 = 39;

/// 2.16.840.1.101.3.4.2, of which the last number is 1 for SHA-256, 2 for SHA-384, 3 for SHA-512, 4 for SHA-224.
const SHA2: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02";

const SECP256K1: &str = "1.3.132.0.10";
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const ED448: &str = "1.3.101.113";
const DSA: &str = "1.2.840.10040.4.1";

#[cfg(test)]
mod tests {
    use super::*;

    /// As `openssl pkey -text` and security levels show them with OpenSSL 3.0.
    #[test]
    fn rsa_keys_are_as_strong_as_the_standard_says() {
        for (bits, strength) in [
            (512, 56),
            (1024, 80),
            (2047, 112),
            (2048, 112),
            (3072, 128),
            (4096, 152),
            (8192, 200),
        ] {
            assert_eq!(rsa_bits(bits), strength, "{bits}");
        }
    }

    #[test]
    fn an_algorithm_belongs_to_a_kind_of_key() {
        let ecdsa = Algorithm::read(b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02").unwrap();
        assert_eq!(ecdsa.bits, 128);
        assert!(ecdsa.fits(KeyKind::Ec) && !ecdsa.fits(KeyKind::Rsa));
        let pss = Algorithm::read(b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x00");
        let pss = pss.unwrap();
        assert_eq!(pss.bits, 64);
        assert!(pss.fits(KeyKind::Rsa) && pss.fits(KeyKind::RsaPss));
        assert_eq!(Algorithm::read(b"\x30\x03\x06\x01\x2a"), None);
    }
}
