//! What verifiers of bearer tokens say: docker distribution 2.8 and 3, Harbor, kube-apiserver.

use crate::explain::kind::Kind;
use crate::explain::table::Recogniser;
use crate::explain::table::wording;

pub(super) const TABLE: &[Recogniser] = &[
    wording(
        "registry-untrusted-key",
        Kind::TokenKeyUnknown,
        "token signed by untrusted key with ID: \"{kid}\"",
        "level=info msg=\"token signed by untrusted key with ID: \"GXUA:Q62L:TQZP:QFWY:O42L:YJN6:GZNJ:RHHN:BZWR:LGAT:RBNY:4XBI\"\"",
    ),
    wording(
        "registry-signature",
        Kind::TokenSignature,
        "unable to verify token signature: {reason}",
        "level=info msg=\"unable to verify token signature: invalid RS256 signature: crypto/rsa: verification error\"",
    ),
    wording(
        "registry-no-key",
        Kind::TokenNamesNoKey,
        "unable to get token signing key",
        "level=info msg=\"unable to get token signing key\"",
    ),
    wording(
        "registry-token-chain",
        Kind::TokenKeyUnknown,
        "unable to verify certificate chain: x509: {reason}",
        "unable to verify certificate chain: x509: certificate signed by unknown authority",
    ),
    wording(
        "registry-issuer",
        Kind::TokenIssuer,
        "token from untrusted issuer: \"{issuer}\"",
        "level=info msg=\"token from untrusted issuer: \"other\"\"",
    ),
    wording(
        "registry-audience",
        Kind::TokenIssuer,
        "token intended for another audience: \"{audience}\"",
        "level=info msg=\"token intended for another audience: \"other\"\"",
    ),
    wording(
        "registry-audience-3",
        Kind::TokenIssuer,
        "token intended for another audience: [{audience}]",
        "token intended for another audience: [other]",
    ),
    wording(
        "registry-expired",
        Kind::TokenExpired,
        "token not to be used after {limit} - currently {now}",
        "level=info msg=\"token not to be used after 2023-11-14 22:14:20 +0000 UTC - currently 2026-11-23 20:53:45.211849932 +0000 UTC m=+1.201081120\"",
    ),
    wording(
        "registry-not-before",
        Kind::TokenNotYetValid,
        "token not to be used before {limit} - currently {now}",
        "level=info msg=\"token not to be used before 2026-11-23 21:52:45 +0000 UTC - currently 2026-11-23 20:53:45.241125786 +0000 UTC m=+1.230356959\"",
    ),
    wording(
        "registry-unmarshal",
        Kind::TokenMalformed,
        "error while unmarshalling raw token: {reason}",
        "level=info msg=\"error while unmarshalling raw token: unable to decode header: illegal base64url string\"",
    ),
    wording(
        "registry-malformed",
        Kind::TokenMalformed,
        "malformed token",
        "level=warning msg=\"error authorizing context: malformed token\" go.version=go1.19.8",
    ),
    wording(
        "registry-token-required",
        Kind::TokenAbsent,
        "error authorizing context: authorization token required",
        "level=warning msg=\"error authorizing context: authorization token required\" go.version=go1.19.8",
    ),
    wording(
        "registry-scope",
        Kind::TokenScope,
        "error authorizing context: insufficient scope",
        "level=warning msg=\"error authorizing context: insufficient scope\"",
    ),
    wording(
        "registry-signature-3",
        Kind::TokenSignature,
        "error authorizing context: go-jose/go-jose: error in cryptographic primitive",
        "error authorizing context: go-jose/go-jose: error in cryptographic primitive",
    ),
    wording(
        "registry-invalid-token",
        Kind::TokenRefused,
        "error authorizing context: invalid token",
        "level=warning msg=\"error authorizing context: invalid token\" go.version=go1.19.8",
    ),
    wording(
        "registry-invalid-token-3",
        Kind::TokenNamesNoKey,
        "failed to verify token: invalid token",
        "failed to verify token: invalid token",
    ),
    wording(
        "harbor-parse-token",
        Kind::TokenSignature,
        "parse token error, {reason}",
        "[ERROR] [/pkg/token/token.go:51]: parse token error, crypto/rsa: verification error",
    ),
    wording(
        "harbor-bearer",
        Kind::TokenSignature,
        "failed to decode bearer token: {reason}",
        "[WARNING] [/server/middleware/security/v2_token.go:50]: failed to decode bearer token: crypto/rsa: verification error",
    ),
    wording(
        "jwt-signature",
        Kind::TokenSignature,
        "token signature is invalid: {reason}",
        "error: token signature is invalid: crypto/rsa: verification error",
    ),
    wording(
        "harbor-create-token",
        Kind::TokenServiceFails,
        "Unexpected error when creating the token, error: {reason}",
        "Unexpected error when creating the token, error: open /etc/core/private_key.pem",
    ),
    wording(
        "apiserver-no-keys",
        Kind::ServiceAccountKey,
        "invalid bearer token, invalid signature, no keys found",
        "E1123 20:52:16.467365   25234 authentication.go:75] \"Unable to authenticate the request\" err=\"[invalid bearer token, invalid signature, no keys found]\"",
    ),
    wording(
        "apiserver-primitive",
        Kind::ServiceAccountKey,
        "invalid bearer token, square/go-jose: error in cryptographic primitive",
        "Unable to authenticate the request due to an error: [invalid bearer token, square/go-jose: error in cryptographic primitive]",
    ),
    wording(
        "apiserver-primitive-new",
        Kind::ServiceAccountKey,
        "invalid bearer token, go-jose/go-jose: error in cryptographic primitive",
        "err=\"[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]\"",
    ),
    wording(
        "apiserver-token-expired",
        Kind::TokenExpired,
        "invalid bearer token, service account token has expired",
        "err=\"[invalid bearer token, service account token has expired]\"",
    ),
    wording(
        "apiserver-token-expired-old",
        Kind::TokenExpired,
        "invalid bearer token, Token has expired",
        "[invalid bearer token, Token has expired.]",
    ),
    wording(
        "apiserver-bearer-reason",
        Kind::ServiceAccountToken,
        "invalid bearer token, {reason}",
        "err=\"[invalid bearer token, Token has been invalidated]\"",
    ),
    wording(
        "apiserver-bearer",
        Kind::ServiceAccountToken,
        "invalid bearer token",
        "E1123 20:52:16.526778   25234 authentication.go:75] \"Unable to authenticate the request\" err=\"invalid bearer token\"",
    ),
    wording(
        "docker-login",
        Kind::RegistryUnauthorized,
        "failed with status: 401 Unauthorized",
        "Error response from daemon: login attempt to https://hub.tonybai.com:8989/v2/ failed with status: 401 Unauthorized",
    ),
    wording(
        "skopeo-password",
        Kind::RegistryUnauthorized,
        "invalid username/password",
        "level=fatal msg=\"logging into \"127.0.0.1:15443\": invalid username/password\"",
    ),
    wording(
        "registry-authentication-required",
        Kind::RegistryUnauthorized,
        "unauthorized: authentication required",
        "reading manifest 1 in 127.0.0.1:15443/t/img: unauthorized: authentication required",
    ),
    wording(
        "harbor-unauthorized",
        Kind::RegistryUnauthorized,
        "unauthorized: unauthorized to access repository: {resource}",
        "unauthorized: unauthorized to access repository: library/img, action: push",
    ),
    wording(
        "registry-unauthorized-json",
        Kind::RegistryUnauthorized,
        "\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"",
        "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\",\"detail\":null}]}",
    ),
    wording(
        "containerd-authorize",
        Kind::RegistryUnauthorized,
        "failed to authorize: {reason}",
        "failed to pull and unpack image: failed to resolve reference: failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
    ),
    wording(
        "docker-token-service",
        Kind::TokenServiceFails,
        "received unexpected HTTP status: 500 Internal Server Error",
        "Error response from daemon: Get https://hub.tonybai.com:8989/v2/: received unexpected HTTP status: 500 Internal Server Error",
    ),
    wording(
        "jwt-segments",
        Kind::TokenMalformed,
        "token contains an invalid number of segments",
        "unable to decode token: token contains an invalid number of segments",
    ),
    wording(
        "registry-denied",
        Kind::TokenScope,
        "denied: requested access to the resource is denied",
        "denied: requested access to the resource is denied",
    ),
];
