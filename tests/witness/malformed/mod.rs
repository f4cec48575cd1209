//! Families about what Go's parser refuses, and about what it takes though no issuer should write it. Each certificate is
//! signed as it stands, so that nothing but the parser can object.

pub mod extensions;
pub mod general_names;
pub mod keys;
pub mod names;
pub mod structure;
pub mod times;

use crate::case::Case;
use crate::families::Make;
use crate::families::World;
use crate::forge::NOW;
use crate::forge::Parts;
use crate::forge::Spec;
use crate::keys::Key;
use crate::mutated;
use crate::random::Random;

/// Families apart from the others: OpenSSL words such faults in ways of its own. What is there several times has as many
/// more cases.
pub const FAMILIES: &[(&str, Make)] = &[
    ("parse: structure", structure::structure),
    ("parse: extensions", extensions::extensions),
    ("parse: SANs", extensions::alt_names),
    ("parse: keys", keys::keys),
    ("parse: names", names::names),
    ("parse: times", times::times),
    ("parse: mutated bytes", mutated::mutated),
    ("parse: mutated bytes", mutated::mutated),
    ("parse: mutated bytes", mutated::mutated),
    ("parse: mutated bytes", mutated::mutated),
    ("parse: mutated bytes", mutated::mutated),
    ("parse: mutated bytes", mutated::mutated),
];

/// A server's certificate with one name and no other extension, its root, and the root's key.
pub struct Plain<'a> {
    pub leaf: Parts,
    pub root: Parts,
    pub signer: &'a Key,
}

impl<'a> Plain<'a> {
    pub fn new(random: &mut Random, world: &'a World) -> Self {
        let signer = world.any(random);
        let leaf = Spec {
            names: vec![crate::forge::San::dns("wudang")],
            key_usage: None,
            usages: Vec::new(),
            ..Spec::leaf("wudang", "kubernetes", &world.keys[5])
        };
        Self {
            leaf: leaf.parts(signer),
            root: Spec::authority("kubernetes", "kubernetes", signer).parts(signer),
            signer,
        }
    }

    pub fn case(&self, random: &mut Random) -> Case {
        let leaf = self.leaf.signed_by(self.signer);
        let root = self.root.signed_by(self.signer);
        Case {
            host: random.pick(&["", "", "wudang", "emei"]).to_owned(),
            now: NOW,
            ..Case::of(leaf, vec![root])
        }
    }
}

/// Bytes that differ from `sound` in a few places, most often in one.
pub fn damaged(random: &mut Random, sound: &[u8]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..random.pick(&[1, 1, 1, 1, 2, 3]) {
        let at = random.below(bytes.len().max(1));
        match random.below(8) {
            _ if bytes.is_empty() => bytes.push(random.next() as u8),
            0 => {
                bytes.insert(at, random.next() as u8);
            }
            1 => {
                bytes.remove(at);
            }
            2 => bytes.truncate(at),
            3 => bytes.push(random.next() as u8),
            4 => {
                bytes[at] = random.pick(&[0, 1, 2, 3, 4, 5, 6, 0x1f, 0x30, 0x31, 0x7f, 0x80, 0xff])
            }
            5 => bytes[at] = bytes[at].wrapping_add(random.pick(&[1, 0xff])),
            _ => bytes[at] ^= 1 << random.below(8),
        }
    }
    bytes
}
