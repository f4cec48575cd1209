//! Public keys that Go takes, and that it does not.

use crate::case::Case;
use crate::der;
use crate::families::World;
use crate::malformed::Plain;
use crate::malformed::damaged;
use crate::random::Random;

pub fn keys(random: &mut Random, world: &World) -> Case {
    let mut plain = Plain::new(random, world);
    let (algorithm, bits) = match random.below(6) {
        0 => rsa(random),
        1 | 2 => ecdsa(random, world),
        3 => edwards(random),
        4 => dsa(random),
        _ => taken_apart(&world.any(random).spki),
    };
    let mut bits = if random.percent(5) {
        damaged(random, &bits)
    } else {
        bits
    };
    let unused = random.pick(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 7, 8]);
    if let Some(last) = bits.last_mut().filter(|_| unused > 0) {
        *last = random.pick(&[0, 0, 0xff]);
    }
    let more = random.pick(&[&[][..], &[], &[], &[], &[], &[], &[5, 0], b"x"]);
    let string = der::element(3, &[&[unused], &bits]);
    plain.leaf.key = der::sequence(&[&algorithm, &string, more]);
    plain.case(random)
}

/// A sound SubjectPublicKeyInfo that is the same in every run.
pub fn sound(random: &mut Random) -> Vec<u8> {
    let (_, _, x, y) = CURVES[1];
    let point = [vec![4], unhex(x), unhex(y)].concat();
    let curve = [
        der::oid("1.2.840.10045.2.1"),
        der::oid("1.2.840.10045.3.1.7"),
    ]
    .concat();
    let numbers = [der::element(2, &[&[0x5a; 256]]), der::integer(65_537)].concat();
    let rsa = [&der::oid("1.2.840.113549.1.1.1"), der::NULL].concat();
    let choices = [
        (curve, point),
        (rsa, der::sequence(&[&numbers])),
        (der::oid("1.3.101.112"), vec![0x5a; 32]),
    ];
    let (algorithm, bits) = random.pick(&choices);
    der::sequence(&[&der::sequence(&[&algorithm]), &der::bit_string(&bits)])
}

/// The AlgorithmIdentifier and the bits of a sound key.
fn taken_apart(spki: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let contents = |element: &[u8]| {
        let (_, rest) = element.split_at(1);
        match rest[0] {
            0..=0x7f => rest[1..].to_vec(),
            long => rest[1 + usize::from(long & 0x7f)..].to_vec(),
        }
    };
    let inside = contents(spki);
    let (algorithm, string) = inside.split_at(2 + usize::from(inside[1]));
    (algorithm.to_vec(), contents(string)[1..].to_vec())
}

fn algorithm(random: &mut Random, oid: &str, sound: &[u8]) -> Vec<u8> {
    let parameters = if random.percent(88) {
        sound.to_vec()
    } else {
        let odd: &[&[u8]] = &[
            &[],
            &[5, 0],
            &[5, 1, 0],
            &[4, 0],
            &[0x1f, 1, 0],
            &[6, 1, 0x80],
            &[6],
        ];
        random.pick(odd).to_vec()
    };
    let more = random.pick(&[&[][..], &[], &[], &[], &[], b"more"]);
    der::element(0x30, &[&der::oid(oid), &parameters, more])
}

fn integer(random: &mut Random, sound: &[u8]) -> Vec<u8> {
    let digits = if random.percent(88) {
        sound.to_vec()
    } else {
        let odd: &[&[u8]] = &[
            &[],
            &[0],
            &[0xff],
            &[0x80, 1],
            &[0, 1],
            &[0, 0xff],
            &[1; 8],
            &[0x7f; 9],
            &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ];
        random.pick(odd).to_vec()
    };
    der::element(if random.percent(3) { 10 } else { 2 }, &[&digits])
}

fn rsa(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let modulus = random.pick(&[
        &[0x5a; 256][..],
        &[0x5a; 64],
        &[0x5a; 128],
        &[3],
        &[0x5a; 2_000],
    ]);
    let exponent = random.pick(&[&[1, 0, 1][..], &[3], &[2], &[1], &[0x7f, 0xff, 0xff, 0xff]]);
    let more = random.pick(&[&[][..], &[], &[], &[5, 0]]);
    let numbers = [
        integer(random, modulus),
        integer(random, exponent),
        more.to_vec(),
    ]
    .concat();
    let tag = if random.percent(4) { 0x31 } else { 0x30 };
    let behind = random.pick(&[&[][..], &[], &[], &[0]]);
    let key = [der::element(tag, &[&numbers]), behind.to_vec()].concat();
    (algorithm(random, "1.2.840.113549.1.1.1", der::NULL), key)
}

fn ecdsa(random: &mut Random, world: &World) -> (Vec<u8>, Vec<u8>) {
    let (curve, length, x, y) = random.pick(CURVES);
    let mut point = [vec![4], unhex(x), unhex(y)].concat();
    if length == 32 && random.percent(40) {
        (_, point) = taken_apart(&world.keys[4].spki);
    }
    match random.below(12) {
        0 => point[0] = random.pick(&[0, 2, 3, 5, 6]),
        1 => *point.last_mut().unwrap() ^= 1,
        2 => point.truncate(1 + length),
        3 => {
            let start = 1 + random.below(2) * length;
            point[start..start + length].fill(0xff);
        }
        4 => point.push(0),
        5 => point = random.pick(&[&[][..], &[0], &[4], &[2]]).to_vec(),
        6 => point[1..].fill(0),
        _ => {}
    }
    let curve = if random.percent(8) {
        random.pick(&[
            "1.3.132.0.10",
            "1.2.3",
            "1.2.840.10045.3.1.7",
            "1.3.132.0.33",
        ])
    } else {
        curve
    };
    let curve = der::oid(curve);
    (algorithm(random, "1.2.840.10045.2.1", &curve), point)
}

fn edwards(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let oid = random.pick(&[
        "1.3.101.112",
        "1.3.101.112",
        "1.3.101.110",
        "1.3.101.113",
        "1.2.3",
    ]);
    let length = random.pick(&[32, 32, 32, 32, 31, 33, 0]);
    let key = (0..length).map(|_| random.next() as u8 & 0xf0).collect();
    (algorithm(random, oid, &[]), key)
}

fn dsa(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let parameters: Vec<u8> = (0..random.pick(&[3, 3, 3, 3, 2, 4]))
        .flat_map(|_| integer(random, &[0x5a; 20]))
        .collect();
    let parameters = der::sequence(&[&parameters]);
    (
        algorithm(random, "1.2.840.10040.4.1", &parameters),
        integer(random, &[0x5a; 128]),
    )
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The NIST curves with their base points (SP 800-186 section 3.2.1).
const CURVES: &[(&str, usize, &str, &str)] = &[
    (
        "1.3.132.0.33",
        28,
        "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
        "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
    ),
    (
        "1.2.840.10045.3.1.7",
        32,
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    (
        "1.3.132.0.34",
        48,
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ),
    (
        "1.3.132.0.35",
        66,
        "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    ),
];
