use super::*;
use crate::x509::der::BIT_STRING;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::OCTET_STRING;
use crate::x509::der::element;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;

fn said(der: &[u8]) -> String {
    parse_refusal(der).map_or_else(|| "taken".to_owned(), |refusal| refusal.to_string())
}

/// The elements of a TBSCertificate, and a certificate around them.
fn parts() -> Vec<Vec<u8>> {
    let algorithm = element(SEQUENCE, &[&[OBJECT_IDENTIFIER, 2, 0x2a, 3]]);
    let time = element(UTC_TIME, &[b"260601123456Z"]);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    vec![
        vec![VERSION, 3, 2, 1, 2],
        vec![2, 1, 7],
        algorithm,
        vec![SEQUENCE, 0],
        element(SEQUENCE, &[&time, &time]),
        vec![SEQUENCE, 0],
        key.public_key().as_der().to_vec(),
        Vec::new(),
    ]
}

fn certificate(parts: &[Vec<u8>]) -> Vec<u8> {
    let tbs = element(SEQUENCE, &[&parts.concat()]);
    let signature = element(BIT_STRING, &[&[0, 1]]);
    element(SEQUENCE, &[&tbs, &parts[2], &signature])
}

fn with(position: usize, part: &[u8]) -> String {
    let mut parts = parts();
    parts[position] = part.to_vec();
    said(&certificate(&parts))
}

#[test]
fn the_frame_is_worded_as_go_words_it() {
    for der in [&[][..], &[0x30], &[2, 1, 1], &[0x30, 0x81, 3, 2, 1, 1]] {
        assert_eq!(said(der), MALFORMED, "{der:?}");
    }
    assert_eq!(said(&[0x30, 3, 2, 1, 1]), "x509: malformed tbs certificate");
    let sound = certificate(&parts());
    assert_eq!(said(&sound), "taken");
    assert_eq!(said(&[&sound[..], &[0]].concat()), "x509: trailing data");
    for (position, part, text) in [
        (0, &[VERSION, 3, 2, 1, 3][..], "x509: invalid version"),
        (0, &[VERSION, 3, 2, 1, 0xff], "x509: malformed version"),
        (1, &[2, 1, 0xff], "x509: negative serial number"),
        (1, &[2, 2, 0, 1], "x509: malformed serial number"),
        (3, &[5, 0], "x509: malformed issuer"),
        (5, &[5, 0], "x509: malformed issuer"),
        (4, &[SEQUENCE, 0], "x509: unsupported time format"),
        (4, &[SEQUENCE, 2, UTC_TIME, 0], "x509: malformed UTCTime"),
        (
            6,
            &[SEQUENCE, 0],
            "x509: malformed public key algorithm identifier",
        ),
        (7, &[EXTENSIONS, 0], "x509: malformed extensions"),
        (7, &[0x1f, 0], "taken"),
    ] {
        assert_eq!(with(position, part), text, "{part:?}");
    }
}

#[test]
fn the_highest_version_wraps_around_to_none() {
    let mut version = vec![VERSION, 10, 2, 8, 0x7f];
    version.extend([0xff; 7]);
    assert_eq!(with(0, &version), "taken");
}

#[test]
fn names_are_checked_by_their_string_type() {
    let name = |tag: u8, value: &[u8]| {
        let value = element(tag, &[value]);
        let kind = [OBJECT_IDENTIFIER, 3, 0x55, 4, 3];
        let pair = element(SEQUENCE, &[&kind, &value]);
        let name = element(SEQUENCE, &[&element(0x31, &[&pair])]);
        let said = with(5, &name);
        let prefix = "x509: invalid RDNSequence: invalid attribute value: ";
        said.strip_prefix(prefix).unwrap_or(&said).to_owned()
    };
    assert_eq!(name(12, "武当".as_bytes()), "taken");
    assert_eq!(name(12, &[0xff]), "invalid UTF-8 string");
    assert_eq!(name(19, b"*&"), "taken");
    assert_eq!(name(19, b"_"), "invalid PrintableString");
    assert_eq!(name(20, &[0xff]), "taken");
    assert_eq!(name(30, &[0xd8, 0]), "invalid BMPString");
    assert_eq!(name(26, b"x"), "unsupported string type: 26");
}

#[test]
fn extensions_are_worded_as_go_words_them() {
    let list = |extensions: &[(&[u8], &[u8])]| {
        let encoded: Vec<Vec<u8>> = extensions
            .iter()
            .map(|(oid, value)| {
                let oid = element(OBJECT_IDENTIFIER, &[oid]);
                element(SEQUENCE, &[&oid, &element(OCTET_STRING, &[value])])
            })
            .collect();
        let list = element(SEQUENCE, &[&encoded.concat()]);
        with(7, &element(EXTENSIONS, &[&list]))
    };
    let one = |last: u8, value: &[u8]| list(&[(&[0x55, 0x1d, last], value)]);
    let unknown: (&[u8], &[u8]) = (&[0x2a, 3], &[]);
    assert_eq!(
        list(&[unknown, unknown]),
        "x509: certificate contains duplicate extension with OID \"1.2.3\""
    );
    let san = |tag: u8, value: &[u8]| one(17, &element(SEQUENCE, &[&element(tag, &[value])]));
    assert_eq!(san(0x82, "ü".as_bytes()), "x509: SAN dNSName is malformed");
    assert_eq!(
        san(0x87, &[0; 5]),
        "x509: cannot parse IP address of length 5"
    );
    assert_eq!(
        san(0x86, b"http://wudang./"),
        "x509: cannot parse URI \"http://wudang./\": invalid domain"
    );
    assert_eq!(
        san(0x86, b"http://[::1/"),
        "x509: cannot parse URI \"http://[::1/\": parse \"http://[::1/\": missing ']' in host"
    );
    assert_eq!(one(19, &[0x30, 0]), "taken");
    assert_eq!(one(19, &[5, 0]), "x509: invalid basic constraints");
    let constraint = |tag: u8, value: &[u8]| {
        let subtree = element(SEQUENCE, &[&element(tag, &[value])]);
        one(30, &element(SEQUENCE, &[&element(0xa0, &[&subtree])]))
    };
    assert_eq!(constraint(0x82, b".wudang"), "taken");
    assert_eq!(
        constraint(0x82, b"wudang."),
        "x509: failed to parse dnsName constraint \"wudang.\""
    );
    assert_eq!(
        constraint(0x82, b"\xffw"),
        "x509: invalid constraint value: x509: \"\\xffw\" cannot be encoded as an IA5String"
    );
    assert_eq!(
        constraint(0x87, &[10, 0, 0, 0, 255, 0, 255, 0]),
        "x509: IP constraint contained invalid mask ff00ff00"
    );
    assert_eq!(
        constraint(0x86, b"::1"),
        "x509: failed to parse URI constraint \"::1\": cannot be IP address"
    );
}

const EXTENSIONS: u8 = 0xa3;
