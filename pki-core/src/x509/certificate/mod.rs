//! Certificates, parsed once.

mod read;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::UtcOffset;

use crate::x509::crypto;
use crate::x509::crypto::Verifier;
use crate::x509::crypto::VerifyError;
use crate::x509::der::integer::decimal;
use crate::x509::der::integer::magnitude;
use crate::x509::extensions::RawExtension;
use crate::x509::hex;
use crate::x509::name::DistinguishedName;
use crate::x509::pem;
use crate::x509::pem::PemError;
use crate::x509::rfc5280::SUBJECT_ALT_NAME;
use crate::x509::spki::PublicKey;

pub use crate::x509::extensions::BasicConstraints;
pub use crate::x509::extensions::ExtendedKeyUsage;
pub use crate::x509::extensions::Extensions;
pub use crate::x509::extensions::GeneralName;
pub use crate::x509::extensions::KeyUsage;

/// A certificate: its DER bytes and everything that is read from them. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

struct Parsed {
    der: Vec<u8>,
    tbs: Range<usize>,
    serial: Vec<u8>,
    issuer: DistinguishedName,
    subject: DistinguishedName,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    public_key: PublicKey,
    signature_algorithm: Range<usize>,
    signature: Range<usize>,
    /// The signature where its BIT STRING has unused bits, which no signer writes.
    realigned_signature: Option<Vec<u8>>,
    extensions: Extensions,
}

/// Why bytes are not a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate: {0}")]
pub struct CertificateError(pub String);

impl Certificate {
    /// Reads one DER certificate with nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        Self::from_vec(der.to_vec())
    }

    /// Reads one DER certificate with nothing after it, keeping the bytes.
    pub fn from_vec(der: Vec<u8>) -> Result<Self, CertificateError> {
        read::parse(der).map(|parsed| Self(Arc::new(parsed)))
    }

    /// The whole DER.
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The signed part.
    pub fn tbs(&self) -> &[u8] {
        self.part(&self.0.tbs)
    }

    /// One PEM block.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, self.as_der())
    }

    /// SHA-256 of the DER, in lower case hexadecimal: how reports name a certificate.
    pub fn sha256(&self) -> String {
        hex(&crypto::sha256(self.as_der()))
    }

    /// The serial number's content bytes as encoded (big-endian, two's complement).
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The serial number in lower case hexadecimal as OpenSSL prints it: whole bytes without a leading zero byte, `-`
    /// before a negative one.
    pub fn serial_hex(&self) -> String {
        let (negative, magnitude) = magnitude(&self.0.serial);
        format!("{}{}", if negative { "-" } else { "" }, hex(&magnitude))
    }

    /// The serial number in decimal, as Go's `big.Int` prints it.
    pub fn serial_decimal(&self) -> String {
        let (negative, magnitude) = magnitude(&self.0.serial);
        format!("{}{}", if negative { "-" } else { "" }, decimal(&magnitude))
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
        in_utc(self.0.not_before)
    }

    /// Last instant of validity, UTC.
    pub fn not_after(&self) -> OffsetDateTime {
        in_utc(self.0.not_after)
    }

    /// The first and the last instant in the offsets that they are written in. RFC 5280 section 4.1.2.5 allows UTC
    /// only; Go reads, and prints, any.
    pub fn validity_as_written(&self) -> (OffsetDateTime, OffsetDateTime) {
        (self.0.not_before, self.0.not_after)
    }

    /// The certified key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The outer AlgorithmIdentifier, DER.
    pub fn signature_algorithm(&self) -> &[u8] {
        self.part(&self.0.signature_algorithm)
    }

    /// The signature bits.
    pub fn signature(&self) -> &[u8] {
        let realigned = self.0.realigned_signature.as_deref();
        realigned.unwrap_or_else(|| self.part(&self.0.signature))
    }

    /// The extensions.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// The contents of the extension with subject alternative names, as they are written. Walks the certificate anew.
    pub fn subject_alt_names_der(&self) -> Option<&[u8]> {
        let mut extensions = self.raw_extensions().into_iter();
        extensions
            .find(|extension| extension.oid == SUBJECT_ALT_NAME)
            .map(|extension| extension.value)
    }

    /// The extensions as they are written. Walks the certificate anew.
    pub(crate) fn raw_extensions(&self) -> Vec<RawExtension<'_>> {
        read::raw_extensions(self.as_der())
    }

    /// Whether subject and issuer are the same bytes.
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// Whether this certificate's signature was made by `issuer_key`.
    pub fn is_signed_by(&self, issuer_key: &PublicKey) -> bool {
        self.check_signature(issuer_key).is_ok()
    }

    /// Checks the signature with `issuer_key`, and says why it does not verify.
    pub fn check_signature(&self, issuer_key: &PublicKey) -> Result<(), VerifyError> {
        self.check_signature_with(&Verifier::new(issuer_key))
    }

    /// The same with a key that was made ready before.
    pub fn check_signature_with(&self, issuer_key: &Verifier) -> Result<(), VerifyError> {
        issuer_key.verify(self.signature_algorithm(), self.tbs(), self.signature())
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        // The range was taken from these bytes when they were parsed.
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

/// One certificate of a file, or what is wrong at its place.
pub struct Entry {
    /// The line of its BEGIN, counted from 1; none for DER.
    pub line: Option<u32>,
    /// The certificate.
    pub certificate: Result<Certificate, ReadError>,
}

/// Why a block of a file is not a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The text around it is broken.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The DER inside is no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// An OpenSSL `TRUSTED CERTIFICATE`, which Go passes over.
    #[error("a `{0}` block, which Go does not read as a certificate")]
    OtherLabel(String),
}

/// Reads every certificate of a PEM text, or the one of a DER file, in order and each with its place. Blocks that are
/// no certificates (a key beside its certificate) are passed over; a file without any gives one `Err`.
pub fn read(bytes: &[u8]) -> Vec<Entry> {
    if !pem::is_pem(bytes) {
        let certificate = if bytes.first() == Some(&0x30) {
            Certificate::from_der(bytes).map_err(ReadError::from)
        } else {
            Err(ReadError::Pem(PemError::Empty))
        };
        return vec![Entry {
            line: None,
            certificate,
        }];
    }
    let mut entries = Vec::new();
    for block in pem::blocks(bytes) {
        match block {
            Ok(mut block) if block.label == LABEL => entries.push(Entry {
                line: Some(block.line),
                certificate: Certificate::from_vec(std::mem::take(&mut *block.der))
                    .map_err(ReadError::from),
            }),
            Ok(block) if OTHER_LABELS.contains(&block.label.as_str()) => entries.push(Entry {
                line: Some(block.line),
                certificate: Err(ReadError::OtherLabel(block.label)),
            }),
            Ok(_) => {}
            Err(error) if error.label().is_some_and(|label| label.ends_with("KEY")) => {}
            Err(error) => entries.push(Entry {
                line: error.line(),
                certificate: Err(error.into()),
            }),
        }
    }
    if entries.is_empty() {
        let certificate =
            Err(CertificateError("no `CERTIFICATE` block in the file".to_owned()).into());
        entries.push(Entry {
            line: None,
            certificate,
        });
    }
    entries
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.0.subject)
    }
}

/// The same instant in UTC; one that UTC has no four digits for is the last or the first that it has.
fn in_utc(instant: OffsetDateTime) -> OffsetDateTime {
    let limit = if instant.offset().is_negative() {
        PrimitiveDateTime::MAX
    } else {
        PrimitiveDateTime::MIN
    };
    instant
        .checked_to_offset(UtcOffset::UTC)
        .unwrap_or_else(|| limit.assume_utc())
}

const LABEL: &str = "CERTIFICATE";
const OTHER_LABELS: [&str; 2] = ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"];

#[cfg(test)]
mod tests;
