//! Every text here was printed by OpenSSL 3.0, curl 7.88 or nginx 1.22 for a certificate forged in the same way.

use time::Duration;
use time::macros::datetime;

use super::*;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::KeyUsage;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::template::Template;

const NOW: OffsetDateTime = datetime!(2026-06-01 12:34:56 UTC);

fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn leaf(subject: &str, sans: &[&str]) -> Template {
    Template {
        serial: vec![1, 2, 3],
        issuer: DistinguishedName::new("kubernetes", &[]),
        subject: DistinguishedName::new(subject, &[]),
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

fn authority(key: &PrivateKey) -> Template {
    Template {
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::KEY_CERT_SIGN,
        extended_key_usage: Vec::new(),
        ..leaf("kubernetes", &[])
    }
}

fn question<'a>(leaf: &'a Certificate, roots: &'a [Certificate]) -> Question<'a> {
    Question {
        leaf,
        presented: &[],
        roots,
        name: None,
        purpose: Purpose::Server,
        now: NOW,
        settings: Settings::S_CLIENT,
    }
}

fn codes(question: &Question<'_>) -> Vec<(u32, usize)> {
    let faults = faults(question, &mut Signatures::default());
    faults
        .iter()
        .map(|fault| (fault.code.number(), fault.depth))
        .collect()
}

fn all(question: &Question<'_>) -> [Option<String>; 3] {
    let signatures = &mut Signatures::default();
    [
        curl(question, signatures),
        nginx(question, signatures),
        s_client(question, signatures),
    ]
}

#[test]
fn each_client_words_a_wrong_name_its_own_way() {
    let ca = key();
    let roots = [authority(&ca).sign(&ca).unwrap()];
    let served = leaf("harbor", &["registry.wulin.internal", "127.0.0.1"]);
    let served = served.sign(&ca).unwrap();
    let asked = |name| Question {
        name: Some(name),
        ..question(&served, &roots)
    };
    assert_eq!(
        all(&asked(Name::Dns("Registry.wulin.internal"))),
        [None, None, None]
    );
    let said = |name: &str, code: &str| {
        [
            Some(format!(
                "curl: (60) SSL: no alternative certificate subject name matches target host name '{name}'"
            )),
            Some(format!(
                "upstream SSL certificate does not match \"{name}\" while SSL handshaking to upstream"
            )),
            Some(code.to_owned()),
        ]
    };
    let mismatch = "verify error:num=62:hostname mismatch";
    assert_eq!(all(&asked(Name::Dns("harbor"))), said("harbor", mismatch));
    let mismatch = "verify error:num=64:IP address mismatch";
    let address = "127.0.0.9".parse().unwrap();
    assert_eq!(all(&asked(Name::Ip(address))), said("127.0.0.9", mismatch));
    // An address that is there satisfies all but nginx, which looks for it among the host names.
    let [curl, nginx, s_client] = all(&asked(Name::Ip("127.0.0.1".parse().unwrap())));
    assert_eq!((curl, s_client), (None, None));
    assert_eq!(nginx, said("127.0.0.1", "")[1]);
}

#[test]
fn a_common_name_counts_where_there_is_no_other_name() {
    let ca = key();
    let roots = [authority(&ca).sign(&ca).unwrap()];
    let served = leaf("kube-apiserver", &[]).sign(&ca).unwrap();
    let asked = |name| Question {
        name: Some(name),
        ..question(&served, &roots)
    };
    assert_eq!(all(&asked(Name::Dns("kube-apiserver"))), [None, None, None]);
    let [curl, ..] = all(&asked(Name::Ip("127.0.0.9".parse().unwrap())));
    let text = "curl: (60) SSL: certificate subject name 'kube-apiserver' does not match target host name '127.0.0.9'";
    assert_eq!(curl.unwrap(), text);
}

#[test]
fn who_stops_says_the_first_fault_and_nginx_the_last() {
    let (ca, other) = (key(), key());
    let unrelated = Template {
        subject: DistinguishedName::new("third", &[]),
        issuer: DistinguishedName::new("third", &[]),
        ..authority(&other)
    };
    let roots = [unrelated.sign(&other).unwrap()];
    let expired = Template {
        not_after: NOW - Duration::days(1),
        ..leaf("wudang", &["wudang"])
    };
    let expired = expired.sign(&ca).unwrap();
    let asked = question(&expired, &roots);
    assert_eq!(codes(&asked), [(20, 0), (21, 0), (10, 0)]);
    let [curl, nginx, s_client] = all(&asked);
    assert_eq!(
        curl.unwrap(),
        "curl: (60) SSL certificate problem: unable to get local issuer certificate"
    );
    let text = "upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream";
    assert_eq!(nginx.unwrap(), text);
    assert_eq!(
        s_client.unwrap(),
        "verify error:num=20:unable to get local issuer certificate"
    );
    assert_eq!(
        verify_command(&asked, &mut Signatures::default()),
        ["error 20 at 0 depth lookup: unable to get local issuer certificate"]
    );
}

#[test]
fn another_cluster_s_ca_of_the_same_name_is_a_signature_failure_unless_its_key_identifier_tells() {
    let (ca, other) = (key(), key());
    let asked = |said: Option<u8>| {
        let root = Template {
            subject_key_id: Some(vec![1]),
            ..authority(&other)
        };
        let leaf = Template {
            authority_key_id: said.map(|id| vec![id]),
            ..leaf("wudang", &[])
        };
        let roots = [root.sign(&other).unwrap()];
        codes(&question(&leaf.sign(&ca).unwrap(), &roots))
    };
    assert_eq!(asked(None), [(7, 0)]);
    assert_eq!(asked(Some(2)), [(20, 0), (21, 0)]);
}

#[test]
fn the_last_second_is_too_late() {
    let ca = key();
    let roots = [authority(&ca).sign(&ca).unwrap()];
    let at = |not_before: OffsetDateTime, not_after: OffsetDateTime| {
        let leaf = Template {
            not_before,
            not_after,
            ..leaf("wudang", &[])
        };
        codes(&question(&leaf.sign(&ca).unwrap(), &roots))
    };
    let second = Duration::seconds(1);
    assert_eq!(at(NOW, NOW + second), []);
    assert_eq!(at(NOW, NOW), [(10, 0)]);
    assert_eq!(at(NOW + second, NOW + second * 2), [(9, 0)]);
}

#[test]
fn any_extended_key_usage_is_not_enough() {
    let ca = key();
    let roots = [authority(&ca).sign(&ca).unwrap()];
    let with = |usage| {
        let leaf = Template {
            extended_key_usage: vec![usage],
            ..leaf("wudang", &[])
        };
        codes(&question(&leaf.sign(&ca).unwrap(), &roots))
    };
    assert_eq!(with(ExtendedKeyUsage::Any), [(26, 0)]);
    assert_eq!(with(ExtendedKeyUsage::ClientAuth), [(26, 0)]);
    assert_eq!(with(ExtendedKeyUsage::ServerAuth), []);
}

#[test]
fn wildcards_may_be_part_of_a_label_and_a_leading_dot_stands_for_all_below() {
    let ca = key();
    let matches = |pattern: &str, host: &str| {
        let certificate = Template {
            subject: DistinguishedName::new(pattern, &[]),
            ..leaf("", &[])
        };
        let certificate = certificate.sign(&ca).unwrap();
        hostname::matches_host(&Seen::new(&certificate), host)
    };
    for (pattern, host) in [
        ("*.wulin.internal", "LB.wulin.internal"),
        ("lb*.wulin.internal", "lb-1.wulin.internal"),
        ("*-1.wulin.internal", "lb-1.wulin.internal"),
        ("*.wulin.internal", "xn--bcher-kva.wulin.internal"),
        ("under_score", "UNDER_score"),
        ("lb.wulin.internal", ".wulin.internal"),
        ("*.internal", "*.internal"),
    ] {
        assert!(matches(pattern, host), "{pattern} {host}");
    }
    for (pattern, host) in [
        ("*.wulin.internal", "a.b.wulin.internal"),
        ("*.wulin.internal", "under_score.wulin.internal"),
        ("x*.wulin.internal", "xn--a.wulin.internal"),
        ("xn--*.wulin.internal", "xn--a.wulin.internal"),
        ("lb-*.wulin.internal", "lb-1.wulin.internal"),
        ("l*b.wulin.internal", "lxb.wulin.internal"),
        ("*.internal", "lb.internal"),
        ("lb.wulin.internal", "lb.wulin.internal."),
    ] {
        assert!(!matches(pattern, host), "{pattern} {host}");
    }
}
