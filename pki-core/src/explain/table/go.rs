//! What Go's `crypto/x509` says of a certificate (`verify.go`, `parser.go` of Go 1.26 and before). The words are those
//! that `verdict::go` makes; a test holds the two together.

use crate::explain::kind::Kind;
use crate::explain::table::Recogniser;
use crate::explain::table::wording;

pub(super) const TABLE: &[Recogniser] = &[
    // Hints go first: what is inside the parentheses has the words of other faults.
    wording(
        "go-hint-insecure",
        Kind::WeakSignature,
        "x509: certificate signed by unknown authority (possibly because of \"x509: cannot verify signature: {reason}\" while trying to verify candidate authority certificate \"{candidate}\")",
        "x509: certificate signed by unknown authority (possibly because of \"x509: cannot verify signature: insecure algorithm SHA1-RSA\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-hint-rsa",
        Kind::SameNameOtherCa,
        "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"{candidate}\")",
        "Unable to connect to the server: x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-hint-short-key",
        Kind::WeakKey,
        "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: {reason}\" while trying to verify candidate authority certificate \"{candidate}\")",
        "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: 512-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-hint-ecdsa",
        Kind::SameNameOtherCa,
        "x509: certificate signed by unknown authority (possibly because of \"x509: ECDSA {reason}\" while trying to verify candidate authority certificate \"{candidate}\")",
        "x509: certificate signed by unknown authority (possibly because of \"x509: ECDSA verification failure\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-hint-ed25519",
        Kind::SameNameOtherCa,
        "x509: certificate signed by unknown authority (possibly because of \"x509: Ed25519 {reason}\" while trying to verify candidate authority certificate \"{candidate}\")",
        "x509: certificate signed by unknown authority (possibly because of \"x509: Ed25519 verification failure\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-hint-other-kind",
        Kind::SameNameOtherCa,
        "x509: certificate signed by unknown authority (possibly because of \"x509: signature algorithm specifies {reason}\" while trying to verify candidate authority certificate \"{candidate}\")",
        "x509: certificate signed by unknown authority (possibly because of \"x509: signature algorithm specifies an ECDSA public key, but have public key of type *rsa.PublicKey\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-hint-cannot-sign",
        Kind::NotAnAuthority,
        "x509: certificate signed by unknown authority (possibly because of \"x509: invalid signature: {reason}\" while trying to verify candidate authority certificate \"{candidate}\")",
        "x509: certificate signed by unknown authority (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of certificate\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-hint",
        Kind::UnknownAuthority,
        "x509: certificate signed by unknown authority (possibly because of \"{reason}\" while trying to verify candidate authority certificate \"{candidate}\")",
        "x509: certificate signed by unknown authority (possibly because of \"x509: certificate has expired or is not yet valid: current time 2026-11-23T20:53:47Z is after 2026-03-01T08:00:00Z\" while trying to verify candidate authority certificate \"kubernetes\")",
    ),
    wording(
        "go-valid-for-many-names",
        Kind::NameMismatch,
        "certificate is valid for {count} names, but none matched {wanted}",
        "x509: certificate is valid for 150 names, but none matched lb.wulin.internal",
    ),
    wording(
        "go-valid-for-many-addresses",
        Kind::NameMismatch,
        "certificate is valid for {count} IP SANs, but none matched {wanted}",
        "x509: certificate is valid for 150 IP SANs, but none matched 10.24.138.208",
    ),
    wording(
        "go-valid-for",
        Kind::NameMismatch,
        "certificate is valid for {presented}, not {wanted}",
        "Unable to connect to the server: x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.27.52.72",
    ),
    wording(
        "go-no-ip-sans",
        Kind::NoAddresses,
        "x509: cannot validate certificate for {wanted} because it doesn't contain any IP SANs",
        "Get \"https://127.7.1.3:5443/v2/\": x509: cannot validate certificate for 127.7.1.3 because it doesn't contain any IP SANs",
    ),
    wording(
        "go-no-names",
        Kind::NoNames,
        "x509: certificate is not valid for any names, but wanted to match {wanted}",
        "x509: certificate is not valid for any names, but wanted to match lb.wulin.internal",
    ),
    wording(
        "go-legacy-common-name",
        Kind::CommonNameOnly,
        "x509: certificate relies on legacy Common Name field",
        "Get \"https://localhost:15443/v2/\": x509: certificate relies on legacy Common Name field, use SANs instead",
    ),
    wording(
        "go-expired",
        Kind::Expired,
        "certificate has expired or is not yet valid: current time {now} is after {limit}",
        "x509: certificate has expired or is not yet valid: current time 2026-11-23T20:53:47Z is after 2026-03-01T08:00:00Z",
    ),
    wording(
        "go-not-yet-valid",
        Kind::NotYetValid,
        "certificate has expired or is not yet valid: current time {now} is before {limit}",
        "x509: certificate has expired or is not yet valid: current time 2026-11-23T20:53:42Z is before 2035-01-01T00:00:00Z",
    ),
    wording(
        "go-outside-validity",
        Kind::OutsideValidity,
        "x509: certificate has expired or is not yet valid",
        "dial tcp: x509: certificate has expired or is not yet valid",
    ),
    wording(
        "go-incompatible-usage",
        Kind::ServerAuthMissing,
        "x509: certificate specifies an incompatible key usage",
        "Get \"https://127.0.0.1:15443/v2/\": x509: certificate specifies an incompatible key usage",
    ),
    wording(
        "go-usage-not-permitted",
        Kind::ServerAuthMissing,
        "x509: a root or intermediate certificate is not authorized for an extended key usage: {reason}",
        "x509: a root or intermediate certificate is not authorized for an extended key usage: EKU not permitted",
    ),
    wording(
        "go-unknown-authority",
        Kind::UnknownAuthority,
        "x509: certificate signed by unknown authority",
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ),
    wording(
        "go-not-authorized-to-sign",
        Kind::NotAnAuthority,
        "x509: certificate is not authorized to sign other certificates",
        "x509: certificate is not authorized to sign other certificates",
    ),
    wording(
        "go-path-length",
        Kind::NotAnAuthority,
        "x509: too many intermediates for path length constraint",
        "x509: too many intermediates for path length constraint",
    ),
    wording(
        "go-invalid-signature",
        Kind::NotAnAuthority,
        "x509: invalid signature: parent certificate cannot sign this kind of certificate",
        "x509: invalid signature: parent certificate cannot sign this kind of certificate",
    ),
    wording(
        "go-issuer-name",
        Kind::UnknownAuthority,
        "x509: issuer name does not match subject from issuing certificate",
        "x509: issuer name does not match subject from issuing certificate",
    ),
    wording(
        "go-name-not-permitted",
        Kind::NameNotPermitted,
        "x509: a root or intermediate certificate is not authorized to sign for this name: {reason}",
        "x509: a root or intermediate certificate is not authorized to sign for this name: DNS name \"x.example.com\" is not permitted by any constraint",
    ),
    wording(
        "go-constraints-without-san",
        Kind::NameNotPermitted,
        "x509: issuer has name constraints but leaf {reason}",
        "x509: issuer has name constraints but leaf doesn't have a SAN extension",
    ),
    wording(
        "go-critical-extension",
        Kind::UnhandledCriticalExtension,
        "x509: unhandled critical extension",
        "x509: unhandled critical extension",
    ),
    wording(
        "go-signature-limit",
        Kind::ChainTooCostly,
        "x509: signature check attempts limit reached",
        "x509: signature check attempts limit reached while verifying certificate chain",
    ),
    wording(
        "go-no-valid-chains-usage",
        Kind::ServerAuthMissing,
        "x509: no valid chains built: {} candidate chains with incompatible key usage",
        "x509: no valid chains built: 1 candidate chains with incompatible key usage",
    ),
    wording(
        "go-no-valid-chains",
        Kind::UnknownAuthority,
        "x509: no valid chains built",
        "x509: no valid chains built: 1 candidate chains with invalid policies",
    ),
    wording(
        "go-peer-address",
        Kind::NameMismatch,
        "tls: \"{wanted}\" does not match any of DNSNames [{presented}]",
        "tls: \"10.24.138.208\" does not match any of DNSNames [\"localhost\" \"songshan\"] (lookup songshan on 10.0.0.2:53: no such host)",
    ),
    wording(
        "go-long-rsa-key",
        Kind::WeakKey,
        "certificate containing RSA key larger than {reason}",
        "tls: server sent certificate containing RSA key larger than 8192 bits",
    ),
    wording(
        "go-cannot-parse-peer",
        Kind::CertificateMalformed,
        "tls: failed to parse certificate from server: {reason}",
        "remote: tls: failed to parse certificate from server: x509: negative serial number",
    ),
    wording(
        "go-malformed",
        Kind::CertificateMalformed,
        "x509: malformed {reason}",
        "E1123 20:51:47.028105   24080 run.go:72] \"command failed\" err=\"x509: malformed certificate\"",
    ),
    wording(
        "go-invalid",
        Kind::CertificateMalformed,
        "x509: invalid {reason}",
        "x509: invalid version",
    ),
    wording(
        "go-negative-serial",
        Kind::CertificateMalformed,
        "x509: negative serial number",
        "x509: negative serial number",
    ),
    wording(
        "go-trailing-data",
        Kind::CertificateMalformed,
        "x509: trailing data{}",
        "x509: trailing data after X.509 extension",
    ),
    wording(
        "go-duplicate-extension",
        Kind::CertificateMalformed,
        "x509: certificate contains duplicate extensions",
        "x509: certificate contains duplicate extensions",
    ),
];
