//! The list of extensions, and `processExtensions`: each extension that Go knows.

use std::collections::BTreeSet;

use crate::verdict::go::parse::ParseRefusal;
use crate::verdict::go::parse::alt_names;
use crate::verdict::go::parse::constraints;
use crate::x509::der::BOOLEAN;
use crate::x509::der::INTEGER;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::OCTET_STRING;
use crate::x509::der::SEQUENCE;
use crate::x509::der::integer::int64;
use crate::x509::der::read;
use crate::x509::der::read::Reader;
use crate::x509::extensions::RawExtension;
use crate::x509::rfc5280::AUTHORITY_INFO_ACCESS;
use crate::x509::rfc5280::AUTHORITY_KEY_IDENTIFIER;
use crate::x509::rfc5280::BASIC_CONSTRAINTS;
use crate::x509::rfc5280::CERTIFICATE_POLICIES;
use crate::x509::rfc5280::CRL_DISTRIBUTION_POINTS;
use crate::x509::rfc5280::DISTRIBUTION_POINT;
use crate::x509::rfc5280::EXT_KEY_USAGE;
use crate::x509::rfc5280::EXTENSIONS;
use crate::x509::rfc5280::FULL_NAME;
use crate::x509::rfc5280::INHIBIT_ANY_POLICY;
use crate::x509::rfc5280::INHIBIT_POLICY_MAPPING;
use crate::x509::rfc5280::KEY_IDENTIFIER;
use crate::x509::rfc5280::KEY_USAGE;
use crate::x509::rfc5280::NAME_CONSTRAINTS;
use crate::x509::rfc5280::POLICY_CONSTRAINTS;
use crate::x509::rfc5280::POLICY_MAPPINGS;
use crate::x509::rfc5280::REQUIRE_EXPLICIT_POLICY;
use crate::x509::rfc5280::SUBJECT_ALT_NAME;
use crate::x509::rfc5280::SUBJECT_KEY_IDENTIFIER;
use crate::x509::rfc5280::URI;

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
        SUBJECT_KEY_IDENTIFIER => {
            if extension.critical {
                return Err("x509: subject key identifier incorrectly marked critical".into());
            }
            let id = value.contents(OCTET_STRING);
            id.ok_or("x509: invalid subject key identifier")?;
        }
        KEY_USAGE => {
            value.bit_string().ok_or("x509: invalid key usage")?;
        }
        SUBJECT_ALT_NAME => alt_names::check(value)?,
        BASIC_CONSTRAINTS => {
            basic_constraints(value).ok_or("x509: invalid basic constraints")?;
        }
        NAME_CONSTRAINTS => constraints::check(value)?,
        CRL_DISTRIBUTION_POINTS => distribution_points(value)?,
        CERTIFICATE_POLICIES => policies(value).ok_or("x509: invalid certificate policies")?,
        POLICY_MAPPINGS => {
            mappings(value).ok_or("x509: invalid policy mappings extension")?;
        }
        AUTHORITY_KEY_IDENTIFIER => authority_key_id(extension)?,
        POLICY_CONSTRAINTS => {
            policy_constraints(value).ok_or("x509: invalid policy constraints extension")?;
        }
        EXT_KEY_USAGE => usages(value).ok_or("x509: invalid extended key usages")?,
        INHIBIT_ANY_POLICY => {
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
        let Some(mut name) = point.optional(DISTRIBUTION_POINT).ok_or(FAULT)? else {
            continue;
        };
        let mut names = name.inside(FULL_NAME).ok_or(FAULT)?;
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
    id.and_then(|mut id| id.optional(KEY_IDENTIFIER))
        .ok_or("x509: invalid authority key identifier")?;
    Ok(())
}

fn policy_constraints(mut value: Reader<'_>) -> Option<()> {
    let mut inside = value.inside(SEQUENCE)?;
    for tag in [REQUIRE_EXPLICIT_POLICY, INHIBIT_POLICY_MAPPING] {
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
