//! A family of certificates that were sound until a few of their bytes were not.

use crate::case::Case;
use crate::der;
use crate::families::World;
use crate::forge::KEY_CERT_SIGN;
use crate::forge::San;
use crate::forge::Spec;
use crate::keys::Key;
use crate::malformed::damaged;
use crate::malformed::keys;
use crate::random::Random;

/// Either the whole certificate is damaged, or only what is signed, which is signed afterwards.
pub fn mutated(random: &mut Random, world: &World) -> Case {
    // Keys and signatures are the same in every run, for what becomes of a byte depends on what it was.
    let signer = &Key::seeded(random);
    let mut parts = rich(random, world).parts(signer);
    parts.key = keys::sound(random);
    let leaf = match random.below(5) {
        0 | 1 => damaged(random, &parts.signed_by(signer)),
        2 => {
            // Bytes that a parser looks at seldom: values, not tags and lengths.
            let mut der = parts.signed_by(signer);
            let at = random.below(der.len());
            der[at] = random.next() as u8;
            der
        }
        _ => parts.around(&damaged(random, &parts.tbs()), signer),
    };
    let root = Spec::authority("kubernetes", "kubernetes", signer);
    let mut case = Case::of(leaf, vec![root.signed_by(signer)]);
    case.host = random.pick(&["", "", "", "wudang"]).to_owned();
    case
}

/// A leaf with everything that a parser looks into.
fn rich<'a>(random: &mut Random, world: &'a World) -> Spec<'a> {
    let mut spec = Spec::leaf("wudang", "kubernetes", &world.keys[5]);
    spec.names = vec![
        San::dns("wudang"),
        San::Ip(vec![10, 27, 53, 32]),
        San::Email("root@wudang".to_owned()),
        San::Uri("https://wudang:6443/a%20b".to_owned()),
    ];
    spec.constraints = Some((random.percent(50), Some(1)));
    spec.key_usage = Some(KEY_CERT_SIGN | 5);
    spec.subject_key_id = Some(vec![7; 20]);
    spec.authority_key_id = Some(vec![8; 20]);
    let uri = der::element(0x86, &[b"http://wudang/ca"]);
    let info = der::sequence(&[&der::oid("1.3.6.1.5.5.7.48.2"), &uri]);
    let point = der::element(0xa0, &[&der::element(0xa0, &[&uri])]);
    let policy = der::sequence(&[&der::oid("2.23.140.1.2.2")]);
    spec.further = vec![
        ("1.3.6.1.5.5.7.1.1", false, der::sequence(&[&info])),
        (
            "2.5.29.31",
            false,
            der::sequence(&[&der::sequence(&[&point])]),
        ),
        ("2.5.29.32", false, der::sequence(&[&policy])),
    ];
    spec.further.truncate(random.below(4));
    spec
}
