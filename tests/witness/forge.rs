//! Certificates as a description: what `pki-core` would never issue can be said here.

use pki_core::x509::name::DistinguishedName;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::case::Der;
use crate::der;
use crate::keys::Key;

#[derive(Clone)]
pub struct Spec<'a> {
    pub version_3: bool,
    pub serial: u64,
    pub subject: DistinguishedName,
    pub issuer: DistinguishedName,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub key: &'a Key,
    /// The cA flag and the path length.
    pub constraints: Option<(bool, Option<u64>)>,
    pub key_usage: Option<u16>,
    pub usages: Vec<&'static str>,
    pub names: Vec<San>,
    pub subject_key_id: Option<Vec<u8>>,
    pub authority_key_id: Option<Vec<u8>>,
    /// Identifier, critical, contents.
    pub further: Vec<(&'static str, bool, Vec<u8>)>,
    /// What the certificate says it is signed with, where that is a lie.
    pub claimed_algorithm: Option<&'static str>,
    /// The same as a whole AlgorithmIdentifier.
    pub written_algorithm: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub enum San {
    Dns(String),
    Ip(Vec<u8>),
    Email(String),
    Uri(String),
    /// An otherName.
    Other,
}

pub const NOW: OffsetDateTime = datetime!(2026-06-01 12:34:56 UTC);
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub const DIGITAL_SIGNATURE: u16 = 1;
pub const KEY_CERT_SIGN: u16 = 1 << 5;

pub fn name(common_name: &str) -> DistinguishedName {
    DistinguishedName::new(common_name, &[])
}

impl<'a> Spec<'a> {
    /// A server's certificate without names.
    pub fn leaf(subject: &str, issuer: &str, key: &'a Key) -> Self {
        Self {
            version_3: true,
            serial: 4_660,
            subject: name(subject),
            issuer: name(issuer),
            not_before: datetime!(2025-01-01 0:00 UTC),
            not_after: datetime!(2030-01-01 0:00 UTC),
            key,
            constraints: None,
            key_usage: Some(DIGITAL_SIGNATURE),
            usages: vec![SERVER_AUTH],
            names: Vec::new(),
            subject_key_id: None,
            authority_key_id: None,
            further: Vec::new(),
            claimed_algorithm: None,
            written_algorithm: None,
        }
    }

    pub fn authority(subject: &str, issuer: &str, key: &'a Key) -> Self {
        Self {
            constraints: Some((true, None)),
            key_usage: Some(KEY_CERT_SIGN),
            usages: Vec::new(),
            ..Self::leaf(subject, issuer, key)
        }
    }

    pub fn signed_by(&self, signer: &Key) -> Der {
        self.parts(signer).signed_by(signer)
    }

    /// What `signer` would sign, in parts that can be changed before it does.
    pub fn parts(&self, signer: &Key) -> Parts {
        let algorithm = match (&self.written_algorithm, self.claimed_algorithm) {
            (Some(written), _) => written.clone(),
            (_, Some(claimed)) => der::sequence(&[&der::oid(claimed), der::NULL]),
            _ => signer.algorithm.clone(),
        };
        let version = if self.version_3 {
            der::element(0xa0, &[&der::integer(2)])
        } else {
            Vec::new()
        };
        let extensions = self.extensions();
        Parts {
            version,
            serial: der::integer(self.serial),
            inner_algorithm: algorithm.clone(),
            issuer: self.issuer.as_der().to_vec(),
            validity: der::sequence(&[&der::time(self.not_before), &der::time(self.not_after)]),
            subject: self.subject.as_der().to_vec(),
            key: self.key.spki.clone(),
            unique_ids: Vec::new(),
            extensions: if self.version_3 && !extensions.is_empty() {
                extension_list(&extensions)
            } else {
                Vec::new()
            },
            outer_algorithm: algorithm,
            unused_bits: None,
            after_signature: Vec::new(),
            behind: Vec::new(),
        }
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let mut extensions = Vec::new();
        if let Some((ca, path_length)) = self.constraints {
            let flag = if ca { der::TRUE } else { &[] };
            let length = path_length.map(der::integer).unwrap_or_default();
            extensions.push(extension(
                "2.5.29.19",
                true,
                &der::sequence(&[flag, &length]),
            ));
        }
        if let Some(bits) = self.key_usage {
            extensions.push(extension("2.5.29.15", true, &der::named_bits(bits)));
        }
        if !self.usages.is_empty() {
            let usages = self.usages.iter().map(|usage| der::oid(usage));
            let content = der::sequence(&[&usages.collect::<Vec<_>>().concat()]);
            extensions.push(extension("2.5.29.37", false, &content));
        }
        if !self.names.is_empty() {
            let names: Vec<Vec<u8>> = self.names.iter().map(San::to_der).collect();
            extensions.push(extension(
                "2.5.29.17",
                false,
                &der::sequence(&[&names.concat()]),
            ));
        }
        if let Some(id) = &self.subject_key_id {
            extensions.push(extension("2.5.29.14", false, &der::octet_string(id)));
        }
        if let Some(id) = &self.authority_key_id {
            let content = der::sequence(&[&der::element(0x80, &[id])]);
            extensions.push(extension("2.5.29.35", false, &content));
        }
        let further = self.further.iter();
        extensions
            .extend(further.map(|(oid, critical, content)| extension(oid, *critical, content)));
        extensions
    }
}

/// A certificate's elements in their order, each whole; empty where there is none.
#[derive(Clone)]
pub struct Parts {
    pub version: Vec<u8>,
    pub serial: Vec<u8>,
    pub inner_algorithm: Vec<u8>,
    pub issuer: Vec<u8>,
    pub validity: Vec<u8>,
    pub subject: Vec<u8>,
    pub key: Vec<u8>,
    pub unique_ids: Vec<u8>,
    pub extensions: Vec<u8>,
    pub outer_algorithm: Vec<u8>,
    /// What the signature's BIT STRING says of its last octet, and that octet.
    pub unused_bits: Option<(u8, u8)>,
    pub after_signature: Vec<u8>,
    /// What follows the certificate.
    pub behind: Vec<u8>,
}

impl Parts {
    pub fn tbs(&self) -> Vec<u8> {
        der::sequence(&[
            &self.version,
            &self.serial,
            &self.inner_algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &self.unique_ids,
            &self.extensions,
        ])
    }

    pub fn signed_by(&self, signer: &Key) -> Der {
        self.around(&self.tbs(), signer)
    }

    /// A certificate of this signed part, whatever it is.
    pub fn around(&self, tbs: &[u8], signer: &Key) -> Der {
        let mut signature = signer.sign(tbs);
        let (unused, last) = self.unused_bits.unzip();
        if let Some((octet, last)) = signature.last_mut().zip(last) {
            *octet = last;
        }
        let signature = der::element(3, &[&[unused.unwrap_or(0)], &signature]);
        let certificate = der::sequence(&[
            tbs,
            &self.outer_algorithm,
            &signature,
            &self.after_signature,
        ]);
        [certificate, self.behind.clone()].concat()
    }
}

impl San {
    pub fn dns(name: &str) -> Self {
        Self::Dns(name.to_owned())
    }

    pub fn ip(address: std::net::IpAddr) -> Self {
        match address {
            std::net::IpAddr::V4(address) => Self::Ip(address.octets().to_vec()),
            std::net::IpAddr::V6(address) => Self::Ip(address.octets().to_vec()),
        }
    }

    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Email(address) => der::element(0x81, &[address.as_bytes()]),
            Self::Dns(name) => der::element(0x82, &[name.as_bytes()]),
            Self::Uri(uri) => der::element(0x86, &[uri.as_bytes()]),
            Self::Ip(octets) => der::element(0x87, &[octets]),
            Self::Other => {
                let value = der::element(0xa0, &[&der::element(12, &[b"root"])]);
                der::element(0xa0, &[&der::oid("1.3.6.1.4.1.311.20.2.3"), &value])
            }
        }
    }
}

/// A GeneralName that is a text.
pub fn named(tag: u8, text: &str) -> Vec<u8> {
    der::element(tag, &[text.as_bytes()])
}

pub fn extension_list(extensions: &[Vec<u8>]) -> Vec<u8> {
    der::element(0xa3, &[&der::sequence(&[&extensions.concat()])])
}

pub fn extension(oid: &str, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { der::TRUE } else { &[] };
    der::sequence(&[&der::oid(oid), critical, &der::octet_string(content)])
}
