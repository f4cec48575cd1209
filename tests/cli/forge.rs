//! Certificates made at run time: no key is ever kept in the repository.

use pki_core::x509::certificate::BasicConstraints;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::crypto;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::template::Template;
use time::Duration;
use time::OffsetDateTime;

/// A certificate and its key.
pub(crate) struct Pair {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

/// 2027-01-01T00:00:00Z, when everything here begins to be valid.
pub(crate) fn begin() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_798_761_600).unwrap()
}

/// A CA of ten years.
pub(crate) fn authority(name: &str) -> Pair {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let subject = DistinguishedName::new(name, &[]);
    let template = Template {
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_CERT_SIGN),
        extended_key_usage: Vec::new(),
        not_after: begin() + Duration::days(3650),
        subject_key_id: Some(crypto::sha1(key.public_key().key_bits()).to_vec()),
        ..template(&key, subject.clone(), subject, &[])
    };
    Pair {
        certificate: template.sign(&key).unwrap(),
        key,
    }
}

/// A serving certificate of one year, with a fresh P-256 key.
pub(crate) fn server(issuer: &Pair, name: &str, sans: &[&str]) -> Pair {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let issuer_name = issuer.certificate.subject().clone();
    let template = template(&key, issuer_name, DistinguishedName::new(name, &[]), sans);
    Pair {
        certificate: template.sign(&issuer.key).unwrap(),
        key,
    }
}

fn template(
    key: &PrivateKey,
    issuer: DistinguishedName,
    subject: DistinguishedName,
    sans: &[&str],
) -> Template {
    Template {
        serial: vec![0x4a, 0x17],
        issuer,
        subject,
        not_before: begin(),
        not_after: begin() + Duration::days(365),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: false,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
        extended_key_usage: vec![ExtendedKeyUsage::ServerAuth],
        subject_alt_names: sans.iter().map(|san| san.parse().unwrap()).collect(),
        subject_key_id: None,
        authority_key_id: None,
    }
}
