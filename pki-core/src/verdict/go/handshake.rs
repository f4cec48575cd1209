//! What `crypto/tls` says of the chain that a server presents: `Conn.verifyServerCertificate` in
//! `src/crypto/tls/handshake_client.go`.

use std::fmt;

use time::OffsetDateTime;

use crate::verdict::go::ParseRefusal;
use crate::verdict::go::Purpose;
use crate::verdict::go::Question;
use crate::verdict::go::parse_certificate;
use crate::verdict::go::text::Refusal;
use crate::verdict::go::verify;
use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKeyAlgorithm;

/// What a client is asked that shakes hands.
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    /// What the server presents, each certificate in DER, its own first.
    pub presented: &'a [Vec<u8>],
    /// What is trusted (`Config.RootCAs`).
    pub roots: &'a [Certificate],
    /// What is dialled (`Config.ServerName`).
    pub name: &'a str,
    /// The instant to judge at.
    pub now: OffsetDateTime,
}

/// Why a client ends the handshake. `Display` is the whole error, prefix and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeRefusal {
    /// A client must know whom it dials.
    NoName,
    /// A certificate does not parse, and what the parser says of it.
    Parse(ParseRefusal),
    /// An RSA key of more bits than Go is willing to compute with ([`MAX_RSA_BITS`]).
    LargeKey,
    /// The chain is refused.
    Verify(Refusal),
    /// The leaf's key is of a kind that signs no handshake; what Go calls it.
    UnsupportedKey(&'static str),
}

/// Judges what a server presents as a Go client does: each certificate is parsed and its key measured, one after the
/// other, before the chain is verified.
///
/// # Errors
/// What the client says. A server's own refusal, and that it holds another key than the leaf's, is not looked at.
pub fn handshake(
    asked: &Handshake<'_>,
    signatures: &mut Signatures,
) -> Result<(), HandshakeRefusal> {
    if asked.name.is_empty() {
        return Err(HandshakeRefusal::NoName);
    }
    let mut chain = Vec::with_capacity(asked.presented.len());
    for der in asked.presented {
        let certificate = parse_certificate(der).map_err(HandshakeRefusal::Parse)?;
        if has_large_key(&certificate) {
            return Err(HandshakeRefusal::LargeKey);
        }
        chain.push(certificate);
    }
    let Some((leaf, intermediates)) = chain.split_first() else {
        return Ok(());
    };
    let question = Question {
        leaf,
        intermediates,
        roots: asked.roots,
        name: Some(asked.name),
        purpose: Purpose::Server,
        now: asked.now,
    };
    verify(&question, signatures).map_err(HandshakeRefusal::Verify)?;
    match leaf.public_key().algorithm() {
        key if key.is_dsa() => Err(HandshakeRefusal::UnsupportedKey("*dsa.PublicKey")),
        // Of other kinds, X25519 included, Go's parser keeps no key (`getPublicKeyAlgorithmFromOID`).
        PublicKeyAlgorithm::Other(_) => Err(HandshakeRefusal::UnsupportedKey("<nil>")),
        _ => Ok(()),
    }
}

/// Whether a client ends the handshake over this certificate's key, whoever signed it.
pub fn has_large_key(certificate: &Certificate) -> bool {
    matches!(
        certificate.public_key().algorithm(),
        PublicKeyAlgorithm::Rsa { bits } if *bits > MAX_RSA_BITS
    )
}

impl fmt::Display for HandshakeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str(
                "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config",
            ),
            Self::Parse(text) => write!(f, "{PARSE_PREFIX}{text}"),
            Self::LargeKey => f.write_str(LARGE_KEY),
            Self::Verify(refusal) => write!(f, "{VERIFY_PREFIX}{refusal}"),
            Self::UnsupportedKey(kind) => write!(
                f,
                "tls: server's certificate contains an unsupported type of public key: {kind}"
            ),
        }
    }
}

impl std::error::Error for HandshakeRefusal {}

/// What stands before the text of a refusal since Go 1.20 (`CertificateVerificationError`).
pub const VERIFY_PREFIX: &str = "tls: failed to verify certificate: ";
/// What stands before the parser's text.
pub const PARSE_PREFIX: &str = "tls: failed to parse certificate from server: ";
/// What is said of an RSA key of more than [`MAX_RSA_BITS`].
pub const LARGE_KEY: &str = "tls: server sent certificate containing RSA key larger than 8192 bits";
/// `defaultMaxRSAKeySize`.
pub const MAX_RSA_BITS: u32 = 8192;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::verdict::go::tests::authority;
    use crate::verdict::go::tests::key;
    use crate::verdict::go::tests::leaf;
    use crate::verdict::go::tests::question;
    use crate::x509::der;
    use crate::x509::spki::PublicKey;

    #[test]
    fn a_name_is_needed_before_anything_is_dialled_and_every_certificate_must_parse() {
        let said = |presented: &[Vec<u8>], name: &str| {
            let asked = Handshake {
                presented,
                roots: &[],
                name,
                now: datetime!(2026-06-01 12:34:56 UTC),
            };
            handshake(&asked, &mut Signatures::default())
                .unwrap_err()
                .to_string()
        };
        let broken = [vec![0x31, 0]];
        assert_eq!(
            said(&broken, ""),
            "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config"
        );
        assert_eq!(
            said(&broken, "wudang"),
            "tls: failed to parse certificate from server: x509: malformed certificate"
        );
    }

    /// What Go says after it has verified the chain of such a leaf.
    #[test]
    fn a_leaf_whose_key_signs_no_handshake_is_refused_last() {
        let number = der::element(der::INTEGER, &[&[7]]);
        let dsa = der::element(der::SEQUENCE, &[&number, &number, &number]);
        for (oid, parameters, bits, kind) in [
            (
                &b"\x2a\x86\x48\xce\x38\x04\x01"[..],
                &dsa[..],
                &number[..],
                "*dsa.PublicKey",
            ),
            (b"\x2b\x65\x6e", &[], &[9; 32], "<nil>"),
        ] {
            let oid = der::element(der::OBJECT_IDENTIFIER, &[oid]);
            let identifier = der::element(der::SEQUENCE, &[&oid, parameters]);
            let bits = der::element(der::BIT_STRING, &[&[0], bits]);
            let public_key = der::element(der::SEQUENCE, &[&identifier, &bits]);
            let issuer = key();
            let root = authority("ca", "ca", &issuer).sign(&issuer).unwrap();
            let mut template = leaf("wudang", "ca", &["wudang"]);
            template.public_key = PublicKey::from_der(&public_key).unwrap();
            let presented = [template.sign(&issuer).unwrap().as_der().to_vec()];
            let asked = Handshake {
                presented: &presented,
                roots: std::slice::from_ref(&root),
                name: "wudang",
                now: question(&root, &[]).now,
            };
            assert_eq!(
                handshake(&asked, &mut Signatures::default()),
                Err(HandshakeRefusal::UnsupportedKey(kind))
            );
            let other = Handshake {
                name: "emei",
                ..asked
            };
            let refusal = handshake(&other, &mut Signatures::default());
            assert!(
                matches!(refusal, Err(HandshakeRefusal::Verify(_))),
                "{kind}"
            );
        }
    }
}
