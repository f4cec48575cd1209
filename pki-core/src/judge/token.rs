//! Whether an apiserver accepts a service-account token (pkg/serviceaccount/jwt.go, `AuthenticateToken`): the issuer is
//! looked at first, then keys are looked up by the token's kid.

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::topology::Token;

pub(super) fn faults(token: &Token) -> Vec<Fault> {
    let is_foreign = token
        .issuer
        .as_ref()
        .is_some_and(|issuer| !token.issuers.is_empty() && !token.issuers.contains(issuer));
    let is_unknown = !token
        .verifiers
        .iter()
        .any(|verifier| verifier.key == token.signer.key);
    let issuer =
        is_foreign.then(|| Fault::new(FaultKind::ServiceAccountIssuer, Side::Server, INVALID));
    let key = is_unknown.then(|| Fault::new(FaultKind::ServiceAccountKey, Side::Server, NO_KEYS));
    issuer.into_iter().chain(key).collect()
}

/// k8s.io/apiserver/pkg/authentication/request/bearertoken.
const INVALID: &str = "invalid bearer token";
/// The same and what the service-account authenticator says, as the apiserver logs both.
const NO_KEYS: &str = "[invalid bearer token, invalid signature, no keys found]";
