//! Names as OpenSSL compares them: `x509_name_canon` of crypto/x509/x_name.c. Case, and the number of blanks, do not count.

use crate::verdict::openssl::der::Element;
use crate::verdict::openssl::der::elements;
use crate::verdict::openssl::der::inside;
use crate::x509::der as write;
use crate::x509::der::BMP_STRING;
use crate::x509::der::IA5_STRING;
use crate::x509::der::NUMERIC_STRING;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::PRINTABLE_STRING;
use crate::x509::der::SEQUENCE;
use crate::x509::der::SET;
use crate::x509::der::T61_STRING;
use crate::x509::der::UNIVERSAL_STRING;
use crate::x509::der::UTF8_STRING;
use crate::x509::der::VISIBLE_STRING;

/// A distinguished name.
#[derive(Clone, Debug, Default)]
pub(super) struct Name {
    /// What is compared: the RDNs in canonical form, without the SEQUENCE around them.
    pub(super) canonical: Vec<u8>,
    attributes: Vec<Attribute>,
}

/// One attribute: the content of its type, and its value as encoded.
#[derive(Clone, Debug)]
struct Attribute {
    kind: Vec<u8>,
    tag: u8,
    value: Vec<u8>,
}

impl Name {
    /// Reads a DER `Name`.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut name = Self::default();
        for rdn in inside(der, SEQUENCE)? {
            if rdn.tag != SET {
                return None;
            }
            let mut encoded = Vec::new();
            for pair in elements(rdn.content)? {
                let attribute = Attribute::read(&pair)?;
                encoded.push(attribute.canonical());
                name.attributes.push(attribute);
            }
            encoded.sort();
            let encoded: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
            name.canonical.extend(write::element(write::SET, &encoded));
        }
        Some(name)
    }

    /// How many attributes there are.
    pub(super) fn len(&self) -> usize {
        self.attributes.len()
    }

    /// The common names as UTF-8, in order; `None` for one whose type is no string.
    pub(super) fn common_names(&self) -> impl Iterator<Item = Option<Vec<u8>>> {
        self.of(COMMON_NAME)
            .map(|attribute| utf8(attribute.tag, &attribute.value))
    }

    /// The e-mail addresses, in order; `None` for one that is no IA5String.
    pub(super) fn emails(&self) -> impl Iterator<Item = Option<&[u8]>> {
        self.of(EMAIL)
            .map(|attribute| (attribute.tag == IA5_STRING).then_some(attribute.value.as_slice()))
    }

    fn of(&self, kind: &'static [u8]) -> impl Iterator<Item = &Attribute> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.kind == kind)
    }
}

impl Attribute {
    fn read(pair: &Element<'_>) -> Option<Self> {
        let parts = elements(pair.content)?;
        let [kind, value] = parts.as_slice() else {
            return None;
        };
        let is_pair = pair.tag == SEQUENCE && kind.tag == OBJECT_IDENTIFIER;
        is_pair.then(|| Self {
            kind: kind.content.to_vec(),
            tag: value.tag,
            value: value.content.to_vec(),
        })
    }

    fn canonical(&self) -> Vec<u8> {
        let value = match utf8(self.tag, &self.value) {
            Some(text) if self.tag != NUMERIC_STRING => {
                write::element(write::UTF8_STRING, &[&folded(&text)])
            }
            _ => write::element(self.tag, &[&self.value]),
        };
        let kind = write::element(write::OBJECT_IDENTIFIER, &[&self.kind]);
        write::element(write::SEQUENCE, &[&kind, &value])
    }
}

/// `ASN1_STRING_to_UTF8`: PrintableString, IA5String and T61String are read as Latin-1.
fn utf8(tag: u8, value: &[u8]) -> Option<Vec<u8>> {
    let text: String = match tag {
        UTF8_STRING => return Some(value.to_vec()),
        NUMERIC_STRING | PRINTABLE_STRING | T61_STRING | IA5_STRING | VISIBLE_STRING => {
            value.iter().copied().map(char::from).collect()
        }
        BMP_STRING => wide(value, 2)?,
        UNIVERSAL_STRING => wide(value, 4)?,
        _ => return None,
    };
    Some(text.into_bytes())
}

fn wide(value: &[u8], width: usize) -> Option<String> {
    let whole = value.len().is_multiple_of(width);
    let characters = value.chunks_exact(width).map(|octets| {
        let point = octets
            .iter()
            .fold(0, |point, octet| point << 8 | u32::from(*octet));
        char::from_u32(point)
    });
    whole.then(|| characters.collect()).flatten()
}

/// `asn1_string_canon`: ASCII letters in lower case, blanks at the ends dropped, a run of blanks one blank.
fn folded(text: &[u8]) -> Vec<u8> {
    let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t'..=b'\r');
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    let words: Vec<Vec<u8>> = words.map(<[u8]>::to_ascii_lowercase).collect();
    words.join(&b' ')
}

/// The content octets of the types looked for: commonName, and emailAddress of PKCS #9.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tag: u8, value: &[u8]) -> Name {
        let value = write::element(tag, &[value]);
        let kind = write::element(write::OBJECT_IDENTIFIER, &[COMMON_NAME]);
        let pair = write::element(write::SEQUENCE, &[&kind, &value]);
        let set = write::element(write::SET, &[&pair]);
        Name::read(&write::element(write::SEQUENCE, &[&set])).unwrap()
    }

    #[test]
    fn case_blanks_and_string_types_do_not_tell_names_apart() {
        let plain = name(PRINTABLE_STRING, b"etcd ca").canonical;
        for (tag, value) in [
            (UTF8_STRING, &b"Etcd CA"[..]),
            (IA5_STRING, b" etcd  \t ca "),
            (T61_STRING, b"ETCD CA"),
            (BMP_STRING, b"\0e\0t\0c\0d\0 \0c\0a"),
        ] {
            assert_eq!(name(tag, value).canonical, plain, "{tag}");
        }
        assert_ne!(name(UTF8_STRING, b"etcdca").canonical, plain);
        assert_ne!(name(NUMERIC_STRING, b"etcd ca").canonical, plain);
    }

    #[test]
    fn common_names_are_utf8() {
        let read = |tag, value: &[u8]| name(tag, value).common_names().next().unwrap();
        assert_eq!(read(T61_STRING, b"\xe9"), Some("é".into()));
        assert_eq!(read(BMP_STRING, b"\x6b\x66"), Some("武".into()));
        assert_eq!(read(BMP_STRING, b"\0"), None);
        assert_eq!(read(3, b"\0a"), None);
    }
}
