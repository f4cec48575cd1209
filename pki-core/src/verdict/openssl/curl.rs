//! curl with OpenSSL (lib/vtls/openssl.c and hostcheck.c of 8.1, and of 7.88 as Debian mends it): its own rules for names,
//! its own sentences.

use std::net::IpAddr;

use crate::verdict::openssl::ErrorCode;
use crate::verdict::openssl::Name;
use crate::verdict::openssl::Question;
use crate::verdict::openssl::RELEASE;
use crate::verdict::openssl::faults;
use crate::verdict::openssl::seen::Seen;
use crate::verdict::signatures::Signatures;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::rfc5280::IP_ADDRESS;

/// What curl prints; `None` when it is content.
///
/// After a refusal curl asks OpenSSL's error queue first, and says `SSL certificate problem` only where nothing stands
/// there before it. A signature that does not fit leaves its own error in the queue. Of the release that curl puts into
/// that line only [`RELEASE`] is given here; an RSA signature may leave `error:02000068:rsa routines::bad signature`
/// instead, when it is of the issuer but over other bytes. Extensions that do not parse leave an error as well, which is
/// not followed.
pub fn curl(question: &Question<'_>, signatures: &mut Signatures) -> Option<String> {
    let nameless = Question {
        name: None,
        ..*question
    };
    let faults = faults(&nameless, signatures);
    let Some(first) = faults.first() else {
        let leaf = Seen::new(question.leaf);
        let problem = question.name.and_then(|name| name_problem(&leaf, name));
        let nameless = leaf.issuer.len() == 0;
        let problem =
            problem.or_else(|| nameless.then(|| "SSL: couldn't get X509-issuer name".to_owned()));
        return problem.map(|problem| format!("curl: (60) {problem}"));
    };
    if first.code != ErrorCode::CertSignatureFailure {
        return Some(format!(
            "curl: (60) SSL certificate problem: {}",
            first.code
        ));
    }
    let by_rsa = first
        .certificate
        .signature_algorithm()
        .starts_with(RSA_ALGORITHMS);
    let queued = if by_rsa {
        "0200008A:rsa routines::invalid padding"
    } else {
        "06880006:asn1 encoding routines::EVP lib"
    };
    Some(format!("curl: (35) OpenSSL/{RELEASE}: error:{queued}"))
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

/// `hostmatch`: trailing dots do not count; a star stands for the whole first of at least three labels.
fn is_match(pattern: &[u8], host: &[u8]) -> bool {
    if pattern.is_empty() || host.is_empty() || pattern.contains(&0) {
        return false;
    }
    let pattern = pattern.strip_suffix(b".").unwrap_or(pattern);
    let host = host.strip_suffix(b".").unwrap_or(host);
    let below = pattern
        .strip_prefix(b"*.")
        .filter(|below| below.contains(&b'.'));
    let Some(below) = below else {
        let is_address = pattern.starts_with(b"*.") && is_address(host);
        return !is_address && pattern.eq_ignore_ascii_case(host);
    };
    let first_dot = host.iter().position(|octet| *octet == b'.');
    let host_below = first_dot.and_then(|dot| host.get(dot + 1..));
    !is_address(host) && host_below.is_some_and(|name| name.eq_ignore_ascii_case(below))
}

fn is_address(host: &[u8]) -> bool {
    std::str::from_utf8(host).is_ok_and(|host| host.parse::<IpAddr>().is_ok())
}

/// An AlgorithmIdentifier of PKCS #1, up to its last number.
const RSA_ALGORITHMS: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_whole_label() {
        for (pattern, host) in [
            ("*.wulin.internal", "LB.wulin.internal."),
            ("*.wulin.internal.", "lb.wulin.internal"),
            ("*.wulin.internal", "*.wulin.internal"),
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
            ("l*.wulin.internal", "lb.wulin.internal"),
            ("*b.wulin.internal", "lb.wulin.internal"),
        ] {
            assert!(!is_match(pattern.as_bytes(), host.as_bytes()), "{pattern}");
        }
    }
}
