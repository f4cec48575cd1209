//! Distinguished names, kept as the bytes they came in beside their parsed form.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use pkcs8::ObjectIdentifier;

use crate::x509::der;
use crate::x509::der::read;
use crate::x509::der::read::Element;
use crate::x509::der::read::Reader;
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
        let mut rest = Reader::new(der);
        let name = rest
            .element(der::SEQUENCE)
            .and_then(|name| Self::read(name.whole))
            .ok_or_else(|| NameError("the DER does not parse".to_owned()))?;
        if !rest.is_empty() {
            return Err(NameError(format!("{} bytes follow it", rest.rest().len())));
        }
        if name.rdns.iter().any(Vec::is_empty) {
            return Err(NameError("an RDN is empty".to_owned()));
        }
        Ok(name)
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

    /// Reads the `Name` of a certificate or a request; an RDN may be empty, as Go has it.
    pub(crate) fn read(name: &[u8]) -> Option<Self> {
        let mut sequence = Reader::new(name).inside(der::SEQUENCE)?;
        let mut rdns = Vec::new();
        while !sequence.is_empty() {
            let mut set = sequence.inside(der::SET)?;
            let mut attributes = Vec::new();
            while !set.is_empty() {
                let mut pair = set.inside(der::SEQUENCE)?;
                let kind = pair.contents(der::OBJECT_IDENTIFIER)?;
                attributes.push(Attribute::of(kind, &pair.any()?));
            }
            rdns.push(attributes);
        }
        Some(Self {
            der: name.into(),
            rdns,
        })
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
    fn of(kind: &[u8], value: &Element<'_>) -> Self {
        let text = text(value);
        Self {
            oid: dotted(&read::dotted(kind)),
            is_text: text.is_some(),
            value: text.unwrap_or_else(|| format!("#{}", hex(value.whole))),
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

/// A string value as text. T61String is read as Latin-1 and a BMPString may end in a zero, as Go has it.
fn text(value: &Element<'_>) -> Option<String> {
    let octets = value.contents;
    match value.tag {
        der::UTF8_STRING
        | der::NUMERIC_STRING
        | der::PRINTABLE_STRING
        | der::IA5_STRING
        | der::VISIBLE_STRING
        | der::GENERAL_STRING => String::from_utf8(octets.to_vec()).ok(),
        der::T61_STRING => Some(octets.iter().copied().map(char::from).collect()),
        der::BMP_STRING => {
            let whole = octets.len().is_multiple_of(2);
            let ended = octets.strip_suffix(&[0, 0]).filter(|_| whole);
            let units = ended.unwrap_or(octets).chunks_exact(2).map(|pair| {
                pair.iter()
                    .fold(0, |unit, octet| unit << 8 | u16::from(*octet))
            });
            char::decode_utf16(units)
                .collect::<Result<_, _>>()
                .ok()
                .filter(|_| whole)
        }
        der::UNIVERSAL_STRING => {
            let characters = octets.chunks_exact(4).map(|quad| {
                char::from_u32(
                    quad.iter()
                        .fold(0, |point, octet| point << 8 | u32::from(*octet)),
                )
            });
            let whole = octets.len().is_multiple_of(4);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    /// DER and what Go 1.26's `pkix.RDNSequence.String` makes of it.
    const KNOWN: &[(&str, &str)] = &[
        ("3000", ""),
        (
            "303c311f301d060355040a13166b75626561646d3a636c75737465722d61646d696e7331193017060355040313106b756265726e657465732d61646d696e",
            "CN=kubernetes-admin,O=kubeadm:cluster-admins",
        ),
        (
            "308180310b300906035504061302434e310e300c060355040813054875626569310f300d0603550407130653686979616e311730150603550409130e3120507572706c6520436c6f7564310f300d06035504111306343432303030310c300a060355040b13036f6e65310c300a060355040b130374776f310a30080603550405130137",
            "SERIALNUMBER=7,OU=two,OU=one,POSTALCODE=442000,STREET=1 Purple Cloud,L=Shiyan,ST=Hubei,C=CN",
        ),
        (
            "302631143008060355040a1301783008060355040b130179310e300c060355040313056d756c7469",
            "CN=multi,O=x+OU=y",
        ),
        (
            "303c31153013060a0992268993f22c64011916056c6f63616c31163014060a0992268993f22c6401191606777564616e67310b3009060355040313026361",
            "CN=ca,0.9.2342.19200300.100.1.25=#1306777564616e67,0.9.2342.19200300.100.1.25=#13056c6f63616c",
        ),
        (
            "30233112301006092a864886f70d0109011603614062310d300b060355040313046d61696c",
            "CN=mail,1.2.840.113549.1.9.1=#0c03614062",
        ),
        ("30123110300e06035504031407577564616e67e9", "CN=Wudangé"),
        ("300f310d300b06035504031e0400426b66", "CN=B武"),
        (
            "30153113301106035504030c0a20232c2b225c3c3e3b20",
            "CN=\\ #\\,\\+\\\"\\\\\\<\\>\\;\\ ",
        ),
        (
            "3026310b300906035504030c022378310a3008060355040a130120310b3009060355040b13022020",
            "OU=\\ \\ ,O=\\ ,CN=\\#x",
        ),
        (
            "302f3110300e06035504030c07612062202320633110300e060355040a0c07e6ada6e5bd932031093007060355040a1300",
            "O=,O=武当\\ ,CN=a b # c",
        ),
        (
            "30143112301006035504030c09613d622a6326645f65",
            "CN=a=b*c&d_e",
        ),
        (
            "301c310d300b06022a030c05636166c3a9310b300906022a030c03782a79",
            "1.2.3=#0c03782a79,1.2.3=#0c05636166c3a9",
        ),
        (
            "30163114301206035504030c0b6c696e650a627265616b00",
            "CN=line\nbreak\0",
        ),
    ];

    #[test]
    fn names_print_as_go_prints_them() {
        for (der, printed) in KNOWN {
            let name = DistinguishedName::from_der(&unhex(der)).unwrap();
            assert_eq!(name.to_string(), *printed);
            assert_eq!(name.as_der(), unhex(der));
            assert_eq!(name.is_empty(), printed.is_empty());
        }
    }

    #[test]
    fn names_are_made_as_go_makes_them() {
        let organizations = ["kubeadm:cluster-admins".to_owned()];
        let made = DistinguishedName::new("kubernetes-admin", &organizations);
        assert_eq!(hex(made.as_der()), KNOWN[1].0);
        assert_eq!(DistinguishedName::new("", &[]).as_der(), [0x30, 0]);
        for common_name in ["a=b*c&d_e", " #,+\"\\<>; ", "line\nbreak\0"] {
            let made = hex(DistinguishedName::new(common_name, &[]).as_der());
            assert!(KNOWN.iter().any(|(der, _)| *der == made), "{common_name}");
        }
    }

    #[test]
    fn what_is_made_equals_what_is_read() {
        let organizations = ["b".to_owned(), "a".to_owned(), "b".to_owned()];
        let made = DistinguishedName::new("system:node:emei", &organizations);
        let read = DistinguishedName::from_der(made.as_der()).unwrap();
        assert_eq!(read, made);
        assert_eq!(read.rdns(), made.rdns());
        assert_eq!(read.common_name(), Some("system:node:emei"));
        assert_eq!(read.organizations(), ["b", "a", "b"]);
    }

    #[test]
    fn of_two_common_names_the_last_counts() {
        let name =
            DistinguishedName::from_attributes(&[(COMMON_NAME, "first"), (COMMON_NAME, "last")]);
        assert_eq!(name.common_name(), Some("last"));
    }

    #[test]
    fn universal_strings_are_read_and_what_is_no_text_is_shown_as_bytes() {
        let name = |tag: u8, value: &[u8]| {
            let value = der::element(tag, &[value]);
            let pair = der::element(der::SEQUENCE, &[&der::oid(&COMMON_NAME), &value]);
            let set = der::element(der::SET, &[&pair]);
            DistinguishedName::from_der(&der::element(der::SEQUENCE, &[&set])).unwrap()
        };
        assert_eq!(name(28, &[0, 0, 0x6b, 0x66]).common_name(), Some("武"));
        // Half a character, a lone surrogate, a number.
        for (tag, value) in [
            (28, &[0, 0][..]),
            (30, &[0xd8, 0]),
            (30, &[0]),
            (12, &[0xff]),
            (2, &[1]),
        ] {
            let name = name(tag, value);
            assert_eq!(name.common_name(), None);
            assert_eq!(
                name.to_string(),
                format!("CN=#{}", hex(&der::element(tag, &[value])))
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for der in [
            &[][..],
            &[0x30],
            &[0x31, 0],
            &[0x30, 0, 0],
            &[0x30, 2, 0x31, 0],
            &[0x30, 2, 5, 0],
        ] {
            DistinguishedName::from_der(der).unwrap_err();
        }
    }
}
