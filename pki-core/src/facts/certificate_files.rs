//! Certificate and key files: every block of a PEM text, parsed once however many files hold it.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::facts::Broken;
use crate::facts::BrokenKind;
use crate::place::FileStatus;
use crate::place::Place;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::CertificateError;
use crate::x509::key::KeyError;
use crate::x509::key::PrivateKey;
use crate::x509::pem;
use crate::x509::pem::PemBlock;
use crate::x509::spki::PublicKey;

/// What a PEM text holds, in its order.
#[derive(Clone, Debug, Default)]
pub struct PemFile {
    /// The file, or the line of a kubeconfig.
    pub place: Place,
    /// What the source has of its mode, its owner and where it lies.
    pub status: FileStatus,
    /// The certificates, each with the line of its BEGIN; `None` inside base64.
    pub certificates: Vec<(Option<u32>, Certificate)>,
    /// The private keys: their public halves, or why they cannot be used.
    pub keys: Vec<(Option<u32>, Result<PublicKey, KeyError>)>,
    /// Public keys by themselves, as sa.pub holds one.
    pub public_keys: Vec<(Option<u32>, PublicKey)>,
    /// How many public keys it holds in PKCS#1 (`RSA PUBLIC KEY`), which nothing of Kubernetes reads.
    pub pkcs1_public_keys: u16,
    /// What could not be understood.
    pub broken: Vec<Broken>,
}

/// What a text is expected to hold, so that an empty or foreign one can be named for what it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Certificates,
    Key,
    Anything,
}

/// Certificates that were parsed already, by their bytes: one ca.crt stands in ten kubeconfigs. Two certificates differ
/// within their first hundred bytes, so comparing them costs less than hashing one.
#[derive(Debug, Default)]
pub(super) struct Cache(BTreeSet<ByDer>);

#[derive(Debug, PartialEq, Eq)]
struct ByDer(Certificate);

impl Cache {
    fn certificate(&mut self, der: &[u8]) -> Result<Certificate, CertificateError> {
        if let Some(known) = self.0.get(der) {
            return Ok(known.0.clone());
        }
        let certificate = Certificate::from_der(der)?;
        self.0.insert(ByDer(certificate.clone()));
        Ok(certificate)
    }
}

/// Reads every block of `bytes`. `place` with a line means that the text is embedded there, and that its own lines say
/// nothing.
pub(super) fn parse(
    bytes: &[u8],
    place: &Place,
    status: FileStatus,
    expected: Expected,
    cache: &mut Cache,
) -> PemFile {
    let mut file = PemFile {
        place: place.clone(),
        status,
        ..PemFile::default()
    };
    if bytes.first() == Some(&DER_SEQUENCE) {
        return der(bytes, file, cache);
    }
    let blocks = pem::blocks(bytes);
    for block in &blocks {
        match block {
            Ok(block) if block.label.ends_with("PRIVATE KEY") => {
                if file.keys.is_empty() {
                    let key = PrivateKey::from_blocks(bytes, &blocks);
                    let public = key.map(|key| key.public_key().clone());
                    file.keys.push((file.line_of(block), public));
                }
            }
            Ok(block) => add(&mut file, block, cache),
            Err(error) => file.complain(None, error.to_string()),
        }
    }
    if let Some(lack) = file.lacks(expected) {
        file.complain(None, lack.to_owned());
    }
    file
}

fn add(file: &mut PemFile, block: &PemBlock, cache: &mut Cache) {
    let line = file.line_of(block);
    match block.label.as_str() {
        "CERTIFICATE" => match cache.certificate(&block.der) {
            Ok(certificate) => file.certificates.push((line, certificate)),
            Err(error) => file.complain(line, error.to_string()),
        },
        "PUBLIC KEY" => match PublicKey::from_der(&block.der) {
            Ok(key) => file.public_keys.push((line, key)),
            Err(error) => file.complain(line, error.to_string()),
        },
        "RSA PUBLIC KEY" => file.pkcs1_public_keys = file.pkcs1_public_keys.saturating_add(1),
        _ => {}
    }
}

fn der(bytes: &[u8], mut file: PemFile, cache: &mut Cache) -> PemFile {
    match cache.certificate(bytes) {
        Ok(certificate) => {
            file.certificates.push((None, certificate));
            file.complain(None, "is DER; Kubernetes and etcd read PEM only".to_owned());
        }
        Err(_) => file.complain(None, "is neither PEM nor a certificate in DER".to_owned()),
    }
    file
}

impl PemFile {
    /// The certificates alone.
    pub fn chain(&self) -> Vec<Certificate> {
        self.certificates.iter().map(|(_, c)| c.clone()).collect()
    }

    fn line_of(&self, block: &PemBlock) -> Option<u32> {
        self.place.line.is_none().then_some(block.line)
    }

    fn lacks(&self, expected: Expected) -> Option<&'static str> {
        if !self.broken.is_empty() {
            return None;
        }
        let (certificates, keys) = (!self.certificates.is_empty(), !self.keys.is_empty());
        match expected {
            Expected::Certificates if !certificates && keys => {
                Some("holds a private key where a certificate should be")
            }
            Expected::Certificates if !certificates => Some("holds no certificate"),
            Expected::Key if !keys && certificates => {
                Some("holds a certificate where a private key should be")
            }
            Expected::Key if !keys => Some("holds no private key"),
            _ => None,
        }
    }

    fn complain(&mut self, line: Option<u32>, problem: String) {
        let place = match line {
            Some(line) => self.place.at_line(line),
            None => self.place.clone(),
        };
        self.broken.push(Broken {
            place,
            kind: BrokenKind::Malformed,
            told_at: None,
            problem,
        });
    }
}

impl Ord for ByDer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_der().cmp(other.0.as_der())
    }
}

impl PartialOrd for ByDer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Borrow<[u8]> for ByDer {
    fn borrow(&self) -> &[u8] {
        self.0.as_der()
    }
}

/// The tag that a certificate or a key in DER begins with.
const DER_SEQUENCE: u8 = 0x30;
