//! Certificates, parsed once.

use std::net::IpAddr;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::x509::name::DistinguishedName;
use crate::x509::spki::PublicKey;

/// A certificate: its DER bytes and everything that is read from them. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

struct Parsed {
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    serial: Vec<u8>,
    issuer: DistinguishedName,
    subject: DistinguishedName,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    public_key: PublicKey,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    extensions: Extensions,
}

/// The extensions that verifiers look at (RFC 5280 section 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Basic constraints, when present.
    pub basic_constraints: Option<BasicConstraints>,
    /// Key usage, when present.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage, when present.
    pub extended_key_usage: Option<Vec<ExtendedKeyUsage>>,
    /// Subject alternative names, when the extension is present, in the order of the certificate.
    pub subject_alt_names: Option<Vec<GeneralName>>,
    /// Subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Dotted identifiers of critical extensions that none of the fields above holds.
    pub unhandled_critical: Vec<String>,
}

/// Basic constraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The cA flag.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_len: Option<u32>,
}

/// Key usage bits (RFC 5280 section 4.2.1.3); bit 0, digitalSignature, is the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

/// One extended key usage (RFC 5280 section 4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExtendedKeyUsage {
    /// anyExtendedKeyUsage.
    Any,
    /// id-kp-serverAuth.
    ServerAuth,
    /// id-kp-clientAuth.
    ClientAuth,
    /// Any other, dotted.
    Other(String),
}

/// One subject alternative name as a certificate presents it, which may be odder than what hapki issues.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GeneralName {
    /// A dNSName, as written.
    Dns(String),
    /// An iPAddress of 4 or 16 bytes.
    Ip(IpAddr),
    /// An rfc822Name.
    Email(String),
    /// A uniformResourceIdentifier.
    Uri(String),
    /// Anything else, by the number of its tag.
    Other(u8),
}

/// Why bytes are not a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate: {0}")]
pub struct CertificateError(pub String);

impl Certificate {
    /// Reads one DER certificate with nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        todo!()
    }

    /// The whole DER.
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The signed part.
    pub fn tbs(&self) -> &[u8] {
        // The range was taken from these bytes when they were parsed.
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    /// One PEM block.
    pub fn to_pem(&self) -> String {
        todo!()
    }

    /// SHA-256 of the DER, in lower case hexadecimal: how reports name a certificate.
    pub fn sha256(&self) -> String {
        todo!()
    }

    /// The serial number's content bytes as encoded (big-endian, two's complement).
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The issuer's name.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.0.issuer
    }

    /// The subject's name.
    pub fn subject(&self) -> &DistinguishedName {
        &self.0.subject
    }

    /// First instant of validity, UTC.
    pub fn not_before(&self) -> OffsetDateTime {
        self.0.not_before
    }

    /// Last instant of validity, UTC.
    pub fn not_after(&self) -> OffsetDateTime {
        self.0.not_after
    }

    /// The certified key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The outer AlgorithmIdentifier, DER.
    pub fn signature_algorithm(&self) -> &[u8] {
        &self.0.signature_algorithm
    }

    /// The signature bits.
    pub fn signature(&self) -> &[u8] {
        &self.0.signature
    }

    /// The extensions.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Whether subject and issuer are the same bytes.
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// Whether this certificate's signature was made by `issuer_key`.
    pub fn is_signed_by(&self, issuer_key: &PublicKey) -> bool {
        todo!()
    }
}

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// keyCertSign.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign.
    pub const CRL_SIGN: Self = Self(1 << 6);

    /// Whether every bit of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.0.subject)
    }
}
