//! Keys and certificates made at run time. RSA keys take long, so a process makes each once; as Harbor asks for RSA of
//! 4096 bits, 2048 stand for them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki_core::x509::certificate::BasicConstraints;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::crypto;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::pem;
use pki_core::x509::san::SubjectAltName;
use pki_core::x509::spki::PublicKey;
use pki_core::x509::template::Template;
use time::Duration;
use time::OffsetDateTime;
use time::macros::datetime;

/// When everything here begins to be valid.
pub const BEGIN: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

/// An authority and its key.
pub struct Authority {
    certificate: Certificate,
    key: PrivateKey,
}

/// A server's certificate with its key.
pub struct Server {
    pub certificate: String,
    pub key: String,
}

/// The RSA-2048 key of that name, as PKCS#1: the same whenever it is asked for, and no other's.
pub fn rsa(name: &str) -> String {
    static MADE: OnceLock<Mutex<BTreeMap<String, &'static OnceLock<String>>>> = OnceLock::new();
    let made = MADE.get_or_init(Mutex::default);
    let key: &'static OnceLock<String> = {
        let mut made = made.lock().unwrap();
        made.entry(name.to_owned())
            .or_insert_with(|| Box::leak(Box::default()))
    };
    key.get_or_init(|| new(KeyAlgorithm::Rsa2048)).clone()
}

/// A new key, in the form that Harbor and OpenSSL 1 write: PKCS#1, SEC1.
pub fn new(algorithm: KeyAlgorithm) -> String {
    let key = PrivateKey::generate(algorithm).unwrap();
    key.to_pem().to_owned()
}

/// What `openssl req -new -x509 -days 3650 -subj /` makes of a key: empty names, a CA of ten years.
pub fn root(key: &str) -> String {
    root_from(key, BEGIN, BEGIN + Duration::days(3650))
}

/// The same for another time.
pub fn root_from(key: &str, not_before: OffsetDateTime, not_after: OffsetDateTime) -> String {
    let key = PrivateKey::from_bytes(key.as_bytes()).unwrap();
    certificate_of(key.public_key(), &key, not_before, not_after).to_pem()
}

/// Such a certificate of a public key, signed by whichever key.
pub fn certificate_of(
    public: &PublicKey,
    signer: &PrivateKey,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Certificate {
    let template = Template {
        not_before,
        not_after,
        ..authority(public, DistinguishedName::new("", &[]))
    };
    template.sign(signer).unwrap()
}

/// The same RSA key as PKCS#8: what OpenSSL 3 writes unless asked for `-traditional`.
pub fn pkcs8(pkcs1: &str) -> String {
    let body: String = pkcs1
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let key = STANDARD.decode(body).unwrap();
    let algorithm = [
        0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
    ];
    let contents = [&[2, 1, 0][..], &algorithm, &element(4, &key)].concat();
    pem::encode("PRIVATE KEY", &element(0x30, &contents))
}

impl Authority {
    /// A CA of ten years.
    pub fn new(name: &str) -> Self {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let template = authority(key.public_key(), DistinguishedName::new(name, &[]));
        Self {
            certificate: template.sign(&key).unwrap(),
            key,
        }
    }

    pub fn pem(&self) -> String {
        self.certificate.to_pem()
    }

    /// A certificate of one year for those names.
    pub fn server(&self, names: &[&str]) -> Server {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let leaf = Template {
            serial: vec![0x4a, 0x18],
            subject: DistinguishedName::new(names[0], &[]),
            not_after: BEGIN + Duration::days(365),
            basic_constraints: None,
            key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
            extended_key_usage: vec![ExtendedKeyUsage::ServerAuth],
            subject_alt_names: names.iter().map(|name| san(name)).collect(),
            subject_key_id: None,
            ..authority(key.public_key(), self.certificate.subject().clone())
        };
        Server {
            certificate: leaf.sign(&self.key).unwrap().to_pem(),
            key: key.to_pem().to_owned(),
        }
    }
}

fn san(name: &str) -> SubjectAltName {
    let host = name.split(':').next().unwrap();
    host.parse().unwrap()
}

fn authority(public: &PublicKey, name: DistinguishedName) -> Template {
    let id = crypto::sha1(public.key_bits()).to_vec();
    Template {
        serial: vec![0x4a, 0x17],
        issuer: name.clone(),
        subject: name,
        not_before: BEGIN,
        not_after: BEGIN + Duration::days(3650),
        public_key: public.clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::default(),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: Some(id),
        authority_key_id: None,
    }
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], contents].concat()
}
