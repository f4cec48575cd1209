//! `X509_check_host` and `X509_check_ip` (crypto/x509/v3_utl.c) with no flags, as every client here calls them.

use std::net::IpAddr;

use crate::verdict::openssl::seen::Seen;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::rfc5280::IP_ADDRESS;

/// Whether a dialled name is among a certificate's. The common name counts where there is no dNSName.
pub(super) fn matches_host(certificate: &Seen<'_>, host: &str) -> bool {
    let host = host.as_bytes();
    let mut names = certificate
        .names
        .iter()
        .filter(|name| name.tag == DNS_NAME)
        .peekable();
    if names.peek().is_some() {
        return names.any(|name| is_match(name.content, host));
    }
    for common_name in certificate.subject.common_names() {
        match common_name {
            Some(name) if is_match(&name, host) => return true,
            Some(_) => {}
            // An error ends the search.
            None => return false,
        }
    }
    false
}

/// Whether a dialled address is among a certificate's, octet by octet. No name is looked at.
pub(super) fn matches_ip(certificate: &Seen<'_>, address: IpAddr) -> bool {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    certificate
        .names
        .iter()
        .any(|name| name.tag == IP_ADDRESS && name.content == octets)
}

/// `equal_wildcard`.
fn is_match(pattern: &[u8], host: &[u8]) -> bool {
    if pattern.is_empty() {
        return false;
    }
    if let [b'.', _, ..] = host {
        return is_equal(suffix(pattern, host.len()), host);
    }
    match star(pattern) {
        Some(at) => {
            let (before, from) = pattern.split_at_checked(at).unwrap_or_default();
            let after = from.get(1..).unwrap_or_default();
            matches_wildcard(before, after, host)
        }
        None => is_equal(pattern, host),
    }
}

/// `skip_prefix`: a host that begins with a dot stands for every name below it.
fn suffix(pattern: &[u8], length: usize) -> &[u8] {
    let skipped = pattern.len().saturating_sub(length);
    match pattern.split_at_checked(skipped) {
        Some((skipped, kept)) if !skipped.contains(&0) => kept,
        _ => pattern,
    }
}

/// `equal_nocase`: a NUL equals nothing.
fn is_equal(pattern: &[u8], host: &[u8]) -> bool {
    pattern.eq_ignore_ascii_case(host) && !pattern.contains(&0)
}

/// `wildcard_match`: what stands for the star is part of one label.
fn matches_wildcard(before: &[u8], after: &[u8], host: &[u8]) -> bool {
    let Some(length) = host.len().checked_sub(before.len() + after.len()) else {
        return false;
    };
    let (first, rest) = host.split_at_checked(before.len()).unwrap_or_default();
    let (middle, last) = rest.split_at_checked(length).unwrap_or_default();
    if !is_equal(before, first) || !is_equal(last, after) {
        return false;
    }
    let is_whole_label = before.is_empty() && after.first() == Some(&b'.');
    if is_whole_label && middle.is_empty() {
        return false;
    }
    if !is_whole_label && is_idna(host) {
        return false;
    }
    middle == b"*"
        || middle
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
}

/// `valid_star`: where the one star of a pattern is, at the start or the end of the first of at least three labels.
fn star(pattern: &[u8]) -> Option<usize> {
    let labels: Vec<&[u8]> = pattern.split(|octet| *octet == b'.').collect();
    let (first, others) = labels.split_first()?;
    let at = first.iter().position(|octet| *octet == b'*')?;
    let edge = at == 0 || at + 1 == first.len();
    if others.len() < 2 || !edge || !others.iter().all(|label| is_label(label)) {
        return None;
    }
    let (before, after) = first.split_at_checked(at)?;
    let after = after.get(1..)?;
    let is_sound = is_letters(before)
        && !before.starts_with(b"-")
        && !before.ends_with(b"-")
        && !is_idna(before)
        && is_letters(after)
        && !after.ends_with(b"-");
    is_sound.then_some(at)
}

fn is_label(label: &[u8]) -> bool {
    is_letters(label) && !label.is_empty() && !label.starts_with(b"-") && !label.ends_with(b"-")
}

fn is_letters(part: &[u8]) -> bool {
    part.iter()
        .all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
}

fn is_idna(name: &[u8]) -> bool {
    name.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"))
}
