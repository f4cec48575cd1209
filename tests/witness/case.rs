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

pub struct Case {
    /// Leaf first, as a server presents it.
    pub chain: Vec<Certificate>,
    pub intermediates: Vec<Certificate>,
    pub roots: Vec<Certificate>,
    /// Empty where no name is asked for.
    pub host: String,
    pub purpose: Purpose,
    pub now: OffsetDateTime,
}

/// `None` is acceptance, anything else the text of the refusal.
pub type Answer = Option<String>;

impl Case {
    /// A server's certificate on its own, asked for no name, at the usual instant.
    pub fn of(leaf: Certificate, roots: Vec<Certificate>) -> Self {
        Self {
            chain: vec![leaf],
            intermediates: Vec::new(),
            roots,
            host: String::new(),
            purpose: Purpose::Server,
            now: NOW,
        }
    }

    pub fn hapki(&self) -> Answer {
        let (leaf, presented) = self.chain.split_first().expect("a case has a leaf");
        let question = Question {
            leaf,
            intermediates: &[presented, &self.intermediates].concat(),
            roots: &self.roots,
            name: Some(&self.host),
            purpose: self.purpose,
            now: self.now,
        };
        let refusal = go::verify(&question, &mut Signatures::default()).err();
        refusal.map(|refusal| refusal.text())
    }

    /// What gocheck reads.
    pub fn to_json(&self) -> serde_json::Value {
        let encoded = |certificates: &[Certificate]| -> Vec<String> {
            let ders = certificates.iter().map(Certificate::as_der);
            ders.map(|der| BASE64_STANDARD.encode(der)).collect()
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
