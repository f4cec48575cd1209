//! kube-apiserver: whether it takes a service-account token, and which keys it and the controller manager load.
//!
//! Followed are `pkg/serviceaccount/jwt.go` of Kubernetes (`AuthenticateToken`: the issuer is looked at first, then keys
//! are looked up by the token's `kid`) and `util/keyutil/key.go` of client-go.

use crate::token::key_id;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// A token as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The key that signed it.
    pub key: &'a PublicKey,
    /// The `kid` of its header; without one every key is tried, and tokens of before Kubernetes 1.16 have none.
    pub kid: Option<&'a str>,
    /// `iss`, where it is known.
    pub issuer: Option<&'a str>,
}

/// What an apiserver trusts.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// `--service-account-issuer`; where none is known, any counts as its own.
    pub issuers: &'a [String],
    /// Every key of every `--service-account-key-file`.
    pub keys: &'a [PublicKey],
}

/// Why an apiserver does not take a token. `Display` is what it logs behind `Unable to authenticate the request: `; the
/// client learns `Unauthorized` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The token is another issuer's, and is left to other authenticators, of which none knows it.
    #[error("invalid bearer token")]
    Issuer,
    /// No key has the token's `kid`.
    #[error("[invalid bearer token, invalid signature, no keys found]")]
    UnknownKey,
    /// No key made the signature.
    #[error("[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]")]
    Signature,
}

/// Everything that the apiserver has against a token, what it says first of all. Empty where it takes it.
pub fn refusals(presented: &Presented<'_>, verifier: &Verifier<'_>) -> Vec<Refusal> {
    let is_foreign = presented.issuer.is_some_and(|issuer| {
        !verifier.issuers.is_empty() && !verifier.issuers.iter().any(|own| own == issuer)
    });
    let keys = verifier.keys.iter().filter(|key| is_read(key));
    let candidates: Vec<&PublicKey> = match presented.kid {
        Some(kid) => keys.filter(|key| key_id::kubernetes(key) == kid).collect(),
        None => keys.collect(),
    };
    let key = if candidates.is_empty() {
        Some(Refusal::UnknownKey)
    } else if candidates.contains(&presented.key) {
        None
    } else {
        Some(Refusal::Signature)
    };
    is_foreign
        .then_some(Refusal::Issuer)
        .into_iter()
        .chain(key)
        .collect()
}

/// Whether keyutil takes such a key out of a file. Others, Ed25519 among them, and PKCS#1 public keys (`RSA PUBLIC KEY`)
/// are passed over without a word as long as one key is left.
pub fn is_read(key: &PublicKey) -> bool {
    use PublicKeyAlgorithm::{EcP224, EcP256, EcP384, EcP521, Rsa};
    matches!(
        key.algorithm(),
        Rsa { .. } | EcP224 | EcP256 | EcP384 | EcP521
    )
}

/// What an apiserver ends with whose `--service-account-key-file` holds no key that it reads.
pub fn no_public_key(path: &str) -> String {
    format!(
        "error reading public key file {path}: data does not contain any valid RSA or ECDSA public keys"
    )
}

/// What an apiserver ends with whose `--service-account-signing-key-file` holds no key that it reads.
pub fn no_signing_key(path: &str) -> String {
    format!(
        "failed to parse service-account-issuer-key-file: error reading private key file {path}: {NO_PRIVATE_KEY}"
    )
}

/// What a controller manager ends with whose `--service-account-private-key-file` holds no key that it reads.
pub fn no_private_key(path: &str) -> String {
    format!(
        "error reading key for service account token controller: error reading private key file {path}: {NO_PRIVATE_KEY}"
    )
}

/// What an apiserver, and a controller manager, ends with that is to sign with an Ed25519 key: keyutil reads it, and
/// nothing signs with it.
pub const ED25519_SIGNING_KEY: &str = "failed to build token generator: unknown private key type ed25519.PrivateKey, must be *rsa.PrivateKey, *ecdsa.PrivateKey, or jose.OpaqueSigner";
const NO_PRIVATE_KEY: &str = "data does not contain a valid RSA or ECDSA private key";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::key::KeyAlgorithm;
    use crate::x509::key::PrivateKey;

    fn key(algorithm: KeyAlgorithm) -> PublicKey {
        let key = PrivateKey::generate(algorithm).unwrap();
        key.public_key().clone()
    }

    #[test]
    fn the_issuer_is_told_before_the_key() {
        let (own, other) = (key(KeyAlgorithm::EcdsaP256), key(KeyAlgorithm::EcdsaP256));
        let issuers = ["https://a".to_owned(), "https://b".to_owned()];
        let verifier = Verifier {
            issuers: &issuers,
            keys: std::slice::from_ref(&own),
        };
        let judge = |key: &PublicKey, issuer| {
            let kid = key_id::kubernetes(key);
            let presented = Presented {
                key,
                kid: Some(&kid),
                issuer,
            };
            refusals(&presented, &verifier)
        };
        assert_eq!(judge(&own, Some("https://b")), []);
        assert_eq!(judge(&own, None), []);
        assert_eq!(judge(&own, Some("https://c")), [Refusal::Issuer]);
        assert_eq!(judge(&other, Some("https://a")), [Refusal::UnknownKey]);
        assert_eq!(
            judge(&other, Some("https://c")),
            [Refusal::Issuer, Refusal::UnknownKey]
        );
    }

    #[test]
    fn a_token_without_id_is_tried_with_every_key() {
        let keys = [key(KeyAlgorithm::EcdsaP256), key(KeyAlgorithm::EcdsaP384)];
        let other = key(KeyAlgorithm::EcdsaP256);
        let judge = |key, keys| {
            let presented = Presented {
                key,
                kid: None,
                issuer: None,
            };
            refusals(&presented, &Verifier { issuers: &[], keys })
        };
        assert_eq!(judge(&keys[1], &keys), []);
        assert_eq!(judge(&other, &keys), [Refusal::Signature]);
        assert_eq!(judge(&other, &[]), [Refusal::UnknownKey]);
    }

    #[test]
    fn an_ed25519_key_is_passed_over() {
        let ed25519 = key(KeyAlgorithm::Ed25519);
        assert!(!is_read(&ed25519));
        let kid = key_id::kubernetes(&ed25519);
        let presented = Presented {
            key: &ed25519,
            kid: Some(&kid),
            issuer: None,
        };
        let verifier = Verifier {
            issuers: &[],
            keys: std::slice::from_ref(&ed25519),
        };
        assert_eq!(refusals(&presented, &verifier), [Refusal::UnknownKey]);
    }
}
