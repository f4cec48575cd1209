//! `parseName` and `parseASN1String`.

use crate::verdict::go::parse::ParseRefusal;
use crate::x509::der::BMP_STRING;
use crate::x509::der::IA5_STRING;
use crate::x509::der::NUMERIC_STRING;
use crate::x509::der::PRINTABLE_STRING;
use crate::x509::der::SEQUENCE;
use crate::x509::der::SET;
use crate::x509::der::T61_STRING;
use crate::x509::der::UTF8_STRING;
use crate::x509::der::read::Element;
use crate::x509::der::read::Reader;

/// Checks the contents of a Name.
pub(super) fn check(name: &[u8]) -> Result<(), ParseRefusal> {
    let mut rdns = Reader::new(name);
    while !rdns.is_empty() {
        let mut set = rdns.inside(SET).ok_or("x509: invalid RDNSequence")?;
        while !set.is_empty() {
            let mut attribute = set
                .inside(SEQUENCE)
                .ok_or("x509: invalid RDNSequence: invalid attribute")?;
            attribute
                .oid()
                .ok_or("x509: invalid RDNSequence: invalid attribute type")?;
            let value = attribute
                .any()
                .ok_or("x509: invalid RDNSequence: invalid attribute value")?;
            if let Some(fault) = string_fault(&value) {
                let text = format!("x509: invalid RDNSequence: invalid attribute value: {fault}");
                return Err(text.into());
            }
        }
    }
    Ok(())
}

/// `parseASN1String`: what is wrong with a string, of the types that Go knows.
fn string_fault(value: &Element<'_>) -> Option<String> {
    let octets = value.contents;
    let (is_sound, kind) = match value.tag {
        T61_STRING => (true, ""),
        PRINTABLE_STRING => (octets.iter().all(is_printable), "PrintableString"),
        UTF8_STRING => (str::from_utf8(octets).is_ok(), "UTF-8 string"),
        BMP_STRING => (is_bmp(octets), "BMPString"),
        IA5_STRING => (octets.is_ascii(), "IA5String"),
        NUMERIC_STRING => (
            octets.iter().all(|o| o.is_ascii_digit() || *o == b' '),
            "NumericString",
        ),
        other => return Some(format!("unsupported string type: {other}")),
    };
    (!is_sound).then(|| format!("invalid {kind}"))
}

/// The asterisk and the ampersand are let pass, which X.680 section 41.4 does not have.
fn is_printable(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || b"'()+,-./ :=?*&".contains(octet)
}

/// UCS-2 without surrogates and noncharacters; a zero at the end is let pass.
fn is_bmp(octets: &[u8]) -> bool {
    let points = octets.chunks_exact(2).map(|pair| {
        pair.iter()
            .fold(0, |point, octet| point << 8 | u16::from(*octet))
    });
    octets.len().is_multiple_of(2)
        && !points
            .into_iter()
            .any(|point| matches!(point, 0xfffe | 0xffff | 0xfdd0..=0xfdef | 0xd800..=0xdfff))
}
