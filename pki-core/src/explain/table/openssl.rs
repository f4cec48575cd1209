//! What OpenSSL says of a certificate, as curl, nginx and its own command print it. What it verifies is worded alike
//! in all of them (`crypto/x509/x509_txt.c`), so the context is a gap.

use crate::explain::kind::Kind;
use crate::explain::table::Recogniser;
use crate::explain::table::wording;

pub(super) const TABLE: &[Recogniser] = &[
    wording(
        "curl-no-alternative-name",
        Kind::NameMismatch,
        "no alternative certificate subject name matches target host name '{wanted}'",
        "curl: (60) SSL: no alternative certificate subject name matches target host name '127.7.1.1'",
    ),
    wording(
        "curl-common-name",
        Kind::NameMismatch,
        "certificate subject name '{common_name}' does not match target host name '{wanted}'",
        "curl: (60) SSL: certificate subject name 'kube-apiserver' does not match target host name '10.27.52.72'",
    ),
    wording(
        "nginx-upstream-name",
        Kind::NameMismatch,
        "upstream SSL certificate does not match \"{wanted}\"",
        "2026/11/23 20:53:42 [error] 27599#27599: *7 upstream SSL certificate does not match \"lb.wulin.internal\" while SSL handshaking to upstream",
    ),
    wording(
        "openssl-hostname",
        Kind::NameMismatch,
        "verify error:num=62:",
        "verify error:num=62:hostname mismatch",
    ),
    wording(
        "openssl-ip",
        Kind::NameMismatch,
        "verify error:num=64:",
        "verify error:num=64:IP address mismatch",
    ),
    wording(
        "openssl-hostname-words",
        Kind::NameMismatch,
        "ostname mismatch",
        "Verify return code: 62 (hostname mismatch)",
    ),
    wording(
        "openssl-ip-words",
        Kind::NameMismatch,
        "IP address mismatch",
        "Verification error: IP address mismatch",
    ),
    wording(
        "openssl-expired",
        Kind::Expired,
        "certificate has expired",
        "error 10 at 0 depth lookup: certificate has expired",
    ),
    wording(
        "openssl-not-yet-valid",
        Kind::NotYetValid,
        "certificate is not yet valid",
        "curl: (60) SSL certificate problem: certificate is not yet valid",
    ),
    wording(
        "openssl-first-certificate",
        Kind::MissingIntermediate,
        "unable to verify the first certificate",
        "2026/11/23 20:53:42 [error] 27599#27599: *4 upstream SSL certificate verify error: (21:unable to verify the first certificate) while SSL handshaking to upstream",
    ),
    wording(
        "openssl-local-issuer",
        Kind::UnknownAuthority,
        "unable to get local issuer certificate",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
    ),
    wording(
        "openssl-issuer",
        Kind::UnknownAuthority,
        "unable to get issuer certificate",
        "error 2 at 1 depth lookup: unable to get issuer certificate",
    ),
    wording(
        "openssl-self-signed",
        Kind::UnknownAuthority,
        "self-signed certificate",
        "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
    ),
    wording(
        "openssl-self-signed-1.1",
        Kind::UnknownAuthority,
        "self signed certificate",
        "verify error:num=18:self signed certificate",
    ),
    wording(
        "openssl-unsuitable-purpose",
        Kind::ServerAuthMissing,
        "unsuitable certificate purpose",
        "curl: (60) SSL certificate problem: unsuitable certificate purpose",
    ),
    wording(
        "openssl-unsupported-purpose",
        Kind::ServerAuthMissing,
        "unsupported certificate purpose",
        "verify error:num=26:unsupported certificate purpose",
    ),
    wording(
        "openssl-invalid-ca",
        Kind::NotAnAuthority,
        "invalid CA certificate",
        "error 24 at 1 depth lookup: invalid CA certificate",
    ),
    wording(
        "openssl-path-length",
        Kind::NotAnAuthority,
        "path length constraint exceeded",
        "error 25 at 1 depth lookup: path length constraint exceeded",
    ),
    wording(
        "openssl-signature",
        Kind::SameNameOtherCa,
        "certificate signature failure",
        "error 7 at 0 depth lookup: certificate signature failure",
    ),
    wording(
        "openssl-digest-too-weak",
        Kind::WeakSignature,
        "CA md too weak",
        "error 68 at 0 depth lookup: CA md too weak",
    ),
    wording(
        "openssl-signature-too-weak",
        Kind::WeakSignature,
        "CA signature digest algorithm too weak",
        "error 68 at 0 depth lookup: CA signature digest algorithm too weak",
    ),
    wording(
        "openssl-key-too-small",
        Kind::WeakKey,
        "ee key too small",
        "140:error:0A00018F:SSL routines::ee key too small",
    ),
    wording(
        "openssl-permitted-subtree",
        Kind::NameNotPermitted,
        "permitted subtree violation",
        "error 47 at 0 depth lookup: permitted subtree violation",
    ),
    wording(
        "openssl-excluded-subtree",
        Kind::NameNotPermitted,
        "excluded subtree violation",
        "error 48 at 0 depth lookup: excluded subtree violation",
    ),
    wording(
        "openssl-critical-extension",
        Kind::UnhandledCriticalExtension,
        "unhandled critical extension",
        "error 34 at 0 depth lookup: unhandled critical extension",
    ),
    wording(
        "curl-no-common-name",
        Kind::NoNames,
        "unable to obtain common name from peer certificate",
        "curl: (60) SSL: unable to obtain common name from peer certificate",
    ),
    wording(
        "curl-illegal-name",
        Kind::CertificateMalformed,
        "SSL: illegal cert name field",
        "curl: (60) SSL: illegal cert name field",
    ),
    wording(
        "openssl-issuer-key",
        Kind::CertificateMalformed,
        "unable to decode issuer public key",
        "error 6 at 1 depth lookup: unable to decode issuer public key",
    ),
    wording(
        "openssl-chain-length",
        Kind::ChainTooCostly,
        "certificate chain too long",
        "upstream SSL certificate verify error: (22:certificate chain too long) while SSL handshaking to upstream",
    ),
    wording(
        "openssl-key-usage",
        Kind::NotAnAuthority,
        "key usage does not include {reason}",
        "error 32 at 1 depth lookup: key usage does not include certificate signing",
    ),
    wording(
        "openssl-ca-markings",
        Kind::NotAnAuthority,
        "invalid non-CA certificate",
        "error 37 at 1 depth lookup: invalid non-CA certificate (has CA markings)",
    ),
    wording(
        "openssl-proxy",
        Kind::NotVerified,
        "proxy certificates not allowed",
        "error 40 at 0 depth lookup: proxy certificates not allowed, please set the appropriate flag",
    ),
    wording(
        "openssl-constraints-minimum",
        Kind::NameNotPermitted,
        "name constraints minimum and maximum not supported",
        "error 49 at 0 depth lookup: name constraints minimum and maximum not supported",
    ),
    wording(
        "openssl-constraint-kind",
        Kind::NameNotPermitted,
        "unsupported name constraint type",
        "error 51 at 0 depth lookup: unsupported name constraint type",
    ),
    wording(
        "openssl-name-syntax",
        Kind::NameNotPermitted,
        "unsupported or invalid name syntax",
        "error 53 at 0 depth lookup: unsupported or invalid name syntax",
    ),
    wording(
        "openssl-leaf-key-weak",
        Kind::WeakKey,
        "EE certificate key too weak",
        "error 66 at 0 depth lookup: EE certificate key too weak",
    ),
    wording(
        "openssl-ca-key-weak",
        Kind::WeakKey,
        "CA certificate key too weak",
        "error 67 at 1 depth lookup: CA certificate key too weak",
    ),
    wording(
        "openssl-unspecified",
        Kind::NotVerified,
        "unspecified certificate verification error",
        "error 1 at 0 depth lookup: unspecified certificate verification error",
    ),
    wording(
        "openssl-verify-failed",
        Kind::NotVerified,
        "certificate verify failed",
        "803BAB93C77F0000:error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889:",
    ),
];
