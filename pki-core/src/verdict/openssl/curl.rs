//! curl with OpenSSL (lib/vtls/openssl.c, lib/vtls/hostcheck.c of 7.88): its own rules for names, its own sentences.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use crate::verdict::openssl::Name;
use crate::verdict::openssl::Question;
use crate::verdict::openssl::faults;
use crate::verdict::openssl::seen::DNS_NAME;
use crate::verdict::openssl::seen::IP_ADDRESS;
use crate::verdict::openssl::seen::Seen;
use crate::verdict::signatures::Signatures;

/// What curl prints after `curl: (60) `; `None` when it is content.
pub fn curl(question: &Question<'_>, signatures: &mut Signatures) -> Option<String> {
    let nameless = Question {
        name: None,
        ..*question
    };
    if let Some(fault) = faults(&nameless, signatures).first() {
        return Some(format!("SSL certificate problem: {}", fault.code));
    }
    name_problem(&Seen::new(question.leaf), question.name?)
}

/// `ossl_verifyhost`. The common name counts only where there is neither a dNSName nor an iPAddress; then even an address
/// may equal it.
fn name_problem(leaf: &Seen<'_>, name: Name<'_>) -> Option<String> {
    let (shown, octets) = match name {
        Name::Dns(name) => (name.to_owned(), None),
        Name::Ip(IpAddr::V4(address)) => (address.to_string(), Some(address.octets().to_vec())),
        Name::Ip(IpAddr::V6(address)) => (address.to_string(), Some(address.octets().to_vec())),
    };
    let mut of_either_kind = leaf
        .names
        .iter()
        .filter(|name| matches!(name.tag, DNS_NAME | IP_ADDRESS))
        .peekable();
    if of_either_kind.peek().is_some() {
        let is_match = of_either_kind.any(|name| match &octets {
            Some(octets) => name.tag == IP_ADDRESS && name.content == octets,
            None => name.tag == DNS_NAME && is_match(name.content, shown.as_bytes()),
        });
        return (!is_match).then(|| {
            format!(
                "SSL: no alternative certificate subject name matches target host name '{shown}'"
            )
        });
    }
    let Some(common_name) = leaf.subject.common_names().last().flatten() else {
        return Some("SSL: unable to obtain common name from peer certificate".to_owned());
    };
    if common_name.contains(&0) {
        return Some("SSL: illegal cert name field".to_owned());
    }
    (!is_match(&common_name, shown.as_bytes())).then(|| {
        format!(
            "SSL: certificate subject name '{}' does not match target host name '{shown}'",
            String::from_utf8_lossy(&common_name)
        )
    })
}

/// `hostmatch`: trailing dots do not count; a star stands for one or more characters of the first of three labels.
fn is_match(pattern: &[u8], host: &[u8]) -> bool {
    if pattern.is_empty() || host.is_empty() || pattern.contains(&0) {
        return false;
    }
    let is_address = std::str::from_utf8(host)
        .is_ok_and(|host| host.parse::<Ipv4Addr>().is_ok() || host.parse::<IpAddr>().is_ok());
    let pattern = pattern.strip_suffix(b".").unwrap_or(pattern);
    let host = host.strip_suffix(b".").unwrap_or(host);
    let Some(star) = pattern.iter().position(|octet| *octet == b'*') else {
        return pattern.eq_ignore_ascii_case(host);
    };
    if is_address {
        return false;
    }
    let dot = |name: &[u8]| name.iter().position(|octet| *octet == b'.');
    let dots = pattern.iter().filter(|octet| **octet == b'.').count();
    let is_idna = pattern
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    let (Some(end), true) = (dot(pattern), dots >= 2 && !is_idna) else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let Some(host_end) = dot(host) else {
        return false;
    };
    let (label, rest) = pattern.split_at_checked(end).unwrap_or_default();
    let (host_label, host_rest) = host.split_at_checked(host_end).unwrap_or_default();
    // A star after the first label was found before: it is compared like any other character there.
    let Some((before, after)) = label
        .split_at_checked(star)
        .and_then(|(before, from)| Some((before, from.get(1..)?)))
    else {
        return false;
    };
    let starts = |name: &[u8], start: &[u8]| {
        name.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    let tail = host_label.len().saturating_sub(after.len());
    rest.eq_ignore_ascii_case(host_rest)
        && host_label.len() >= label.len()
        && starts(host_label, before)
        && host_label
            .get(tail..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label_or_part_of_it() {
        for (pattern, host) in [
            ("*.wulin.internal", "LB.wulin.internal."),
            ("l*.wulin.internal.", "lb.wulin.internal"),
            ("*b.wulin.internal", "lb.wulin.internal"),
            ("x*y.wulin.internal", "xzy.wulin.internal"),
            ("wudang", "wudang."),
            ("*.internal", "*.internal"),
            ("10.24.138.208", "10.24.138.208"),
        ] {
            assert!(is_match(pattern.as_bytes(), host.as_bytes()), "{pattern}");
        }
        for (pattern, host) in [
            ("*.wulin.internal", "wulin.internal"),
            ("*.wulin.internal", "a.b.wulin.internal"),
            ("*.internal", "lb.internal"),
            ("*.24.138.208", "10.24.138.208"),
            ("", "wudang"),
            ("wudang\0", "wudang"),
            ("xn--*.wulin.internal", "xn--a.wulin.internal"),
        ] {
            assert!(!is_match(pattern.as_bytes(), host.as_bytes()), "{pattern}");
        }
    }
}
