//! The same witness over TLS: a Go server presents the chains of the families on 127.0.0.1, and what a Go client says of
//! them, whole line, is what hapki says.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pki_core::verdict::go;
use pki_core::verdict::signatures::Signatures;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::GeneralName;
use serde_json::Value;
use time::OffsetDateTime;

use crate::COUNT;
use crate::case::Answer;
use crate::case::Case;
use crate::chains::Chain;
use crate::families::World;
use crate::family;
use crate::keys::Key;
use crate::known::Known;
use crate::peer;
use crate::random::Random;
use crate::setting;
use crate::tally::Tally;

const SEED: u64 = 20_260_601;
const CASES: usize = 1_000;

/// What a server presents, and what its client knows.
pub struct Dialled {
    pub chain: Vec<Vec<u8>>,
    /// PKCS #8.
    pub key: Vec<u8>,
    pub roots: Vec<Certificate>,
    pub host: String,
    pub now: OffsetDateTime,
}

impl Dialled {
    /// The question of a case as a handshake can put it: about a server, and always about a name.
    fn of(case: Case, world: &World) -> Self {
        let chain = [case.chain, case.intermediates].concat();
        let leaf = Certificate::from_der(&chain[0]).ok();
        let name = leaf.as_ref().and_then(a_name_of);
        let host = if leaf.as_ref().is_some_and(|leaf| !is_ours(leaf, world)) {
            // Nobody can shake hands with this key: who is dialled must be refused before.
            Some("nobody.invalid".to_owned())
        } else {
            Some(case.host).filter(|host| !host.is_empty()).or(name)
        };
        let read = |der: &Vec<u8>| Certificate::from_der(der).ok();
        Self {
            key: key_of(leaf.as_ref(), world),
            chain,
            roots: case.roots.iter().filter_map(read).collect(),
            host: host.unwrap_or_else(|| "wudang".to_owned()),
            now: case.now,
        }
    }

    fn hapki(&self) -> Answer {
        let asked = go::Handshake {
            presented: &self.chain,
            roots: &self.roots,
            name: &self.host,
            now: self.now,
        };
        let refusal = go::handshake(&asked, &mut Signatures::default()).err();
        refusal.map(|refusal| refusal.to_string())
    }

    pub fn to_json(&self) -> Value {
        let roots = self.roots.iter().map(Certificate::as_der);
        serde_json::json!({
            "chain": self.chain.iter().map(|der| BASE64_STANDARD.encode(der)).collect::<Vec<_>>(),
            "key": BASE64_STANDARD.encode(&self.key),
            "roots": roots.map(|der| BASE64_STANDARD.encode(der)).collect::<Vec<_>>(),
            "host": self.host,
            "now": self.now.unix_timestamp(),
        })
    }
}

/// The first name that a certificate could be dialled by.
pub fn a_name_of(leaf: &Certificate) -> Option<String> {
    let names = leaf.extensions().subject_alt_names.iter().flatten();
    let mut dialled = names.filter_map(|name| match name {
        GeneralName::Dns(name) if !name.is_empty() => Some(name.replace('*', "a")),
        GeneralName::Ip(address) => Some(address.to_string()),
        _ => None,
    });
    dialled.next()
}

/// The private half of a leaf's key; any other where there is none, which only a client that refuses never notices.
pub fn key_of(leaf: Option<&Certificate>, world: &World) -> Vec<u8> {
    let spki = leaf.map(|leaf| leaf.public_key().as_der());
    let own = world
        .keys
        .iter()
        .find(|key| Some(key.spki.as_slice()) == spki);
    let key = own.unwrap_or(&world.keys[4]);
    key.pkcs8.clone().expect("a key that signs")
}

/// Whether the private half of a leaf's key is at hand.
pub fn is_ours(leaf: &Certificate, world: &World) -> bool {
    let spki = leaf.public_key().as_der();
    let mut keys = world.keys.iter();
    keys.any(|key| key.spki == spki && key.pkcs8.is_some())
}

#[test]
#[ignore = "needs Go: tests/peers/build.sh"]
fn a_go_client_and_hapki_say_the_same() {
    let seed = setting("HAPKI_WITNESS_SEED", SEED);
    let count = setting("HAPKI_WITNESS_HANDSHAKES", CASES as u64) as usize;
    let asked = generate(seed, count);
    let known = Known::read(include_str!("known.toml"));
    let answers = peer::ask(
        "handshake",
        asked.iter().map(|(_, dialled)| dialled.to_json()),
    );
    let mut tally = Tally::default();
    for (number, ((family, dialled), go)) in asked.iter().zip(&answers).enumerate() {
        let hapki = dialled.hapki();
        tally.count(family, go.is_none());
        if *go != hapki && !known.allows(family, go, &hapki) {
            let question = dialled.to_json();
            tally.differ.push(format!(
                "case {number}, {family}, host {:?}\n  Go:    {go:?}\n  hapki: {hapki:?}\n  chain: {}",
                dialled.host, question["chain"]
            ));
        }
    }
    tally.close(&format!("handshakes, seed {seed}, {count} cases"));
}

fn generate(seed: u64, count: usize) -> Vec<(&'static str, Dialled)> {
    let world = World::new();
    let large: Vec<Key> = [8191, 8192, 8193, 12_288]
        .into_iter()
        .map(Key::rsa_in_name)
        .collect();
    (0..count)
        .map(|number| {
            let mut random = Random::new(seed, number);
            let which = number % (COUNT + OWN.len());
            match OWN.get(which.wrapping_sub(COUNT)) {
                Some((family, make)) => (*family, make(&mut random, &world, &large)),
                None => {
                    let (family, make) = family(which);
                    (family, Dialled::of(make(&mut random, &world), &world))
                }
            }
        })
        .collect()
}

type Make = fn(&mut Random, &World, &[Key]) -> Dialled;

/// What only a handshake notices.
const OWN: &[(&str, Make)] = &[
    ("handshake: large keys", large_keys),
    ("handshake: broken chains", broken_chains),
    ("handshake: no name", no_name),
];

/// RSA keys of about 8192 bits, anywhere in what is presented, before or behind another fault.
fn large_keys(random: &mut Random, world: &World, large: &[Key]) -> Dialled {
    let count = random.below(3);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs[..=count] {
        if random.percent(40) {
            spec.key = &large[random.below(large.len())];
        }
    }
    let mut dialled = Dialled::of(chain.case(), world);
    if random.percent(20) {
        break_one(random, &mut dialled.chain);
    }
    dialled
}

fn broken_chains(random: &mut Random, world: &World, _: &[Key]) -> Dialled {
    let count = random.below(3);
    let mut dialled = Dialled::of(Chain::new(random, world, count).case(), world);
    if random.percent(75) {
        break_one(random, &mut dialled.chain);
    }
    dialled
}

/// Go's client asks for a name before it dials; of dots alone, none is sent.
fn no_name(random: &mut Random, world: &World, _: &[Key]) -> Dialled {
    let mut dialled = Dialled::of(Chain::new(random, world, 1).case(), world);
    dialled.host = random
        .pick(&[
            "",
            ".",
            "..",
            "wudang",
            "[wudang]",
            "[]",
            "[10.27.53.32]",
            "::1%lo",
            "wudang%lo",
        ])
        .to_owned();
    dialled
}

fn break_one(random: &mut Random, chain: &mut [Vec<u8>]) {
    let der = &mut chain[random.below(chain.len())];
    match random.below(4) {
        0 => der.push(0),
        1 => der[0] = 0x31,
        2 => {
            der.pop();
        }
        _ => der.clear(),
    }
}
