//! `net/netip`'s `ParseAddr`, for its words and for what it takes.

use crate::verdict::go::text::quote_bytes;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Whether it is an IPv4 address; one mapped into IPv6 is none.
    pub(super) is_v4: bool,
    /// Whether it names a zone.
    pub(super) has_zone: bool,
}

/// `ParseAddr`; an `Err` is its error's text.
pub(super) fn parse(text: &[u8]) -> Result<Address, String> {
    let fault = match text.iter().find(|octet| b".:%".contains(octet)) {
        Some(b'.') => {
            return four(text, text).map(|()| Address {
                is_v4: true,
                has_zone: false,
            });
        }
        Some(b':') => return six(text),
        Some(_) => "missing IPv6 address",
        None => "unable to parse IP",
    };
    Err(failed(text, fault, &[]))
}

/// `parseAddrError`.
fn failed(text: &[u8], fault: &str, at: &[u8]) -> String {
    let whole = format!("ParseAddr({}): {fault}", quote_bytes(text));
    if at.is_empty() {
        whole
    } else {
        format!("{whole} (at {})", quote_bytes(at))
    }
}

/// `parseIPv4Fields`: `part` of `text`.
fn four(text: &[u8], part: &[u8]) -> Result<(), String> {
    let (mut value, mut digits, mut fields) = (0_u32, 0, 0);
    let mut before = b'.';
    for (position, &octet) in part.iter().enumerate() {
        let at = part.get(position..).unwrap_or_default();
        match octet {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    let fault = "IPv4 field has octet with leading zero";
                    return Err(failed(text, fault, &[]));
                }
                value = value * 10 + u32::from(octet - b'0');
                digits += 1;
                if value > 255 {
                    return Err(failed(text, "IPv4 field has value >255", &[]));
                }
            }
            b'.' => {
                if before == b'.' || at.len() == 1 {
                    let fault = "IPv4 field must have at least one digit";
                    return Err(failed(text, fault, at));
                }
                if fields == 3 {
                    return Err(failed(text, "IPv4 address too long", &[]));
                }
                fields += 1;
                (value, digits) = (0, 0);
            }
            _ => return Err(failed(text, "unexpected character", at)),
        }
        before = octet;
    }
    if fields < 3 {
        return Err(failed(text, "IPv4 address too short", &[]));
    }
    Ok(())
}

/// `parseIPv6`.
fn six(text: &[u8]) -> Result<Address, String> {
    let (mut rest, has_zone) = match text.iter().position(|octet| *octet == b'%') {
        Some(end) if end + 1 == text.len() => {
            return Err(failed(text, "zone must be a non-empty string", &[]));
        }
        Some(end) => (text.get(..end).unwrap_or_default(), true),
        None => (text, false),
    };
    let address = Address {
        is_v4: false,
        has_zone,
    };
    let mut has_gap = false;
    if let Some(after) = rest.strip_prefix(b"::") {
        has_gap = true;
        rest = after;
        if rest.is_empty() {
            return Ok(address);
        }
    }
    let mut length = 0;
    while length < 16 {
        let octets;
        (octets, rest) = group(text, rest, length, &mut has_gap)?;
        length += octets;
        if rest.is_empty() {
            break;
        }
    }
    if !rest.is_empty() {
        return Err(failed(text, "trailing garbage after address", rest));
    }
    match (length < 16, has_gap) {
        (true, false) => Err(failed(text, "address string too short", &[])),
        (false, true) => {
            let fault = "the :: must expand to at least one field of zeros";
            Err(failed(text, fault, &[]))
        }
        _ => Ok(address),
    }
}

/// One group of an IPv6 address, or the IPv4 address at its end, and the colons behind it: how many octets it makes, and
/// what is left.
fn group<'a>(
    text: &[u8],
    rest: &'a [u8],
    length: usize,
    has_gap: &mut bool,
) -> Result<(usize, &'a [u8]), String> {
    let digits = rest
        .iter()
        .take_while(|octet| octet.is_ascii_hexdigit())
        .count();
    if digits > 4 {
        return Err(failed(text, "each group must have 4 or less digits", rest));
    }
    if digits == 0 {
        let fault = "each colon-separated field must have at least one digit";
        return Err(failed(text, fault, rest));
    }
    let after = rest.get(digits..).unwrap_or_default();
    if after.first() == Some(&b'.') {
        if !*has_gap && length != 12 {
            let fault = "embedded IPv4 address must replace the final 2 fields of the address";
            return Err(failed(text, fault, rest));
        }
        if length + 4 > 16 {
            let fault = "too many hex fields to fit an embedded IPv4 at the end of the address";
            return Err(failed(text, fault, rest));
        }
        four(text, rest)?;
        return Ok((4, &[]));
    }
    let after = match after {
        [] => return Ok((2, &[])),
        [b':'] => {
            let fault = "colon must be followed by more characters";
            return Err(failed(text, fault, after));
        }
        [b':', after @ ..] => after,
        _ => return Err(failed(text, "unexpected character, want colon", after)),
    };
    let Some(behind_gap) = after.strip_prefix(b":") else {
        return Ok((2, after));
    };
    if *has_gap {
        return Err(failed(text, "multiple :: in address", after));
    }
    *has_gap = true;
    Ok((2, behind_gap))
}
