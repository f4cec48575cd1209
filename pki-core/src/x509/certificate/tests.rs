use time::macros::datetime;

use super::*;
use crate::x509::der;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::template::Template;

fn template(key: &PrivateKey) -> Template {
    Template {
        serial: vec![0x5a; 16],
        issuer: DistinguishedName::new("kubernetes", &[]),
        subject: DistinguishedName::new("kubernetes", &[]),
        not_before: datetime!(2026-01-01 00:00 UTC),
        not_after: datetime!(2036-01-01 00:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: Vec::new(),
        subject_alt_names: vec!["kubernetes".parse().unwrap()],
        subject_key_id: Some(vec![7; 20]),
        authority_key_id: None,
    }
}

fn certificate() -> Certificate {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    template(&key).sign(&key).unwrap()
}

/// The certificate with `from` replaced by `to`, of the same length, in its DER.
fn altered(
    certificate: &Certificate,
    from: &[u8],
    to: &[u8],
) -> Result<Certificate, CertificateError> {
    assert_eq!(from.len(), to.len());
    let mut der = certificate.as_der().to_vec();
    let at = der
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    der[at..at + to.len()].copy_from_slice(to);
    Certificate::from_vec(der)
}

fn outcomes(text: &str) -> Vec<(Option<u32>, String)> {
    read(text.as_bytes())
        .into_iter()
        .map(|entry| {
            (
                entry.line,
                entry
                    .certificate
                    .map_or_else(|error| error.to_string(), |_| "read".to_owned()),
            )
        })
        .collect()
}

#[test]
fn every_certificate_of_a_file_has_its_line() {
    let pem = certificate().to_pem();
    let lines = u32::try_from(pem.lines().count()).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let cut: String = pem.lines().take(3).collect::<Vec<_>>().join("\n");
    let trusted = pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    let text = format!("{pem}{}# the next CA\n{pem}{trusted}{cut}", key.to_pem());
    let key_lines = u32::try_from(key.to_pem().lines().count()).unwrap();
    let second = lines + key_lines + 2;
    let read = |line| (Some(line), "read".to_owned());
    assert_eq!(
        outcomes(&text),
        [
            read(1),
            read(second),
            (
                Some(second + lines),
                "a `TRUSTED CERTIFICATE` block, which Go does not read as a certificate".to_owned()
            ),
            (
                Some(second + 2 * lines),
                format!(
                    "line {}: `CERTIFICATE` begins but does not end; the file is cut short",
                    second + 2 * lines
                )
            ),
        ]
    );
}

#[test]
fn a_file_without_certificates_says_so() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    for (text, said) in [
        ("", "no PEM block found"),
        ("hello", "no PEM block found"),
        (
            key.to_pem(),
            "not a certificate: no `CERTIFICATE` block in the file",
        ),
    ] {
        assert_eq!(outcomes(text), [(None, said.to_owned())]);
    }
}

#[test]
fn der_is_read_and_what_follows_it_is_refused() {
    let certificate = certificate();
    let mut der = certificate.as_der().to_vec();
    let entries = read(&der);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].certificate.as_ref(), Ok(&certificate));
    der.push(0);
    let refused = Certificate::from_der(&der).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "not a certificate: 1 bytes follow the certificate"
    );
    let half = &certificate.as_der()[..200];
    let refused = Certificate::from_der(half).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "not a certificate: the DER is cut short"
    );
    for length in 0..der.len() - 1 {
        Certificate::from_der(&der[..length]).unwrap_err();
    }
}

#[test]
fn the_parts_are_those_of_the_bytes() {
    let certificate = certificate();
    let parts = [
        certificate.tbs(),
        certificate.signature_algorithm(),
        &der::element(der::BIT_STRING, &[&[0], certificate.signature()]),
    ];
    assert_eq!(der::element(der::SEQUENCE, &parts), certificate.as_der());
    assert_eq!(certificate.sha256().len(), 64);
    assert_eq!(certificate.serial_hex(), "5a".repeat(16));
}

#[test]
fn a_broken_extension_does_not_hide_the_certificate() {
    // Basic constraints, whose cA is neither true nor false.
    let broken = altered(
        &certificate(),
        b"\x30\x03\x01\x01\xff",
        b"\x30\x03\x01\x01\xfe",
    )
    .unwrap();
    assert_eq!(broken.extensions().basic_constraints, None);
    assert_eq!(broken.extensions().broken, ["2.5.29.19"]);
    assert_eq!(broken.extensions().unhandled_critical, ["2.5.29.19"]);
    assert_eq!(broken.extensions().subject_key_id, Some(vec![7; 20]));
}

#[test]
fn an_unknown_critical_extension_is_told() {
    let unknown = altered(
        &certificate(),
        b"\x06\x03\x55\x1d\x13\x01\x01\xff",
        b"\x06\x03\x55\x1d\x7f\x01\x01\xff",
    );
    assert_eq!(
        unknown.unwrap().extensions().unhandled_critical,
        ["2.5.29.127"]
    );
}

#[test]
fn a_negative_serial_is_shown_as_such() {
    let mut serial = vec![2, 16];
    serial.extend([0x5a; 16]);
    let mut negative = vec![2, 16];
    negative.extend([0x80; 16]);
    let negative = altered(&certificate(), &serial, &negative).unwrap();
    assert_eq!(negative.serial_hex(), format!("-{}80", "7f".repeat(15)));
    let decimal = "-169473963133173273960190490760135540608";
    assert_eq!(negative.serial_decimal(), decimal);
}

#[test]
fn a_signature_with_sha_1_is_called_insecure() {
    let certificate = certificate();
    let der = certificate.as_der();
    // ecdsa-with-SHA256 and ecdsa-with-SHA1 differ in length; so the outer one is tried alone.
    let sha1 = b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01";
    let refused = crypto::verify(
        certificate.public_key(),
        sha1,
        certificate.tbs(),
        certificate.signature(),
    );
    assert_eq!(
        refused.unwrap_err().to_string(),
        "signed with ECDSA-SHA1, which is insecure"
    );
    let rsa = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
    let refused = crypto::verify(certificate.public_key(), rsa, der, certificate.signature());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "signed with SHA256-RSA, but the key is of type ecdsa-p256"
    );
    for (algorithm, says) in [
        (
            &b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"[..],
            "the signature was not made by this key",
        ),
        (
            b"\x30\x05\x06\x03\x2b\x65\x71",
            "signed with 1.3.101.113 by a key of type ecdsa-p256, which hapki does not verify",
        ),
    ] {
        let signature = certificate.signature();
        let refused = crypto::verify(certificate.public_key(), algorithm, der, signature);
        assert_eq!(refused.unwrap_err().to_string(), says);
    }
}
