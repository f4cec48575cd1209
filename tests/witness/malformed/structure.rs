//! Versions, serial numbers, algorithms, unique identifiers, lengths, what follows what.

use crate::case::Case;
use crate::der;
use crate::families::World;
use crate::forge::Parts;
use crate::forge::extension;
use crate::forge::extension_list;
use crate::malformed::Plain;
use crate::random::Random;

pub fn structure(random: &mut Random, world: &World) -> Case {
    let mut plain = Plain::new(random, world);
    for _ in 0..random.pick(&[1, 1, 1, 2]) {
        if random.percent(85) {
            vary(random, &mut plain.leaf);
        } else {
            vary(random, &mut plain.root);
        }
    }
    plain.case(random)
}

fn vary(random: &mut Random, parts: &mut Parts) {
    match random.below(12) {
        0 => parts.version = version(random),
        1 | 2 => parts.serial = serial(random),
        3 => vary_algorithms(random, parts),
        4 => parts.unique_ids = unique_ids(random),
        5 | 6 => parts.extensions = extensions(random, &parts.extensions),
        7 => parts
            .extensions
            .extend(random.pick(&[&[5, 0][..], &[0x30], &[0xa3, 0], b"more"])),
        8 => {
            let (unused, last) = (random.pick(&[1, 2, 7, 8, 0xff]), random.pick(&[0, 0, 0xff]));
            parts.unused_bits = random.percent(70).then_some((unused, last));
            parts.after_signature = random.pick(&[&[][..], &[], &[5, 0], &[1]]).to_vec();
        }
        9 => parts.behind = random.pick(&[&[][..], &[0], &[0x30, 0], b"\n"]).to_vec(),
        10 => {
            let part = random.below(7);
            let part = element(parts, part);
            *part = relengthened(random, part);
        }
        _ => {
            let part = random.below(7);
            let tag = random.pick(&[0x30, 0x31, 0x10, 2, 5, 0xa0, 0x1f, 0xbf]);
            if let Some(first) = element(parts, part).first_mut() {
                *first = tag;
            }
        }
    }
}

fn element(parts: &mut Parts, number: usize) -> &mut Vec<u8> {
    match number {
        0 => &mut parts.version,
        1 => &mut parts.serial,
        2 => &mut parts.issuer,
        3 => &mut parts.validity,
        4 => &mut parts.subject,
        5 => &mut parts.key,
        _ => &mut parts.extensions,
    }
}

fn version(random: &mut Random) -> Vec<u8> {
    let number: &[u8] = random.pick(&[
        &[2, 1, 0][..],
        &[2, 1, 1],
        &[2, 1, 2],
        &[2, 1, 3],
        &[2, 1, 0xff],
        &[2, 2, 0, 2],
        &[2, 2, 0, 0x80],
        &[2, 8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[2, 9, 0, 0x80, 0, 0, 0, 0, 0, 0, 0],
        &[2, 0],
        &[],
        &[10, 1, 2],
        &[2, 1, 2, 5, 0],
    ]);
    let tag = random.pick(&[0xa0, 0xa0, 0xa0, 0x80]);
    der::element(tag, &[number])
}

fn serial(random: &mut Random) -> Vec<u8> {
    let digits: &[u8] = random.pick(&[
        &[0][..],
        &[1],
        &[0x7f],
        &[0xff],
        &[0x80, 0],
        &[0, 0x80],
        &[0, 0x7f],
        &[0xff, 0x80],
        &[0xff, 0x7f],
        &[],
        &[0x5a; 20],
        &[0x5a; 200],
    ]);
    der::element(random.pick(&[2, 2, 2, 2, 2, 2, 10, 0x22]), &[digits])
}

fn vary_algorithms(random: &mut Random, parts: &mut Parts) {
    let sound = parts.outer_algorithm.clone();
    let more: &[u8] = random.pick(&[&[][..], &[5, 0], &[0x30], &[0x1f, 1], &[4, 2, 1], b"x"]);
    let odd = match random.below(5) {
        // What follows the parameters is not looked at.
        0 => der::element(0x30, &[&sound[2..], more]),
        1 => der::element(0x30, &[more]),
        2 => der::sequence(&[&der::oid("1.2.3.4"), more]),
        3 => der::element(0x30, &[&[6, 5, 0x88, 0x80, 0x80, 0x80, 0], more]),
        _ => der::element(random.pick(&[0x30, 0x31, 4]), &[&sound[2..]]),
    };
    match random.below(4) {
        0 => parts.inner_algorithm = odd,
        1 => parts.outer_algorithm = odd,
        _ => {
            parts.inner_algorithm = odd.clone();
            parts.outer_algorithm = odd;
        }
    }
}

fn unique_ids(random: &mut Random) -> Vec<u8> {
    let choices: &[&[u8]] = &[
        &[0x81, 2, 0, 0xaa],
        &[0x82, 2, 0, 0xbb],
        &[0x81, 0],
        &[0xa1, 2, 3, 0],
        &[0x82, 0x7f, 0],
        &[0x81, 0x80],
        &[5, 0],
    ];
    random.some(choices, 2).concat()
}

fn extensions(random: &mut Random, sound: &[u8]) -> Vec<u8> {
    let unknown = |oid: &str, critical| extension(oid, critical, &[5, 0]);
    let name = extension(
        "2.5.29.17",
        false,
        &der::sequence(&[&der::element(0x82, &[b"emei"])]),
    );
    match random.below(9) {
        0 => der::element(0xa3, &[]),
        1 => extension_list(&[]),
        2 => der::element(0x83, &[&der::sequence(&[&name])]),
        3 => der::element(0xa3, &[&der::sequence(&[&name]), b"behind"]),
        4 => {
            let oid = random.pick(&["1.2.3", "2.5.29.17", "2.999.1", "2.5.29.19"]);
            extension_list(&[unknown(oid, false), name, unknown(oid, random.percent(50))])
        }
        5 => extension_list(&[random
            .pick(&[&[5, 0][..], &[0x30, 0], &[0x30, 5, 0]])
            .to_vec()]),
        6 => {
            let mut fields = vec![
                der::oid("1.2.3.4"),
                der::TRUE.to_vec(),
                der::octet_string(&[]),
            ];
            let field = random.below(3);
            fields[field] = random
                .pick(&[
                    &[][..],
                    &[1, 1, 1],
                    &[1, 2, 0, 0],
                    &[1, 1, 0],
                    &[6, 0],
                    &[6, 1, 0x80],
                    &[4, 3, 1],
                ])
                .to_vec();
            if random.percent(30) {
                fields.push(b"behind".to_vec());
            }
            extension_list(&[der::element(0x30, &[&fields.concat()])])
        }
        7 => {
            let arcs = random.pick(&[
                1 << 31,
                (1 << 31) - 1,
                1 << 24,
                0,
                127,
                128,
                u64::from(u32::MAX),
            ]);
            extension_list(&[name, unknown(&format!("1.2.{arcs}.4"), false)])
        }
        _ => [sound, &[0x30, 0]].concat(),
    }
}

/// The same element with its length in another form, or another length.
fn relengthened(random: &mut Random, element: &[u8]) -> Vec<u8> {
    if element.len() < 2 {
        return element.to_vec();
    }
    let header = match element[1] {
        0..=0x7f => 2,
        long => 2 + usize::from(long & 0x7f),
    };
    let (tag, contents) = (element[0], &element[header..]);
    let length = contents.len();
    let octets = (length as u32).to_be_bytes();
    let form = match random.below(6) {
        0 => vec![0x80],
        1 => vec![0x84, octets[0], octets[1], octets[2], octets[3]],
        2 => vec![0x81, octets[3]],
        3 => vec![0x82, octets[2], octets[3]],
        4 => vec![0x84, 0xff, 0xff, 0xff, random.pick(&[0xff, 0xfa, 0xf9, 0])],
        _ => vec![(length as u8 & 0x7f).wrapping_add(random.pick(&[1, 0xff])) & 0x7f],
    };
    [&[tag], &form[..], contents].concat()
}
