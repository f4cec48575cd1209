//! Every text here was printed by Go 1.26's `Certificate.Verify` for a certificate forged in the same way.

use time::macros::datetime;

use super::*;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::KeyUsage;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::san::SubjectAltName;
use crate::x509::template::Template;

const NOW: OffsetDateTime = datetime!(2026-06-01 12:34:56 UTC);
const UNKNOWN: &str = "x509: certificate signed by unknown authority";

pub(super) fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn name(common_name: &str) -> DistinguishedName {
    DistinguishedName::new(common_name, &[])
}

pub(super) fn leaf(subject: &str, issuer: &str, sans: &[&str]) -> Template {
    Template {
        serial: vec![1, 2, 3],
        issuer: name(issuer),
        subject: name(subject),
        not_before: datetime!(2025-01-01 0:00 UTC),
        not_after: datetime!(2030-01-01 0:00 UTC),
        public_key: key().public_key().clone(),
        basic_constraints: None,
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: vec![ExtendedKeyUsage::ServerAuth],
        subject_alt_names: sans.iter().map(|san| san.parse().unwrap()).collect(),
        subject_key_id: None,
        authority_key_id: None,
    }
}

pub(super) fn authority(subject: &str, issuer: &str, key: &PrivateKey) -> Template {
    Template {
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::KEY_CERT_SIGN,
        extended_key_usage: Vec::new(),
        ..leaf(subject, issuer, &[])
    }
}

pub(super) fn question<'a>(leaf: &'a Certificate, roots: &'a [Certificate]) -> Question<'a> {
    Question {
        leaf,
        intermediates: &[],
        roots,
        name: None,
        purpose: Purpose::Server,
        now: NOW,
    }
}

#[track_caller]
fn refuses(question: &Question<'_>, text: &str) {
    let refusal = verify(question, &mut Signatures::default()).unwrap_err();
    assert_eq!(refusal.text(), text);
    assert_eq!(
        refusals(question, &mut Signatures::default()).first(),
        Some(&refusal)
    );
}

#[track_caller]
fn accepts(question: &Question<'_>) {
    verify(question, &mut Signatures::default()).unwrap();
    assert_eq!(refusals(question, &mut Signatures::default()), []);
}

#[test]
fn names_are_matched_and_worded_as_go_does() {
    let ca = key();
    let roots = [authority("kubernetes", "kubernetes", &ca)
        .sign(&ca)
        .unwrap()];
    let served = [
        "wudang",
        "kubernetes.default.svc",
        "10.96.0.1",
        "10.27.53.32",
        "::1",
    ];
    let leaf = leaf("kube-apiserver", "kubernetes", &served)
        .sign(&ca)
        .unwrap();
    let asked = |name| Question {
        name: Some(name),
        ..question(&leaf, &roots)
    };
    for name in [
        "wudang",
        "WuDang",
        "wudang.",
        "10.27.53.32",
        "[10.27.53.32]",
        "::ffff:10.27.53.32",
        "[::1]",
        "",
    ] {
        accepts(&asked(name));
    }
    let only = "x509: certificate is valid for wudang, kubernetes.default.svc, not ";
    for name in [
        "lb.wulin.internal",
        "kube-apiserver",
        "10.0.0.01",
        "fe80::1%eth0",
        "x y",
        ".",
    ] {
        refuses(&asked(name), &format!("{only}{name}"));
    }
    refuses(
        &asked("10.24.138.208"),
        "x509: certificate is valid for 10.96.0.1, 10.27.53.32, ::1, not 10.24.138.208",
    );
}

#[test]
fn a_wildcard_stands_for_one_whole_leftmost_label() {
    let ca = key();
    let roots = [authority("kubernetes", "kubernetes", &ca)
        .sign(&ca)
        .unwrap()];
    let leaf = leaf("x", "kubernetes", &["*.example.com"])
        .sign(&ca)
        .unwrap();
    let asked = |name| Question {
        name: Some(name),
        ..question(&leaf, &roots)
    };
    accepts(&asked("a.example.com"));
    accepts(&asked("*.example.com"));
    let only = "x509: certificate is valid for *.example.com, not";
    refuses(
        &asked("a.b.example.com"),
        &format!("{only} a.b.example.com"),
    );
    refuses(&asked("example.com"), &format!("{only} example.com"));
    refuses(
        &asked("10.0.0.1"),
        "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
    );
}

#[test]
fn a_common_name_is_no_name_but_go_says_when_it_would_have_matched() {
    let ca = key();
    let roots = [authority("kubernetes", "kubernetes", &ca)
        .sign(&ca)
        .unwrap()];
    let leaf = leaf("kube-apiserver", "kubernetes", &[]).sign(&ca).unwrap();
    let asked = |name| Question {
        name: Some(name),
        ..question(&leaf, &roots)
    };
    refuses(
        &asked("kube-apiserver"),
        "x509: certificate relies on legacy Common Name field, use SANs instead",
    );
    refuses(
        &asked("lb.wulin.internal"),
        "x509: certificate is not valid for any names, but wanted to match lb.wulin.internal",
    );
    refuses(
        &asked("10.27.52.72"),
        "x509: cannot validate certificate for 10.27.52.72 because it doesn't contain any IP SANs",
    );
}

#[test]
fn from_a_hundred_names_on_they_are_counted() {
    let ca = key();
    let roots = [authority("kubernetes", "kubernetes", &ca)
        .sign(&ca)
        .unwrap()];
    let many = |count: u8| {
        let mut template = leaf("x", "kubernetes", &[]);
        template.subject_alt_names = (0..count)
            .flat_map(|n| [format!("n{n}.example.com"), format!("10.0.0.{n}")])
            .map(|text| text.parse::<SubjectAltName>().unwrap())
            .collect();
        template.sign(&ca).unwrap()
    };
    let leaf = many(100);
    let asked = |name| Question {
        name: Some(name),
        ..question(&leaf, &roots)
    };
    refuses(
        &asked("lb"),
        "x509: certificate is valid for 100 names, but none matched lb",
    );
    refuses(
        &asked("10.1.1.1"),
        "x509: certificate is valid for 100 IP SANs, but none matched 10.1.1.1",
    );
    let fewer = many(99);
    let refusal = verify(
        &Question {
            name: Some("lb"),
            ..question(&fewer, &roots)
        },
        &mut Signatures::default(),
    );
    assert!(
        refusal
            .unwrap_err()
            .text()
            .ends_with("n98.example.com, not lb")
    );
}

#[test]
fn both_ends_of_the_period_belong_to_it() {
    let ca = key();
    let roots = [authority("kubernetes", "kubernetes", &ca)
        .sign(&ca)
        .unwrap()];
    let leaf = leaf("x", "kubernetes", &["x"]).sign(&ca).unwrap();
    let at = |now| Question {
        now,
        ..question(&leaf, &roots)
    };
    accepts(&at(datetime!(2025-01-01 0:00 UTC)));
    accepts(&at(datetime!(2030-01-01 0:00 UTC)));
    refuses(
        &at(datetime!(2030-01-01 0:00:01 UTC)),
        "x509: certificate has expired or is not yet valid: current time 2030-01-01T00:00:01Z is after 2030-01-01T00:00:00Z",
    );
    refuses(
        &at(datetime!(2024-12-31 23:59:59 UTC)),
        "x509: certificate has expired or is not yet valid: current time 2024-12-31T23:59:59Z is before 2025-01-01T00:00:00Z",
    );
}

#[test]
fn dates_come_before_names_names_before_the_chain_the_chain_before_usages() {
    let (ca, other) = (key(), key());
    let roots = [authority("kubernetes", "kubernetes", &other)
        .sign(&other)
        .unwrap()];
    let mut template = leaf("x", "kubernetes", &["x"]);
    template.extended_key_usage = vec![ExtendedKeyUsage::ClientAuth];
    let leaf = template.sign(&ca).unwrap();
    let question = Question {
        name: Some("y"),
        now: datetime!(2031-01-01 0:00 UTC),
        ..question(&leaf, &roots)
    };
    let texts: Vec<String> = refusals(&question, &mut Signatures::default())
        .iter()
        .map(Refusal::text)
        .collect();
    assert_eq!(
        texts,
        [
            "x509: certificate has expired or is not yet valid: current time 2031-01-01T00:00:00Z is after 2030-01-01T00:00:00Z",
            "x509: certificate is valid for x, not y",
            &format!(
                "{UNKNOWN} (possibly because of \"x509: ECDSA verification failure\" while trying to verify candidate \
                 authority certificate \"kubernetes\")"
            ),
            "x509: certificate specifies an incompatible key usage",
        ]
    );
}

#[test]
fn the_hint_names_the_first_candidate_and_why_it_would_not_do() {
    let (ca, other) = (key(), key());
    let child = leaf("x", "kubernetes", &[]).sign(&ca).unwrap();
    refuses(&question(&child, &[]), UNKNOWN);
    let elsewhere = authority("another", "another", &other)
        .sign(&other)
        .unwrap();
    refuses(&question(&child, &[elsewhere]), UNKNOWN);

    let ed25519 = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let of_other_kind = authority("kubernetes", "kubernetes", &ed25519)
        .sign(&ed25519)
        .unwrap();
    refuses(
        &question(&child, &[of_other_kind]),
        &format!(
            "{UNKNOWN} (possibly because of \"x509: signature algorithm specifies an ECDSA public key, but have public key \
             of type ed25519.PublicKey\" while trying to verify candidate authority certificate \"kubernetes\")"
        ),
    );
    let mut powerless = authority("kubernetes", "kubernetes", &ca);
    powerless.key_usage = KeyUsage::DIGITAL_SIGNATURE;
    refuses(
        &question(&child, &[powerless.sign(&ca).unwrap()]),
        &format!(
            "{UNKNOWN} (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of \
             certificate\" while trying to verify candidate authority certificate \"kubernetes\")"
        ),
    );
    let quoted = "quo\"te\\d\u{7f}\u{200b}é\u{301}";
    let child = leaf("x", quoted, &[]).sign(&ca).unwrap();
    let candidate = authority(quoted, quoted, &other).sign(&other).unwrap();
    refuses(
        &question(&child, &[candidate]),
        &format!(
            "{UNKNOWN} (possibly because of \"x509: ECDSA verification failure\" while trying to verify candidate authority \
             certificate \"quo\\\"te\\\\d\\x7f\\u200bé\u{301}\")"
        ),
    );
}

#[test]
fn an_expired_authority_speaks_with_its_own_date_unless_another_one_did_not_sign_after_it() {
    let (ca, other) = (key(), key());
    let child = leaf("x", "kubernetes", &[]).sign(&ca).unwrap();
    let mut old = authority("kubernetes", "kubernetes", &ca);
    old.not_after = datetime!(2026-01-01 0:00 UTC);
    let old = old.sign(&ca).unwrap();
    let good = authority("kubernetes", "kubernetes", &ca)
        .sign(&ca)
        .unwrap();
    let foreign = authority("kubernetes", "kubernetes", &other)
        .sign(&other)
        .unwrap();
    let expired = "x509: certificate has expired or is not yet valid: current time 2026-06-01T12:34:56Z is after 2026-01-01T00:00:00Z";
    refuses(&question(&child, std::slice::from_ref(&old)), expired);
    refuses(&question(&child, &[old.clone(), foreign.clone()]), expired);
    refuses(&question(&child, &[foreign, old.clone()]), expired);
    accepts(&question(&child, &[old.clone(), good.clone()]));
    accepts(&question(&child, &[good, old]));
}

#[test]
fn intermediates_must_be_authorities_and_few_enough() {
    let (root_key, middle_key, low_key) = (key(), key(), key());
    let root = |path_len| {
        let mut root = authority("root", "root", &root_key);
        root.basic_constraints = Some(BasicConstraints { ca: true, path_len });
        root.sign(&root_key).unwrap()
    };
    let middle = authority("middle", "root", &middle_key)
        .sign(&root_key)
        .unwrap();
    let low = authority("low", "middle", &low_key)
        .sign(&middle_key)
        .unwrap();
    let child = leaf("x", "low", &[]).sign(&low_key).unwrap();
    let intermediates = [low, middle];
    let roots = [None, Some(2), Some(1)].map(|path_len| [root(path_len)]);
    let through = |roots| Question {
        intermediates: &intermediates,
        ..question(&child, roots)
    };
    accepts(&through(&roots[0]));
    accepts(&through(&roots[1]));
    refuses(
        &through(&roots[2]),
        "x509: too many intermediates for path length constraint",
    );
    refuses(&question(&child, &[root(None)]), UNKNOWN);
}

#[test]
fn usages_nest_and_absent_ones_allow_everything() {
    let ca = key();
    let child = |usages: &[ExtendedKeyUsage]| {
        let mut child = leaf("x", "kubernetes", &[]);
        child.extended_key_usage = usages.to_vec();
        child.sign(&ca).unwrap()
    };
    let root = |usages: &[ExtendedKeyUsage]| {
        let mut root = authority("kubernetes", "kubernetes", &ca);
        root.extended_key_usage = usages.to_vec();
        root.sign(&ca).unwrap()
    };
    let (server, client) = (
        &[ExtendedKeyUsage::ServerAuth][..],
        &[ExtendedKeyUsage::ClientAuth][..],
    );
    let incompatible = "x509: certificate specifies an incompatible key usage";
    accepts(&question(&child(server), &[root(&[])]));
    accepts(&question(&child(&[]), &[root(server)]));
    accepts(&question(&child(&[ExtendedKeyUsage::Any]), &[root(&[])]));
    refuses(&question(&child(client), &[root(&[])]), incompatible);
    refuses(&question(&child(server), &[root(client)]), incompatible);
    let of_client = child(client);
    accepts(&Question {
        purpose: Purpose::Client,
        ..question(&of_client, &[root(&[])])
    });
    accepts(&Question {
        purpose: Purpose::Any,
        ..question(&of_client, &[root(client)])
    });
}

#[test]
fn a_root_may_be_the_leaf_itself() {
    let own = key();
    let mut template = leaf("x", "x", &["x"]);
    template.public_key = own.public_key().clone();
    let certificate = template.sign(&own).unwrap();
    let roots = [certificate.clone()];
    accepts(&Question {
        name: Some("x"),
        ..question(&certificate, &roots)
    });
}

#[test]
fn go_gives_up_after_a_hundred_candidates() {
    let (ca, other) = (key(), key());
    let child = leaf("x", "kubernetes", &[]).sign(&ca).unwrap();
    let foreign = |n: u8| {
        let mut foreign = authority("kubernetes", "kubernetes", &other);
        foreign.serial = vec![1, n];
        foreign.sign(&other).unwrap()
    };
    let roots: Vec<Certificate> = (0..120).map(foreign).collect();
    let mut signatures = Signatures::default();
    let refusal = verify(&question(&child, &roots), &mut signatures).unwrap_err();
    assert_eq!(
        refusal.text(),
        "x509: signature check attempts limit reached while verifying certificate chain"
    );
    assert_eq!(
        signatures.made(),
        1,
        "one key was tried, however many certificates it has"
    );
}

#[test]
fn authorities_that_sign_each_other_end_the_search() {
    let (one, two) = (key(), key());
    let first = authority("first", "second", &one).sign(&two).unwrap();
    let second = authority("second", "first", &two).sign(&one).unwrap();
    let child = leaf("x", "first", &[]).sign(&one).unwrap();
    let intermediates = [first, second];
    refuses(
        &Question {
            intermediates: &intermediates,
            ..question(&child, &[])
        },
        UNKNOWN,
    );
}

#[test]
fn serial_numbers_are_printed_in_decimal() {
    assert_eq!(text::decimal(&[]), "0");
    assert_eq!(text::decimal(&[0]), "0");
    assert_eq!(text::decimal(&[0, 0xff]), "255");
    assert_eq!(
        text::decimal(&[1, 0, 0, 0, 0, 0, 0, 0, 0]),
        "18446744073709551616"
    );
}
