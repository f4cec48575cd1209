//! `parseNameConstraintsExtension`.

use crate::verdict::go::address;
use crate::verdict::go::constraints::Mailbox;
use crate::verdict::go::constraints::is_valid_domain;
use crate::verdict::go::parse::ParseRefusal;
use crate::verdict::go::text::quote;
use crate::verdict::go::text::quote_bytes;
use crate::x509::der::SEQUENCE;
use crate::x509::der::read::Element;
use crate::x509::der::read::Reader;
use crate::x509::hex;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::rfc5280::EXCLUDED_SUBTREES;
use crate::x509::rfc5280::IP_ADDRESS;
use crate::x509::rfc5280::PERMITTED_SUBTREES;
use crate::x509::rfc5280::RFC822_NAME;
use crate::x509::rfc5280::URI;

/// Checks the value of the extension.
pub(super) fn check(value: Reader<'_>) -> Result<(), ParseRefusal> {
    let [permitted, excluded] = subtrees(value).ok_or(FAULT)?;
    if permitted.is_empty() && excluded.is_empty() {
        return Err("x509: empty name constraints extension".into());
    }
    check_subtrees(permitted)?;
    check_subtrees(excluded)
}

/// What is permitted and what is excluded, and nothing besides.
fn subtrees(mut value: Reader<'_>) -> Option<[Reader<'_>; 2]> {
    let mut inside = value.inside(SEQUENCE)?;
    if !value.is_empty() {
        return None;
    }
    let none = Reader::new(&[]);
    let permitted = inside.optional(PERMITTED_SUBTREES)?.unwrap_or(none);
    let excluded = inside.optional(EXCLUDED_SUBTREES)?.unwrap_or(none);
    inside.is_empty().then_some([permitted, excluded])
}

fn check_subtrees(mut subtrees: Reader<'_>) -> Result<(), ParseRefusal> {
    while !subtrees.is_empty() {
        let base = subtrees
            .inside(SEQUENCE)
            .and_then(|mut subtree| subtree.any())
            .ok_or(FAULT)?;
        check_base(&base)?;
    }
    Ok(())
}

/// Bases of other kinds are passed over.
fn check_base(base: &Element<'_>) -> Result<(), ParseRefusal> {
    match base.tag {
        RFC822_NAME => {
            let text = ia5(base.contents)?;
            let is_valid = if text.contains('@') {
                Mailbox::parse(text).is_some()
            } else {
                is_valid_domain(text, true)
            };
            is_valid.then_some(()).ok_or_else(|| {
                format!(
                    "x509: failed to parse rfc822Name constraint {}",
                    quote(text)
                )
                .into()
            })
        }
        DNS_NAME => {
            let text = ia5(base.contents)?;
            is_valid_domain(text, true).then_some(()).ok_or_else(|| {
                format!("x509: failed to parse dnsName constraint {}", quote(text)).into()
            })
        }
        URI => {
            let text = ia5(base.contents)?;
            let fault = match address::parse(text.as_bytes()) {
                Ok(address) if !address.has_zone => ": cannot be IP address",
                _ if !is_valid_domain(text, true) => "",
                _ => return Ok(()),
            };
            Err(format!(
                "x509: failed to parse URI constraint {}{fault}",
                quote(text)
            )
            .into())
        }
        IP_ADDRESS => check_network(base.contents),
        _ => Ok(()),
    }
}

fn check_network(octets: &[u8]) -> Result<(), ParseRefusal> {
    if octets.len() != 8 && octets.len() != 32 {
        let length = octets.len();
        return Err(format!("x509: IP constraint contained value of length {length}").into());
    }
    let (_, mask) = octets.split_at(octets.len() / 2);
    let is_prefix = mask
        .iter()
        .skip_while(|octet| **octet == 0xff)
        .enumerate()
        .all(|(position, octet)| {
            let ends_here = octet.leading_ones() + octet.trailing_zeros() == 8;
            if position == 0 {
                ends_here
            } else {
                *octet == 0
            }
        });
    if is_prefix {
        return Ok(());
    }
    let mask = hex(mask);
    Err(format!("x509: IP constraint contained invalid mask {mask}").into())
}

fn ia5(octets: &[u8]) -> Result<&str, ParseRefusal> {
    let text = str::from_utf8(octets).ok().filter(|text| text.is_ascii());
    text.ok_or_else(|| {
        let quoted = quote_bytes(octets);
        let fault = format!("x509: {quoted} cannot be encoded as an IA5String");
        format!("x509: invalid constraint value: {fault}").into()
    })
}

const FAULT: &str = "x509: invalid NameConstraints extension";
