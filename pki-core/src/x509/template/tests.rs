use time::macros::datetime;

use super::*;
use crate::x509::certificate::GeneralName;
use crate::x509::der::read::dotted;

fn name(common_name: &str) -> DistinguishedName {
    DistinguishedName::new(common_name, &[])
}

fn leaf(key: &PrivateKey) -> Template {
    Template {
        serial: vec![0x5a, 1, 2],
        issuer: name("kubernetes"),
        subject: DistinguishedName::new("kubernetes-admin", &["kubeadm:cluster-admins".to_owned()]),
        not_before: datetime!(2026-01-01 00:00 UTC),
        not_after: datetime!(2027-01-01 00:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: false,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
        extended_key_usage: vec![ExtendedKeyUsage::ClientAuth, ExtendedKeyUsage::ServerAuth],
        subject_alt_names: ["wudang", "*.wudang", "10.24.138.208", "fd00::1"]
            .map(|san| san.parse().unwrap())
            .to_vec(),
        subject_key_id: None,
        authority_key_id: Some(vec![7; 20]),
    }
}

#[test]
fn every_field_is_in_the_certificate() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::Rsa2048,
    ] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let template = leaf(&key);
        let certificate = template.sign(&key).unwrap();
        assert_eq!(certificate.serial(), template.serial);
        assert_eq!(certificate.issuer(), &template.issuer);
        assert_eq!(certificate.subject(), &template.subject);
        assert_eq!(certificate.not_before(), template.not_before);
        assert_eq!(certificate.not_after(), template.not_after);
        assert_eq!(certificate.public_key(), &template.public_key);
        let extensions = certificate.extensions();
        assert_eq!(extensions.basic_constraints, template.basic_constraints);
        assert_eq!(extensions.key_usage, Some(template.key_usage));
        assert_eq!(
            extensions.extended_key_usage.as_ref(),
            Some(&template.extended_key_usage)
        );
        assert_eq!(
            extensions.subject_alt_names.as_deref().unwrap(),
            [
                GeneralName::Dns("wudang".to_owned()),
                GeneralName::Dns("*.wudang".to_owned()),
                GeneralName::Ip("10.24.138.208".parse().unwrap()),
                GeneralName::Ip("fd00::1".parse().unwrap()),
            ]
        );
        assert_eq!(extensions.subject_key_id, None);
        assert_eq!(extensions.authority_key_id, template.authority_key_id);
        assert_eq!(extensions.unhandled_critical, [""; 0]);
        assert_eq!(certificate.check_signature(key.public_key()), Ok(()));
        let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        assert!(!certificate.is_signed_by(other.public_key()));
    }
}

/// Names that rcgen would change on the way (rustls/rcgen#300), each as its RDNs of (type, tag, value).
fn unusual_names() -> Vec<(&'static str, DistinguishedName)> {
    const OU: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
    const DC: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25");
    const CN: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
    const UTF8: u8 = write::UTF8_STRING;
    [
        (
            "two OU",
            vec![
                vec![(OU, UTF8, &b"one"[..])],
                vec![(OU, UTF8, b"two")],
                vec![(CN, UTF8, b"ca")],
            ],
        ),
        (
            "DC components",
            vec![vec![(DC, 22, b"local")], vec![(DC, 22, b"wudang")]],
        ),
        (
            "multi-valued",
            vec![vec![(OU, UTF8, b"x"), (CN, UTF8, b"y")]],
        ),
        ("T61String", vec![vec![(CN, 20, b"Wudang\xe9")]]),
        ("BMPString", vec![vec![(CN, 30, &[0x6b, 0x66])]]),
        ("empty", vec![]),
    ]
    .into_iter()
    .map(|(what, rdns)| {
        let sets: Vec<Vec<u8>> = rdns.iter().map(|rdn| set(rdn)).collect();
        let parts: Vec<&[u8]> = sets.iter().map(Vec::as_slice).collect();
        (
            what,
            DistinguishedName::from_der(&write::element(write::SEQUENCE, &parts)).unwrap(),
        )
    })
    .collect()
}

fn set(rdn: &[(ObjectIdentifier, u8, &[u8])]) -> Vec<u8> {
    let pairs: Vec<Vec<u8>> = rdn
        .iter()
        .map(|(oid, tag, value)| {
            write::element(
                write::SEQUENCE,
                &[&write::oid(oid), &write::element(*tag, &[value])],
            )
        })
        .collect();
    write::element(
        write::SET,
        &pairs.iter().map(Vec::as_slice).collect::<Vec<_>>(),
    )
}

fn authority(name: &DistinguishedName, key: &PrivateKey) -> Template {
    Template {
        issuer: name.clone(),
        subject: name.clone(),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_CERT_SIGN),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: Some(crypto::sha1(key.public_key().key_bits()).to_vec()),
        authority_key_id: None,
        ..leaf(key)
    }
}

#[test]
fn the_issuer_is_the_subject_of_the_authority_byte_for_byte() {
    let ca_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    for (what, name) in unusual_names() {
        let ca = authority(&name, &ca_key).sign(&ca_key).unwrap();
        assert_eq!(ca.subject().as_der(), name.as_der(), "{what}");
        assert!(
            ca.is_self_issued() && ca.is_signed_by(ca.public_key()),
            "{what}"
        );
        let template = Template {
            issuer: ca.subject().clone(),
            ..leaf(&key)
        };
        let certificate = template.sign(&ca_key).unwrap();
        assert_eq!(
            certificate.issuer().as_der(),
            ca.subject().as_der(),
            "{what}"
        );
        assert!(certificate.is_signed_by(ca.public_key()), "{what}");
    }
}

#[test]
fn an_authority_has_its_extensions() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    for path_len in [
        None,
        Some(0),
        Some(127),
        Some(128),
        Some(70_000),
        Some(u32::MAX),
    ] {
        let constraints = Some(BasicConstraints { ca: true, path_len });
        let template = Template {
            basic_constraints: constraints,
            ..authority(&name("ca"), &key)
        };
        let certificate = template.sign(&key).unwrap();
        let extensions = certificate.extensions();
        assert_eq!(extensions.basic_constraints, constraints);
        assert_eq!(extensions.subject_key_id, template.subject_key_id);
        assert_eq!(extensions.authority_key_id, None);
        assert_eq!(extensions.extended_key_usage, None);
        assert_eq!(extensions.subject_alt_names, None);
        assert_eq!(
            extensions.key_usage.unwrap().to_string(),
            "digitalSignature, keyCertSign"
        );
    }
}

/// The object identifier and `critical` of every extension.
fn criticality(certificate: &Certificate) -> Vec<(String, bool)> {
    let extensions = certificate.raw_extensions().into_iter();
    extensions
        .map(|extension| (dotted(extension.oid), extension.critical))
        .collect()
}

#[test]
fn names_are_critical_only_where_the_subject_is_empty() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    for (subject, critical) in [
        (name("wudang"), false),
        (DistinguishedName::new("", &[]), true),
    ] {
        let certificate = Template {
            subject,
            ..leaf(&key)
        }
        .sign(&key)
        .unwrap();
        let mut found = criticality(&certificate);
        found.sort();
        assert_eq!(
            found,
            [
                ("2.5.29.15".to_owned(), true),
                ("2.5.29.17".to_owned(), critical),
                ("2.5.29.19".to_owned(), true),
                ("2.5.29.35".to_owned(), false),
                ("2.5.29.37".to_owned(), false),
            ]
        );
    }
}

#[test]
fn dates_are_written_in_utc_and_in_the_right_form() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    // The last one each of UTCTime, and the first two after it (RFC 5280 section 4.1.2.5).
    for (instant, written) in [
        (
            datetime!(2049-12-31 23:59:59 UTC),
            &b"\x17\x0d491231235959Z"[..],
        ),
        (
            datetime!(2049-12-31 20:00:00 -8),
            b"\x18\x0f20500101040000Z",
        ),
        (datetime!(2050-01-01 02:00:00 +8), b"\x17\x0d491231180000Z"),
        (
            datetime!(2050-01-01 00:00:00.9 UTC),
            b"\x18\x0f20500101000000Z",
        ),
        (
            datetime!(9999-12-31 23:59:59 UTC),
            b"\x18\x0f99991231235959Z",
        ),
    ] {
        let certificate = Template {
            not_after: instant,
            ..leaf(&key)
        }
        .sign(&key)
        .unwrap();
        let found = certificate
            .tbs()
            .windows(written.len())
            .any(|window| window == written);
        assert!(found, "{instant}");
        assert_eq!(
            certificate.not_after().unix_timestamp(),
            instant.unix_timestamp()
        );
    }
    for instant in [
        datetime!(9999-12-31 23:00:00 -8),
        datetime!(-1-01-01 00:00:00 UTC),
    ] {
        let refused = Template {
            not_after: instant,
            ..leaf(&key)
        }
        .sign(&key)
        .unwrap_err();
        assert_eq!(refused, TemplateError::Date(instant));
    }
}

#[test]
fn serial_numbers_are_positive_and_short_enough() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let signed = |serial: &[u8]| {
        let template = Template {
            serial: serial.to_vec(),
            ..leaf(&key)
        };
        template
            .sign(&key)
            .map(|certificate| (certificate.serial().to_vec(), certificate.serial_hex()))
    };
    assert_eq!(signed(&[1]), Ok((vec![1], "01".to_owned())));
    assert_eq!(signed(&[0, 0, 1]), Ok((vec![1], "01".to_owned())));
    assert_eq!(signed(&[0x80]), Ok((vec![0, 0x80], "80".to_owned())));
    assert_eq!(signed(&[0x7f; 20]), Ok((vec![0x7f; 20], "7f".repeat(20))));
    for serial in [&[][..], &[0], &[0; 20], &[0xff; 20], &[1; 21]] {
        assert_eq!(signed(serial), Err(TemplateError::Serial), "{serial:?}");
    }
}

#[test]
fn an_extended_key_usage_that_is_no_identifier_is_refused() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let usage = |dotted: &str| vec![ExtendedKeyUsage::Other(dotted.to_owned())];
    let template = Template {
        extended_key_usage: usage("1.3.6.1.5.5.7.3.3"),
        ..leaf(&key)
    };
    let certificate = template.sign(&key).unwrap();
    let read = certificate.extensions().extended_key_usage.clone().unwrap();
    assert_eq!(
        (read[0].to_string().as_str(), read[0].oid()),
        ("codeSigning", "1.3.6.1.5.5.7.3.3")
    );
    for dotted in ["", "serverAuth", "1", "9.9.9"] {
        Template {
            extended_key_usage: usage(dotted),
            ..leaf(&key)
        }
        .sign(&key)
        .unwrap_err();
    }
}
