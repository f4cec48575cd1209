//! Families about chains: who signed, who may, until when, for what.

use pki_core::verdict::go::Purpose;
use pki_core::x509::name::DistinguishedName;
use time::Duration;

use crate::case::Case;
use crate::case::Der;
use crate::der;
use crate::families::World;
use crate::forge::DIGITAL_SIGNATURE;
use crate::forge::KEY_CERT_SIGN;
use crate::forge::NOW;
use crate::forge::SERVER_AUTH;
use crate::forge::San;
use crate::forge::Spec;
use crate::keys::Key;
use crate::odd_keys;
use crate::random::Random;

pub fn validity(random: &mut Random, world: &World) -> Case {
    let mut chain = Chain::new(random, world, 1);
    for spec in &mut chain.specs {
        if random.percent(25) {
            spec.not_before = NOW + Duration::seconds(random.pick(OFFSETS));
        }
        if random.percent(25) {
            spec.not_after = NOW + Duration::seconds(random.pick(OFFSETS));
        }
    }
    let mut case = chain.case();
    case.now += Duration::seconds(random.pick(&[0, 0, 0, 1, -1]));
    case
}

pub fn path_length(random: &mut Random, world: &World) -> Case {
    let depth = random.below(4);
    let mut chain = Chain::new(random, world, depth);
    for spec in &mut chain.specs[1..] {
        let length = random.pick(&[None, None, Some(0), Some(1), Some(2), Some(3), Some(200)]);
        spec.constraints = Some((true, length));
    }
    if random.percent(20) {
        // Self-issued certificates count for Go, unlike RFC 5280 section 6.1.4.
        for spec in &mut chain.specs {
            spec.issuer = DistinguishedName::new("kubernetes", &[]);
            spec.subject = spec.issuer.clone();
        }
    }
    chain.case()
}

pub fn ca_flags(random: &mut Random, world: &World) -> Case {
    let depth = random.below(3);
    let mut chain = Chain::new(random, world, depth);
    for spec in &mut chain.specs {
        if random.percent(30) {
            spec.constraints = random.pick(&[
                None,
                Some((false, None)),
                Some((true, None)),
                Some((true, Some(1))),
            ]);
        }
        if random.percent(30) {
            let both = KEY_CERT_SIGN | DIGITAL_SIGNATURE;
            spec.key_usage = random.pick(&[
                None,
                Some(KEY_CERT_SIGN),
                Some(DIGITAL_SIGNATURE),
                Some(both),
                Some(1 << 6),
            ]);
        }
        spec.version_3 = !random.percent(8);
    }
    chain.case()
}

/// Extended key usages nest: every certificate of the chain that lists any must list the one asked for.
pub fn usages(random: &mut Random, world: &World) -> Case {
    let depth = random.below(3);
    let mut chain = Chain::new(random, world, depth);
    for spec in &mut chain.specs {
        if random.percent(50) {
            spec.usages = random.some(USAGES, 3);
            spec.usages.sort_unstable();
            spec.usages.dedup();
        }
    }
    let mut case = chain.case();
    case.purpose = random.pick(&[
        Purpose::Server,
        Purpose::Server,
        Purpose::Client,
        Purpose::Any,
    ]);
    case
}

/// Candidates with the issuer's name and another key: the hint names the first, and how depends on its name and key.
pub fn unknown_authority(random: &mut Random, world: &World) -> Case {
    let (signer, _) = world.two(random);
    let organizations: Vec<String> = random
        .some(NAMES, 2)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let common_name = random.pick(NAMES);
    let subject = DistinguishedName::new(common_name, &organizations);
    let mut leaf = leaf("unused", &world.keys[5]);
    leaf.issuer = subject.clone();
    let mut roots: Vec<Der> = (0..random.below(4))
        .map(|serial| {
            let key = world.any(random);
            let mut root = Spec::authority("unused", "unused", key);
            root.serial =
                random.pick(&[0x7f, 0x80, 0xffff_ffff_ffff, 1_000_000_007]) + serial as u64;
            root.subject = subject.clone();
            root.issuer = subject.clone();
            if random.percent(20) {
                root.not_after = NOW - Duration::hours(1);
            }
            root.signed_by(key)
        })
        .collect();
    if random.percent(50) {
        let mut root = Spec::authority("unused", "unused", signer);
        root.subject = subject.clone();
        root.issuer = subject;
        roots.push(root.signed_by(signer));
    }
    random.shuffle(&mut roots);
    let mut case = Case::of(leaf.signed_by(signer), roots);
    if random.percent(30) {
        let strays = case.roots.split_off(case.roots.len() / 2);
        case.intermediates = strays;
    }
    case
}

/// One intermediate's name and key under several roots, some expired, some not trusted, in any order.
pub fn cross_signed(random: &mut Random, world: &World) -> Case {
    let (low, other) = world.two(random);
    let tops = ["top-a", "top-b", "top-c"].map(|name| (name, world.any(random)));
    let mut middle = Vec::new();
    for (name, key) in tops {
        for _ in 0..random.below(3) {
            let holder = if random.percent(75) { low } else { other };
            let mut spec = Spec::authority("kubernetes", name, holder);
            vary(random, &mut spec);
            spec.serial = random.next() >> 2;
            middle.push(spec.signed_by(key));
        }
    }
    let mut roots = Vec::new();
    for (name, key) in tops {
        if random.percent(60) {
            let mut spec = Spec::authority(name, name, key);
            if random.percent(30) {
                vary(random, &mut spec);
            }
            roots.push(spec.signed_by(key));
        }
    }
    random.shuffle(&mut middle);
    random.shuffle(&mut roots);
    let leaf = leaf("kubernetes", &world.keys[5]).signed_by(low);
    let mut case = Case::of(leaf, roots);
    case.intermediates = middle.split_off(middle.len() / 2);
    case.chain.extend(middle);
    case
}

/// Intermediates that sign each other; a way out to a root is there or is not.
pub fn loops(random: &mut Random, world: &World) -> Case {
    let names = ["a", "b", "c"];
    let holders = names.map(|_| world.any(random));
    let mut intermediates = Vec::new();
    for _ in 0..2 + random.below(5) {
        let (subject, issuer) = (random.below(3), random.below(3));
        let mut spec = Spec::authority(names[subject], names[issuer], holders[subject]);
        if random.percent(20) {
            spec.names = vec![San::dns(random.pick(&["loop", "other"]))];
        }
        intermediates.push(spec.signed_by(holders[issuer]));
    }
    let root = random.below(3);
    let out = world.any(random);
    let roots = match random.below(3) {
        0 => Vec::new(),
        1 => {
            vec![Spec::authority(names[root], names[root], holders[root]).signed_by(holders[root])]
        }
        _ => {
            intermediates.push(Spec::authority(names[root], "out", holders[root]).signed_by(out));
            vec![Spec::authority("out", "out", out).signed_by(out)]
        }
    };
    random.shuffle(&mut intermediates);
    let start = random.below(3);
    let leaf = leaf(names[start], &world.keys[5]).signed_by(holders[start]);
    Case {
        intermediates,
        ..Case::of(leaf, roots)
    }
}

/// Key identifiers order the candidates, and so decide which fault is told.
pub fn key_ids(random: &mut Random, world: &World) -> Case {
    let ids = [None, Some(vec![1]), Some(vec![2]), Some(vec![1, 2, 3, 4])];
    let (signer, _) = world.two(random);
    let mut leaf = leaf("kubernetes", &world.keys[5]);
    leaf.authority_key_id = random.pick(&ids);
    let mut roots: Vec<Der> = (0..1 + random.below(5))
        .map(|_| {
            let key = if random.percent(35) {
                signer
            } else {
                world.any(random)
            };
            let mut spec = Spec::authority("kubernetes", "kubernetes", key);
            spec.subject_key_id = random.pick(&ids);
            if random.percent(30) {
                vary(random, &mut spec);
            }
            spec.signed_by(key)
        })
        .collect();
    random.shuffle(&mut roots);
    Case::of(leaf.signed_by(signer), roots)
}

pub fn weak_algorithms(random: &mut Random, world: &World) -> Case {
    let depth = random.below(2);
    let mut chain = Chain::new(random, world, depth);
    for spec in &mut chain.specs {
        if random.percent(30) {
            spec.claimed_algorithm = Some(random.pick(ALGORITHMS));
        }
    }
    chain.case()
}

/// Keys of any curve, length and exponent, with any hash and padding; now and then with another's algorithm.
pub fn odd_keys(random: &mut Random, world: &World) -> Case {
    if random.percent(2) {
        let [leaf, root] = random.pick(odd_keys::long_chains());
        return Case::of(leaf, vec![root]);
    }
    let depth = random.below(2);
    let mut chain = Chain::new(random, world, depth);
    for spec in &mut chain.specs[1..] {
        spec.key = &world.odd[random.below(world.odd.len())];
    }
    if random.percent(15) {
        let other = &world.odd[random.below(world.odd.len())];
        chain.specs[0].written_algorithm = Some(other.algorithm.clone());
    }
    let mut case = chain.case();
    if random.percent(10) {
        let last = case.chain[0]
            .last_mut()
            .expect("a certificate is not empty");
        *last ^= 1 << random.below(8);
    }
    case
}

/// RSASSA-PSS with parameters that Go takes, and with parameters that it does not.
pub fn pss_parameters(random: &mut Random, world: &World) -> Case {
    let mut chain = Chain::new(random, world, 0);
    let pss = |key: &&Key| {
        key.algorithm
            .starts_with(&odd_keys::pss(256, 256, 32)[..13])
    };
    let signers: Vec<&Key> = world.odd.iter().filter(pss).collect();
    let signer = random.pick(&signers);
    chain.specs[1].key = signer;
    let hash = random.pick(&[256, 384, 512]);
    let mut parameters = odd_keys::pss_parameters(hash, hash, hash / 8, der::NULL);
    match random.below(9) {
        0 => parameters = odd_keys::pss_parameters(hash, hash, hash / 8, &[]),
        1 => parameters = odd_keys::pss_parameters(hash, 1, hash / 8, der::NULL),
        2 => parameters = odd_keys::pss_parameters(1, 1, 20, der::NULL),
        3 => parameters = odd_keys::pss_parameters(hash, hash, 20, der::NULL),
        4 => parameters.push(der::element(0xa3, &[&der::integer(1)])),
        5 => parameters.push(der::element(0xa3, &[&der::integer(2)])),
        6 => drop(parameters.remove(random.below(3))),
        7 => parameters = odd_keys::pss_parameters(hash, hash, hash / 8, &[4, 1, 0]),
        _ => {}
    }
    if random.percent(60) {
        chain.specs[0].written_algorithm = Some(odd_keys::pss_of(&parameters));
    }
    chain.case()
}

pub fn critical_extensions(random: &mut Random, world: &World) -> Case {
    let mut chain = Chain::new(random, world, 1);
    for spec in &mut chain.specs {
        if random.percent(45) {
            let policy = der::sequence(&[&der::sequence(&[&der::oid("1.2.3.4")])]);
            let (oid, content) = random.pick(&[
                ("1.2.3.4.5", der::NULL.to_vec()),
                ("2.5.29.99", Vec::new()),
                ("2.5.29.32", policy),
            ]);
            spec.further.push((oid, random.percent(50), content));
        }
    }
    chain.case()
}

/// Go gives up after a hundred candidates.
pub fn signature_limit(random: &mut Random, world: &World) -> Case {
    let signer = &world.keys[2];
    let count = random.pick(&[1, 20, 97, 98, 99, 100, 101, 110]);
    let stranger = &world.keys[3];
    let mut roots: Vec<Der> = (0..count)
        .map(|serial| {
            let mut spec = Spec::authority("kubernetes", "kubernetes", stranger);
            spec.serial = serial;
            spec.signed_by(stranger)
        })
        .collect();
    if random.percent(80) {
        let good = Spec::authority("kubernetes", "kubernetes", signer).signed_by(signer);
        roots.insert(random.below(roots.len() + 1), good);
    }
    let leaf = leaf("kubernetes", &world.keys[5]).signed_by(signer);
    let mut case = Case::of(leaf, roots);
    if random.percent(30) {
        case.intermediates = case.roots.split_off(case.roots.len() / 2);
    }
    case
}

/// Leafs that are themselves trusted, self-signed or not, twice in a pool or once.
pub fn trusted_leafs(random: &mut Random, world: &World) -> Case {
    let (own, other) = world.two(random);
    let mut spec = Spec::leaf("wudang", random.pick(&["wudang", "kubernetes"]), own);
    spec.names = vec![San::dns("wudang")];
    spec.constraints = random.pick(&[None, Some((false, None)), Some((true, Some(0)))]);
    if random.percent(20) {
        vary(random, &mut spec);
    }
    let leaf = spec.signed_by(random.pick(&[own, other]));
    let root = Spec::authority("kubernetes", "kubernetes", other).signed_by(other);
    let mut again = spec.clone();
    again.serial += 1;
    let pool = [leaf.clone(), leaf.clone(), root, again.signed_by(own)];
    let mut case = Case::of(leaf, random.some(&pool, 4));
    case.intermediates = random.some(&pool, 2);
    case.host = random.pick(&["", "wudang", "wudang", "emei"]).to_owned();
    case
}

/// Two or three faults at once: which one is told is Go's order of noticing.
pub fn several_faults(random: &mut Random, world: &World) -> Case {
    let depth = random.below(3);
    let mut chain = Chain::new(random, world, depth);
    for _ in 0..random.below(4) {
        let place = random.below(chain.specs.len());
        vary(random, &mut chain.specs[place]);
    }
    let mut case = chain.case();
    case.host = random
        .pick(&["", "wudang", "wudang", "WUDANG.", "emei", "10.27.53.32"])
        .to_owned();
    case.purpose = random.pick(&[
        Purpose::Server,
        Purpose::Server,
        Purpose::Client,
        Purpose::Any,
    ]);
    if random.percent(10) {
        case.intermediates.clear();
        case.chain.truncate(1);
    }
    case
}

/// A server's certificate for `wudang`.
fn leaf<'a>(issuer: &str, key: &'a Key) -> Spec<'a> {
    Spec {
        names: vec![San::dns("wudang")],
        ..Spec::leaf("wudang", issuer, key)
    }
}

/// One fault, or something that only looks like one.
fn vary(random: &mut Random, spec: &mut Spec<'_>) {
    match random.below(10) {
        0 => spec.not_after = NOW - Duration::seconds(1),
        1 => spec.not_before = NOW + Duration::seconds(1),
        2 => spec.constraints = Some((false, None)),
        3 => spec.constraints = Some((true, Some(0))),
        4 => spec.key_usage = Some(DIGITAL_SIGNATURE),
        5 => spec.usages = vec![random.pick(USAGES)],
        // Set, not added: Go's parser refuses an extension that is there twice, which is not what is asked here.
        6 => spec.further = vec![("1.2.3.4.5", random.percent(60), der::NULL.to_vec())],
        7 => spec.claimed_algorithm = Some(random.pick(ALGORITHMS)),
        8 => spec.names.clear(),
        _ => spec.subject_key_id = Some(vec![7]),
    }
}

/// A leaf, intermediates and a root, not signed yet.
pub struct Chain<'a> {
    pub specs: Vec<Spec<'a>>,
    presented: usize,
}

impl<'a> Chain<'a> {
    pub fn new(random: &mut Random, world: &'a World, intermediates: usize) -> Self {
        let mut specs = vec![Spec::leaf("wudang", "ca-1", &world.keys[5])];
        specs[0].names = vec![San::dns("wudang"), San::Ip(vec![10, 27, 53, 32])];
        let top = intermediates + 1;
        for level in 1..=top {
            let issuer = format!("ca-{}", (level + 1).min(top));
            specs.push(Spec::authority(
                &format!("ca-{level}"),
                &issuer,
                world.any(random),
            ));
        }
        let presented = 1 + random.below(intermediates + 1);
        Self { specs, presented }
    }

    /// Signs all, splits them over what the server presents and what is known otherwise, trusts the last.
    pub fn case(&self) -> Case {
        let signers = self.specs[1..].iter().chain(self.specs.last());
        let signed = self.specs.iter().zip(signers);
        let mut chain: Vec<Der> = signed
            .map(|(spec, signer)| spec.signed_by(signer.key))
            .collect();
        let roots = chain.split_off(chain.len() - 1);
        let intermediates = chain.split_off(self.presented);
        let mut case = Case::of(chain.remove(0), roots);
        case.chain.extend(chain);
        case.intermediates = intermediates;
        case
    }
}

const OFFSETS: &[i64] = &[
    -1,
    0,
    1,
    -86_400,
    86_400,
    -3_000_000_000,
    900_000_000,
    -100_000_000,
    100_000_000,
];

const USAGES: &[&str] = &[
    SERVER_AUTH,
    SERVER_AUTH,
    "1.3.6.1.5.5.7.3.2",
    "2.5.29.37.0",
    "1.3.6.1.5.5.7.3.9",
    "1.3.6.1.4.1.311.10.3.3",
    "1.2.3.4",
];

/// MD5, SHA-1 and DSA, then what belongs to another key than the signer's or to none that Go knows.
const ALGORITHMS: &[&str] = &[
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.3.14.3.2.29",
    "1.2.840.10045.4.1",
    "1.2.840.10040.4.3",
    "2.16.840.1.101.3.4.3.2",
    "1.2.840.113549.1.1.2",
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.13",
    "1.2.840.10045.4.3.4",
    "1.2.840.10045.4.3.1",
    "1.2.3.4.5.6",
];

const NAMES: &[&str] = &[
    "kubernetes",
    "etcd-ca",
    "",
    "quo\"te\\d",
    "名前",
    "tab\tnl\n\u{7f}",
    "\u{200b}",
    "é\u{301}",
    "\u{301}",
    "\u{e000}",
    "\u{10ffff}",
    "emoji \u{1f600}",
    "\u{a0}",
    "\u{ad}",
    "*",
    "a, b=c+d",
];
