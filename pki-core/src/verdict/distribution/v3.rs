//! distribution 3: go-jose.

use time::OffsetDateTime;

use crate::token::algorithm::Algorithm;
use crate::token::jws::KeyRef;
use crate::verdict::distribution::Presented;
use crate::verdict::distribution::Refusal;
use crate::verdict::distribution::Verifier;
use crate::verdict::distribution::claims;
use crate::verdict::distribution::context;
use crate::verdict::go::quote;
use crate::x509::spki::PublicKey;

/// `NewToken`, then `Token.Verify`.
pub(super) fn accepts(
    presented: &Presented<'_>,
    verifier: &Verifier<'_>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if !is_allowed(presented.algorithm, verifier.algorithms) {
        return Err(Refusal::malformed(None));
    }
    let key = signing_key(presented.reference, verifier, now)
        .map_err(|says| Refusal::invalid(format!("failed to verify token: {says}")))?;
    if !presented.is_signed_by(key) {
        // Nothing says which token, nor which key; and it is none of the errors that the challenge names.
        return Err(Refusal {
            log: None,
            context: context("go-jose/go-jose: error in cryptographic primitive"),
            says_invalid_token: false,
        });
    }
    claims::check(presented, verifier, now)
}

/// Whether `signingalgorithms` has it; an empty list is as good as none.
fn is_allowed(name: &str, algorithms: Option<&[String]>) -> bool {
    match algorithms.filter(|algorithms| !algorithms.is_empty()) {
        Some(algorithms) => algorithms.iter().any(|allowed| allowed == name),
        None => is_known(name),
    }
}

/// Whether `signingalgorithms` may have it.
pub(super) fn is_known(name: &str) -> bool {
    Algorithm::named(name).is_some() || matches!(name, "HS256" | "HS384" | "HS512")
}

/// `VerifySigningKey`.
fn signing_key<'a>(
    reference: &'a KeyRef,
    verifier: &'a Verifier<'_>,
    now: OffsetDateTime,
) -> Result<&'a PublicKey, String> {
    match reference {
        KeyRef::X5c(chain) => verifier
            .certified(chain, now)
            .unwrap_or_else(|| Err(NO_KEY.to_owned())),
        KeyRef::Kid(kid) if !kid.is_empty() => verifier
            .trusted(kid)
            .ok_or_else(|| format!("token signed by untrusted key with ID: {}", quote(kid))),
        KeyRef::Kid(_) | KeyRef::None => Err(NO_KEY.to_owned()),
    }
}

const NO_KEY: &str = "invalid token";
