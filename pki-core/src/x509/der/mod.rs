//! DER: reading it as Go does, and writing the few structures that no library of ours writes as they must be.

pub(crate) mod integer;
pub(crate) mod read;
pub(crate) mod time;

use pkcs8::ObjectIdentifier;

// The identifier octets of the universal types (X.680 section 8.6, X.690 section 8.1.2).

/// BOOLEAN.
pub(crate) const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// BIT STRING.
pub(crate) const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
/// UTF8String.
pub(crate) const UTF8_STRING: u8 = 0x0c;
/// NumericString.
pub(crate) const NUMERIC_STRING: u8 = 0x12;
/// PrintableString.
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
/// T61String.
pub(crate) const T61_STRING: u8 = 0x14;
/// IA5String.
pub(crate) const IA5_STRING: u8 = 0x16;
/// UTCTime.
pub(crate) const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
/// VisibleString.
pub(crate) const VISIBLE_STRING: u8 = 0x1a;
/// GeneralString.
pub(crate) const GENERAL_STRING: u8 = 0x1b;
/// UniversalString.
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
/// BMPString.
pub(crate) const BMP_STRING: u8 = 0x1e;
/// NULL.
pub(crate) const NULL: u8 = 0x05;
/// SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;
/// SET.
pub(crate) const SET: u8 = 0x31;

/// One element: tag, length (X.690 section 10.1, the shortest form) and `parts` one after the other.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
            let significant = bytes.get(skipped..).unwrap_or_default();
            // A usize has at most 8 bytes.
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
            out.extend_from_slice(significant);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// An OBJECT IDENTIFIER.
pub(crate) fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    element(OBJECT_IDENTIFIER, &[oid.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, header) in [
            (0, &[0x30, 0x00][..]),
            (127, &[0x30, 0x7f]),
            (128, &[0x30, 0x81, 0x80]),
            (255, &[0x30, 0x81, 0xff]),
            (256, &[0x30, 0x82, 0x01, 0x00]),
            (65_536, &[0x30, 0x83, 0x01, 0x00, 0x00]),
        ] {
            let element = element(SEQUENCE, &[&vec![0; length]]);
            assert_eq!(&element[..header.len()], header);
            assert_eq!(element.len(), header.len() + length);
        }
    }
}
