//! Certificate extensions.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use pkcs8::ObjectIdentifier;
use pkcs8::der;
use pkcs8::der::Decode;
use pkcs8::der::Reader;
use pkcs8::der::SliceReader;
use x509_parser::extensions as parsed;
use x509_parser::extensions::ParsedExtension;
use x509_parser::extensions::X509Extension;

/// The extensions that verifiers look at (RFC 5280 section 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Basic constraints, when present.
    pub basic_constraints: Option<BasicConstraints>,
    /// Key usage, when present.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage, when present.
    pub extended_key_usage: Option<Vec<ExtendedKeyUsage>>,
    /// Subject alternative names, when the extension is present, in the order of the certificate.
    pub subject_alt_names: Option<Vec<GeneralName>>,
    /// Subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// The key identifier of the authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Dotted identifiers of critical extensions that none of the fields above holds.
    pub unhandled_critical: Vec<String>,
    /// Dotted identifiers of extensions whose contents do not parse.
    pub broken: Vec<String>,
}

/// Basic constraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The cA flag.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_len: Option<u32>,
}

/// Key usage bits (RFC 5280 section 4.2.1.3); bit 0, digitalSignature, is the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

/// One extended key usage (RFC 5280 section 4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExtendedKeyUsage {
    /// anyExtendedKeyUsage.
    Any,
    /// id-kp-serverAuth.
    ServerAuth,
    /// id-kp-clientAuth.
    ClientAuth,
    /// Any other, dotted.
    Other(String),
}

/// One subject alternative name as a certificate presents it, which may be odder than what hapki issues.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GeneralName {
    /// A dNSName, as written.
    Dns(String),
    /// An iPAddress of 4 or 16 bytes.
    Ip(IpAddr),
    /// An rfc822Name.
    Email(String),
    /// A uniformResourceIdentifier.
    Uri(String),
    /// Anything else, by the number of its tag.
    Other(u8),
}

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// keyCertSign.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign.
    pub const CRL_SIGN: Self = Self(1 << 6);

    /// Whether every bit of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// RFC 5280's names of the bits that are set, bit 0 first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        (0..)
            .zip(KEY_USAGES)
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| name)
    }

    /// Both together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for KeyUsage {
    /// RFC 5280's names, `digitalSignature, keyEncipherment`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = self.names();
        if let Some(name) = names.next() {
            f.write_str(name)?;
        }
        names.try_for_each(|name| write!(f, ", {name}"))
    }
}

impl ExtendedKeyUsage {
    /// The dotted identifier.
    pub fn oid(&self) -> &str {
        match self {
            Self::Any => "2.5.29.37.0",
            Self::ServerAuth => "1.3.6.1.5.5.7.3.1",
            Self::ClientAuth => "1.3.6.1.5.5.7.3.2",
            Self::Other(oid) => oid,
        }
    }

    fn of(oid: &ObjectIdentifier) -> Self {
        let oid = oid.to_string();
        [Self::Any, Self::ServerAuth, Self::ClientAuth]
            .into_iter()
            .find(|usage| usage.oid() == oid)
            .unwrap_or(Self::Other(oid))
    }
}

impl fmt::Display for ExtendedKeyUsage {
    /// `serverAuth`, `clientAuth`; those RFC 5280 does not name are dotted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "anyExtendedKeyUsage",
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
            Self::Other(oid) => OTHER_USAGES
                .iter()
                .find(|(known, _)| known == oid)
                .map_or(oid.as_str(), |(_, name)| name),
        })
    }
}

impl fmt::Display for GeneralName {
    /// `DNS:wudang`, `IP:10.24.138.208`, as OpenSSL labels them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Email(address) => write!(f, "email:{address}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::Other(tag) => write!(f, "a name of type [{tag}]"),
        }
    }
}

/// Reads the extensions of a certificate or a request. Of two of the same type the first counts.
pub(crate) fn read(extensions: &[X509Extension<'_>]) -> Extensions {
    let mut read = Extensions::default();
    for extension in extensions {
        let known = take(&mut read, extension);
        if known.is_none() {
            let oid = extension.oid.to_id_string();
            if matches!(
                extension.parsed_extension(),
                ParsedExtension::ParseError { .. }
            ) {
                read.broken.push(oid.clone());
            }
            if extension.critical {
                read.unhandled_critical.push(oid);
            }
        }
    }
    read
}

/// Sign and magnitude of an INTEGER's content bytes, the magnitude without leading zeros but at least one byte.
pub(crate) fn magnitude(integer: &[u8]) -> (bool, Vec<u8>) {
    let negative = integer.first().is_some_and(|first| first & 0x80 != 0);
    let mut bytes = integer.to_vec();
    if negative {
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros.min(bytes.len().saturating_sub(1)));
    (negative, bytes)
}

/// Puts one extension into its field; `None` when there is no field for it or it does not parse.
fn take(read: &mut Extensions, extension: &X509Extension<'_>) -> Option<()> {
    match extension.parsed_extension() {
        ParsedExtension::BasicConstraints(constraints) => {
            read.basic_constraints.get_or_insert(BasicConstraints {
                ca: constraints.ca,
                path_len: constraints.path_len_constraint,
            });
        }
        ParsedExtension::KeyUsage(usage) => {
            read.key_usage.get_or_insert(KeyUsage(usage.flags));
        }
        // x509-parser does not keep the order.
        ParsedExtension::ExtendedKeyUsage(_) => {
            let usages = extended_key_usages(extension.value).ok()?;
            read.extended_key_usage.get_or_insert(usages);
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            let names = names.general_names.iter().map(general_name).collect();
            read.subject_alt_names.get_or_insert(names);
        }
        ParsedExtension::SubjectKeyIdentifier(id) => {
            read.subject_key_id.get_or_insert(id.0.to_vec());
        }
        ParsedExtension::AuthorityKeyIdentifier(authority) => {
            if let Some(id) = &authority.key_identifier {
                read.authority_key_id.get_or_insert(id.0.to_vec());
            }
        }
        _ => return None,
    }
    Some(())
}

fn extended_key_usages(value: &[u8]) -> der::Result<Vec<ExtendedKeyUsage>> {
    SliceReader::new(value)?.sequence(|inner| {
        let mut usages = Vec::new();
        while !inner.is_finished() {
            usages.push(ExtendedKeyUsage::of(&ObjectIdentifier::decode(inner)?));
        }
        Ok(usages)
    })
}

fn general_name(name: &parsed::GeneralName<'_>) -> GeneralName {
    match name {
        parsed::GeneralName::DNSName(name) => GeneralName::Dns((*name).to_owned()),
        parsed::GeneralName::IPAddress(bytes) => {
            ip(bytes).map_or(GeneralName::Other(7), GeneralName::Ip)
        }
        parsed::GeneralName::RFC822Name(address) => GeneralName::Email((*address).to_owned()),
        parsed::GeneralName::URI(uri) => GeneralName::Uri((*uri).to_owned()),
        parsed::GeneralName::OtherName(..) => GeneralName::Other(0),
        parsed::GeneralName::X400Address(_) => GeneralName::Other(3),
        parsed::GeneralName::DirectoryName(_) => GeneralName::Other(4),
        parsed::GeneralName::EDIPartyName(_) => GeneralName::Other(5),
        parsed::GeneralName::RegisteredID(_) => GeneralName::Other(8),
        // RFC 5280 has tags 0 to 8.
        parsed::GeneralName::Invalid(tag, _) => {
            GeneralName::Other(u8::try_from(tag.0).unwrap_or(u8::MAX))
        }
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(sixteen).into())
}

/// In the order of their bits.
const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

const OTHER_USAGES: [(&str, &str); 4] = [
    ("1.3.6.1.5.5.7.3.3", "codeSigning"),
    ("1.3.6.1.5.5.7.3.4", "emailProtection"),
    ("1.3.6.1.5.5.7.3.8", "timeStamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
];
