//! Distinguished names, kept as the bytes they came in beside their parsed form.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use pkcs8::ObjectIdentifier;
use x509_parser::asn1_rs::Any;
use x509_parser::asn1_rs::Class;
use x509_parser::asn1_rs::Tag;
use x509_parser::asn1_rs::ToDer;
use x509_parser::prelude::FromDer;
use x509_parser::x509::AttributeTypeAndValue;
use x509_parser::x509::X509Name;

use crate::x509::der;
use crate::x509::hex;

/// A subject or issuer name. Two names are the same for a verifier when their bytes are (Go compares raw bytes,
/// RFC 5280 section 7.1 allows more), so equality is of bytes.
#[derive(Clone)]
pub struct DistinguishedName {
    der: Arc<[u8]>,
    rdns: Vec<Vec<Attribute>>,
}

/// One attribute of a relative distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// The type, dotted: `2.5.4.3` is the common name.
    pub oid: Cow<'static, str>,
    /// The value as text; what is no string type is kept as `#` and hexadecimal DER.
    pub value: String,
    is_text: bool,
}

/// Why bytes are not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name: {0}")]
pub struct NameError(pub String);

impl DistinguishedName {
    /// Reads one DER `Name` (RFC 5280 section 4.1.2.4), with nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, NameError> {
        let (rest, name) =
            X509Name::from_der(der).map_err(|_| NameError("the DER does not parse".to_owned()))?;
        if !rest.is_empty() {
            return Err(NameError(format!("{} bytes follow it", rest.len())));
        }
        Ok(Self::of(&name))
    }

    /// The name kubeadm would write: organizations first, then the common name, each its own RDN, as
    /// `PrintableString` where the characters allow it and `UTF8String` otherwise (as Go's pkix.Name does).
    pub fn new(common_name: &str, organizations: &[String]) -> Self {
        let mut rdns = Vec::with_capacity(organizations.len() + 1);
        for organization in organizations {
            rdns.push((ORGANIZATION, organization.as_str()));
        }
        if !common_name.is_empty() {
            rdns.push((COMMON_NAME, common_name));
        }
        Self::from_attributes(&rdns)
    }

    /// One RDN for each attribute, in this order.
    pub(crate) fn from_attributes(attributes: &[(ObjectIdentifier, &str)]) -> Self {
        let encoded: Vec<Vec<u8>> = attributes
            .iter()
            .map(|(oid, value)| {
                let pair = [der::oid(oid), directory_string(value)];
                let pair = der::element(der::SEQUENCE, &[&pair[0], &pair[1]]);
                der::element(der::SET, &[&pair])
            })
            .collect();
        let parts: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        Self {
            der: der::element(der::SEQUENCE, &parts).into(),
            rdns: attributes
                .iter()
                .map(|(oid, value)| {
                    vec![Attribute {
                        oid: dotted(&oid.to_string()),
                        value: (*value).to_owned(),
                        is_text: true,
                    }]
                })
                .collect(),
        }
    }

    pub(crate) fn of(name: &X509Name<'_>) -> Self {
        Self {
            der: name.as_raw().into(),
            rdns: name
                .iter_rdn()
                .map(|rdn| rdn.iter().map(Attribute::of).collect())
                .collect(),
        }
    }

    /// The bytes of the `Name`.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The relative distinguished names, in order.
    pub fn rdns(&self) -> &[Vec<Attribute>] {
        &self.rdns
    }

    /// The common name: the last one, as Go takes it. Kubernetes reads the user's name from it.
    pub fn common_name(&self) -> Option<&str> {
        self.values("2.5.4.3").last()
    }

    /// All organizations, in order. Kubernetes reads the user's groups from them.
    pub fn organizations(&self) -> Vec<&str> {
        self.values("2.5.4.10").collect()
    }

    /// Whether the name has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    fn values<'a>(&'a self, oid: &'a str) -> impl Iterator<Item = &'a str> {
        self.rdns
            .iter()
            .flatten()
            .filter(move |attribute| attribute.oid == oid && attribute.is_text)
            .map(|attribute| attribute.value.as_str())
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for DistinguishedName {}

impl std::hash::Hash for DistinguishedName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

impl fmt::Display for DistinguishedName {
    /// RFC 4514 as Go's `pkix.RDNSequence.String` prints it, which is also what `pkix.Name.String` prints for the names
    /// that Kubernetes' tools write: last RDN first, `CN=kubernetes-admin,O=kubeadm:cluster-admins`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, rdn) in self.rdns.iter().rev().enumerate() {
            if position > 0 {
                f.write_char(',')?;
            }
            for (position, attribute) in rdn.iter().enumerate() {
                if position > 0 {
                    f.write_char('+')?;
                }
                attribute.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
}

impl Attribute {
    fn of(attribute: &AttributeTypeAndValue<'_>) -> Self {
        let value = attribute.attr_value();
        let text = text(value);
        Self {
            oid: dotted(&attribute.attr_type().to_id_string()),
            is_text: text.is_some(),
            value: text.unwrap_or_else(|| {
                format!("#{}", hex(&value.to_der_vec_raw().unwrap_or_default()))
            }),
        }
    }

    /// `CN`, `O`: the types that Go prints by name.
    fn short_name(&self) -> Option<&'static str> {
        TYPES
            .iter()
            .find(|(oid, _)| *oid == self.oid)
            .and_then(|(_, name)| *name)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.short_name(), self.is_text) {
            (None, true) => write!(f, "{}=#{}", self.oid, hex(&directory_string(&self.value))),
            (Some(name), true) => write!(f, "{name}={}", escaped(&self.value)),
            (name, false) => write!(f, "{}={}", name.unwrap_or(&self.oid), self.value),
        }
    }
}

/// Escapes as Go does: specials anywhere, a blank at either end, `#` at the start.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (position, character) in value.char_indices() {
        let escape = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => position == 0 || position + 1 == value.len(),
            '#' => position == 0,
            _ => false,
        };
        if escape {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A string value as text. T61String is read as Latin-1, as Go and OpenSSL read it.
fn text(value: &Any<'_>) -> Option<String> {
    if value.class() != Class::Universal {
        return None;
    }
    let bytes = value.data;
    match value.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString
        | Tag::GeneralString => String::from_utf8(bytes.to_vec()).ok(),
        Tag::T61String => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units = bytes.chunks_exact(2).map(|pair| {
                pair.iter()
                    .fold(0, |unit, byte| unit << 8 | u16::from(*byte))
            });
            let whole = bytes.len().is_multiple_of(2);
            char::decode_utf16(units)
                .collect::<Result<_, _>>()
                .ok()
                .filter(|_| whole)
        }
        Tag::UniversalString => {
            let characters = bytes.chunks_exact(4).map(|quad| {
                char::from_u32(
                    quad.iter()
                        .fold(0, |point, byte| point << 8 | u32::from(*byte)),
                )
            });
            let whole = bytes.len().is_multiple_of(4);
            characters.collect::<Option<_>>().filter(|_| whole)
        }
        _ => None,
    }
}

/// PrintableString where Go's encoding/asn1 chooses it, UTF8String otherwise.
fn directory_string(value: &str) -> Vec<u8> {
    let tag = if value.bytes().all(is_printable) {
        der::PRINTABLE_STRING
    } else {
        der::UTF8_STRING
    };
    der::element(tag, &[value.as_bytes()])
}

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}

/// The dotted form without an allocation for the types that names are made of.
fn dotted(oid: &str) -> Cow<'static, str> {
    TYPES.iter().find(|(known, _)| *known == oid).map_or_else(
        || Cow::Owned(oid.to_owned()),
        |(known, _)| Cow::Borrowed(*known),
    )
}

/// organizationName.
pub(crate) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// commonName.
pub(crate) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The types that Go prints by name (crypto/x509/pkix, `attributeTypeNames`), and others seen in clusters.
const TYPES: [(&str, Option<&str>); 11] = [
    ("2.5.4.3", Some("CN")),
    ("2.5.4.10", Some("O")),
    ("2.5.4.11", Some("OU")),
    ("2.5.4.6", Some("C")),
    ("2.5.4.7", Some("L")),
    ("2.5.4.8", Some("ST")),
    ("2.5.4.5", Some("SERIALNUMBER")),
    ("2.5.4.9", Some("STREET")),
    ("2.5.4.17", Some("POSTALCODE")),
    ("0.9.2342.19200300.100.1.25", None),
    ("1.2.840.113549.1.9.1", None),
];
