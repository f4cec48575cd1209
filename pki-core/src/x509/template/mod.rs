//! A certificate to be: everything that is signed, and the signing.
//!
//! rcgen writes the structure, but it holds a name as a map from type to value, which loses a second OU, a second DC
//! and every multi-valued RDN (docs/decisions/0001-crypto.md). So the issuer and the subject are spliced into what
//! rcgen wrote, byte for byte as they are here, and the result is signed through the provider seam.

use std::cell::RefCell;

use pkcs8::ObjectIdentifier;
use pkcs8::der;
use pkcs8::der::Reader;
use pkcs8::der::SliceReader;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyIdMethod;
use rcgen::KeyUsagePurpose;
use rcgen::PublicKeyData;
use rcgen::SanType;
use rcgen::SigningKey;
use rcgen::string::Ia5String;
use time::OffsetDateTime;
use time::UtcOffset;

use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::KeyUsage;
use crate::x509::crypto;
use crate::x509::der as write;
use crate::x509::key::KeyAlgorithm;
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
        let written = self.written_by_rcgen(signer)?;
        let tbs = self
            .spliced(&written)
            .map_err(|error| TemplateError::Signing(error.to_string()))?;
        let certificate = assemble(&tbs, signer)?;
        Certificate::from_vec(certificate)
            .map_err(|error| TemplateError::Signing(error.to_string()))
    }

    /// The TBSCertificate as rcgen writes it: everything but the names and the key.
    fn written_by_rcgen(&self, signer: &PrivateKey) -> Result<Vec<u8>, TemplateError> {
        let mut params = CertificateParams::default();
        params.not_before = utc(self.not_before)?;
        params.not_after = utc(self.not_after)?;
        params.serial_number = Some(checked_serial(&self.serial)?.to_vec().into());
        // rcgen makes the names critical by this; its own words are replaced afterwards.
        params.distinguished_name = rcgen::DistinguishedName::new();
        if !self.subject.is_empty() {
            params.distinguished_name.push(DnType::CommonName, "");
        }
        params.is_ca = IsCa::NoCa;
        params.key_usages = key_usages(self.key_usage);
        params.extended_key_usages = self
            .extended_key_usage
            .iter()
            .map(purpose)
            .collect::<Result<_, _>>()?;
        params.subject_alt_names = sans(&self.subject_alt_names)?;
        params.use_authority_key_identifier_extension = self.authority_key_id.is_some();
        params.custom_extensions = self.custom_extensions();

        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = rcgen::DistinguishedName::new();
        issuer.key_identifier_method =
            KeyIdMethod::PreSpecified(self.authority_key_id.clone().unwrap_or_default());
        let capture = Capture::new(signer.algorithm());
        params
            .signed_by(&capture, &Issuer::from_params(&issuer, &capture))
            .map_err(|error| TemplateError::Signing(error.to_string()))?;
        Ok(capture.written.into_inner())
    }

    /// The same with the names and the key of this template, byte for byte (RFC 5280 section 4.1.2).
    fn spliced(&self, written: &[u8]) -> der::Result<Vec<u8>> {
        let mut reader = SliceReader::new(written)?;
        reader.sequence(|tbs| {
            let version = tbs.tlv_bytes()?;
            let serial = tbs.tlv_bytes()?;
            let algorithm = tbs.tlv_bytes()?;
            let _issuer = tbs.tlv_bytes()?;
            let validity = tbs.tlv_bytes()?;
            let _subject = tbs.tlv_bytes()?;
            let _key = tbs.tlv_bytes()?;
            let extensions = tbs.read_slice(tbs.remaining_len())?;
            Ok(write::element(
                write::SEQUENCE,
                &[
                    version,
                    serial,
                    algorithm,
                    self.issuer.as_der(),
                    validity,
                    self.subject.as_der(),
                    self.public_key.as_der(),
                    extensions,
                ],
            ))
        })
    }

    /// Basic constraints and the subject key identifier: rcgen couples the two, kubeadm's leaves have only the first.
    fn custom_extensions(&self) -> Vec<CustomExtension> {
        let mut extensions = Vec::new();
        if let Some(constraints) = self.basic_constraints {
            let mut extension =
                CustomExtension::from_oid_content(&[2, 5, 29, 19], basic_constraints(constraints));
            extension.set_criticality(true);
            extensions.push(extension);
        }
        if let Some(id) = &self.subject_key_id {
            let content = write::element(write::OCTET_STRING, &[id]);
            extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 14], content));
        }
        extensions
    }
}

/// Signs `tbs` and puts the three parts together (RFC 5280 section 4.1, RFC 2986 section 4.2).
pub(crate) fn assemble(tbs: &[u8], signer: &PrivateKey) -> Result<Vec<u8>, TemplateError> {
    let signature =
        crypto::sign(signer, tbs).map_err(|error| TemplateError::Signing(error.to_string()))?;
    let bits = write::element(write::BIT_STRING, &[&[0], &signature]);
    let algorithm = signature_identifier(signer.algorithm());
    Ok(write::element(write::SEQUENCE, &[tbs, algorithm, &bits]))
}

/// In place of a key: keeps what rcgen would have signed.
pub(crate) struct Capture {
    algorithm: &'static rcgen::SignatureAlgorithm,
    pub(crate) written: RefCell<Vec<u8>>,
}

impl Capture {
    pub(crate) fn new(algorithm: KeyAlgorithm) -> Self {
        Self {
            algorithm: match algorithm {
                KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
                    &rcgen::PKCS_RSA_SHA256
                }
                KeyAlgorithm::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
                KeyAlgorithm::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
                KeyAlgorithm::Ed25519 => &rcgen::PKCS_ED25519,
            },
            written: RefCell::new(Vec::new()),
        }
    }
}

impl PublicKeyData for Capture {
    fn der_bytes(&self) -> &[u8] {
        &[]
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for Capture {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.written.replace(message.to_vec());
        Ok(Vec::new())
    }
}

/// Names as rcgen takes them.
pub(crate) fn sans(names: &[SubjectAltName]) -> Result<Vec<SanType>, TemplateError> {
    names
        .iter()
        .map(|name| match name {
            SubjectAltName::Dns(name) => Ia5String::try_from(name.as_str())
                .map(SanType::DnsName)
                .map_err(|error| TemplateError::Signing(error.to_string())),
            SubjectAltName::Ip(address) => Ok(SanType::IpAddress(*address)),
        })
        .collect()
}

/// rcgen decides between UTCTime and GeneralizedTime by the year as it stands, so it must stand in UTC.
fn utc(instant: OffsetDateTime) -> Result<OffsetDateTime, TemplateError> {
    instant
        .checked_to_offset(UtcOffset::UTC)
        .filter(|utc| (0..=9999).contains(&utc.year()))
        .ok_or(TemplateError::Date(instant))
}

/// The serial number without leading zeros (RFC 5280 section 4.1.2.2: positive, at most 20 octets as encoded).
fn checked_serial(serial: &[u8]) -> Result<&[u8], TemplateError> {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    let significant = serial.get(zeros..).unwrap_or_default();
    let sign = usize::from(significant.first().is_some_and(|first| first & 0x80 != 0));
    if significant.is_empty() || significant.len() + sign > MAX_SERIAL {
        return Err(TemplateError::Serial);
    }
    Ok(significant)
}

fn key_usages(usage: KeyUsage) -> Vec<KeyUsagePurpose> {
    KEY_USAGES
        .into_iter()
        .zip(0..)
        .filter(|(_, bit)| usage.contains(KeyUsage(1 << bit)))
        .map(|(purpose, _)| purpose)
        .collect()
}

fn purpose(usage: &ExtendedKeyUsage) -> Result<ExtendedKeyUsagePurpose, TemplateError> {
    Ok(match usage {
        ExtendedKeyUsage::Any => ExtendedKeyUsagePurpose::Any,
        ExtendedKeyUsage::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsage::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsage::Other(dotted) => {
            let oid = ObjectIdentifier::new(dotted).map_err(|_| {
                TemplateError::Signing(format!("`{dotted}` is no object identifier"))
            })?;
            ExtendedKeyUsagePurpose::Other(oid.arcs().map(u64::from).collect())
        }
    })
}

/// `cA` is DEFAULT FALSE and so left out on leaves (RFC 5280 section 4.2.1.9).
fn basic_constraints(constraints: BasicConstraints) -> Vec<u8> {
    let path_len = constraints.path_len.map(|length| {
        let bytes = length.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(3);
        let significant = bytes.get(zeros..).unwrap_or_default();
        let pad: &[u8] = if significant.first().is_some_and(|first| first & 0x80 != 0) {
            &[0]
        } else {
            &[]
        };
        write::element(write::INTEGER, &[pad, significant])
    });
    let ca: &[u8] = if constraints.ca {
        &[0x01, 0x01, 0xff]
    } else {
        &[]
    };
    write::element(
        write::SEQUENCE,
        &[ca, path_len.as_deref().unwrap_or_default()],
    )
}

/// The AlgorithmIdentifier of what [`crypto::sign`] makes.
pub(crate) fn signature_identifier(algorithm: KeyAlgorithm) -> &'static [u8] {
    match algorithm {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"
        }
        KeyAlgorithm::EcdsaP256 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
        KeyAlgorithm::EcdsaP384 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
        KeyAlgorithm::Ed25519 => b"\x30\x05\x06\x03\x2b\x65\x70",
    }
}

const MAX_SERIAL: usize = 20;

/// In the order of their bits.
const KEY_USAGES: [KeyUsagePurpose; 9] = [
    KeyUsagePurpose::DigitalSignature,
    KeyUsagePurpose::ContentCommitment,
    KeyUsagePurpose::KeyEncipherment,
    KeyUsagePurpose::DataEncipherment,
    KeyUsagePurpose::KeyAgreement,
    KeyUsagePurpose::KeyCertSign,
    KeyUsagePurpose::CrlSign,
    KeyUsagePurpose::EncipherOnly,
    KeyUsagePurpose::DecipherOnly,
];

#[cfg(test)]
mod tests;
