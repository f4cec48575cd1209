//! One question, put to Go and to hapki alike.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pki_core::verdict::go;
use pki_core::verdict::go::Purpose;
use pki_core::verdict::go::Question;
use pki_core::verdict::signatures::Signatures;
use pki_core::x509::certificate::Certificate;
use time::OffsetDateTime;

use crate::forge::NOW;

/// What is to be a certificate, and may be none.
pub type Der = Vec<u8>;

pub struct Case {
    /// Leaf first, as a server presents it.
    pub chain: Vec<Der>,
    pub intermediates: Vec<Der>,
    pub roots: Vec<Der>,
    /// Empty where no name is asked for.
    pub host: String,
    pub purpose: Purpose,
    pub now: OffsetDateTime,
}

/// `None` is acceptance, anything else the text of the refusal.
pub type Answer = Option<String>;

impl Case {
    /// A server's certificate on its own, asked for no name, at the usual instant.
    pub fn of(leaf: Der, roots: Vec<Der>) -> Self {
        Self {
            chain: vec![leaf],
            intermediates: Vec::new(),
            roots,
            host: String::new(),
            purpose: Purpose::Server,
            now: NOW,
        }
    }

    /// Certificates are read as every room but the verdict reads them, so that what Go refuses has to be noticed there.
    pub fn hapki(&self) -> Answer {
        let (leaf, presented) = self.chain.split_first().expect("a case has a leaf");
        let strict = go::parse_certificate(leaf);
        let leaf = match (Certificate::from_der(leaf), &strict) {
            (Ok(leaf), _) => leaf,
            (Err(_), Err(refusal)) => return Some(refusal.to_string()),
            (Err(error), Ok(_)) => panic!("{error}, which Go takes"),
        };
        let read = |ders: &[Der]| -> Vec<Certificate> {
            let certificates = ders.iter().map(|der| Certificate::from_der(der));
            certificates.filter_map(Result::ok).collect()
        };
        let question = Question {
            leaf: &leaf,
            intermediates: &read(&[presented, &self.intermediates].concat()),
            roots: &read(&self.roots),
            name: Some(&self.host),
            purpose: self.purpose,
            now: self.now,
        };
        let refusal = go::verify(&question, &mut Signatures::default()).err();
        let answer = refusal.map(|refusal| refusal.text());
        if let Err(refusal) = strict {
            assert_eq!(answer, Some(refusal.to_string()), "both ways of asking");
        }
        answer
    }

    /// What gocheck reads.
    pub fn to_json(&self) -> serde_json::Value {
        let encoded = |ders: &[Der]| -> Vec<String> {
            ders.iter().map(|der| BASE64_STANDARD.encode(der)).collect()
        };
        serde_json::json!({
            "chain": encoded(&self.chain),
            "intermediates": encoded(&self.intermediates),
            "roots": encoded(&self.roots),
            "host": self.host,
            "purpose": match self.purpose {
                Purpose::Server => "server",
                Purpose::Client => "client",
                Purpose::Any => "any",
            },
            "now": self.now.unix_timestamp(),
        })
    }
}
