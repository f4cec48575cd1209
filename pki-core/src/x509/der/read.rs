//! Reading DER as Go's `golang.org/x/crypto/cryptobyte` reads it: definite lengths in their shortest form and at most
//! four octets, tags below 31. What stands behind the last element that is asked for is the caller's concern.

use crate::x509::der::BIT_STRING;
use crate::x509::der::BOOLEAN;
use crate::x509::der::INTEGER;
use crate::x509::der::OBJECT_IDENTIFIER;

/// What is left of some DER.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    /// The identifier octet, class and all.
    pub(crate) tag: u8,
    /// Identifier, length and contents.
    pub(crate) whole: &'a [u8],
    /// The contents alone.
    pub(crate) contents: &'a [u8],
}

/// A BIT STRING.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<'a> {
    /// How many bits of the last octet do not count.
    pub(crate) unused: u8,
    /// The octets.
    pub(crate) octets: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Self {
        Self(der)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Whether an element with this tag comes next.
    pub(crate) fn is_next(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element (`readASN1`).
    pub(crate) fn any(&mut self) -> Option<Element<'a>> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (octets, length) = match first {
            0..=0x7f => (0, usize::from(first)),
            _ => long_length(rest, usize::from(first & 0x7f))?,
        };
        let end = octets.checked_add(length)?;
        let contents = rest.get(octets..end)?;
        let (whole, after) = self.0.split_at_checked(end + 2)?;
        self.0 = after;
        Some(Element {
            tag,
            whole,
            contents,
        })
    }

    /// The next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn contents(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element(tag).map(|element| element.contents)
    }

    /// The inside of the next element, which must have this tag.
    pub(crate) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.contents(tag).map(Self)
    }

    /// The inside of the next element where it has this tag; the outer `None` is a fault.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Option<Self>> {
        if self.is_next(tag) {
            self.inside(tag).map(Some)
        } else {
            Some(None)
        }
    }

    /// A BOOLEAN: 0 or 0xff.
    pub(crate) fn boolean(&mut self) -> Option<bool> {
        match self.contents(BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// The contents of an INTEGER in its shortest form.
    pub(crate) fn integer(&mut self) -> Option<&'a [u8]> {
        self.integer_tagged(INTEGER)
    }

    /// The contents of an INTEGER with another tag.
    pub(crate) fn integer_tagged(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.contents(tag).filter(|octets| match octets {
            [] => false,
            [0, next, ..] => next & 0x80 != 0,
            [0xff, next, ..] => next & 0x80 == 0,
            _ => true,
        })
    }

    /// The contents of an OBJECT IDENTIFIER, each of its numbers below 2^31 and in its shortest form.
    pub(crate) fn oid(&mut self) -> Option<&'a [u8]> {
        self.contents(OBJECT_IDENTIFIER)
            .filter(|octets| numbers(octets).is_some_and(|numbers| !numbers.is_empty()))
    }

    /// A BIT STRING whose unused bits are zero.
    pub(crate) fn bit_string(&mut self) -> Option<Bits<'a>> {
        let (&unused, octets) = self.contents(BIT_STRING)?.split_first()?;
        let fits = match octets.last() {
            None => unused == 0,
            Some(last) => unused <= 7 && last & ((1 << unused) - 1) == 0,
        };
        fits.then_some(Bits { unused, octets })
    }
}

impl Bits<'_> {
    /// Bit `index`, counted from the first; those that are not there are zero.
    pub(crate) fn is_set(&self, index: usize) -> bool {
        // The unused ones were seen to be zero.
        let octet = self.octets.get(index / 8).copied().unwrap_or_default();
        octet & (0x80 >> (index % 8)) != 0
    }

    /// The octets with the unused bits in front (`BitString.RightAlign`), where there are unused bits.
    pub(crate) fn realigned(&self) -> Option<Vec<u8>> {
        if self.unused == 0 {
            return None;
        }
        let mut carried = 0;
        let shifted = self.octets.iter().map(|octet| {
            let both = u16::from_be_bytes([carried, *octet]);
            carried = *octet;
            (both >> self.unused) as u8
        });
        Some(shifted.collect())
    }
}

/// The dotted form of an OBJECT IDENTIFIER's contents; of what is none, hexadecimal.
pub(crate) fn dotted(oid: &[u8]) -> String {
    let Some(numbers) = numbers(oid) else {
        return format!("#{}", crate::x509::hex(oid));
    };
    let mut text = String::new();
    for (position, number) in numbers.into_iter().enumerate() {
        if position == 0 {
            let top = (number / 40).min(2);
            text.push_str(&format!("{top}.{}", number - 40 * top));
        } else {
            text.push_str(&format!(".{number}"));
        }
    }
    text
}

/// The numbers of an OBJECT IDENTIFIER, the first two still together (X.690 section 8.19).
fn numbers(oid: &[u8]) -> Option<Vec<u32>> {
    let mut numbers = Vec::with_capacity(oid.len());
    let mut number: u32 = 0;
    let mut is_first = true;
    for octet in oid {
        if number >= 1 << 24 || (is_first && *octet == 0x80) {
            return None;
        }
        number = number << 7 | u32::from(octet & 0x7f);
        is_first = octet & 0x80 == 0;
        if is_first {
            numbers.push(std::mem::take(&mut number));
        }
    }
    is_first.then_some(numbers)
}

/// How many octets a long form takes, and the length in them.
fn long_length(rest: &[u8], octets: usize) -> Option<(usize, usize)> {
    let digits = rest.get(..octets).filter(|_| (1..=4).contains(&octets))?;
    let is_shortest = match digits {
        [only] => *only >= 0x80,
        [highest, ..] => *highest != 0,
        [] => false,
    };
    let length = digits
        .iter()
        .fold(0, |length, digit| length << 8 | usize::from(*digit));
    is_shortest.then_some((octets, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_ders_and_in_at_most_four_octets() {
        for der in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x81, 0x7f],
            &[4, 0x82, 0, 0x80],
            &[4, 0x85, 0, 0, 0, 0, 1],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 1, 0],
        ] {
            assert!(Reader::new(der).any().is_none(), "{der:?}");
        }
        let long = crate::x509::der::element(4, &[&[7; 128]]);
        let der = [&long[..], &[5, 0]].concat();
        let mut reader = Reader::new(&der);
        assert_eq!(reader.element(4).unwrap().whole, long);
        assert_eq!(reader.rest(), [5, 0]);
        assert!(reader.contents(4).is_none());
    }

    #[test]
    fn values_are_read_in_their_only_form() {
        let reads = |der: &[u8]| {
            let der = Reader::new(der);
            let (mut boolean, mut integer, mut oid, mut bits) = (der, der, der, der);
            boolean.boolean().is_some()
                || integer.integer().is_some()
                || oid.oid().is_some()
                || bits.bit_string().is_some()
        };
        for der in [
            &[1, 1, 0xff][..],
            &[2, 1, 0],
            &[2, 2, 0, 0x80],
            &[2, 2, 0xff, 0x7f],
            &[6, 5, 0x87, 0xff, 0xff, 0xff, 0x7f],
            &[3, 1, 0],
            &[3, 2, 7, 0x80],
        ] {
            assert!(reads(der), "{der:?}");
        }
        for der in [
            &[1, 1, 1][..],
            &[1, 2, 0, 0],
            &[2, 0],
            &[2, 2, 0, 0x7f],
            &[2, 2, 0xff, 0x80],
            &[6, 0],
            &[6, 1, 0x80],
            &[6, 2, 0x80, 1],
            &[6, 2, 0x2a, 0x86],
            &[6, 5, 0x88, 0x80, 0x80, 0x80, 0],
            &[3, 0],
            &[3, 1, 1],
            &[3, 2, 8, 0],
            &[3, 2, 1, 1],
        ] {
            assert!(!reads(der), "{der:?}");
        }
    }

    #[test]
    fn identifiers_are_dotted_and_bits_aligned() {
        assert_eq!(dotted(&[0x2a, 0x86, 0x48]), "1.2.840");
        assert_eq!(dotted(&[0x88, 0x37]), "2.999");
        assert_eq!(dotted(&[0x80]), "#80");
        let mut reader = Reader::new(&[3, 3, 4, 0x12, 0x30]);
        let bits = reader.bit_string().unwrap();
        assert_eq!(bits.realigned().unwrap(), [0x01, 0x23]);
        let set: Vec<usize> = (0..20).filter(|bit| bits.is_set(*bit)).collect();
        assert_eq!(set, [3, 6, 10, 11]);
    }
}
