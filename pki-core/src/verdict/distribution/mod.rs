//! The registries of CNCF distribution: whether their token authentication takes a token, and what they log if not.
//!
//! Followed are docker/distribution 2.8.2 with docker/libtrust, and distribution 3.1.1 with go-jose 4: the files
//! `accesscontroller.go`, `token.go` and `util.go` of `registry/auth/token`. The two look at things in another order: 2
//! judges the claims first and the key after them, 3 the key, the signature, then the claims.

mod claims;
mod clients;
mod start;
mod v2;
mod v3;

pub use clients::DOCKER_DENIED;
pub use clients::docker_login;
pub use clients::skopeo_inspect;
pub use clients::skopeo_login;
pub use start::Bundle;
pub use start::Jwks;
pub use start::Start;
pub use start::Unreadable;
pub use start::missing_option;
pub use start::starts;

use time::OffsetDateTime;

use crate::token::algorithm::Algorithm;
use crate::token::jws::KeyRef;
use crate::token::key_id;
use crate::token::key_id::KidForm;
use crate::verdict::go;
use crate::verdict::go::Purpose;
use crate::verdict::go::Question;
use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKey;

/// Which generation of distribution a registry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Release {
    /// 2.x, as 2.8.2 does it: Harbor to this day, `registry:2`.
    V2,
    /// 3.x, as 3.1.1 does it. Before 3.1 an Ed25519 key in the bundle has no id.
    V3,
}

/// What a registry trusts, once it has started.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// Its generation.
    pub release: Release,
    /// `auth.token.issuer`.
    pub issuer: &'a str,
    /// `auth.token.service`.
    pub service: &'a str,
    /// The certificates of `auth.token.rootcertbundle`, in order.
    pub bundle: &'a [Certificate],
    /// The keys of `auth.token.jwks` by their `kid`; 2 knows none.
    pub jwks: &'a [(String, PublicKey)],
    /// `auth.token.signingalgorithms`; 2 knows no such option.
    pub algorithms: Option<&'a [String]>,
}

/// A token as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The key that signed it.
    pub key: &'a PublicKey,
    /// The `alg` of its header.
    pub algorithm: &'a str,
    /// How its header names the key.
    pub reference: &'a KeyRef,
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub audience: &'a [String],
    /// Whether `aud` is written as a list.
    pub audience_as_array: bool,
    /// `exp`.
    pub expires: Option<OffsetDateTime>,
    /// `nbf`.
    pub not_before: Option<OffsetDateTime>,
}

/// What a registry says of a token that it does not take. The client gets 401 whatever the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line of level info that says why, where there is one. What it says of the present ends behind `currently `:
    /// Go's clock goes on behind it. Times are as a registry whose zone is UTC writes them.
    pub log: Option<String>,
    /// The line of level warning that always follows.
    pub context: String,
    /// Whether `WWW-Authenticate` says `error="invalid_token"`.
    pub says_invalid_token: bool,
}

/// Whether a registry takes a token at `now`.
///
/// # Errors
/// The lines that it logs.
pub fn accepts(
    presented: &Presented<'_>,
    verifier: &Verifier<'_>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    match verifier.release {
        Release::V2 => v2::accepts(presented, verifier, now),
        Release::V3 => v3::accepts(presented, verifier, now),
    }
}

impl Release {
    /// The `kid` by which a registry of this generation knows a key of its bundle; none for a kind of key that it does
    /// not know.
    pub fn key_id(self, key: &PublicKey) -> Option<String> {
        match self {
            Self::V2 => v2::unsupported(key)
                .is_none()
                .then(|| key_id::libtrust(key)),
            Self::V3 => key_id::distribution3(key),
        }
    }

    /// The form of `kid` that a signer for it writes.
    pub fn kid_form(self) -> KidForm {
        match self {
            Self::V2 => KidForm::Libtrust,
            Self::V3 => KidForm::Rfc7638,
        }
    }
}

impl Verifier<'_> {
    /// The key that it has under this id. Of several the last counts, and a jwks overrules the bundle.
    fn trusted(&self, kid: &str) -> Option<&PublicKey> {
        let of_jwks = self.jwks.iter().rev().find(|(id, _)| id == kid);
        let of_jwks = of_jwks.filter(|_| self.release == Release::V3);
        let of_bundle = || {
            let mut keys = self.bundle.iter().rev().map(Certificate::public_key);
            keys.find(|key| self.release.key_id(key).as_deref() == Some(kid))
        };
        of_jwks.map(|(_, key)| key).or_else(of_bundle)
    }

    /// The key of a chain that leads to the bundle, or what crypto/x509 says of it.
    fn certified<'c>(
        &self,
        chain: &'c [Certificate],
        now: OffsetDateTime,
    ) -> Option<Result<&'c PublicKey, String>> {
        let (leaf, intermediates) = chain.split_first()?;
        let question = Question {
            leaf,
            intermediates,
            roots: self.bundle,
            name: None,
            purpose: Purpose::Any,
            now,
        };
        let answer = go::verify(&question, &mut Signatures::default());
        Some(match answer {
            Ok(_) => Ok(leaf.public_key()),
            Err(refusal) => Err(refusal.text()),
        })
    }
}

impl Presented<'_> {
    /// Whether its signature is good under `key` and its `alg`.
    fn is_signed_by(&self, key: &PublicKey) -> bool {
        let fits = Algorithm::named(self.algorithm).is_some_and(|algorithm| algorithm.fits(key));
        fits && self.key == key
    }
}

impl Refusal {
    /// A token that is taken apart and not taken.
    fn invalid(log: impl Into<String>) -> Self {
        Self {
            log: Some(log.into()),
            context: context("invalid token"),
            says_invalid_token: true,
        }
    }

    /// A token that cannot be taken apart.
    fn malformed(log: Option<String>) -> Self {
        Self {
            log,
            context: context("malformed token"),
            says_invalid_token: true,
        }
    }
}

fn context(error: &str) -> String {
    format!("error authorizing context: {error}")
}

/// The line of level warning where no token is shown.
pub const TOKEN_REQUIRED: &str = "error authorizing context: authorization token required";
/// The line of level warning where a token that is taken does not give access to what is asked for.
pub const INSUFFICIENT_SCOPE: &str = "error authorizing context: insufficient scope";

#[cfg(test)]
mod tests;
