use super::*;
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
