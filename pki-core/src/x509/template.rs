//! A certificate to be: everything that is signed, and the signing.
//!
//! rcgen writes the structure, but it holds a name as a map from type to value, which loses a second OU, a second DC
//! and every multi-valued RDN (docs/decisions/0001-crypto.md). So the issuer and the subject are spliced into what
//! rcgen wrote, byte for byte as they are here, and the result is signed through the provider seam.

use time::OffsetDateTime;

use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::KeyUsage;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::san::SubjectAltName;
use crate::x509::spki::PublicKey;

/// All fields of a certificate that is to be signed.
#[derive(Clone, Debug)]
pub struct Template {
    /// Big-endian bytes, at most 20, positive, not zero (RFC 5280 section 4.1.2.2).
    pub serial: Vec<u8>,
    /// The issuer's subject, byte for byte.
    pub issuer: DistinguishedName,
    /// The subject.
    pub subject: DistinguishedName,
    /// First instant of validity; written in UTC, to the second.
    pub not_before: OffsetDateTime,
    /// Last instant of validity; written in UTC, to the second.
    pub not_after: OffsetDateTime,
    /// The key that is certified.
    pub public_key: PublicKey,
    /// Basic constraints, critical.
    pub basic_constraints: Option<BasicConstraints>,
    /// Key usage, critical; absent when zero.
    pub key_usage: KeyUsage,
    /// Extended key usage; absent when empty.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// Subject alternative names, in this order; absent when empty.
    pub subject_alt_names: Vec<SubjectAltName>,
    /// Subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// Authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
}

/// Why a template cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The serial number is empty, zero, negative or longer than 20 bytes.
    #[error("a serial number must have 1 to 20 bytes and be positive")]
    Serial,
    /// A date outside the years 0 to 9999.
    #[error("{0} cannot be written in a certificate")]
    Date(OffsetDateTime),
    /// The provider or the encoder refused.
    #[error("signing failed: {0}")]
    Signing(String),
}

impl Template {
    /// Signs with `signer`, whose public half need not be known to the template.
    pub fn sign(&self, signer: &PrivateKey) -> Result<Certificate, TemplateError> {
        todo!()
    }
}
