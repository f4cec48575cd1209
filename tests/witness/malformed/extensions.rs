//! Extensions that Go's parser reads, each sound or a little off.

use crate::case::Case;
use crate::der;
use crate::families::World;
use crate::forge::extension;
use crate::forge::extension_list;
use crate::forge::named;
use crate::malformed::Plain;
use crate::malformed::damaged;
use crate::malformed::general_names::general_name;
use crate::random::Random;

pub fn extensions(random: &mut Random, world: &World) -> Case {
    let mut plain = Plain::new(random, world);
    let mut list = Vec::new();
    for _ in 0..random.pick(&[1, 1, 2, 3]) {
        let (oid, content) = content(random);
        let content = if random.percent(10) {
            damaged(random, &content)
        } else {
            content
        };
        let critical = random.percent(if matches!(oid, "2.5.29.14" | "2.5.29.35" | INFO) {
            10
        } else {
            30
        });
        list.push(extension(oid, critical, &content));
    }
    if random.percent(80) {
        plain.leaf.extensions = extension_list(&list);
    } else {
        list.push(extension("2.5.29.19", true, &der::sequence(&[der::TRUE])));
        plain.root.extensions = extension_list(&list);
    }
    plain.case(random)
}

/// Alternative names of every kind.
pub fn alt_names(random: &mut Random, world: &World) -> Case {
    let mut plain = Plain::new(random, world);
    let names: Vec<u8> = (0..random.pick(&[0, 1, 1, 2, 3, 6]))
        .flat_map(|_| general_name(random, 18))
        .collect();
    let mut value = der::sequence(&[&names]);
    if random.percent(4) {
        value = damaged(random, &value);
    }
    let names = extension("2.5.29.17", random.percent(30), &value);
    plain.leaf.extensions = extension_list(&[names]);
    plain.case(random)
}

fn content(random: &mut Random) -> (&'static str, Vec<u8>) {
    let behind = random.pick(&[&[][..], &[], &[], &[5, 0], b"x"]);
    let (oid, content) = match random.below(15) {
        0 => (
            "2.5.29.14",
            der::octet_string(random.pick(&[&[][..], &[1], &[7; 20]])),
        ),
        1 => ("2.5.29.15", key_usage(random)),
        2 => ("2.5.29.19", basic_constraints(random)),
        3..=5 => ("2.5.29.30", name_constraints(random)),
        6 => ("2.5.29.31", distribution_points(random)),
        7 => ("2.5.29.32", policies(random)),
        8 => ("2.5.29.33", mappings(random)),
        9 => ("2.5.29.35", authority_key_id(random)),
        10 => ("2.5.29.36", policy_constraints(random)),
        11 => ("2.5.29.37", usages(random)),
        12 => ("2.5.29.54", integer(random, 2)),
        13 => (INFO, authority_info(random)),
        _ => {
            let oid = random.pick(&[
                "2.5.29.17",
                "2.5.29.18",
                "1.2.3.4",
                "2.5.29.128",
                "2.5.29.9",
            ]);
            (oid, der::sequence(&[&general_name(random, 10)]))
        }
    };
    (oid, [content, behind.to_vec()].concat())
}

fn key_usage(random: &mut Random) -> Vec<u8> {
    let bits: &[&[u8]] = &[
        &[7, 0x80],
        &[5, 0xa0],
        &[0],
        &[7, 0, 0x80],
        &[0, 0xff, 0xff, 0xff],
        &[],
        &[1],
        &[8, 0],
        &[3, 0xff],
    ];
    der::element(3, &[random.pick(bits)])
}

fn basic_constraints(random: &mut Random) -> Vec<u8> {
    let flag = random.pick(&[&[][..], &[], der::TRUE, &[1, 1, 0], &[1, 1, 1], &[1, 0]]);
    let length = if random.percent(50) {
        integer(random, 2)
    } else {
        Vec::new()
    };
    der::sequence(&[flag, &length])
}

fn integer(random: &mut Random, tag: u8) -> Vec<u8> {
    let digits: &[&[u8]] = &[
        &[0],
        &[1],
        &[5],
        &[0, 0x80],
        &[0xff],
        &[],
        &[0, 1],
        &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0, 0x80, 0, 0, 0, 0, 0, 0, 0],
        &[0x80, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    let digits = random.mostly(60, &digits[..3], digits);
    der::element(tag, &[digits])
}

fn name_constraints(random: &mut Random) -> Vec<u8> {
    let mut lists = Vec::new();
    for tag in [0xa0, 0xa1] {
        let count = random.pick(&[0, 0, 1, 1, 2, 4]);
        let subtrees: Vec<u8> = (0..count).flat_map(|_| subtree(random)).collect();
        if count > 0 || random.percent(10) {
            lists.extend(der::element(tag, &[&subtrees]));
        }
    }
    lists.extend(random.pick(&[&[][..], &[], &[], &[], &[], &[5, 0]]));
    der::sequence(&[&lists])
}

fn subtree(random: &mut Random) -> Vec<u8> {
    let odd = random.percent(15);
    let base = match random.below(5) {
        0 => named(
            0x81,
            random.pick(if odd { ODD_MAILBOXES } else { MAILBOXES }),
        ),
        1 => named(0x82, random.pick(if odd { ODD_DOMAINS } else { DOMAINS })),
        2 => named(0x86, random.pick(if odd { ODD_DOMAINS } else { DOMAINS })),
        3 => {
            let sound: &[&[u8]] = &[
                &[10, 0, 0, 0, 255, 0, 0, 0],
                &[10, 9, 8, 7, 255, 255, 255, 255],
                &[0; 8],
                &[0; 32],
                &[255; 32],
                &[10, 0, 0, 0, 255, 0xe0, 0, 0],
            ];
            let more: &[&[u8]] = &[
                &[10, 0, 0, 0, 255, 0, 255, 0],
                &[10, 0, 0, 0, 0, 255, 0, 0],
                &[10, 0, 0, 0, 0xfd, 0, 0, 0],
                &[10, 0, 0, 0],
                &[],
                &[1; 33],
                &[7; 32],
            ];
            der::element(0x87, &[random.pick(if odd { more } else { sound })])
        }
        _ => general_name(random, 0),
    };
    let distance = random.pick(&[&[][..], &[], &[], &[0x80, 1, 0], &[0x81, 1, 9], b"?"]);
    let base = if odd && random.percent(10) {
        Vec::new()
    } else {
        base
    };
    der::sequence(&[&base, distance])
}

fn distribution_points(random: &mut Random) -> Vec<u8> {
    let points: Vec<u8> = (0..random.below(4))
        .flat_map(|_| {
            let names: Vec<u8> = (0..random.below(3))
                .flat_map(|_| general_name(random, 10))
                .collect();
            let name = match random.below(8) {
                0 => Vec::new(),
                1 => der::element(0xa0, &[&der::element(0xa1, &[&names])]),
                2 => der::element(0xa0, &[&names]),
                3 => der::element(0x80, &[&names]),
                _ => der::element(0xa0, &[&der::element(0xa0, &[&names])]),
            };
            let more = random.pick(&[&[][..], &[], &[0x81, 2, 1, 2], &[0xa2, 0], b"?"]);
            der::sequence(&[&name, more])
        })
        .collect();
    der::sequence(&[&points])
}

fn policies(random: &mut Random) -> Vec<u8> {
    let long = [
        0x2a, 0x90, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01,
    ];
    let oids: &[&[u8]] = &[
        &[0x55, 0x1d, 0x20, 0],
        &[0x2a, 3],
        &[0x67, 0x81, 0x0c, 1, 2, 2],
        &long,
        &[],
        &[0x80, 1],
        &[0x2a, 0x81],
        &[0x2a, 0x80, 1],
    ];
    let list: Vec<u8> = (0..random.below(4))
        .flat_map(|_| {
            let oid = random.mostly(85, &oids[..4], oids);
            let more = random.pick(&[&[][..], &[], &[0x30, 0], b"?"]);
            der::sequence(&[&der::element(6, &[oid]), more])
        })
        .collect();
    der::sequence(&[&list])
}

fn mappings(random: &mut Random) -> Vec<u8> {
    let list: Vec<u8> = (0..random.below(3))
        .flat_map(|_| {
            let one = random.pick(&[
                &[6, 2, 0x2a, 3][..],
                &[6, 2, 0x2a, 4],
                &[6, 1, 0x80],
                &[5, 0],
            ]);
            let other = random.pick(&[&[6, 2, 0x2a, 3][..], &[6, 2, 0x2a, 4], &[6, 0], &[]]);
            der::sequence(&[one, other])
        })
        .collect();
    der::sequence(&[&list])
}

fn authority_key_id(random: &mut Random) -> Vec<u8> {
    let fields: &[&[u8]] = &[
        &[0x80, 1, 7],
        &[0x80, 0],
        &[],
        &[0x80, 1, 7, 0x82, 1, 1],
        &[0x82, 1, 1],
        &[0xa1, 0, 0x82, 1, 1],
        &[0x80, 9, 1],
        &[0xa0, 1, 7],
    ];
    der::sequence(&[random.pick(fields)])
}

fn policy_constraints(random: &mut Random) -> Vec<u8> {
    let mut fields = Vec::new();
    for tag in [0x80, 0x81] {
        if random.percent(60) {
            fields.extend(integer(random, tag));
        }
    }
    der::sequence(&[&fields])
}

fn usages(random: &mut Random) -> Vec<u8> {
    let server = der::oid("1.3.6.1.5.5.7.3.1");
    let other = der::oid("1.2.3.4.5");
    let choices = [
        server.clone(),
        server,
        other,
        vec![6, 0],
        vec![5, 0],
        vec![6, 1, 0x80],
    ];
    let choices = if random.percent(85) {
        &choices[..3]
    } else {
        &choices[..]
    };
    der::sequence(&[&random.some(choices, 3).concat()])
}

fn authority_info(random: &mut Random) -> Vec<u8> {
    let list: Vec<u8> = (0..random.below(4))
        .flat_map(|_| {
            let methods: &[&str] = &["1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2", "1.2.3"];
            let mut method = der::oid(random.pick(methods));
            if random.percent(8) {
                method = random.pick(&[&[6, 0][..], &[5, 0], &[]]).to_vec();
            }
            let place = general_name(random, 15);
            let more = random.pick(&[&[][..], &[], b"?"]);
            der::sequence(&[&method, &place, more])
        })
        .collect();
    der::sequence(&[&list])
}

const INFO: &str = "1.3.6.1.5.5.7.1.1";
const MAILBOXES: &[&str] = &[
    "root@wudang",
    "wudang",
    ".wudang",
    "",
    "\"a b\"@c",
    "a\\@b@c",
    "a@",
];
const ODD_MAILBOXES: &[&str] = &[
    "@wudang",
    "a..b@c",
    ".a@b",
    "a.@b",
    "a@b.",
    "a@.b",
    "a@b c",
    "\"a@b",
    "\"a\\",
    "a\\",
    "a b@c",
    "wudang.",
    "\"a\"b@c",
    "r\u{f6}t@b",
    "..",
    "a@b@c",
    "\"\n\"@b",
];
const DOMAINS: &[&str] = &["wudang", ".wudang", "", "a.b", "under_score", "*.a", "x:y"];
const ODD_DOMAINS: &[&str] = &[
    "wudang.",
    ".",
    "..a",
    "a..b",
    "a b",
    "w\u{fc}dang",
    "\u{7f}",
    "10.0.0.1",
    "::1",
    "::1%eth0",
    "fe80::",
    "10.0.0",
    "\"quoted\"",
    "\u{6b66}\u{200b}",
];
