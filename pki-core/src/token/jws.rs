//! JSON Web Signatures in the compact serialization (RFC 7515 section 3.1), made and taken apart.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Map;
use serde_json::Value;

use crate::token::algorithm::Algorithm;
use crate::x509::certificate::Certificate;
use crate::x509::crypto;
use crate::x509::crypto::CryptoError;
use crate::x509::crypto::Verifier;
use crate::x509::der;
use crate::x509::der::integer::magnitude;
use crate::x509::der::read::Reader;
use crate::x509::key::PrivateKey;
use crate::x509::spki::PublicKey;

/// How a token's header says which key signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// The key's id, `kid` (RFC 7515 section 4.1.4).
    Kid(String),
    /// The key's certificate and those above it, `x5c` (RFC 7515 section 4.1.6).
    X5c(Vec<Certificate>),
    /// Not at all.
    None,
}

/// What a header says (RFC 7515 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `alg`.
    pub algorithm: String,
    /// `kid`.
    pub key_id: Option<String>,
    /// `x5c`.
    pub certificates: Vec<Certificate>,
}

/// A signature that nobody has checked yet. What is signed is not shown when it is printed.
#[derive(Clone)]
pub struct Compact {
    header: Header,
    signed: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a text is no such token, or its signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts with dots between them.
    #[error("a token has three parts with dots between them; this has {0}")]
    Parts(usize),
    /// A part is not base64url without padding.
    #[error("the token's {0} is not base64url")]
    Encoding(&'static str),
    /// A part is not the JSON it ought to be.
    #[error("the token's {part}: {detail}")]
    Json {
        /// `header` or `claims`.
        part: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The header asks for something that has to be understood (RFC 7515 section 4.1.11).
    #[error("the token's header has `crit`, and nothing is known of what it asks for")]
    Critical,
    /// An algorithm that no key pair makes.
    #[error("tokens signed with `{0}` are not verified")]
    Algorithm(String),
    /// An algorithm that is for another kind of key.
    #[error("the token says {algorithm}, but the key is of type {key}")]
    OtherKey {
        /// The header's `alg`.
        algorithm: Algorithm,
        /// The kind of key.
        key: String,
    },
    /// A kind of key that signs no tokens.
    #[error("a key of type {0} signs no tokens")]
    UnfitKey(String),
    /// This key did not sign this token.
    #[error("the token was not signed by this key")]
    Signature,
    /// The provider refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Signs `payload` with the algorithm that goes with the key. `r` and `s` of ECDSA are as long as the curve has it (RFC
/// 7518 section 3.4), never DER.
pub fn sign(
    key: &PrivateKey,
    reference: &KeyRef,
    kind: Option<&str>,
    payload: &[u8],
) -> Result<String, TokenError> {
    let algorithm = Algorithm::of(key.public_key())
        .ok_or_else(|| TokenError::UnfitKey(key.algorithm().to_string()))?;
    let mut header = Map::new();
    header.insert("alg".to_owned(), algorithm.name().into());
    if let Some(kind) = kind {
        header.insert("typ".to_owned(), kind.into());
    }
    match reference {
        KeyRef::Kid(id) => {
            header.insert("kid".to_owned(), id.as_str().into());
        }
        KeyRef::X5c(chain) => {
            let chain: Vec<Value> = chain
                .iter()
                .map(|certificate| BASE64_STANDARD.encode(certificate.as_der()).into())
                .collect();
            header.insert("x5c".to_owned(), chain.into());
        }
        KeyRef::None => {}
    }
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let header = Value::Object(header).to_string();
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload));
    let signature = crypto::sign(key, signed.as_bytes())?;
    let signature = match algorithm.coordinate_length() {
        Some(length) => fixed_width(&signature, length)
            .ok_or_else(|| CryptoError("the crypto provider's signature is no DER".to_owned()))?,
        None => signature,
    };
    Ok(format!("{signed}.{}", encode(&signature)))
}

impl Compact {
    /// Takes a token apart; nothing in it is to be believed before [`Compact::verify`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = *parts.as_slice() else {
            return Err(TokenError::Parts(parts.len()));
        };
        let decode = |part: &str, name| {
            BASE64_URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| TokenError::Encoding(name))
        };
        Ok(Self {
            header: Header::read(&decode(header, "header")?)?,
            payload: decode(payload, "payload")?,
            signature: decode(signature, "signature")?,
            signed: format!("{header}.{payload}"),
        })
    }

    /// The header, unchecked.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, unchecked.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, where `key` signed it. The header's `alg` has to be one for such a key; `none` and the algorithms of
    /// shared secrets never are.
    pub fn verify(&self, key: &PublicKey) -> Result<&[u8], TokenError> {
        let name = &self.header.algorithm;
        let algorithm =
            Algorithm::named(name).ok_or_else(|| TokenError::Algorithm(name.clone()))?;
        if !algorithm.fits(key) {
            return Err(TokenError::OtherKey {
                algorithm,
                key: key.algorithm().to_string(),
            });
        }
        let signature = match algorithm.coordinate_length() {
            Some(length) => &to_der(&self.signature, length).ok_or(TokenError::Signature)?,
            None => &self.signature,
        };
        Verifier::new(key)
            .verify_as(algorithm.signature(), self.signed.as_bytes(), signature)
            .map_err(|_| TokenError::Signature)?;
        Ok(&self.payload)
    }
}

impl std::fmt::Debug for Compact {
    /// Who has the token may use it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Compact({:?})", self.header)
    }
}

impl Header {
    fn read(json: &[u8]) -> Result<Self, TokenError> {
        let wrong = |detail: String| TokenError::Json {
            part: "header",
            detail,
        };
        let header: Map<String, Value> =
            serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(format!("`{name}` is no string"))),
        };
        let chain = match header.get("x5c") {
            None => Vec::new(),
            Some(Value::Array(chain)) => chain
                .iter()
                .map(|one| one.as_str().and_then(certificate))
                .collect::<Option<_>>()
                .ok_or_else(|| wrong("`x5c` holds something that is no certificate".to_owned()))?,
            Some(_) => return Err(wrong("`x5c` is no list".to_owned())),
        };
        Ok(Self {
            algorithm: text("alg")?.ok_or_else(|| wrong("`alg` is missing".to_owned()))?,
            key_id: text("kid")?,
            certificates: chain,
        })
    }

    /// What the verifiers of distribution look at first: certificates, then the key's id.
    pub fn key_reference(&self) -> KeyRef {
        match (&self.key_id, self.certificates.is_empty()) {
            (_, false) => KeyRef::X5c(self.certificates.clone()),
            (Some(id), true) => KeyRef::Kid(id.clone()),
            (None, true) => KeyRef::None,
        }
    }
}

fn certificate(base64: &str) -> Option<Certificate> {
    Certificate::from_vec(BASE64_STANDARD.decode(base64).ok()?).ok()
}

/// `r` and `s` of an Ecdsa-Sig-Value (RFC 3279 section 2.2.3) as octets of one length, one after the other.
fn fixed_width(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut numbers = Reader::new(signature).inside(der::SEQUENCE)?;
    let mut out = Vec::with_capacity(2 * length);
    for _ in 0..2 {
        let (_, number) = magnitude(numbers.integer()?);
        out.resize(out.len() + length.checked_sub(number.len())?, 0);
        out.extend_from_slice(&number);
    }
    Some(out)
}

fn to_der(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    if signature.len() != 2 * length {
        return None;
    }
    let (r, s) = signature.split_at_checked(length)?;
    Some(der::element(der::SEQUENCE, &[&unsigned(r), &unsigned(s)]))
}

/// An INTEGER of a number that is not negative, in the shortest form.
fn unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    let pad: &[u8] = match number.first() {
        Some(first) if first & 0x80 == 0 => &[],
        _ => &[0],
    };
    der::element(der::INTEGER, &[pad, number])
}

#[cfg(test)]
mod tests;
