//! The elements of a structure, one after the other, as OpenSSL takes them (`asn1_get_length`, crypto/asn1/asn1_lib.c):
//! a length need not be in its shortest form, which Go and so [`crate::x509::der`] insist on.

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// The identifier octet.
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Identifier, length and content.
    pub(super) whole: &'a [u8],
}

/// The elements that `content` is made of; `None` when it is not.
pub(super) fn elements(content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut rest = content;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let element = first(rest)?;
        rest = rest.get(element.whole.len()..)?;
        found.push(element);
    }
    Some(found)
}

/// The elements inside the one element `der` that has the identifier `tag`.
pub(super) fn inside(der: &[u8], tag: u8) -> Option<Vec<Element<'_>>> {
    let element = only(der, tag)?;
    elements(element)
}

/// The content of the one element that `der` is, when it has the identifier `tag`.
pub(super) fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    let element = first(der)?;
    (element.tag == tag && element.whole.len() == der.len()).then_some(element.content)
}

fn first(der: &[u8]) -> Option<Element<'_>> {
    let [tag, length, rest @ ..] = der else {
        return None;
    };
    if tag & LONG_TAG == LONG_TAG {
        return None;
    }
    let (octets, length) = match *length {
        short @ 0..=0x7f => (0, usize::from(short)),
        long => {
            let octets = rest.get(..usize::from(long & 0x7f))?;
            if octets.is_empty() || octets.len() > 4 {
                return None;
            }
            let length = octets
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet));
            (octets.len(), length)
        }
    };
    let content = rest.get(octets..octets.checked_add(length)?)?;
    let whole = der.get(..2 + octets + length)?;
    Some(Element {
        tag: *tag,
        content,
        whole,
    })
}

const LONG_TAG: u8 = 0x1f;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::der::INTEGER;
    use crate::x509::der::SEQUENCE;

    #[test]
    fn what_is_cut_or_goes_on_is_no_structure() {
        assert_eq!(elements(&[]), Some(Vec::new()));
        let two = elements(&[2, 1, 7, 5, 0]).unwrap();
        assert_eq!((two.len(), two[0].content, two[1].tag), (2, &[7][..], 5));
        for broken in [
            &[2][..],
            &[2, 1],
            &[2, 0x80, 0],
            &[2, 0x85, 0, 0, 0, 0, 1, 7],
            &[0x1f, 1, 1],
            &[2, 0x84, 0xff, 0xff, 0xff, 0xff, 1],
        ] {
            assert_eq!(elements(broken), None, "{broken:?}");
        }
        assert_eq!(only(&[2, 1, 7], INTEGER), Some(&[7][..]));
        assert_eq!(only(&[2, 1, 7, 0], INTEGER), None);
        assert_eq!(only(&[2, 1, 7], SEQUENCE), None);
    }
}
