//! The list of extensions, and `processExtensions`: each extension that Go knows.

use std::collections::BTreeSet;

use crate::verdict::go::parse::ParseRefusal;
use crate::verdict::go::parse::alt_names;
use crate::verdict::go::parse::constraints;
use crate::verdict::go::parse::int64;
use crate::x509::der::INTEGER;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::OCTET_STRING;
use crate::x509::der::SEQUENCE;
use crate::x509::der::read;
use crate::x509::der::read::BOOLEAN;
use crate::x509::der::read::Reader;
use crate::x509::extensions::RawExtension;

/// Checks the extensions, where they come next: first that there is a list of them, then each.
pub(super) fn check(tbs: &mut Reader<'_>) -> Result<(), ParseRefusal> {
    let explicit = tbs.optional(EXTENSIONS).ok_or(MALFORMED)?;
    let Some(mut explicit) = explicit else {
        return Ok(());
    };
    let mut list = explicit.inside(SEQUENCE).ok_or(MALFORMED)?;
    let mut extensions = Vec::new();
    let mut seen = BTreeSet::new();
    while !list.is_empty() {
        let extension = list.inside(SEQUENCE).ok_or("x509: malformed extension")?;
        let extension = read_extension(extension)?;
        if !seen.insert(extension.oid) {
            let oid = read::dotted(extension.oid);
            let text = format!("x509: certificate contains duplicate extension with OID \"{oid}\"");
            return Err(text.into());
        }
        extensions.push(extension);
    }
    extensions.iter().try_for_each(process)
}

/// `parseExtension`.
fn read_extension(mut extension: Reader<'_>) -> Result<RawExtension<'_>, ParseRefusal> {
    let oid = extension
        .oid()
        .ok_or("x509: malformed extension OID field")?;
    let critical = if extension.is_next(BOOLEAN) {
        extension
            .boolean()
            .ok_or("x509: malformed extension critical field")?
    } else {
        false
    };
    let value = extension
        .contents(OCTET_STRING)
        .ok_or("x509: malformed extension value field")?;
    Ok(RawExtension {
        oid,
        critical,
        value,
    })
}

/// `processExtensions`, of one. Where it asks for one element and ignores what follows, so does this.
fn process(extension: &RawExtension<'_>) -> Result<(), ParseRefusal> {
    let mut value = Reader::new(extension.value);
    match extension.oid {
        [0x55, 0x1d, 14] => {
            if extension.critical {
                return Err("x509: subject key identifier incorrectly marked critical".into());
            }
            let id = value.contents(OCTET_STRING);
            id.ok_or("x509: invalid subject key identifier")?;
        }
        [0x55, 0x1d, 15] => {
            value.bit_string().ok_or("x509: invalid key usage")?;
        }
        [0x55, 0x1d, 17] => alt_names::check(value)?,
        [0x55, 0x1d, 19] => {
            basic_constraints(value).ok_or("x509: invalid basic constraints")?;
        }
        [0x55, 0x1d, 30] => constraints::check(value)?,
        [0x55, 0x1d, 31] => distribution_points(value)?,
        [0x55, 0x1d, 32] => policies(value).ok_or("x509: invalid certificate policies")?,
        [0x55, 0x1d, 33] => {
            mappings(value).ok_or("x509: invalid policy mappings extension")?;
        }
        [0x55, 0x1d, 35] => authority_key_id(extension)?,
        [0x55, 0x1d, 36] => {
            policy_constraints(value).ok_or("x509: invalid policy constraints extension")?;
        }
        [0x55, 0x1d, 37] => usages(value).ok_or("x509: invalid extended key usages")?,
        [0x55, 0x1d, 54] => {
            let skip = value.integer().and_then(int64);
            skip.ok_or("x509: invalid inhibit any policy extension")?;
        }
        AUTHORITY_INFO_ACCESS => {
            if extension.critical {
                return Err("x509: authority info access incorrectly marked critical".into());
            }
            authority_info(value).ok_or("x509: invalid authority info access")?;
        }
        _ => {}
    }
    Ok(())
}

/// `parseBasicConstraintsExtension`: a path length of at most 63 bits.
fn basic_constraints(mut value: Reader<'_>) -> Option<()> {
    let mut inside = value.inside(SEQUENCE)?;
    if inside.is_next(BOOLEAN) {
        inside.boolean()?;
    }
    if inside.is_next(INTEGER) {
        inside
            .integer()
            .and_then(int64)
            .filter(|length| *length >= 0)?;
    }
    Some(())
}

/// cRLDistributionPoints: the URIs that come first in each fullName.
fn distribution_points(mut value: Reader<'_>) -> Result<(), ParseRefusal> {
    const FAULT: &str = "x509: invalid CRL distribution point";
    let mut points = value
        .inside(SEQUENCE)
        .ok_or("x509: invalid CRL distribution points")?;
    while !points.is_empty() {
        let mut point = points.inside(SEQUENCE).ok_or(FAULT)?;
        let Some(mut name) = point.optional(0xa0).ok_or(FAULT)? else {
            continue;
        };
        let mut names = name.inside(0xa0).ok_or(FAULT)?;
        while names.is_next(URI) {
            names.any().ok_or(FAULT)?;
        }
    }
    Ok(())
}

/// `parseCertificatePoliciesExtension`: each policy once. Their numbers may be of any size (`newOIDFromDER`).
fn policies(mut value: Reader<'_>) -> Option<()> {
    let mut list = value.inside(SEQUENCE)?;
    let mut seen = BTreeSet::new();
    while !list.is_empty() {
        let oid = list.inside(SEQUENCE)?.contents(OBJECT_IDENTIFIER)?;
        let begins_short = oid
            .split_inclusive(|octet| octet & 0x80 == 0)
            .all(|number| number.first() != Some(&0x80));
        let ends = oid.last().is_some_and(|last| last & 0x80 == 0);
        if !ends || !begins_short || !seen.insert(oid) {
            return None;
        }
    }
    Some(())
}

fn mappings(mut value: Reader<'_>) -> Option<()> {
    let mut list = value.inside(SEQUENCE)?;
    while !list.is_empty() {
        let mut pair = list.inside(SEQUENCE)?;
        pair.contents(OBJECT_IDENTIFIER)?;
        pair.contents(OBJECT_IDENTIFIER)?;
    }
    Some(())
}

/// `parseAuthorityKeyIdentifier`.
fn authority_key_id(extension: &RawExtension<'_>) -> Result<(), ParseRefusal> {
    if extension.critical {
        return Err("x509: authority key identifier incorrectly marked critical".into());
    }
    let id = Reader::new(extension.value).inside(SEQUENCE);
    id.and_then(|mut id| id.optional(0x80))
        .ok_or("x509: invalid authority key identifier")?;
    Ok(())
}

fn policy_constraints(mut value: Reader<'_>) -> Option<()> {
    let mut inside = value.inside(SEQUENCE)?;
    for tag in [0x80, 0x81] {
        if inside.is_next(tag) {
            inside.integer_tagged(tag).and_then(int64)?;
        }
    }
    Some(())
}

fn usages(mut value: Reader<'_>) -> Option<()> {
    let mut list = value.inside(SEQUENCE)?;
    while !list.is_empty() {
        list.oid()?;
    }
    Some(())
}

fn authority_info(mut value: Reader<'_>) -> Option<()> {
    let mut list = value.inside(SEQUENCE)?;
    while !list.is_empty() {
        let mut access = list.inside(SEQUENCE)?;
        access.oid()?;
        access.optional(URI)?;
    }
    Some(())
}

const MALFORMED: &str = "x509: malformed extensions";
const EXTENSIONS: u8 = 0xa3;
/// uniformResourceIdentifier (RFC 5280 section 4.2.1.6).
const URI: u8 = 0x86;
/// id-pe-authorityInfoAccess, 1.3.6.1.5.5.7.1.1.
const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
