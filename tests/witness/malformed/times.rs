//! Times in every form that someone once wrote.

use crate::case::Case;
use crate::der;
use crate::families::World;
use crate::malformed::Plain;
use crate::malformed::damaged;
use crate::random::Random;

pub fn times(random: &mut Random, world: &World) -> Case {
    let mut plain = Plain::new(random, world);
    let before = random.pick(BEFORE);
    let after = random.pick(AFTER);
    let time = |random: &mut Random, sound: (u8, &str), share| -> Vec<u8> {
        let (tag, text) = if random.percent(share) {
            (
                random.pick(&[0x17, 0x17, 0x18, 0x18, 0x16]),
                random.pick(ODD),
            )
        } else {
            sound
        };
        let text = text.as_bytes().to_vec();
        if random.percent(4) {
            der::element(tag, &[&damaged(random, &text)])
        } else {
            der::element(tag, &[&text])
        }
    };
    let more = random.pick(&[&[][..], &[], &[], &[5, 0]]);
    let validity = [
        time(random, before, 30),
        time(random, after, 15),
        more.to_vec(),
    ]
    .concat();
    let target = if random.percent(75) {
        &mut plain.leaf
    } else {
        &mut plain.root
    };
    target.validity = der::sequence(&[&validity]);
    plain.case(random)
}

const BEFORE: &[(u8, &str)] = &[
    (0x17, "250101000000Z"),
    (0x17, "2501010000Z"),
    (0x17, "500101000000Z"),
    (0x17, "680229235959Z"),
    (0x17, "250101000000+0800"),
    (0x17, "2501010000-2459"),
    (0x18, "00000101000000Z"),
    (0x18, "20250101000000Z"),
    (0x18, "00000101000000+0100"),
    (0x17, "260601123456Z"),
    (0x17, "260601123457Z"),
    (0x17, "260601203456+0800"),
    (0x17, "260601203457+0800"),
];
const AFTER: &[(u8, &str)] = &[
    (0x17, "491231235959Z"),
    (0x18, "20500101000000Z"),
    (0x18, "99991231235959Z"),
    (0x18, "99991231235959-2459"),
    (0x18, "20300101000000+0530"),
    (0x17, "3001010000Z"),
    (0x17, "260601123456Z"),
    (0x17, "260601123455Z"),
    (0x17, "260601203455+0800"),
    (0x18, "20260601113455-0100"),
];
const ODD: &[&str] = &[
    "",
    "Z",
    "250101000000",
    "250101000000z",
    "250101000000+0000",
    "250101000000-0000",
    "250101000000+00",
    "250101000000+2400",
    "250101000000+2500",
    "250101000000+0060",
    "250101000000+0059",
    "250101000000.5Z",
    "250101000000.0Z",
    "2501010000.5Z",
    "250101000060Z",
    "250101006000Z",
    "250101240000Z",
    "251301000000Z",
    "250001000000Z",
    "250100000000Z",
    "250132000000Z",
    "250229000000Z",
    "240229000000Z",
    "250101 00000Z",
    "25010100000Z",
    "2501010000000Z",
    "20250101000000",
    "202501010000Z",
    "20250101000000.0Z",
    "20250101000000,5Z",
    "20250101000000+0100",
    "20250101000000-0100",
    "19000229000000Z",
    "20000229000000Z",
    "-0250101000000Z",
    "+0250101000000Z",
    "20250101000000ZZ",
    "2025-01-01T00:00:00Z",
];
