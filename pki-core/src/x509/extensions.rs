//! Certificate extensions.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use crate::x509::der::BOOLEAN;
use crate::x509::der::INTEGER;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::OCTET_STRING;
use crate::x509::der::SEQUENCE;
use crate::x509::der::integer::int64;
use crate::x509::der::read;
use crate::x509::der::read::Element;
use crate::x509::der::read::Reader;
use crate::x509::name_constraints::NameConstraints;
use crate::x509::policies::Policies;
use crate::x509::rfc5280::AUTHORITY_KEY_IDENTIFIER;
use crate::x509::rfc5280::BASIC_CONSTRAINTS;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::rfc5280::EXT_KEY_USAGE;
use crate::x509::rfc5280::IP_ADDRESS;
use crate::x509::rfc5280::KEY_IDENTIFIER;
use crate::x509::rfc5280::KEY_USAGE;
use crate::x509::rfc5280::NAME_CONSTRAINTS;
use crate::x509::rfc5280::RFC822_NAME;
use crate::x509::rfc5280::SUBJECT_ALT_NAME;
use crate::x509::rfc5280::SUBJECT_KEY_IDENTIFIER;
use crate::x509::rfc5280::URI;

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
    /// Name constraints, when present.
    pub name_constraints: Option<Box<NameConstraints>>,
    /// Certificate policies and what goes with them, when any of it is present.
    pub policies: Option<Box<Policies>>,
    /// Dotted identifiers of critical extensions that none of the fields above holds, and of names and name constraints
    /// that hold kinds which Go does not know: nothing else, or anything.
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

    fn of(oid: &[u8]) -> Self {
        let oid = read::dotted(oid);
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

/// An extension as it is written (RFC 5280 section 4.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawExtension<'a> {
    /// The contents of extnID.
    pub(crate) oid: &'a [u8],
    /// critical.
    pub(crate) critical: bool,
    /// The contents of extnValue.
    pub(crate) value: &'a [u8],
}

/// Takes apart the inside of an `Extensions`. Any octet but 0 is taken for TRUE.
pub(crate) fn list(mut list: Reader<'_>) -> Option<Vec<RawExtension<'_>>> {
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let mut extension = list.inside(SEQUENCE)?;
        let oid = extension.contents(OBJECT_IDENTIFIER)?;
        let critical = if extension.is_next(BOOLEAN) {
            extension.contents(BOOLEAN)? != [0]
        } else {
            false
        };
        extensions.push(RawExtension {
            oid,
            critical,
            value: extension.contents(OCTET_STRING)?,
        });
    }
    Some(extensions)
}

/// Reads the extensions of a certificate or a request. Of two of the same type the first counts.
pub(crate) fn read<'a>(extensions: impl IntoIterator<Item = RawExtension<'a>>) -> Extensions {
    let mut read = Extensions::default();
    for extension in extensions {
        let taken = take(&mut read, &extension);
        if taken == Taken::Fully {
            continue;
        }
        let oid = read::dotted(extension.oid);
        if extension.critical {
            read.unhandled_critical.push(oid.clone());
        }
        if taken == Taken::Broken {
            read.broken.push(oid);
        }
    }
    read
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Fully,
    /// There is no field for it, or nothing in it that means anything.
    Unknown,
    Broken,
}

/// Puts one extension into its field, read as Go's crypto/x509 reads it.
fn take(read: &mut Extensions, extension: &RawExtension<'_>) -> Taken {
    let value = Reader::new(extension.value);
    let taken = match extension.oid {
        BASIC_CONSTRAINTS => basic_constraints(value).map(|constraints| {
            read.basic_constraints.get_or_insert(constraints);
        }),
        KEY_USAGE => key_usage(value).map(|usage| {
            read.key_usage.get_or_insert(usage);
        }),
        EXT_KEY_USAGE => extended_key_usages(value).map(|usages| {
            read.extended_key_usage.get_or_insert(usages);
        }),
        SUBJECT_KEY_IDENTIFIER => subject_key_id(value).map(|id| {
            read.subject_key_id.get_or_insert(id);
        }),
        AUTHORITY_KEY_IDENTIFIER => authority_key_id(value).map(|id| {
            if read.authority_key_id.is_none() {
                read.authority_key_id = id;
            }
        }),
        SUBJECT_ALT_NAME => return take_names(read, value),
        NAME_CONSTRAINTS => return take_constraints(read, value),
        oid if Policies::has_field(oid) => {
            let policies = read.policies.get_or_insert_default();
            policies.take(oid, value)
        }
        _ => return Taken::Unknown,
    };
    taken.map_or(Taken::Broken, |()| Taken::Fully)
}

fn take_constraints(read: &mut Extensions, value: Reader<'_>) -> Taken {
    let Some(constraints) = NameConstraints::read(value) else {
        return Taken::Broken;
    };
    let is_understood = constraints.is_understood();
    read.name_constraints.get_or_insert(Box::new(constraints));
    if is_understood {
        Taken::Fully
    } else {
        Taken::Unknown
    }
}

fn take_names(read: &mut Extensions, value: Reader<'_>) -> Taken {
    let Some(names) = general_names(value) else {
        return Taken::Broken;
    };
    let means_nothing = names
        .iter()
        .all(|name| matches!(name, GeneralName::Other(_)));
    read.subject_alt_names.get_or_insert(names);
    if means_nothing {
        Taken::Unknown
    } else {
        Taken::Fully
    }
}

fn basic_constraints(mut value: Reader<'_>) -> Option<BasicConstraints> {
    let mut inside = value.inside(SEQUENCE)?;
    let ca = if inside.is_next(BOOLEAN) {
        inside.boolean()?
    } else {
        false
    };
    let path_len = if inside.is_next(INTEGER) {
        Some(path_length(inside.integer()?)?)
    } else {
        None
    };
    Some(BasicConstraints { ca, path_len })
}

/// No chain is as long as the longest that can be said here.
fn path_length(octets: &[u8]) -> Option<u32> {
    let length = int64(octets).filter(|length| *length >= 0)?;
    Some(u32::try_from(length).unwrap_or(u32::MAX))
}

fn key_usage(mut value: Reader<'_>) -> Option<KeyUsage> {
    let bits = value.bit_string()?;
    let set = (0..KEY_USAGES.len()).filter(|bit| bits.is_set(*bit));
    Some(KeyUsage(set.fold(0, |usage, bit| usage | 1 << bit)))
}

fn extended_key_usages(mut value: Reader<'_>) -> Option<Vec<ExtendedKeyUsage>> {
    let mut inside = value.inside(SEQUENCE)?;
    let mut usages = Vec::new();
    while !inside.is_empty() {
        usages.push(ExtendedKeyUsage::of(inside.oid()?));
    }
    Some(usages)
}

fn subject_key_id(mut value: Reader<'_>) -> Option<Vec<u8>> {
    value.contents(OCTET_STRING).map(<[u8]>::to_vec)
}

/// The key identifier, where there is one.
fn authority_key_id(mut value: Reader<'_>) -> Option<Option<Vec<u8>>> {
    let id = value.inside(SEQUENCE)?.optional(KEY_IDENTIFIER)?;
    Some(id.map(|id| id.rest().to_vec()))
}

fn general_names(mut value: Reader<'_>) -> Option<Vec<GeneralName>> {
    let mut inside = value.inside(SEQUENCE)?;
    let mut names = Vec::new();
    while !inside.is_empty() {
        names.push(general_name(&inside.any()?));
    }
    Some(names)
}

fn general_name(name: &Element<'_>) -> GeneralName {
    let text = || String::from_utf8_lossy(name.contents).into_owned();
    match name.tag {
        RFC822_NAME => GeneralName::Email(text()),
        DNS_NAME => GeneralName::Dns(text()),
        URI => GeneralName::Uri(text()),
        IP_ADDRESS => ip(name.contents).map_or(GeneralName::Other(7), GeneralName::Ip),
        tag => GeneralName::Other(tag & 0x1f),
    }
}

/// An address of 4 or 16 bytes.
pub(crate) fn ip(bytes: &[u8]) -> Option<IpAddr> {
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
