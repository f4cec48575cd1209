//! Families about names: what is dialled against what the certificate carries.

use std::net::IpAddr;

use crate::case::Case;
use crate::families::World;
use crate::forge::San;
use crate::forge::Spec;
use crate::random::Random;

pub fn hosts(random: &mut Random, world: &World) -> Case {
    let names: Vec<San> = random.some(DNS, 6).into_iter().map(San::dns).collect();
    let host = host_like(random, &names, DNS);
    case(random, world, "kube-apiserver", names, &host)
}

pub fn wildcards(random: &mut Random, world: &World) -> Case {
    let mut names: Vec<San> = random.some(PATTERNS, 3).into_iter().map(San::dns).collect();
    names.push(San::dns("*.example.com"));
    random.shuffle(&mut names);
    let host = random.pick(UNDER_WILDCARDS);
    case(random, world, "registry", names, host)
}

/// Hosts that are barely names, against SANs that are barely names.
pub fn odd_hosts(random: &mut Random, world: &World) -> Case {
    let mut names: Vec<San> = random.some(ODD_SANS, 5).into_iter().map(San::dns).collect();
    if random.percent(50) {
        names.extend(
            random
                .some(ADDRESSES, 3)
                .iter()
                .map(|ip| San::ip(ip.parse().unwrap())),
        );
    }
    let host = if random.percent(50) {
        host_like(random, &names, ODD_HOSTS)
    } else {
        random.pick(ODD_HOSTS).to_owned()
    };
    case(random, world, "wudang", names, &host)
}

/// Certificates without the extension, or with one that holds no name of the kind asked for.
pub fn legacy_common_name(random: &mut Random, world: &World) -> Case {
    let names = match random.below(5) {
        0 => vec![San::Email("root@wudang".to_owned())],
        1 => vec![San::Uri("spiffe://cluster.local/wudang".to_owned())],
        2 => vec![San::dns("wudang")],
        _ => Vec::new(),
    };
    let common_name = random.pick(&[
        "wudang",
        "WuDang",
        "*.example.com",
        "10.27.53.32",
        "wudang, emei",
        "a b",
    ]);
    let host = random.pick(&[
        "wudang",
        "wudang.",
        "WUDANG",
        "a.example.com",
        "*.example.com",
        "10.27.53.32",
        "a b",
        "emei",
        "",
        "",
    ]);
    case(random, world, common_name, names, host)
}

pub fn addresses(random: &mut Random, world: &World) -> Case {
    let mut names: Vec<San> = Vec::new();
    for address in random.some(ADDRESSES, 5) {
        let address: IpAddr = address.parse().unwrap();
        names.push(match address {
            // The sixteen-byte form of an IPv4 address, which some issuers write.
            IpAddr::V4(v4) if random.percent(20) => San::Ip(v4.to_ipv6_mapped().octets().to_vec()),
            address => San::ip(address),
        });
    }
    if random.percent(40) {
        // What people write who take an address for a name.
        names.push(San::dns(random.pick(ADDRESSES)));
    }
    let forms: Vec<String> = ADDRESSES
        .iter()
        .flat_map(|ip| [(*ip).to_owned(), format!("[{ip}]")])
        .collect();
    let mut host = random.pick(&forms);
    let presented: Vec<&&str> = ADDRESSES.iter().filter(|ip| holds(&names, ip)).collect();
    if !presented.is_empty() && random.percent(60) {
        host = (*random.pick(&presented)).to_string();
    }
    if random.percent(15) {
        host = random.pick(ODD_ADDRESSES).to_owned();
    }
    case(random, world, "kube-apiserver", names, &host)
}

/// Around a hundred, where Go stops listing and counts.
pub fn long_lists(random: &mut Random, world: &World) -> Case {
    let length = |random: &mut Random| random.pick(&[0, 1, 98, 99, 100, 101, 130]);
    let (named, addressed) = (length(random), length(random));
    let mut names: Vec<San> = (0..named)
        .map(|i| San::Dns(format!("n{i}.example.com")))
        .collect();
    names.extend((0..addressed).map(|i| San::Ip(vec![10, 0, 0, i as u8])));
    if random.percent(20) {
        random.shuffle(&mut names);
    }
    let host = random.pick(&[
        "n0.example.com",
        "N98.example.com",
        "n99.example.com.",
        "absent",
        "10.0.0.0",
        "10.0.0.98",
        "10.0.0.129",
        "[10.0.0.99]",
        "10.9.9.9",
        "",
    ]);
    case(random, world, "many", names, host)
}

fn case(random: &mut Random, world: &World, subject: &str, names: Vec<San>, host: &str) -> Case {
    let key = &world.keys[4];
    let root = world.any(random);
    let leaf = Spec {
        names,
        ..Spec::leaf(subject, "kubernetes", key)
    };
    let trusted = Spec::authority("kubernetes", "kubernetes", root).signed_by(root);
    Case {
        host: host.to_owned(),
        ..Case::of(leaf.signed_by(root), vec![trusted])
    }
}

/// One of the certificate's names as people write it, or one of `others`.
fn host_like(random: &mut Random, names: &[San], others: &[&str]) -> String {
    let dns: Vec<&String> = names
        .iter()
        .filter_map(|name| match name {
            San::Dns(name) => Some(name),
            _ => None,
        })
        .collect();
    if dns.is_empty() || random.percent(25) {
        return random.pick(others).to_owned();
    }
    let name = random.pick(&dns).clone();
    match random.below(8) {
        0 => name.to_uppercase(),
        1 => format!("{name}."),
        2 => format!("a.{name}"),
        3 => name.replacen('e', "E", 1),
        4 => format!("[{name}]"),
        _ => name,
    }
}

fn holds(names: &[San], address: &str) -> bool {
    let IpAddr::V4(wanted) = address.parse::<IpAddr>().unwrap().to_canonical() else {
        let IpAddr::V6(wanted) = address.parse().unwrap() else {
            return false;
        };
        return names
            .iter()
            .any(|name| matches!(name, San::Ip(octets) if *octets == wanted.octets()));
    };
    names
        .iter()
        .any(|name| matches!(name, San::Ip(octets) if octets.ends_with(&wanted.octets())))
}

const DNS: &[&str] = &[
    "wudang",
    "WuDang",
    "emei",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "registry.example.com",
    "Registry.Example.com",
    "localhost",
    "node-1",
    "under_score.example.com",
    "xn--bcher-kva.example",
    "10-0-0-1.example.com",
];
const PATTERNS: &[&str] = &[
    "*.EXAMPLE.com",
    "*.b.example.com",
    "a.*.example.com",
    "*",
    "*.",
    "*.com",
    "w*.example.com",
    "*a.example.com",
    "**.example.com",
    "*.*.example.com",
    "_*.example.com",
    "*.svc",
    "*.example.com.",
    "xn--*.example.com",
];
const UNDER_WILDCARDS: &[&str] = &[
    "a.example.com",
    "A.Example.COM",
    "a.example.com.",
    "a.b.example.com",
    "example.com",
    ".example.com",
    "*.example.com",
    "under_score.example.com",
    "-a.example.com",
    "xn--bcher-kva.example.com",
    "w1.example.com",
    "a.com",
    "kubernetes.svc",
    "10.example.com",
    "*",
    "a.*.example.com",
    "*.*.example.com",
    "example.com.",
];
const ODD_SANS: &[&str] = &[
    "under_score",
    "_dns.example.com",
    "a b",
    "wudang:6443",
    "-x",
    "x-",
    "a..b",
    ".a",
    "a.",
    "*",
    "wudang,emei",
    "10.27.53.32",
    "https://wudang",
    "[wudang]",
    "a/b",
    "wudang",
    "%41",
];
const ODD_HOSTS: &[&str] = &[
    "under_score",
    "UNDER_SCORE",
    "_dns.example.com",
    "a b",
    "wudang:6443",
    "-x",
    "x-",
    "a..b",
    ".a",
    "a.",
    "a..",
    ".",
    "..",
    "*",
    "[",
    "]",
    "[]",
    "[wudang]",
    "[[::1]]",
    "[::1",
    "ünï.example",
    "ÜNÏ.example",
    "BÜCHER.example",
    "武当",
    "xn--u2tr2y.example",
    "fe80::1%eth0",
    "[fe80::1%eth0]",
    "10.0.0.01",
    "10.0.0",
    "10.0.0.1.",
    "0x0a.0.0.1",
    "::ffff:10.27.53.32",
    "a\u{0}b",
    "a\nb",
    "\"quoted\"",
    "wudang, emei",
    " wudang",
    "wudang ",
];
const ADDRESSES: &[&str] = &[
    "10.24.138.208",
    "10.27.53.32",
    "10.96.0.1",
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::1",
    "::",
    "fd00::1",
    "FD00:0:0::2",
    "2001:db8:0:0:1:0:0:1",
    "fe80::1",
    "::ffff:10.27.53.32",
    "::10.27.53.32",
    "64:ff9b::a00:1",
];
const ODD_ADDRESSES: &[&str] = &[
    "10.27.53.032",
    "10.27.53",
    "10.27.53.32.",
    "10.27.53.256",
    "fe80::1%eth0",
    "[10.27.53.32]:6443",
    "::1:",
    ":::1",
    "1:2:3:4:5:6:7:8:9",
    "10.27.53.32/32",
    "::ffff:10.27.53.032",
    "0:0:0:0:0:ffff:a1b:3520",
    "[::FFFF:10.27.53.32]",
    "1::2::3",
    "12345::",
    "::1.2.3.4.5",
    "1:2:3:4:5:6:7::",
];
