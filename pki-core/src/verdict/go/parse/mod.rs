//! `ParseCertificate`: what Go's parser says of bytes that it does not take for a certificate.
//!
//! Followed are `parser.go` and `oid.go` of `src/crypto/x509` and `cryptobyte`; the order of the checks is theirs, for
//! the first fault is the one that is told. GODEBUG is as Go has it by default: negative serial numbers are refused.

mod alt_names;
mod constraints;
mod extensions;
mod keys;
mod names;

use std::borrow::Cow;

use crate::x509::certificate::Certificate;
use crate::x509::der::GENERALIZED_TIME;
use crate::x509::der::SEQUENCE;
use crate::x509::der::UTC_TIME;
use crate::x509::der::integer::int64;
use crate::x509::der::read::Reader;
use crate::x509::rfc5280::ISSUER_UNIQUE_ID;
use crate::x509::rfc5280::SUBJECT_UNIQUE_ID;
use crate::x509::rfc5280::VERSION;

/// What Go says of bytes that it does not take for a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{0}")]
pub struct ParseRefusal(Cow<'static, str>);

/// Reads one DER certificate as `ParseCertificate` does.
///
/// # Errors
/// Go's text.
pub fn parse_certificate(der: &[u8]) -> Result<Certificate, ParseRefusal> {
    check(der)?;
    Certificate::from_der(der).map_err(|error| error.to_string().into())
}

/// What `ParseCertificate` says of `der`; `None` where it takes it for a certificate.
pub fn parse_refusal(der: &[u8]) -> Option<ParseRefusal> {
    check(der).err()
}

impl ParseRefusal {
    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for ParseRefusal {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for ParseRefusal {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

/// `ParseCertificate`.
fn check(der: &[u8]) -> Result<(), ParseRefusal> {
    let mut outer = Reader::new(der);
    let mut certificate = outer.inside(SEQUENCE).ok_or(MALFORMED)?;
    check_certificate(&mut certificate)?;
    if outer.is_empty() {
        Ok(())
    } else {
        Err("x509: trailing data".into())
    }
}

/// `parseCertificate`. What stands behind the last element that it reads it never looks at.
fn check_certificate(certificate: &mut Reader<'_>) -> Result<(), ParseRefusal> {
    let mut tbs = certificate
        .inside(SEQUENCE)
        .ok_or("x509: malformed tbs certificate")?;
    let version = version(&mut tbs)?;
    let serial = tbs.integer().ok_or("x509: malformed serial number")?;
    if serial.first().is_some_and(|first| first & 0x80 != 0) {
        return Err("x509: negative serial number".into());
    }
    check_algorithms(&mut tbs, certificate)?;
    let issuer = tbs.element(SEQUENCE).ok_or("x509: malformed issuer")?;
    names::check(issuer.contents)?;
    let mut validity = tbs.inside(SEQUENCE).ok_or("x509: malformed validity")?;
    check_time(&mut validity)?;
    check_time(&mut validity)?;
    // Go says issuer here too.
    let subject = tbs.element(SEQUENCE).ok_or("x509: malformed issuer")?;
    names::check(subject.contents)?;
    keys::check(&mut tbs)?;
    if version > 1 {
        tbs.optional(ISSUER_UNIQUE_ID)
            .ok_or("x509: malformed issuerUniqueID")?;
        tbs.optional(SUBJECT_UNIQUE_ID)
            .ok_or("x509: malformed subjectUniqueID")?;
    }
    if version == 3 {
        extensions::check(&mut tbs)?;
    }
    certificate
        .bit_string()
        .ok_or("x509: malformed signature")?;
    Ok(())
}

/// The version counted from 1. The highest number that there is wraps around, as it does in Go.
fn version(tbs: &mut Reader<'_>) -> Result<i64, ParseRefusal> {
    let explicit = tbs.optional(VERSION).ok_or(MALFORMED_VERSION)?;
    let Some(mut explicit) = explicit else {
        return Ok(1);
    };
    let number = explicit.integer().and_then(int64);
    let number = number
        .filter(|number| *number >= 0 && explicit.is_empty())
        .ok_or(MALFORMED_VERSION)?;
    match number.wrapping_add(1) {
        version if version > 3 => Err("x509: invalid version".into()),
        version => Ok(version),
    }
}

/// The algorithm inside what is signed, and the one outside, which must be the same.
fn check_algorithms(
    tbs: &mut Reader<'_>,
    certificate: &mut Reader<'_>,
) -> Result<(), ParseRefusal> {
    let inner = tbs
        .contents(SEQUENCE)
        .ok_or("x509: malformed signature algorithm identifier")?;
    let outer = certificate
        .contents(SEQUENCE)
        .ok_or("x509: malformed algorithm identifier")?;
    if inner != outer {
        return Err("x509: inner and outer signature algorithm identifiers don't match".into());
    }
    algorithm(Reader::new(inner)).map(drop)
}

/// `parseAI`: the identifier and the parameters, whole; none are empty.
fn algorithm(mut identifier: Reader<'_>) -> Result<(&[u8], &[u8]), ParseRefusal> {
    let oid = identifier.oid().ok_or("x509: malformed OID")?;
    if identifier.is_empty() {
        return Ok((oid, &[]));
    }
    let parameters = identifier.any().ok_or("x509: malformed parameters")?;
    Ok((oid, parameters.whole))
}

/// `parseTime`.
fn check_time(validity: &mut Reader<'_>) -> Result<(), ParseRefusal> {
    match validity.time() {
        Ok(_) => Ok(()),
        Err(UTC_TIME) => Err("x509: malformed UTCTime".into()),
        Err(GENERALIZED_TIME) => Err("x509: malformed GeneralizedTime".into()),
        Err(_) => Err("x509: unsupported time format".into()),
    }
}

/// What is said of bytes that are no DER SEQUENCE.
pub const MALFORMED: &str = "x509: malformed certificate";
const MALFORMED_VERSION: &str = "x509: malformed version";

#[cfg(test)]
mod tests;
