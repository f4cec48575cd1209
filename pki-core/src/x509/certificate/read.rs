//! From DER to a certificate.
//!
//! The frame is read as Go's crypto/x509 reads it (`parseCertificate`), which passes over what stands behind the last
//! element that it asks for and over extensions before version 3. What is inside the frame is read for what it is
//! worth: names of unknown string types, negative serial numbers and broken extensions can be told to people.

use std::ops::Range;

use time::OffsetDateTime;

use crate::x509::certificate::CertificateError;
use crate::x509::certificate::Parsed;
use crate::x509::der::INTEGER;
use crate::x509::der::SEQUENCE;
use crate::x509::der::read::Reader;
use crate::x509::extensions;
use crate::x509::extensions::RawExtension;
use crate::x509::name::DistinguishedName;
use crate::x509::rfc5280::EXTENSIONS;
use crate::x509::rfc5280::ISSUER_UNIQUE_ID;
use crate::x509::rfc5280::SUBJECT_UNIQUE_ID;
use crate::x509::rfc5280::VERSION;
use crate::x509::spki::PublicKey;

/// Reads one certificate with nothing after it.
pub(super) fn parse(der: Vec<u8>) -> Result<Parsed, CertificateError> {
    let mut outer = Reader::new(&der);
    let Some(mut certificate) = outer.inside(SEQUENCE) else {
        return Err(malformed(&der));
    };
    if !outer.is_empty() {
        let what = format!("{} bytes follow the certificate", outer.rest().len());
        return Err(CertificateError(what));
    }
    let frame = Frame::read(&mut certificate).ok_or_else(|| malformed(&der))?;
    let public_key = PublicKey::from_der(frame.public_key)
        .map_err(|error| CertificateError(format!("its public key is damaged: {error}")))?;
    let range = |part| range_of(&der, part).ok_or_else(|| malformed(&der));
    let read = Parsed {
        serial: frame.serial.to_vec(),
        issuer: DistinguishedName::read(frame.issuer).ok_or_else(|| malformed(&der))?,
        subject: DistinguishedName::read(frame.subject).ok_or_else(|| malformed(&der))?,
        not_before: frame.validity.0,
        not_after: frame.validity.1,
        public_key,
        extensions: extensions::read(frame.extensions),
        tbs: range(frame.tbs)?,
        signature_algorithm: range(frame.signature_algorithm)?,
        signature: range(frame.signature)?,
        realigned_signature: frame.realigned_signature,
        der: Vec::new(),
    };
    Ok(Parsed { der, ..read })
}

/// The extensions, as they are written, of a certificate that has been read before.
pub(super) fn raw_extensions(der: &[u8]) -> Vec<RawExtension<'_>> {
    let certificate = Reader::new(der).inside(SEQUENCE);
    let frame = certificate.and_then(|mut certificate| Frame::read(&mut certificate));
    frame.map(|frame| frame.extensions).unwrap_or_default()
}

/// The parts of a certificate (RFC 5280 section 4.1).
struct Frame<'a> {
    tbs: &'a [u8],
    serial: &'a [u8],
    issuer: &'a [u8],
    validity: (OffsetDateTime, OffsetDateTime),
    subject: &'a [u8],
    public_key: &'a [u8],
    extensions: Vec<RawExtension<'a>>,
    signature_algorithm: &'a [u8],
    signature: &'a [u8],
    realigned_signature: Option<Vec<u8>>,
}

impl<'a> Frame<'a> {
    fn read(certificate: &mut Reader<'a>) -> Option<Self> {
        let signed = certificate.element(SEQUENCE)?;
        let mut tbs = Reader::new(signed.contents);
        let has_extensions = match tbs.optional(VERSION)? {
            Some(mut explicit) => matches!(explicit.contents(INTEGER)?, [2..=0x7f]),
            None => false,
        };
        let serial = tbs.contents(INTEGER)?;
        tbs.element(SEQUENCE)?;
        let signature_algorithm = certificate.element(SEQUENCE)?.whole;
        let issuer = tbs.element(SEQUENCE)?.whole;
        let mut validity = tbs.inside(SEQUENCE)?;
        let validity = (validity.time().ok()?, validity.time().ok()?);
        let subject = tbs.element(SEQUENCE)?.whole;
        let public_key = tbs.element(SEQUENCE)?.whole;
        let extensions = if has_extensions {
            extensions_of(&mut tbs)?
        } else {
            Vec::new()
        };
        let signature = certificate.bit_string()?;
        Some(Self {
            tbs: signed.whole,
            serial,
            issuer,
            validity,
            subject,
            public_key,
            extensions,
            signature_algorithm,
            signature: signature.octets,
            realigned_signature: signature.realigned(),
        })
    }
}

/// What follows the key: two unique identifiers that nobody uses, and the extensions.
fn extensions_of<'a>(tbs: &mut Reader<'a>) -> Option<Vec<RawExtension<'a>>> {
    tbs.optional(ISSUER_UNIQUE_ID)?;
    tbs.optional(SUBJECT_UNIQUE_ID)?;
    let Some(mut explicit) = tbs.optional(EXTENSIONS)? else {
        return Some(Vec::new());
    };
    extensions::list(explicit.inside(SEQUENCE)?)
}

fn malformed(der: &[u8]) -> CertificateError {
    CertificateError(
        if is_cut_short(der) {
            "the DER is cut short"
        } else {
            "the DER does not parse"
        }
        .to_owned(),
    )
}

/// Whether the SEQUENCE that begins here would go on behind the last byte.
fn is_cut_short(der: &[u8]) -> bool {
    let [SEQUENCE, first, rest @ ..] = der else {
        return der == [SEQUENCE];
    };
    let octets = match first {
        0..=0x7f => return rest.len() < usize::from(*first),
        0x81..=0x84 => usize::from(first & 0x7f),
        _ => return false,
    };
    match rest.split_at_checked(octets) {
        Some((length, contents)) => {
            let length = length
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet));
            contents.len() < length
        }
        None => true,
    }
}

/// Where `part`, a slice of `whole`, lies in it.
fn range_of(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let range = start..start.checked_add(part.len())?;
    whole.get(range.clone()).map(|_| range)
}
