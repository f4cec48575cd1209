//! Any bytes as a PEM file: its blocks, certificates, requests and keys. An input that begins with a small number is DER
//! below the label of that number, so that what is inside a block need not be found through base64.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_core::x509::certificate;
use pki_core::x509::csr::CertificationRequest;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::pem;
use pki_core::x509::spki::PublicKey;

fuzz_target!(|input: &[u8]| match input.split_first() {
    Some((&number, der)) if usize::from(number) < LABELS.len() => {
        read(pem::encode(LABELS[usize::from(number)], der).as_bytes());
    }
    _ => read(input),
});

fn read(text: &[u8]) {
    let mut end = 0;
    for block in pem::blocks(text).into_iter().flatten() {
        assert!(end <= block.span.start && block.span.end <= text.len());
        end = block.span.end;
        if block.headers.is_empty() {
            let again = pem::encode(&block.label, &block.der);
            let again = pem::blocks(again.as_bytes())
                .remove(0)
                .expect("what is written can be read");
            assert_eq!((again.label, again.der), (block.label, block.der));
        }
    }
    assert!(
        !certificate::read(text).is_empty(),
        "a file without certificates is one Err"
    );
    let _ = CertificationRequest::from_bytes(text);
    let _ = PublicKey::from_pem(text);
    match PrivateKey::from_bytes(text) {
        Ok(key) => {
            let again =
                PrivateKey::from_bytes(key.to_pem().as_bytes()).expect("a key reads itself");
            assert_eq!(again.public_key(), key.public_key());
        }
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.len() < 400, "a sentence, not the file: {sentence}");
        }
    }
}

const LABELS: [&str; 8] = [
    "CERTIFICATE",
    "CERTIFICATE REQUEST",
    "PUBLIC KEY",
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "EC PARAMETERS",
    "ENCRYPTED PRIVATE KEY",
];
