//! What clients print of OpenSSL's faults.

use std::net::IpAddr;

use crate::verdict::openssl::ErrorCode;
use crate::verdict::openssl::Fault;
use crate::verdict::openssl::Name;
use crate::verdict::openssl::Question;
use crate::verdict::openssl::faults;
use crate::verdict::openssl::hostname::matches_host;
use crate::verdict::openssl::seen::Seen;
use crate::verdict::signatures::Signatures;

/// What nginx logs of an upstream with `proxy_ssl_verify on`, from the message on; `None` when it is content.
///
/// nginx lets OpenSSL go on to the end and reports the last fault (`ngx_ssl_verify_callback`). Only then it looks at the
/// name, `proxy_ssl_name`, as a host name: an iPAddress among the alternative names is never looked at
/// (`ngx_ssl_check_host`). What keeps the handshake itself from ending is not followed: below TLS 1.3, an elliptic curve
/// key whose key usage lacks digitalSignature.
pub fn nginx(question: &Question<'_>, signatures: &mut Signatures) -> Option<String> {
    let nameless = Question {
        name: None,
        ..*question
    };
    let said = match (faults(&nameless, signatures).last(), question.name) {
        (Some(Fault { code, .. }), _) => {
            let (number, text) = (code.number(), code.text());
            format!("upstream SSL certificate verify error: ({number}:{text})")
        }
        (None, Some(name)) => {
            let name = match name {
                Name::Dns(name) => without_port(name).to_owned(),
                Name::Ip(IpAddr::V4(address)) => address.to_string(),
                Name::Ip(IpAddr::V6(address)) => format!("[{address}]"),
            };
            if matches_host(&Seen::new(question.leaf), &name) {
                return None;
            }
            format!("upstream SSL certificate does not match \"{name}\"")
        }
        (None, None) => return None,
    };
    Some(format!("{said} while SSL handshaking to upstream"))
}

/// `ngx_http_upstream_ssl_name`: a name may have a port, which is cut off.
fn without_port(name: &str) -> &str {
    let from = match name.find(']') {
        Some(end) if name.starts_with('[') => end,
        _ => 0,
    };
    let colon = name.get(from..).and_then(|rest| rest.find(':'));
    colon
        .and_then(|colon| name.get(..from + colon))
        .unwrap_or(name)
}

/// What `openssl s_client -verify_return_error` prints: the first fault; `None` when there is none.
pub fn s_client(question: &Question<'_>, signatures: &mut Signatures) -> Option<String> {
    let faults = faults(question, signatures);
    let code = faults.first()?.code;
    Some(format!("verify error:num={}:{code}", code.number()))
}

/// The lines that `openssl verify` prints of faults, its exit code being 2 where there is one. It goes on after some of
/// them (`cb` in apps/verify.c).
pub fn verify_command(question: &Question<'_>, signatures: &mut Signatures) -> Vec<String> {
    let mut lines = Vec::new();
    for Fault { code, depth, .. } in faults(question, signatures) {
        lines.push(format!(
            "error {} at {depth} depth lookup: {code}",
            code.number()
        ));
        let goes_on = matches!(
            code,
            ErrorCode::CertHasExpired
                | ErrorCode::DepthZeroSelfSignedCert
                | ErrorCode::InvalidCa
                | ErrorCode::InvalidNonCa
                | ErrorCode::PathLengthExceeded
                | ErrorCode::UnhandledCriticalExtension
                | ErrorCode::InvalidPurpose
        );
        if !goes_on {
            break;
        }
    }
    lines
}
