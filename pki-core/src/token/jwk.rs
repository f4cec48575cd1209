//! Public keys as JSON web keys (RFC 7517, RFC 7518 section 6, RFC 8037).

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// The keys of a JWK set with their ids. One of a kind that is not known is passed over.
///
/// # Errors
/// Where the text is no such set; nothing of it is quoted.
pub fn set(bytes: &[u8]) -> Result<Vec<(String, PublicKey)>, String> {
    let set: Set = serde_json::from_slice(bytes)
        .map_err(|error| format!("is no JWK set: line {} of it", error.line()))?;
    let keys = set.keys.into_iter();
    Ok(keys
        .filter_map(|key| {
            let public = key.public()?;
            Some((key.kid, public))
        })
        .collect())
}

/// A JWK set of `keys` under these ids; a key under two ids is written twice. Keys that have no JWK are left out.
pub fn to_json(keys: &[(String, PublicKey)]) -> String {
    let written = keys.iter().filter_map(|(id, key)| {
        let mut fields = fields(key)?;
        fields.insert("kid", id.clone());
        Some(fields)
    });
    let set = BTreeMap::from([("keys", written.collect::<Vec<_>>())]);
    // No key of a map here is anything but a string.
    let mut text = serde_json::to_string_pretty(&set).unwrap_or_default();
    text.push('\n');
    text
}

fn fields(key: &PublicKey) -> Option<BTreeMap<&'static str, String>> {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let curve = match key.algorithm() {
        PublicKeyAlgorithm::Rsa { .. } => {
            let (modulus, exponent) = key.rsa_numbers()?;
            return Some(BTreeMap::from([
                ("kty", "RSA".to_owned()),
                ("n", encode(modulus)),
                ("e", encode(exponent)),
            ]));
        }
        PublicKeyAlgorithm::Ed25519 => {
            return Some(BTreeMap::from([
                ("kty", "OKP".to_owned()),
                ("crv", "Ed25519".to_owned()),
                ("x", encode(key.key_bits())),
            ]));
        }
        PublicKeyAlgorithm::EcP256 => "P-256",
        PublicKeyAlgorithm::EcP384 => "P-384",
        PublicKeyAlgorithm::EcP521 => "P-521",
        PublicKeyAlgorithm::EcP224 | PublicKeyAlgorithm::Other(_) => return None,
    };
    let point = key.key_bits().strip_prefix(&[4])?;
    let (x, y) = point.split_at_checked(point.len() / 2)?;
    Some(BTreeMap::from([
        ("kty", "EC".to_owned()),
        ("crv", curve.to_owned()),
        ("x", encode(x)),
        ("y", encode(y)),
    ]))
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    #[serde(default)]
    kid: String,
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

impl Jwk {
    fn public(&self) -> Option<PublicKey> {
        let number = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        match self.kty.as_str() {
            "RSA" => PublicKey::rsa(&number(&self.n)?, &number(&self.e)?),
            "EC" => PublicKey::ec(&self.crv, &number(&self.x)?, &number(&self.y)?),
            "OKP" if self.crv == "Ed25519" => PublicKey::ed25519(&number(&self.x)?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::key_id;
    use crate::x509::key::KeyAlgorithm;
    use crate::x509::key::PrivateKey;

    #[test]
    fn what_a_set_holds_is_the_key_itself() {
        for algorithm in [
            KeyAlgorithm::EcdsaP256,
            KeyAlgorithm::EcdsaP384,
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::Rsa2048,
        ] {
            let key = PrivateKey::generate(algorithm)
                .unwrap()
                .public_key()
                .clone();
            let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
            let fields = if let Some((modulus, exponent)) = key.rsa_numbers() {
                let (n, e) = (encode(modulus), encode(exponent));
                format!(r#""kty":"RSA","n":"{n}","e":"{e}""#)
            } else if algorithm == KeyAlgorithm::Ed25519 {
                format!(
                    r#""kty":"OKP","crv":"Ed25519","x":"{}""#,
                    encode(key.key_bits())
                )
            } else {
                let (x, y) = key.key_bits()[1..].split_at(algorithm.bits() / 8);
                let curve = format!("P-{}", algorithm.bits());
                format!(
                    r#""kty":"EC","crv":"{curve}","x":"{}","y":"{}""#,
                    encode(x),
                    encode(y)
                )
            };
            let text = format!(r#"{{"keys":[{{"kid":"a",{fields}}},{{"kty":"oct"}}]}}"#);
            let keys = set(text.as_bytes()).unwrap();
            assert_eq!(keys.len(), 1, "{algorithm}");
            assert_eq!(keys[0].1.as_der(), key.as_der(), "{algorithm}");
            assert_eq!(key_id::libtrust(&keys[0].1), key_id::libtrust(&key));
        }
        assert_eq!(set(b"{\n}").unwrap_err(), "is no JWK set: line 2 of it");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let key = crate::x509::key::PrivateKey::generate(crate::x509::key::KeyAlgorithm::EcdsaP384)
            .unwrap()
            .public_key()
            .clone();
        let keys = vec![("A:B".to_owned(), key.clone()), ("c".to_owned(), key)];
        assert_eq!(set(to_json(&keys).as_bytes()).unwrap(), keys);
    }
}
