//! Tokens whose payload is claims, as distribution's token authentication has them
//! (docs.docker.com "Token Authentication Specification") and Harbor mints them.

use serde_json::Map;
use serde_json::Value;
use time::OffsetDateTime;

use crate::token::jws;
use crate::token::jws::Compact;
use crate::token::jws::Header;
use crate::token::key_id::KidForm;
use crate::x509::certificate::Certificate;
use crate::x509::key::PrivateKey;
use crate::x509::spki::PublicKey;

pub use crate::token::algorithm::Algorithm;
pub use crate::token::jws::KeyRef;
pub use crate::token::jws::TokenError;

/// What a token claims (RFC 7519 section 4.1), and what it gives access to. Times are whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `aud`.
    pub audience: Vec<String>,
    /// Whether `aud` is a list even where it is one name: distribution 2 takes a string only.
    pub audience_as_array: bool,
    /// `exp`.
    pub expires: Option<OffsetDateTime>,
    /// `nbf`.
    pub not_before: Option<OffsetDateTime>,
    /// `iat`.
    pub issued_at: Option<OffsetDateTime>,
    /// `jti`.
    pub id: String,
    /// `access`, of registries.
    pub access: Vec<Access>,
}

/// What may be done with one thing of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// `type`: `repository`, `registry`.
    pub kind: String,
    /// `name`.
    pub name: String,
    /// `pull`, `push`, `delete`, `*`.
    pub actions: Vec<String>,
}

/// A token of which nothing is to be believed yet.
#[derive(Clone, Debug)]
pub struct Unverified(Compact);

/// Mints a token. The algorithm is the key's: RS256, ES256, ES384 or EdDSA.
///
/// `exp` and its like are left out where they are not told; `access` never is.
pub fn sign(key: &PrivateKey, reference: &KeyRef, claims: &Claims) -> Result<String, TokenError> {
    let payload = Value::Object(claims.to_json()).to_string();
    jws::sign(key, reference, Some("JWT"), payload.as_bytes())
}

/// Takes a token apart.
pub fn parse(text: &str) -> Result<Unverified, TokenError> {
    Compact::parse(text).map(Unverified)
}

impl KeyRef {
    /// How a token signed by `key` is marked in this form. `chain` is what `x5c` holds, the key's own certificate first.
    pub fn new(form: KidForm, key: &PublicKey, chain: &[Certificate]) -> Self {
        match form.id(key) {
            Some(id) => Self::Kid(id),
            None if form == KidForm::X5c => Self::X5c(chain.to_vec()),
            None => Self::None,
        }
    }
}

impl Unverified {
    /// What the header says.
    pub fn header(&self) -> &Header {
        self.0.header()
    }

    /// What the token claims, believing nothing.
    pub fn claims(&self) -> Result<Claims, TokenError> {
        Claims::read(self.0.unverified_payload())
    }

    /// What the token claims, where `key` signed it. Whether it is for the reader, and whether its time has come, is the
    /// reader's to judge.
    pub fn verify(&self, key: &PublicKey) -> Result<Claims, TokenError> {
        Claims::read(self.0.verify(key)?)
    }
}

impl Claims {
    fn to_json(&self) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", self.issuer.as_str().into());
        put("sub", self.subject.as_str().into());
        put(
            "aud",
            match self.audience.as_slice() {
                [one] if !self.audience_as_array => one.as_str().into(),
                several => several.to_vec().into(),
            },
        );
        for (name, time) in [
            ("exp", self.expires),
            ("nbf", self.not_before),
            ("iat", self.issued_at),
        ] {
            if let Some(time) = time {
                put(name, time.unix_timestamp().into());
            }
        }
        put("jti", self.id.as_str().into());
        let access: Vec<Value> = self.access.iter().map(Access::to_json).collect();
        put("access", access.into());
        claims
    }

    fn read(json: &[u8]) -> Result<Self, TokenError> {
        let claims: Map<String, Value> =
            serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        let text = |name| text(&claims, name);
        let time = |name| time(&claims, name);
        let (audience, audience_as_array) = match claims.get("aud") {
            None | Some(Value::Null) => (Vec::new(), false),
            Some(Value::String(one)) => (vec![one.clone()], false),
            Some(list) => (strings(list).ok_or_else(|| odd("aud"))?, true),
        };
        let access = match claims.get("access") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list
                .iter()
                .map(Access::read)
                .collect::<Option<_>>()
                .ok_or_else(|| odd("access"))?,
            Some(_) => return Err(odd("access")),
        };
        Ok(Self {
            issuer: text("iss")?,
            subject: text("sub")?,
            audience,
            audience_as_array,
            expires: time("exp")?,
            not_before: time("nbf")?,
            issued_at: time("iat")?,
            id: text("jti")?,
            access,
        })
    }
}

impl Access {
    fn to_json(&self) -> Value {
        serde_json::json!({ "type": self.kind, "name": self.name, "actions": self.actions })
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            kind: text("type")?,
            name: text("name")?,
            actions: match value.get("actions")? {
                Value::Null => Vec::new(),
                list => strings(list)?,
            },
        })
    }
}

fn text(claims: &Map<String, Value>, name: &'static str) -> Result<String, TokenError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(odd(name)),
    }
}

/// A NumericDate (RFC 7519 section 2), which may have a fraction.
fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<OffsetDateTime>, TokenError> {
    let seconds = match claims.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(number) => {
            let fraction = || number.as_f64().map(|seconds| seconds.floor() as i64);
            number.as_i64().or_else(fraction)
        }
    };
    seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .map(Some)
        .ok_or_else(|| odd(name))
}

fn strings(list: &Value) -> Option<Vec<String>> {
    let list = list.as_array()?.iter();
    list.map(|one| one.as_str().map(str::to_owned)).collect()
}

fn odd(claim: &'static str) -> TokenError {
    wrong(format!("`{claim}` is of another type than it ought to be"))
}

fn wrong(detail: String) -> TokenError {
    TokenError::Json {
        part: "claims",
        detail,
    }
}

#[cfg(test)]
mod tests;
