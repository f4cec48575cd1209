//! The contents of an INTEGER (X.690 section 8.3: big-endian, two's complement) as numbers.

/// The number, where it fits, as `cryptobyte` reads one into an int64.
pub(crate) fn int64(octets: &[u8]) -> Option<i64> {
    let negative = octets.first()? & 0x80 != 0;
    let mut padded = [if negative { 0xff } else { 0 }; 8];
    let room = padded.len().checked_sub(octets.len())?;
    padded.get_mut(room..)?.copy_from_slice(octets);
    Some(i64::from_be_bytes(padded))
}

/// Sign and magnitude, the magnitude without leading zeros but at least one byte.
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

/// A big-endian number in decimal.
pub(crate) fn decimal(number: &[u8]) -> String {
    // Groups of nine digits, the lowest first.
    let mut groups: Vec<u32> = Vec::new();
    for byte in number {
        let mut carry = u64::from(*byte);
        for group in &mut groups {
            let value = u64::from(*group) * 256 + carry;
            *group = u32::try_from(value % GROUP).unwrap_or_default();
            carry = value / GROUP;
        }
        if carry > 0 {
            groups.push(u32::try_from(carry).unwrap_or_default());
        }
    }
    let mut highest_first = groups.iter().rev();
    let mut text = highest_first
        .next()
        .copied()
        .unwrap_or_default()
        .to_string();
    for group in highest_first {
        text.push_str(&format!("{group:09}"));
    }
    text
}

const GROUP: u64 = 1_000_000_000;

/// The length of a big-endian number in bits.
pub(crate) fn bit_length(number: &[u8]) -> u32 {
    let significant = number.iter().skip_while(|byte| **byte == 0);
    let mut bits = 0;
    for (position, byte) in significant.enumerate() {
        bits += if position == 0 {
            8 - byte.leading_zeros()
        } else {
            8
        };
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_magnitude_of_a_negative_number_is_its_complement() {
        assert_eq!(magnitude(&[0xff]), (true, vec![1]));
        assert_eq!(magnitude(&[0x80]), (true, vec![0x80]));
        assert_eq!(magnitude(&[0xff, 0]), (true, vec![1, 0]));
        assert_eq!(magnitude(&[0, 0x80]), (false, vec![0x80]));
        assert_eq!(magnitude(&[0]), (false, vec![0]));
    }

    #[test]
    fn a_number_of_more_than_eight_octets_does_not_fit() {
        assert_eq!(int64(&[]), None);
        assert_eq!(int64(&[0xff]), Some(-1));
        assert_eq!(int64(&[0x7f; 8]), Some(0x7f7f_7f7f_7f7f_7f7f));
        assert_eq!(int64(&[0, 0x80, 0, 0, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn leading_zeros_do_not_lengthen_a_number() {
        assert_eq!(bit_length(&[]), 0);
        assert_eq!(bit_length(&[0, 0]), 0);
        assert_eq!(bit_length(&[0, 1, 0]), 9);
        assert_eq!(bit_length(&[0x80, 0]), 16);
    }
}
