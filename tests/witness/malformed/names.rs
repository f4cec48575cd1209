//! Subjects and issuers: string types, empty and broken attributes.

use crate::case::Case;
use crate::der;
use crate::families::World;
use crate::malformed::Plain;
use crate::malformed::damaged;
use crate::random::Random;

pub fn names(random: &mut Random, world: &World) -> Case {
    let mut plain = Plain::new(random, world);
    let odd = name(random);
    match random.below(4) {
        0 => plain.leaf.subject = odd,
        1 => plain.leaf.issuer = odd,
        _ => {
            // Go names the candidate where the signature is not its own.
            plain.root.subject = odd.clone();
            plain.leaf.issuer = odd;
            if random.percent(40) {
                plain.root.key = world.any(random).spki.clone();
            }
        }
    }
    plain.case(random)
}

fn name(random: &mut Random) -> Vec<u8> {
    let mut rdns = Vec::new();
    for _ in 0..random.pick(&[1, 1, 1, 2, 3]) {
        let mut set = Vec::new();
        for _ in 0..random.pick(&[0, 1, 1, 1, 1, 1, 2]) {
            set.extend(attribute(random));
        }
        let tag = if random.percent(4) { 0x30 } else { 0x31 };
        rdns.extend(der::element(tag, &[&set]));
    }
    if random.percent(4) {
        rdns = damaged(random, &rdns);
    }
    der::sequence(&[&rdns])
}

fn attribute(random: &mut Random) -> Vec<u8> {
    let kind = random.pick(&[
        "2.5.4.3", "2.5.4.3", "2.5.4.10", "2.5.4.10", "2.5.4.5", "1.2.3.4",
    ]);
    let mut kind = der::oid(kind);
    if random.percent(4) {
        let odd: &[&[u8]] = &[
            &[6, 0],
            &[6, 1, 0x80],
            &[6, 5, 0x88, 0x80, 0x80, 0x80, 0],
            &[13, 1, 1],
        ];
        kind = random.pick(odd).to_vec();
    }
    let (tag, value) = random.mostly(75, SOUND, STRINGS);
    let value = der::element(tag, &[value]);
    let more = if random.percent(4) { &[5, 0][..] } else { &[] };
    let tag = if random.percent(3) { 0x31 } else { 0x30 };
    der::element(tag, &[&kind, &value, more])
}

const SOUND: &[(u8, &[u8])] = &[
    (12, "武当 \"quoted\" \\ \u{7f}\u{200b}".as_bytes()),
    (12, b"a\0b\n"),
    (12, b""),
    (19, b"plain"),
    (19, b"*.example.com & more"),
    (20, b"latin \xe9\xff\0"),
    (22, b"root@wudang\x7f"),
    (18, b"12 34"),
    (30, b"\x6b\x66\x5f\x53"),
    (30, b"\0a\0\0"),
    (30, b"\0\0\0\0"),
    (30, b""),
];
const STRINGS: &[(u8, &[u8])] = &[
    (12, b"\xff"),
    (12, b"\xed\xa0\x80"),
    (12, b"\xc0\x80"),
    (19, b"under_score"),
    (19, b"a@b"),
    (19, b"\xe9"),
    (22, b"\x80"),
    (18, b"12a"),
    (30, b"a"),
    (30, b"\xd8\0"),
    (30, b"\xff\xfe"),
    (30, b"\xfd\xd0"),
    (30, b"\xfd\xcf"),
    (28, b"\0\0\0a"),
    (26, b"visible"),
    (27, b"general"),
    (4, b"octets"),
    (2, b"\x01"),
    (0x2c, b"constructed"),
    (0x8c, b"context"),
    (0x1f, b"high"),
];
