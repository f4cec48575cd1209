//! Any name dialled, against any names of a certificate, below a CA with any name constraints.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use pki_core::verdict::go;
use pki_core::verdict::go::Purpose;
use pki_core::verdict::go::Question;
use pki_core::verdict::signatures::Signatures;
use pki_core::x509::certificate::Certificate;

use crate::forge::NOW;
use crate::forge::San;
use crate::forge::Spec;
use crate::keys::Key;

/// What the witness' forge takes from its cases.
mod case {
    pub type Der = Vec<u8>;
}
#[path = "../../witness/der.rs"]
#[allow(dead_code, reason = "shared with the witness, which uses all of it")]
mod der;
#[path = "../../witness/forge.rs"]
#[allow(dead_code, reason = "shared with the witness, which uses all of it")]
mod forge;
#[path = "../../witness/keys.rs"]
#[allow(dead_code, reason = "shared with the witness, which uses all of it")]
mod keys;
#[path = "../../witness/random.rs"]
#[allow(dead_code, reason = "shared with the witness, which uses all of it")]
mod random;

#[derive(Arbitrary, Debug)]
struct Input {
    host: String,
    common_name: String,
    names: Vec<Name>,
    /// The contents of a NameConstraints SEQUENCE.
    constraints: Option<Vec<u8>>,
    /// Subtrees that parse: permitted or excluded, of this name.
    subtrees: Vec<(bool, Name)>,
}

#[derive(Arbitrary, Debug)]
enum Name {
    Dns(String),
    Ip(Vec<u8>),
    Email(String),
    Uri(String),
}

fuzz_target!(|input: Input| {
    let Some((leaf, ca)) = forge(&input) else {
        return;
    };
    let refusal = judge(&leaf, &ca, &input.host);
    if input.host.is_ascii() && !input.host.contains([':', '[']) {
        let shouted = judge(&leaf, &ca, &input.host.to_ascii_uppercase());
        assert_eq!(
            refusal.is_none(),
            shouted.is_none(),
            "case never decides: {refusal:?}, {shouted:?}"
        );
    }
});

fn judge(leaf: &Certificate, ca: &Certificate, host: &str) -> Option<String> {
    let question = Question {
        leaf,
        intermediates: &[],
        roots: std::slice::from_ref(ca),
        name: Some(host),
        purpose: Purpose::Server,
        now: NOW,
    };
    let refusal = go::verify(&question, &mut Signatures::default()).err();
    refusal.map(|refusal| refusal.text())
}

/// None where Go would not parse what was asked for.
fn forge(input: &Input) -> Option<(Certificate, Certificate)> {
    thread_local!(static KEY: Key = Key::ed25519());
    let content = match &input.constraints {
        Some(raw) => raw.clone(),
        None => subtrees(&input.subtrees),
    };
    KEY.with(|key| {
        let mut leaf = Spec::leaf(&input.common_name, "ca", key);
        leaf.names = input.names.iter().map(Name::as_san).collect();
        let mut ca = Spec::authority("ca", "ca", key);
        if !content.is_empty() {
            ca.further = vec![("2.5.29.30", true, der::sequence(&[&content]))];
        }
        Some((read(&leaf.signed_by(key))?, read(&ca.signed_by(key))?))
    })
}

fn read(der: &[u8]) -> Option<Certificate> {
    Certificate::from_der(der).ok()
}

/// `permittedSubtrees [0]`, `excludedSubtrees [1]` (RFC 5280 section 4.2.1.10).
fn subtrees(all: &[(bool, Name)]) -> Vec<u8> {
    let of = |wanted: bool, tag: u8| {
        let trees = all.iter().filter(|(permitted, _)| *permitted == wanted);
        let trees: Vec<Vec<u8>> = trees
            .map(|(_, name)| der::sequence(&[&name.as_san().to_der()]))
            .collect();
        match trees.is_empty() {
            true => Vec::new(),
            false => der::element(tag, &[&trees.concat()]),
        }
    };
    [of(true, 0xa0), of(false, 0xa1)].concat()
}

impl Name {
    fn as_san(&self) -> San {
        match self {
            Self::Dns(name) => San::Dns(name.clone()),
            Self::Ip(octets) => San::Ip(octets.clone()),
            Self::Email(address) => San::Email(address.clone()),
            Self::Uri(uri) => San::Uri(uri.clone()),
        }
    }
}
