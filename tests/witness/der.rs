//! As much of DER as a certificate needs, willing to write what no issuer would.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

pub const NULL: &[u8] = &[5, 0];
pub const TRUE: &[u8] = &[1, 1, 0xff];

pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut element = vec![tag];
    match content.len() {
        short if short < 0x80 => element.push(short as u8),
        long => {
            let octets: Vec<u8> = long
                .to_be_bytes()
                .into_iter()
                .skip_while(|octet| *octet == 0)
                .collect();
            element.push(0x80 | octets.len() as u8);
            element.extend(octets);
        }
    }
    element.extend(content);
    element
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

pub fn octet_string(content: &[u8]) -> Vec<u8> {
    element(4, &[content])
}

pub fn bit_string(content: &[u8]) -> Vec<u8> {
    element(3, &[&[0], content])
}

/// Named bits, the lowest of `bits` first (X.680 section 22): no trailing zero bits.
pub fn named_bits(bits: u16) -> Vec<u8> {
    let reversed = bits.reverse_bits().to_be_bytes();
    let length = reversed
        .iter()
        .rposition(|octet| *octet != 0)
        .map_or(0, |last| last + 1);
    let unused = match length {
        0 => 0,
        length => reversed[length - 1].trailing_zeros() as u8,
    };
    element(3, &[&[unused], &reversed[..length]])
}

pub fn integer(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

/// An INTEGER that is not negative, from its big-endian octets.
pub fn unsigned(value: &[u8]) -> Vec<u8> {
    let significant = value.iter().copied().skip_while(|octet| *octet == 0);
    let mut octets: Vec<u8> = significant.collect();
    if octets.first().is_none_or(|first| *first >= 0x80) {
        octets.insert(0, 0);
    }
    element(2, &[&octets])
}

pub fn oid(dotted: &str) -> Vec<u8> {
    let numbers: Vec<u64> = dotted
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    let mut content = Vec::new();
    for number in std::iter::once(numbers[0] * 40 + numbers[1]).chain(numbers[2..].iter().copied())
    {
        let mut groups = vec![(number & 0x7f) as u8];
        let mut rest = number >> 7;
        while rest > 0 {
            groups.push(0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        content.extend(groups.iter().rev());
    }
    element(6, &[&content])
}

/// UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5).
pub fn time(instant: OffsetDateTime) -> Vec<u8> {
    let (tag, format): (u8, &[BorrowedFormatItem<'_>]) = if (1950..2050).contains(&instant.year()) {
        (
            0x17,
            format_description!("[year repr:last_two][month][day][hour][minute][second]Z"),
        )
    } else {
        (
            0x18,
            format_description!("[year][month][day][hour][minute][second]Z"),
        )
    };
    element(tag, &[instant.format(format).unwrap().as_bytes()])
}
