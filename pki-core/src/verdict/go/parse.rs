//! What `ParseCertificate` says, where that is certain: of the outermost elements.

use crate::x509::certificate::Certificate;

/// The text for bytes whose outermost element is not what it must be (`parseCertificate` in `parser.go`), or that go on
/// after a certificate; `None` where the fault lies deeper.
pub fn parse_refusal(der: &[u8]) -> Option<&'static str> {
    let Some((whole, inside)) = sequence(der) else {
        return Some(MALFORMED);
    };
    if sequence(inside).is_none() {
        return Some("x509: malformed tbs certificate");
    }
    let goes_on = whole.len() < der.len() && Certificate::from_der(whole).is_ok();
    goes_on.then_some("x509: trailing data")
}

/// The SEQUENCE that begins here, whole and its contents; lengths as DER has them, in at most four octets as
/// `cryptobyte` reads them.
fn sequence(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [SEQUENCE, first, rest @ ..] = der else {
        return None;
    };
    let (octets, length) = match *first {
        short @ 0..=0x7f => (0, usize::from(short)),
        long => {
            let octets = rest.get(..usize::from(long & 0x7f))?;
            let is_minimal = match octets {
                [only] => *only >= 0x80,
                [highest, ..] => *highest != 0,
                [] => false,
            };
            if !is_minimal || octets.len() > 4 {
                return None;
            }
            let length = octets
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet));
            (octets.len(), length)
        }
    };
    let end = octets.checked_add(length)?;
    let contents = rest.get(octets..end)?;
    Some((der.get(..2 + end)?, contents))
}

/// What is said of bytes that are no DER SEQUENCE.
pub const MALFORMED: &str = "x509: malformed certificate";
const SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_elements_are_worded_as_go_words_them() {
        for der in [&[][..], &[0x30], &[2, 1, 1], &[0x30, 0x81, 3, 2, 1, 1]] {
            assert_eq!(parse_refusal(der), Some(MALFORMED), "{der:?}");
        }
        let no_tbs = parse_refusal(&[0x30, 3, 2, 1, 1]);
        assert_eq!(no_tbs, Some("x509: malformed tbs certificate"));
        assert_eq!(parse_refusal(&[0x30, 2, 0x30, 0]), None);
    }
}
