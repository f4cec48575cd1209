//! Families about what an authority may sign for: name constraints of each kind, and policies.

use std::net::IpAddr;

use pki_core::verdict::go::Purpose;

use crate::case::Case;
use crate::chains::Chain;
use crate::der;
use crate::families::World;
use crate::forge::San;
use crate::forge::Spec;
use crate::random::Random;

pub fn dns(random: &mut Random, world: &World) -> Case {
    of_kind(random, world, |random, is_name| {
        San::dns(random.pick(if is_name { DNS_NAMES } else { DNS_TREES }))
    })
}

pub fn addresses(random: &mut Random, world: &World) -> Case {
    of_kind(random, world, |random, is_name| {
        if is_name {
            return San::ip(random.pick(ADDRESSES).parse().unwrap());
        }
        let (address, bits) = random.pick(NETWORKS);
        let mut octets = match address.parse::<IpAddr>().unwrap() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let length = octets.len();
        octets.extend((0..length).map(|octet| {
            let ones = bits.saturating_sub(octet * 8).min(8);
            (0xff00_u16 >> ones) as u8
        }));
        San::Ip(octets)
    })
}

pub fn mailboxes(random: &mut Random, world: &World) -> Case {
    of_kind(random, world, |random, is_name| {
        let choices = if is_name { MAILBOXES } else { MAILBOX_TREES };
        San::Email(random.pick(choices).to_owned())
    })
}

pub fn uris(random: &mut Random, world: &World) -> Case {
    of_kind(random, world, |random, is_name| {
        San::Uri(
            random
                .pick(if is_name { URIS } else { URI_TREES })
                .to_owned(),
        )
    })
}

/// A chain whose names and constraints are mostly of one kind, the odd one of another.
fn of_kind(
    random: &mut Random,
    world: &World,
    mut make: impl FnMut(&mut Random, bool) -> San,
) -> Case {
    let depth = random.below(3);
    let mut chain = Chain::new(random, world, depth);
    for (index, spec) in chain.specs.iter_mut().enumerate() {
        let has_names = if index == 0 { 90 } else { 15 };
        if random.percent(has_names) {
            let count = 1 + random.below(3);
            spec.names = (0..count).map(|_| make(random, true)).collect();
            if random.percent(10) {
                spec.names.push(San::Uri("urn:hapki:x".to_owned()));
            }
            if random.percent(10) {
                spec.names.push(San::dns("*.svc.cluster.local"));
            }
        } else {
            spec.names.clear();
        }
        if index > 0 && random.percent(55) {
            let permitted = random.below(5);
            let excluded = random.below(2);
            let mut some = |count: usize| -> Vec<Vec<u8>> {
                (0..count).map(|_| make(random, false).to_der()).collect()
            };
            let (mut permitted, mut excluded) = (some(permitted), some(excluded));
            if permitted.is_empty() && excluded.is_empty() {
                excluded.push(San::dns("nothing.example").to_der());
            }
            if random.percent(5) {
                // A directory name, which Go does not look at.
                permitted.push(der::element(0xa4, &[&der::sequence(&[])]));
            }
            let content = name_constraints(&permitted, &excluded);
            spec.further
                .push(("2.5.29.30", random.percent(60), content));
        }
    }
    chain.case()
}

fn name_constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let side = |tag: u8, bases: &[Vec<u8>]| {
        let subtrees: Vec<Vec<u8>> = bases.iter().map(|base| der::sequence(&[base])).collect();
        match subtrees.is_empty() {
            true => Vec::new(),
            false => der::element(tag, &[&subtrees.concat()]),
        }
    };
    der::sequence(&[&side(0xa0, permitted), &side(0xa1, excluded)])
}

/// Policies, mappings and what is required or inhibited, on one chain or on two over one intermediate.
pub fn policies(random: &mut Random, world: &World) -> Case {
    let depth = 1 + random.below(3);
    let mut chain = Chain::new(random, world, depth);
    let requires = random.percent(75);
    let count = chain.specs.len();
    for (index, spec) in chain.specs.iter_mut().enumerate() {
        vary_policies(random, spec);
        let at_top = index + 2 == count || index + 1 == count;
        if requires && at_top && !spec.further.iter().any(|(oid, ..)| *oid == "2.5.29.36") {
            let skip = random.below(3) as u8;
            spec.further
                .push(("2.5.29.36", true, der::sequence(&[&[0x80, 1, skip]])));
        }
    }
    if random.percent(15) {
        for spec in &mut chain.specs[1..] {
            spec.subject = crate::forge::name("self-issued");
            spec.issuer = spec.subject.clone();
        }
        chain.specs[0].issuer = chain.specs[1].subject.clone();
    }
    chain.case()
}

/// Several chains, of which each may fail for its policies, its usages or its names.
pub fn several_chains(random: &mut Random, world: &World) -> Case {
    let low = world.any(random);
    let tops = ["top-a", "top-b", "top-c"].map(|name| (name, world.any(random)));
    let (mut middle, mut roots) = (Vec::new(), Vec::new());
    for (name, key) in &tops[..1 + random.below(3)] {
        let mut spec = Spec::authority("kubernetes", name, low);
        match random.below(4) {
            0 => spec.usages = vec!["1.3.6.1.5.5.7.3.9"],
            1 => spec.further.push((
                "2.5.29.36",
                true,
                der::sequence(&[&[0x80, 1, random.below(2) as u8]]),
            )),
            2 => {
                let excluded = San::dns(random.pick(&["wudang", "emei"])).to_der();
                let content = name_constraints(&[], &[excluded]);
                spec.further.push(("2.5.29.30", true, content));
            }
            _ => {}
        }
        middle.push(spec.signed_by(key));
        roots.push(Spec::authority(name, name, key).signed_by(key));
    }
    random.shuffle(&mut roots);
    let mut leaf = Spec::leaf("wudang", "kubernetes", &world.keys[5]);
    leaf.names = vec![San::dns("wudang")];
    let mut case = Case::of(leaf.signed_by(low), roots);
    case.intermediates = middle;
    case.purpose = random.pick(&[Purpose::Server, Purpose::Server, Purpose::Any]);
    case
}

fn vary_policies(random: &mut Random, spec: &mut Spec<'_>) {
    if random.percent(85) {
        let mut policies = random.some(POLICIES, 3);
        policies.push(POLICIES[0]);
        if random.percent(30) {
            policies = vec![ANY_POLICY];
        }
        policies.sort_unstable();
        policies.dedup();
        let each = policies.iter().map(|oid| der::sequence(&[&der::oid(oid)]));
        let content = der::sequence(&[&each.collect::<Vec<_>>().concat()]);
        spec.further
            .push(("2.5.29.32", random.percent(30), content));
    }
    if random.percent(25) {
        let all = if random.percent(10) {
            POLICIES
        } else {
            &POLICIES[..3]
        };
        let each = (0..1 + random.below(2)).map(|_| {
            let (issuer, subject) = (random.pick(all), random.pick(all));
            der::sequence(&[&der::oid(issuer), &der::oid(subject)])
        });
        let content = der::sequence(&[&each.collect::<Vec<_>>().concat()]);
        spec.further
            .push(("2.5.29.33", random.percent(30), content));
    }
    if random.percent(15) {
        let mut fields = Vec::new();
        if random.percent(60) {
            fields.extend([0x80, 1, random.pick(&[0, 0, 1, 2, 0xff])]);
        }
        if random.percent(60) {
            fields.extend([0x81, 1, random.pick(&[0, 0, 1, 2])]);
        }
        spec.further
            .push(("2.5.29.36", true, der::sequence(&[&fields])));
    }
    if random.percent(20) {
        let skip = random.pick(&[0, 0, 1, 5]);
        spec.further.push(("2.5.29.54", true, der::integer(skip)));
    }
}

/// Alternative names that are critical, and of which Go knows some or none.
pub fn critical_names(random: &mut Random, world: &World) -> Case {
    let mut chain = Chain::new(random, world, 1);
    for spec in &mut chain.specs {
        if random.percent(60) {
            spec.names.clear();
            let other = der::element(0xa4, &[&der::sequence(&[])]);
            let registered = der::element(0x88, &[&[0x2a, 3]]);
            let dns = San::dns("wudang").to_der();
            let names = random.some(&[other, registered, dns], 3);
            let content = der::sequence(&[&names.concat()]);
            spec.further
                .push(("2.5.29.17", random.percent(60), content));
        }
    }
    let mut case = chain.case();
    case.host = random.pick(&["", "", "wudang"]).to_owned();
    case
}

const POLICIES: &[&str] = &["1.2.3.1", "1.2.3.2", "1.2.3.3", ANY_POLICY];
const ANY_POLICY: &str = "2.5.29.32.0";

const DNS_NAMES: &[&str] = &[
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "KUBERNETES.default.svc.Cluster.LOCAL",
    "cluster.local",
    "*.cluster.local",
    "*.svc.cluster.local",
    "*.SVC.cluster.local",
    "*",
    "xcluster.local",
    "a-b.local",
    "a.b.local",
    "",
    "a..cluster.local",
    ".cluster.local",
    "cluster.local.",
    "under_score.cluster.local",
];

const DNS_TREES: &[&str] = &[
    "",
    "local",
    "LOCAL",
    "cluster.local",
    ".cluster.local",
    "Cluster.Local",
    "svc.cluster.local",
    "default.svc.cluster.local",
    "kubernetes.default.svc.cluster.local",
    "kubernetes",
    "kubernetes.default",
    "default",
    "svc",
    "a-b.local",
    "b.local",
    "*.cluster.local",
    ".local",
];

const ADDRESSES: &[&str] = &[
    "10.96.0.1",
    "10.27.53.32",
    "10.24.138.208",
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::1",
    "::ffff:10.96.0.1",
    "::ffff:10.27.53.32",
    "2001:db8::1",
    "2001:db8:0:1::1",
    "fd00::1",
];

const NETWORKS: &[(&str, usize)] = &[
    ("10.0.0.0", 8),
    ("10.96.0.0", 12),
    ("10.27.53.32", 32),
    ("10.27.53.99", 24),
    ("10.200.0.0", 8),
    ("0.0.0.0", 0),
    ("127.0.0.0", 8),
    ("255.255.255.255", 32),
    ("192.168.0.0", 16),
    ("::", 0),
    ("::1", 128),
    ("2001:db8::", 32),
    ("2001:db8:0:1::", 64),
    ("2001:db8::ffff", 64),
    ("::ffff:10.0.0.0", 104),
    ("::ffff:10.96.0.0", 108),
    ("::ffff:0.0.0.0", 96),
    ("fd00::", 8),
];

const MAILBOXES: &[&str] = &[
    "root@wudang.example",
    "ROOT@wudang.example",
    "root@Wudang.Example",
    "\"ro ot\"@wudang.example",
    "\"r\\\"oot\"@wudang.example",
    "\"root\"@wudang.example",
    "ro\\ot@wudang.example",
    "a.b@sub.wudang.example",
    "a..b@wudang.example",
    ".a@wudang.example",
    "root@",
    "root",
    "@wudang.example",
    "root@wudang.example.",
    "root@emei",
    "root@[10.0.0.1]",
    "",
    "a@b@c",
];

const MAILBOX_TREES: &[&str] = &[
    "root@wudang.example",
    "root@WUDANG.example",
    "ROOT@wudang.example",
    "\"ro ot\"@wudang.example",
    "wudang.example",
    ".wudang.example",
    "Wudang.example",
    "example",
    "sub.wudang.example",
    "emei",
    "",
];

const URIS: &[&str] = &[
    "spiffe://cluster.local/ns/kube-system/sa/x",
    "SPIFFE://Cluster.Local/a b",
    "https://kubernetes.cluster.local:6443/x?y=%7e#z",
    "https://USER:pw@kubernetes.cluster.local/%41",
    "https://wudang/",
    "https://wudang",
    "https://wudang:/x",
    "//cluster.local/x",
    "https://10.96.0.1/",
    "https://10.96.0.1:6443/",
    "https://x.emei.example/[a]|b",
    "urn:hapki:x",
    "wudang",
    "/x",
    "",
    "etcd://wudang/?",
];

const URI_TREES: &[&str] = &[
    "",
    "cluster.local",
    ".cluster.local",
    "CLUSTER.local",
    "wudang",
    "emei.example",
    ".emei.example",
    "local",
    "kubernetes.cluster.local",
];
