//! distribution 2: libtrust.

use time::OffsetDateTime;

use crate::token::jws::KeyRef;
use crate::verdict::distribution::Presented;
use crate::verdict::distribution::Refusal;
use crate::verdict::distribution::Verifier;
use crate::verdict::distribution::claims;
use crate::verdict::go::quote;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// `NewToken`, then `Token.Verify`.
pub(super) fn accepts(
    presented: &Presented<'_>,
    verifier: &Verifier<'_>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if presented.audience_as_array {
        return Err(Refusal::malformed(Some(AUDIENCE_IS_A_LIST.to_owned())));
    }
    claims::check(presented, verifier, now)?;
    let key = signing_key(presented.reference, verifier, now).map_err(Refusal::invalid)?;
    check_signature(presented, key)
        .map_err(|says| Refusal::invalid(format!("unable to verify token signature: {says}")))
}

/// What libtrust says of a kind of key that it does not know (`FromCryptoPublicKey`).
pub(super) fn unsupported(key: &PublicKey) -> Option<&'static str> {
    match key.algorithm() {
        PublicKeyAlgorithm::Rsa { .. }
        | PublicKeyAlgorithm::EcP256
        | PublicKeyAlgorithm::EcP384
        | PublicKeyAlgorithm::EcP521 => None,
        PublicKeyAlgorithm::EcP224 => Some("unsupported elliptic curve"),
        PublicKeyAlgorithm::Ed25519 => Some("public key type ed25519.PublicKey is not supported"),
        other if other.is_dsa() => Some("public key type *dsa.PublicKey is not supported"),
        PublicKeyAlgorithm::Other(_) => Some("public key type <nil> is not supported"),
    }
}

/// `VerifySigningKey`.
fn signing_key<'a>(
    reference: &'a KeyRef,
    verifier: &'a Verifier<'_>,
    now: OffsetDateTime,
) -> Result<&'a PublicKey, String> {
    match reference {
        KeyRef::X5c(chain) => {
            let certified = verifier.certified(chain, now).ok_or(NO_KEY)?;
            let key =
                certified.map_err(|says| format!("unable to verify certificate chain: {says}"))?;
            match unsupported(key) {
                None => Ok(key),
                Some(says) => Err(format!(
                    "unable to make libtrust public key from leaf certificate: {says}"
                )),
            }
        }
        KeyRef::Kid(kid) if !kid.is_empty() => verifier
            .trusted(kid)
            .ok_or_else(|| format!("token signed by untrusted key with ID: {}", quote(kid))),
        KeyRef::Kid(_) | KeyRef::None => Err(NO_KEY.to_owned()),
    }
}

/// `Verify` of libtrust's keys.
fn check_signature(presented: &Presented<'_>, key: &PublicKey) -> Result<(), String> {
    let algorithm = presented.algorithm;
    let curve = match key.algorithm() {
        PublicKeyAlgorithm::EcP256 => Some(("P-256", "ES256")),
        PublicKeyAlgorithm::EcP384 => Some(("P-384", "ES384")),
        PublicKeyAlgorithm::EcP521 => Some(("P-521", "ES512")),
        _ => None,
    };
    let is_signed = presented.is_signed_by(key);
    let Some((curve, only)) = curve else {
        return if !matches!(algorithm, "RS256" | "RS384" | "RS512") {
            Err(format!(
                "unable to verify Signature: RSA Digital Signature Algorithm {} not supported",
                quote(algorithm)
            ))
        } else if is_signed {
            Ok(())
        } else {
            Err(format!(
                "invalid {algorithm} signature: crypto/rsa: verification error"
            ))
        };
    };
    if algorithm != only {
        return Err(format!(
            "unable to verify signature: EC Public Key with curve {} does not support signature algorithm {}",
            quote(curve),
            quote(algorithm)
        ));
    }
    if is_signed {
        Ok(())
    } else {
        Err("invalid signature".to_owned())
    }
}

const AUDIENCE_IS_A_LIST: &str = "error while unmarshalling raw token: json: cannot unmarshal array into Go struct field ClaimSet.aud of type string";
const NO_KEY: &str = "unable to get token signing key";
