//! Families of cases about what OpenSSL minds and Go does not, or otherwise.

use pki_core::verdict::go::Purpose;
use pki_core::x509::name::DistinguishedName;
use time::Duration;

use crate::ask::Ask;
use crate::case::Case;
use crate::chains::Chain;
use crate::der;
use crate::families::World;
use crate::forge::DIGITAL_SIGNATURE;
use crate::forge::KEY_CERT_SIGN;
use crate::forge::NOW;
use crate::forge::SERVER_AUTH;
use crate::forge::San;
use crate::forge::Spec;
use crate::keys::Key;
use crate::random::Random;

/// Keys that no other family has.
pub struct Keys {
    /// RSA keys by name only: of lengths around the steps of the security levels. They sign nothing.
    weak: Vec<Key>,
}

impl Keys {
    pub fn new() -> Self {
        let lengths = [
            512, 1023, 1024, 1536, 1919, 1920, 2000, 2047, 2048, 3071, 3072, 4096, 7679,
        ];
        Self {
            weak: lengths.into_iter().map(Key::rsa_in_name).collect(),
        }
    }
}

pub type Make = fn(&mut Random, &World, &Keys) -> Ask;

pub const FAMILIES: &[(&str, Make)] = &[
    ("openssl: names", names),
    ("openssl: common names", common_names),
    ("openssl: addresses", addresses),
    ("openssl: dates", dates),
    ("openssl: purposes", purposes),
    ("openssl: security levels", levels),
    ("openssl: weak keys", weak_keys),
    ("openssl: issuers", issuers),
    ("openssl: spelling of names", spelling),
    ("openssl: depth", depth),
    ("openssl: partial chains", partial_chains),
    ("openssl: path length", path_length),
    ("openssl: name constraints", name_constraints),
    ("openssl: extensions", extensions),
    ("openssl: CA marks", ca_marks),
    ("openssl: several faults", several_faults),
];

fn names(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let mut names: Vec<San> = random.some(PATTERNS, 4).into_iter().map(San::dns).collect();
    if random.percent(15) {
        names.push(San::Email("root@wudang".to_owned()));
    }
    if random.percent(10) {
        names.push(San::Other);
    }
    let host = random.pick(HOSTS);
    with_names(random, world, "lb.wulin.internal", names, host)
}

fn common_names(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let names = match random.below(6) {
        0 => vec![San::Email("root@wudang".to_owned())],
        1 => vec![San::Ip(vec![10, 24, 138, 208])],
        2 => vec![San::Other],
        3 => vec![San::dns("emei")],
        _ => Vec::new(),
    };
    let common_name = random.pick(PATTERNS);
    let host = random.pick(&[HOSTS, PATTERNS].concat());
    with_names(random, world, common_name, names, host)
}

fn addresses(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let addresses = [
        "10.24.138.208",
        "127.0.0.1",
        "::1",
        "2001:db8::1",
        "::ffff:10.24.138.208",
    ];
    let mut names: Vec<San> = random
        .some(&addresses, 3)
        .into_iter()
        .map(|address| San::ip(address.parse().unwrap()))
        .collect();
    if random.percent(30) {
        names.push(San::dns(random.pick(&addresses)));
    }
    if random.percent(10) {
        names.push(San::Ip(vec![10, 24, 138]));
    }
    let host = random.pick(&addresses);
    let subject = random.pick(&["wudang", "10.24.138.208"]);
    with_names(random, world, subject, names, host)
}

fn dates(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(3);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs {
        match random.below(5) {
            0 => spec.not_after = NOW + Duration::seconds(random.pick(&[-1, 0, 1, -86_400])),
            1 => spec.not_before = NOW + Duration::seconds(random.pick(&[-1, 0, 1, 86_400])),
            _ => {}
        }
    }
    ask(chain.case())
}

fn purposes(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(3);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs {
        if random.percent(40) {
            spec.usages = random.some(USAGES, 2);
        }
        if random.percent(20) {
            spec.key_usage = random.pick(&[
                None,
                Some(DIGITAL_SIGNATURE),
                Some(1 << 2),
                Some(1 << 4),
                Some(1 << 3),
                Some(KEY_CERT_SIGN | DIGITAL_SIGNATURE),
            ]);
        }
        if random.percent(10) {
            let bits = random.pick(&[1, 2, 1 << 5, 1 << 6, 0xff]);
            spec.further
                .push(("2.16.840.1.113730.1.1", false, der::named_bits(bits)));
        }
    }
    let mut ask = ask(chain.case());
    ask.purpose = random.pick(&[
        Purpose::Server,
        Purpose::Server,
        Purpose::Client,
        Purpose::Any,
    ]);
    ask
}

/// Digests that a level refuses, whoever signed.
fn levels(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(3);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs {
        if random.percent(25) {
            spec.claimed_algorithm = Some(random.pick(DIGESTS));
        }
    }
    let mut ask = ask(chain.case());
    ask.settings.level = random.pick(&[1, 2, 2, 3, 4, 5]);
    ask
}

fn weak_keys(random: &mut Random, world: &World, keys: &Keys) -> Ask {
    let count = random.below(2);
    let mut chain = Chain::new(random, world, count);
    let place = random.below(chain.specs.len());
    chain.specs[place].key = random.pick(&keys.weak.iter().collect::<Vec<_>>());
    let mut ask = ask(chain.case());
    ask.settings.level = random.pick(&[1, 2, 2, 3, 4]);
    ask
}

/// Several candidates of one name: key identifiers, serial numbers and dates choose.
fn issuers(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let (signer, _) = world.two(random);
    let ids = [None, Some(vec![1]), Some(vec![2])];
    let mut leaf = Spec::leaf("wudang", "kubernetes", &world.keys[5]);
    leaf.authority_key_id = random.pick(&ids);
    if random.percent(30) {
        leaf.authority_key_id = None;
        let name = random.pick(&["kubernetes", "Kubernetes", "other"]);
        leaf.further
            .push(("2.5.29.35", false, authority(random, name)));
    }
    let mut candidates: Vec<_> = (0..1 + random.below(4))
        .map(|_| {
            let key = if random.percent(60) {
                signer
            } else {
                world.any(random)
            };
            let issuer = random.pick(&["kubernetes", "kubernetes", "top"]);
            let mut spec = Spec::authority("kubernetes", issuer, key);
            spec.subject_key_id = random.pick(&ids);
            spec.serial = random.pick(&[1, 2, 4_660]);
            if random.percent(30) {
                spec.not_after = NOW - Duration::days(1 + random.below(3) as i64);
            }
            if random.percent(10) {
                spec.not_before = NOW + Duration::days(1);
            }
            spec.signed_by(if issuer == "top" { &world.keys[0] } else { key })
        })
        .collect();
    if random.percent(60) {
        let top = Spec::authority("top", "top", &world.keys[0]);
        candidates.push(top.signed_by(&world.keys[0]));
    }
    random.shuffle(&mut candidates);
    let presented = candidates.split_off(random.below(candidates.len() + 1));
    ask(Case {
        intermediates: presented,
        ..Case::of(leaf.signed_by(signer), candidates)
    })
}

/// Names that are the same for OpenSSL, and others that only look so.
fn spelling(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let key = world.any(random);
    let spelled = |random: &mut Random| {
        let text = random.pick(&[
            "etcd ca",
            "Etcd CA",
            " etcd  ca ",
            "etcd\tca",
            "etcdca",
            "etcd c\u{e1}",
        ]);
        let tag = random.pick(&[12, 12, 19, 22, 20, 30]);
        let value = match tag {
            30 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            20 => text.chars().map(|one| u32::from(one) as u8).collect(),
            12 => text.as_bytes().to_vec(),
            _ => text
                .chars()
                .filter(char::is_ascii)
                .map(|one| one as u8)
                .collect(),
        };
        let pair = der::sequence(&[&der::oid("2.5.4.3"), &der::element(tag, &[&value])]);
        let name = der::sequence(&[&der::element(0x31, &[&pair])]);
        DistinguishedName::from_der(&name).expect("a name")
    };
    let mut root = Spec::authority("unused", "unused", key);
    root.subject = spelled(random);
    root.issuer = spelled(random);
    let mut leaf = Spec::leaf("wudang", "unused", &world.keys[5]);
    leaf.issuer = spelled(random);
    ask(Case::of(leaf.signed_by(key), vec![root.signed_by(key)]))
}

fn depth(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(4);
    let chain = Chain::new(random, world, count);
    let mut ask = ask(chain.case());
    ask.settings.depth = random.below(4);
    match random.below(6) {
        0 => ask.chain.truncate(2),
        1 => ask.chain.extend(std::mem::take(&mut ask.roots)),
        2 => ask.chain.extend(ask.roots.clone()),
        _ => {}
    }
    ask
}

fn partial_chains(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(3);
    let chain = Chain::new(random, world, count);
    let mut ask = ask(chain.case());
    let mut all = [ask.chain.clone(), ask.roots.clone()].concat();
    ask.roots = random.some(&all, 2);
    if random.percent(50) {
        all.remove(0);
        random.shuffle(&mut all);
        ask.chain.truncate(1);
        ask.chain.extend(random.some(&all, 3));
    }
    ask.settings.partial_chain = random.percent(60);
    ask.settings.depth = random.pick(&[0, 1, 2, 100, 100]);
    ask
}

fn path_length(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = 1 + random.below(4);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs[1..] {
        spec.constraints = Some((
            true,
            random.pick(&[None, Some(0), Some(1), Some(2), Some(1 << 33)]),
        ));
    }
    if random.percent(40) {
        let level = 1 + random.below(count);
        chain.specs[level].subject = chain.specs[level].issuer.clone();
        let name = chain.specs[level].issuer.clone();
        chain.specs[level - 1].issuer = name;
    }
    ask(chain.case())
}

fn name_constraints(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(3);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs[1..] {
        if random.percent(60) {
            let content = constraints(random);
            spec.further
                .push(("2.5.29.30", random.percent(70), content));
        }
    }
    let leaf = &mut chain.specs[0];
    if random.percent(70) {
        leaf.names = random
            .some(CONSTRAINED, 4)
            .into_iter()
            .map(constrained)
            .collect();
    }
    if random.percent(30) {
        let common_name = random.pick(&[
            "a.wulin.internal",
            "a.example.com",
            "-a.b",
            "a..b",
            "a_b.example.com",
            "x",
        ]);
        leaf.subject = DistinguishedName::new(common_name, &["wulin".to_owned()]);
    }
    ask(chain.case())
}

fn extensions(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(3);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs {
        if random.percent(40) {
            let (oid, content) = random.pick(&[
                ("1.2.3.4.5", der::NULL.to_vec()),
                (
                    "2.5.29.32",
                    der::sequence(&[&der::sequence(&[&der::oid("1.2.3.4")])]),
                ),
                ("2.5.29.18", der::sequence(&[])),
                ("2.5.29.36", der::sequence(&[&der::element(0x80, &[&[0]])])),
                ("1.3.6.1.5.5.7.1.1", der::sequence(&[])),
                ("2.5.29.19", der::sequence(&[der::TRUE])),
                ("2.5.29.15", der::named_bits(0)),
                ("2.5.29.37", der::NULL.to_vec()),
                ("2.5.29.17", der::octet_string(b"x")),
                ("2.5.29.14", der::octet_string(b"x")),
                ("2.5.29.30", der::octet_string(b"x")),
                ("1.3.6.1.5.5.7.48.1.5", der::NULL.to_vec()),
            ]);
            spec.further.push((oid, random.percent(50), content));
        }
    }
    ask(chain.case())
}

fn ca_marks(random: &mut Random, world: &World, _: &Keys) -> Ask {
    let count = random.below(3);
    let mut chain = Chain::new(random, world, count);
    for spec in &mut chain.specs {
        if random.percent(40) {
            spec.constraints = random.pick(&[None, None, Some((false, None)), Some((true, None))]);
        }
        if random.percent(40) {
            spec.key_usage =
                random.pick(&[None, None, Some(KEY_CERT_SIGN), Some(DIGITAL_SIGNATURE)]);
        }
        spec.version_3 = !random.percent(10);
        if random.percent(10) {
            spec.further.push((
                "2.16.840.1.113730.1.1",
                false,
                der::named_bits(random.pick(&[1 << 5, 1 << 6])),
            ));
        }
    }
    let mut ask = ask(chain.case());
    ask.purpose = random.pick(&[Purpose::Server, Purpose::Client, Purpose::Any]);
    ask
}

fn several_faults(random: &mut Random, world: &World, keys: &Keys) -> Ask {
    let (_, make) = random.pick(&FAMILIES[..FAMILIES.len() - 1]);
    let mut ask = make(random, world, keys);
    ask.host = random
        .pick(&["wudang", "emei", "10.27.53.32", "10.9.9.9", ""])
        .to_owned();
    if random.percent(30) {
        ask.now += Duration::days(random.pick(&[-10_000, 10_000]));
    }
    ask.settings.level = random.pick(&[0, 1, 2, 3]);
    ask.purpose = random.pick(&[Purpose::Server, Purpose::Client]);
    ask
}

fn ask(case: Case) -> Ask {
    Ask::of(case).expect("no host with a NUL")
}

fn with_names(
    random: &mut Random,
    world: &World,
    subject: &str,
    names: Vec<San>,
    host: &str,
) -> Ask {
    let key = world.any(random);
    let leaf = Spec {
        names,
        ..Spec::leaf(subject, "kubernetes", &world.keys[4])
    };
    let root = Spec::authority("kubernetes", "kubernetes", key).signed_by(key);
    let mut ask = ask(Case::of(leaf.signed_by(key), vec![root]));
    ask.host = host.to_owned();
    ask
}

/// An authority key identifier by name and serial number.
fn authority(random: &mut Random, name: &str) -> Vec<u8> {
    let name = DistinguishedName::new(name, &[]);
    let issuer = der::element(0xa1, &[&der::element(0xa4, &[name.as_der()])]);
    let serial = der::element(0x82, &[&[random.pick(&[1, 2])]]);
    let parts: &[&[u8]] = if random.percent(50) {
        &[&issuer, &serial]
    } else {
        &[&issuer]
    };
    der::sequence(parts)
}

fn constraints(random: &mut Random) -> Vec<u8> {
    let trees = |random: &mut Random| -> Vec<u8> {
        let chosen = random.some(BASES, 3);
        let trees = chosen.into_iter().map(|(tag, base)| {
            let bound = if random.percent(6) {
                der::element(random.pick(&[0x80, 0x81]), &[&[random.pick(&[0, 1])]])
            } else {
                Vec::new()
            };
            der::sequence(&[&general_name(tag, base), &bound])
        });
        trees.collect::<Vec<_>>().concat()
    };
    let (permitted, excluded) = (trees(random), trees(random));
    let mut parts = Vec::new();
    if !permitted.is_empty() {
        parts.extend(der::element(0xa0, &[&permitted]));
    }
    if !excluded.is_empty() && random.percent(60) {
        parts.extend(der::element(0xa1, &[&excluded]));
    }
    der::sequence(&[&parts])
}

fn general_name(tag: u8, base: &str) -> Vec<u8> {
    match tag {
        0x87 => {
            let octets: Vec<u8> = base
                .split(' ')
                .map(|octet| octet.parse().unwrap())
                .collect();
            der::element(tag, &[&octets])
        }
        0xa4 => {
            let name = if base.is_empty() {
                DistinguishedName::new("", &[])
            } else {
                DistinguishedName::new("", &[base.to_owned()])
            };
            der::element(tag, &[name.as_der()])
        }
        _ => der::element(tag, &[base.as_bytes()]),
    }
}

fn constrained((tag, text): (u8, &str)) -> San {
    match tag {
        0x81 => San::Email(text.to_owned()),
        0x82 => San::dns(text),
        0x86 => San::Uri(text.to_owned()),
        _ => San::Ip(
            text.split(' ')
                .map(|octet| octet.parse().unwrap())
                .collect(),
        ),
    }
}

const BASES: &[(u8, &str)] = &[
    (0x82, "wulin.internal"),
    (0x82, ".wulin.internal"),
    (0x82, "WULIN.internal"),
    (0x82, ""),
    (0x82, "example.com"),
    (0x81, "root@wulin.internal"),
    (0x81, "@wulin.internal"),
    (0x81, "wulin.internal"),
    (0x81, ".wulin.internal"),
    (0x86, "wulin.internal"),
    (0x86, ".internal"),
    (0x87, "10 24 0 0 255 255 0 0"),
    (0x87, "10 0 0 0 255 0 0 0"),
    (0x87, "0 0 0 0 0 0 0 0"),
    (0x87, "1 2 3"),
    (0xa4, "wulin"),
    (0xa4, "WULIN "),
    (0xa4, ""),
    (0xa4, "other"),
    (0x88, "\x2a\x03"),
];
const CONSTRAINED: &[(u8, &str)] = &[
    (0x82, "a.wulin.internal"),
    (0x82, "wulin.internal"),
    (0x82, "xwulin.internal"),
    (0x82, "A.WULIN.INTERNAL"),
    (0x82, "*.wulin.internal"),
    (0x82, "a.example.com"),
    (0x81, "root@wulin.internal"),
    (0x81, "Root@wulin.internal"),
    (0x81, "root@a.wulin.internal"),
    (0x81, "wulin.internal"),
    (0x86, "https://a.wulin.internal/x"),
    (0x86, "https://wulin.internal:8443"),
    (0x86, "urn:x"),
    (0x87, "10 24 138 208"),
    (0x87, "10 9 9 9"),
    (0x87, "192 168 0 1"),
];
const PATTERNS: &[&str] = &[
    "*.wulin.internal",
    "lb*.wulin.internal",
    "*-1.wulin.internal",
    "l*b.wulin.internal",
    "lb-*.wulin.internal",
    "*.*.internal",
    "lb.*.internal",
    "*.internal",
    "*",
    "xn--*.wulin.internal",
    "x*.wulin.internal",
    "*.xn--bcher-kva.internal",
    "lb.wulin.internal",
    "LB.Wulin.Internal",
    "lb.wulin.internal.",
    "*.wulin.internal.",
    "under_score.wulin.internal",
    "*.under_score.internal",
    "*.-a.internal",
    "wudang",
    "10.24.138.208",
    "*.24.138.208",
    ".wulin.internal",
];
const HOSTS: &[&str] = &[
    "lb.wulin.internal",
    "lb.wulin.internal",
    "lb-1.wulin.internal",
    "LB.WULIN.INTERNAL",
    "lb.wulin.internal.",
    "a.b.wulin.internal",
    "wulin.internal",
    ".wulin.internal",
    ".internal",
    ".",
    "xn--bcher-kva.wulin.internal",
    "a.xn--bcher-kva.internal",
    "*.wulin.internal",
    "under_score.wulin.internal",
    "a.under_score.internal",
    "wudang",
    "emei",
    "",
];
const USAGES: &[&str] = &[
    SERVER_AUTH,
    "1.3.6.1.5.5.7.3.2",
    "2.5.29.37.0",
    "1.3.6.1.4.1.311.10.3.3",
    "2.16.840.1.113730.4.1",
    "1.3.6.1.5.5.7.3.9",
];
/// SHA-1, MD5, SHA-224, SHA-384, and one that nobody knows.
const DIGESTS: &[&str] = &[
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
    "1.2.840.113549.1.1.4",
    "1.2.840.10045.4.3.1",
    "1.2.840.113549.1.1.14",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.10",
    "1.2.3.4.5.6",
];
