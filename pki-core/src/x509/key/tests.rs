use super::*;
use crate::x509::crypto::VerifyError;
use crate::x509::der;
use crate::x509::pem;

fn key(algorithm: KeyAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm).unwrap()
}

#[test]
fn generated_keys_are_written_as_kubeadm_writes_them_and_read_back() {
    for algorithm in KeyAlgorithm::ALL {
        let made = key(algorithm);
        let label = match algorithm {
            KeyAlgorithm::Ed25519 => "PRIVATE KEY",
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 => "EC PRIVATE KEY",
            _ => "RSA PRIVATE KEY",
        };
        assert!(
            made.to_pem()
                .starts_with(&format!("-----BEGIN {label}-----\n")),
            "{algorithm}"
        );
        assert!(
            made.to_pem().ends_with(&format!("-----END {label}-----\n")),
            "{algorithm}"
        );
        let read = PrivateKey::from_bytes(made.to_pem().as_bytes()).unwrap();
        assert_eq!(read.algorithm(), algorithm);
        assert_eq!(read.public_key(), made.public_key());
        assert_eq!(read.to_pem(), made.to_pem());
        assert_eq!(
            made.public_key().algorithm().to_string(),
            algorithm.to_string()
        );
        assert_eq!(
            PublicKey::from_der(made.public_key().as_der()).as_ref(),
            Ok(made.public_key())
        );
        assert_eq!(
            PublicKey::from_pem(made.public_key().to_pem().as_bytes()).as_ref(),
            Ok(made.public_key())
        );
        assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
    }
}

#[test]
fn the_text_of_a_loaded_key_is_kept_as_it_was() {
    let made = key(KeyAlgorithm::EcdsaP256);
    let crlf = made.to_pem().replace('\n', "\r\n");
    let text = format!(
        "\u{feff}kubelet client\r\n{}{crlf}after",
        pem::encode("CERTIFICATE", &[0x30, 0])
    );
    let read = PrivateKey::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(read.to_pem(), crlf);
    assert_eq!(read.public_key(), made.public_key());
}

#[test]
fn der_is_given_the_label_of_its_form() {
    for algorithm in [
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Ed25519,
    ] {
        let made = key(algorithm);
        let der = pem::blocks(made.to_pem().as_bytes()).remove(0).unwrap().der;
        let read = PrivateKey::from_bytes(&der).unwrap();
        assert_eq!(read.to_pem(), made.to_pem());
    }
}

#[test]
fn a_key_never_shows_in_debug_output() {
    assert_eq!(
        format!("{:?}", key(KeyAlgorithm::EcdsaP256)),
        "PrivateKey(ecdsa-p256)"
    );
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P224: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x21];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der::element(der::SEQUENCE, parts)
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    der::element(der::OBJECT_IDENTIFIER, &[bytes])
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    der::element(der::INTEGER, &[bytes])
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    der::element(der::OCTET_STRING, &[bytes])
}

/// PKCS#8 around `inner`, with `parameters` after the algorithm.
fn pkcs8(algorithm: &[u8], parameters: &[u8], inner: &[u8]) -> Vec<u8> {
    let identifier = sequence(&[&oid(algorithm), parameters]);
    sequence(&[&integer(&[0]), &identifier, &octets(inner)])
}

/// An EC key with the parts that are given.
fn sec1(scalar: &[u8], curve: Option<&[u8]>, point: Option<&[u8]>) -> Vec<u8> {
    let curve = curve
        .map(|curve| der::element(0xa0, &[&oid(curve)]))
        .unwrap_or_default();
    let point = point
        .map(|point| der::element(0xa1, &[&der::element(der::BIT_STRING, &[&[0], point])]))
        .unwrap_or_default();
    sequence(&[&integer(&[1]), &octets(scalar), &curve, &point])
}

/// An RSA key of no worth but its size and exponent.
fn rsa(bits: usize, exponent: &[u8]) -> Vec<u8> {
    let mut modulus = vec![0; bits / 8 + 1];
    modulus[1] = 0x80;
    let one = integer(&[1]);
    sequence(&[
        &integer(&[0]),
        &integer(&modulus),
        &integer(exponent),
        &one,
        &one,
        &one,
        &one,
        &one,
        &one,
    ])
}

fn numbers(key: &PrivateKey) -> (Vec<u8>, Vec<u8>) {
    match &key.material {
        KeyMaterial::Ec { scalar, point } => (scalar.to_vec(), point.clone()),
        _ => panic!("not an EC key"),
    }
}

#[track_caller]
fn refuses(text: &str, expected: &str) {
    assert_eq!(
        PrivateKey::from_bytes(text.as_bytes())
            .unwrap_err()
            .to_string(),
        expected
    );
}

#[test]
fn every_form_of_a_key_is_read() {
    let made = key(KeyAlgorithm::EcdsaP256);
    let (scalar, point) = numbers(&made);
    let parameters = pem::encode("EC PARAMETERS", &oid(P256));
    let bare = pem::encode("EC PRIVATE KEY", &sec1(&scalar, None, Some(&point)));
    let whole = pem::encode("EC PRIVATE KEY", &sec1(&scalar, Some(P256), Some(&point)));
    let inner = sec1(&scalar, None, Some(&point));
    let wrapped = pem::encode("PRIVATE KEY", &pkcs8(EC, &oid(P256), &inner));
    // Attributes after the key, as OpenSSL writes them for some.
    let attributed = sequence(&[
        &integer(&[0]),
        &sequence(&[&oid(EC), &oid(P256)]),
        &octets(&inner),
        &der::element(0xa0, &[]),
    ]);
    for (text, kept) in [
        (format!("{parameters}{bare}"), format!("{parameters}{bare}")),
        (format!("{parameters}{whole}"), whole.clone()),
        (wrapped.clone(), wrapped),
        (
            pem::encode("PRIVATE KEY", &attributed),
            pem::encode("PRIVATE KEY", &attributed),
        ),
    ] {
        let read = PrivateKey::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(read.to_pem(), kept);
        assert_eq!(read.public_key(), made.public_key());
    }
}

#[test]
fn an_rsa_key_in_pkcs8_is_read() {
    let made = key(KeyAlgorithm::Rsa2048);
    let inner = pem::blocks(made.to_pem().as_bytes()).remove(0).unwrap().der;
    let read = PrivateKey::from_bytes(&pkcs8(RSA, &[5, 0], &inner)).unwrap();
    assert_eq!(read.public_key(), made.public_key());
    assert!(read.to_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

#[test]
fn a_number_written_without_its_leading_zeros_is_read() {
    let made = std::iter::repeat_with(|| key(KeyAlgorithm::EcdsaP256))
        .find(|made| numbers(made).0[0] == 0)
        .unwrap();
    let (scalar, point) = numbers(&made);
    let read = PrivateKey::from_bytes(&sec1(&scalar[1..], Some(P256), Some(&point))).unwrap();
    assert_eq!(read.public_key(), made.public_key());
}

#[test]
fn every_key_that_cannot_be_used_is_named() {
    let point = [4; 65];
    let ec = |curve| pem::encode("EC PRIVATE KEY", &sec1(&[1; 32], Some(curve), Some(&point)));
    let rsa = |bits, exponent: &[u8]| pem::encode("RSA PRIVATE KEY", &rsa(bits, exponent));
    let wrapped =
        |algorithm, inner: &[u8]| pem::encode("PRIVATE KEY", &pkcs8(algorithm, &[], inner));
    let not_signed_with = |what| format!("the key is {what}, which hapki does not sign with");
    for (text, what) in [
        (rsa(1024, &[1, 0, 1]), "an RSA key of 1024 bits"),
        (rsa(3000, &[1, 0, 1]), "an RSA key of 3000 bits"),
        (rsa(8192, &[1, 0, 1]), "an RSA key of 8192 bits"),
        (rsa(2048, &[3]), "an RSA key with public exponent 3"),
        (
            rsa(2048, &[2, 0, 0, 0, 1]),
            "an RSA key with a public exponent of more than 33 bits",
        ),
        (ec(P521), "an EC key on P-521"),
        (ec(P224), "an EC key on P-224"),
        (ec(SECP256K1), "an EC key on secp256k1"),
        (
            wrapped(EC, &sec1(&[1; 32], None, None)),
            "an EC key with its curve written out instead of named",
        ),
        (wrapped(RSA_PSS, &[]), "an RSA key bound to PSS"),
        (wrapped(DSA, &[]), "a DSA key"),
        (wrapped(X25519, &[]), "an X25519 key"),
        (pem::encode("DSA PRIVATE KEY", &[]), "a DSA key"),
        (
            pem::encode("OPENSSH PRIVATE KEY", b"openssh-key-v1\0"),
            "a key in OpenSSH's own format",
        ),
    ] {
        refuses(&text, &not_signed_with(what));
    }
    refuses(
        &pem::encode("EC PRIVATE KEY", &sec1(&[1; 32], Some(P256), None)),
        &not_signed_with("an EC key without its public half (`openssl ec` adds it)"),
    );
}

#[test]
fn encrypted_keys_are_named() {
    let scheme = sequence(&[&sequence(&[&oid(PBES2)]), &octets(&[0; 16])]);
    refuses(
        &pem::encode("ENCRYPTED PRIVATE KEY", &scheme),
        "the key is encrypted (PKCS#8 PBES2)",
    );
    refuses(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n",
        "the key is encrypted (legacy PEM encryption)",
    );
}

#[test]
fn what_is_no_key_is_named() {
    for (text, found) in [
        (String::new(), "the file is empty"),
        ("hello".to_owned(), "no PEM block found"),
        (pem::encode("CERTIFICATE", &[0x30, 0]), "a certificate"),
        (
            key(KeyAlgorithm::EcdsaP256).public_key().to_pem(),
            "a public key",
        ),
        (
            pem::encode("CERTIFICATE REQUEST", &[0x30, 0]),
            "a certificate request",
        ),
        (
            pem::encode("EC PARAMETERS", &oid(P256)),
            "EC parameters alone",
        ),
        (pem::encode("X509 CRL", &[0x30, 0]), "a `X509 CRL` block"),
    ] {
        refuses(&text, &format!("holds no private key ({found})"));
    }
}

#[test]
fn a_damaged_key_is_told_from_a_foreign_one() {
    let made = key(KeyAlgorithm::EcdsaP256);
    let (scalar, point) = numbers(&made);
    let (_, other) = numbers(&key(KeyAlgorithm::EcdsaP256));
    let text = made.to_pem().replace("-----END EC PRIVATE KEY-----\n", "");
    refuses(
        &text,
        "the key is damaged: line 1: `EC PRIVATE KEY` begins but does not end; the file is cut short",
    );
    refuses(
        &pem::encode("EC PRIVATE KEY", &sec1(&scalar, Some(P256), Some(&other))),
        "the key is damaged: its numbers do not belong together",
    );
    refuses(
        &pem::encode("RSA PRIVATE KEY", &rsa(2048, &[1, 0, 1])),
        "the key is damaged: its numbers do not belong together",
    );
    refuses(
        &pem::encode("EC PRIVATE KEY", &sec1(&[1; 33], Some(P256), Some(&point))),
        "the key is damaged: its number is longer than its curve",
    );
    refuses(
        &pem::encode("EC PRIVATE KEY", &sec1(&scalar, None, Some(&point))),
        "the key is damaged: an EC key that does not say its curve",
    );
    refuses(
        &pem::encode("PRIVATE KEY", &sec1(&scalar, Some(P256), Some(&point))),
        "the key is damaged: line 1: labelled `PRIVATE KEY` but holds SEC1, whose label is `EC PRIVATE KEY`",
    );
}

#[test]
fn an_rsa_key_with_any_number_wrong_is_damaged() {
    let made = key(KeyAlgorithm::Rsa2048);
    let der = pem::blocks(made.to_pem().as_bytes()).remove(0).unwrap().der;
    let read = RsaPrivateNumbers::read(&der).unwrap();
    let right = [
        read.modulus,
        read.exponent,
        read.private_exponent,
        read.p,
        read.q,
        read.exponent_p,
        read.exponent_q,
        read.coefficient,
    ]
    .map(<[u8]>::to_vec);
    let written = |numbers: &[Vec<u8>; 8]| {
        let numbers: Vec<u8> = numbers
            .iter()
            .flat_map(|number| {
                let pad: &[u8] = if number[0] & 0x80 == 0 { &[] } else { &[0] };
                integer(&[pad, number.as_slice()].concat())
            })
            .collect();
        pem::encode("RSA PRIVATE KEY", &sequence(&[&integer(&[0]), &numbers]))
    };
    PrivateKey::from_bytes(written(&right).as_bytes()).unwrap();
    let damaged = "the key is damaged: its numbers do not belong together";
    for at in [0, 2, 3, 4, 5, 6, 7] {
        let last = right[at].len() - 1;
        for (byte, bit) in [(last, 1), (last, 2), (last / 2, 0x10), (1, 0x40)] {
            let mut wrong = right.clone();
            wrong[at][byte] ^= bit;
            refuses(&written(&wrong), damaged);
        }
    }
    let mut wrong = right.clone();
    wrong[1] = vec![1, 0, 3];
    refuses(&written(&wrong), damaged);
    for (a, b) in [(3, 4), (5, 6), (5, 7)] {
        let mut wrong = right.clone();
        wrong.swap(a, b);
        refuses(&written(&wrong), damaged);
    }
    // p and q change places with all that goes with them, but 1/q mod p stays.
    let mut wrong = right.clone();
    wrong.swap(3, 4);
    wrong.swap(5, 6);
    refuses(&written(&wrong), damaged);
}

#[test]
fn a_key_cut_short_anywhere_is_refused_without_a_panic() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::Rsa2048,
    ] {
        let der = pem::blocks(key(algorithm).to_pem().as_bytes())
            .remove(0)
            .unwrap()
            .der;
        for length in 0..der.len() {
            PrivateKey::from_bytes(&der[..length]).unwrap_err();
        }
    }
}

#[test]
fn what_one_key_signs_only_its_public_half_verifies() {
    for algorithm in KeyAlgorithm::ALL {
        let made = key(algorithm);
        let signed = crypto::sign(&made, b"message").unwrap();
        let identifier = crate::x509::template::signature_identifier(algorithm);
        assert_eq!(
            crypto::verify(made.public_key(), identifier, b"message", &signed),
            Ok(())
        );
        assert_eq!(
            crypto::verify(made.public_key(), identifier, b"massage", &signed),
            Err(VerifyError::Mismatch)
        );
    }
}

#[test]
fn every_key_is_the_same_one_as_pkcs8() {
    for algorithm in [
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Ed25519,
    ] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let text = key.to_pkcs8_pem().unwrap();
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let again = PrivateKey::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(again.algorithm(), algorithm);
        assert_eq!(again.public_key(), key.public_key());
    }
}
