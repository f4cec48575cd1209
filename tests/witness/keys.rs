//! Keys that certificates are signed with, of the three kinds that clusters use.

use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use ring::rand::SecureRandom as _;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use ring::signature::EcdsaKeyPair;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use ring::signature::RsaKeyPair;

use crate::der;
use crate::random::Random;

pub struct Key {
    /// The SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// The AlgorithmIdentifier of its signatures.
    pub algorithm: Vec<u8>,
    /// The private half in PKCS #8; none for a key that is a name only.
    pub pkcs8: Option<Vec<u8>>,
    signer: Signer,
}

/// A message's signature.
pub type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

enum Signer {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
    Other(Sign),
}

impl Key {
    pub fn ecdsa() -> Self {
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap();
        let kind = der::sequence(&[
            &der::oid("1.2.840.10045.2.1"),
            &der::oid("1.2.840.10045.3.1.7"),
        ]);
        Self {
            spki: spki(&kind, pair.public_key().as_ref()),
            algorithm: der::sequence(&[&der::oid("1.2.840.10045.4.3.2")]),
            pkcs8: Some(document.as_ref().to_vec()),
            signer: Signer::Ecdsa(pair),
        }
    }

    pub fn ed25519() -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).unwrap();
        Self::edwards(&seed)
    }

    /// An Ed25519 key that is the same in every run, and so are its signatures.
    pub fn seeded(random: &mut Random) -> Self {
        let seed: Vec<u8> = (0..4).flat_map(|_| random.next().to_be_bytes()).collect();
        Self::edwards(&seed)
    }

    fn edwards(seed: &[u8]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
        let algorithm = der::sequence(&[&der::oid("1.3.101.112")]);
        let key = der::octet_string(&der::octet_string(seed));
        Self {
            spki: spki(&algorithm, pair.public_key().as_ref()),
            pkcs8: Some(der::sequence(&[&der::integer(0), &algorithm, &key])),
            algorithm,
            signer: Signer::Ed25519(pair),
        }
    }

    pub fn rsa() -> Self {
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        let block = pem::parse(key.to_pem()).unwrap();
        let kind = der::sequence(&[&der::oid("1.2.840.113549.1.1.1"), der::NULL]);
        let pkcs8 = match block.tag() {
            "RSA PRIVATE KEY" => der::sequence(&[
                &der::integer(0),
                &kind,
                &der::octet_string(block.contents()),
            ]),
            _ => block.contents().to_vec(),
        };
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).unwrap();
        Self {
            spki: spki(&kind, pair.public_key().as_ref()),
            algorithm: der::sequence(&[&der::oid("1.2.840.113549.1.1.11"), der::NULL]),
            pkcs8: Some(pkcs8),
            signer: Signer::Rsa(Box::new(pair)),
        }
    }

    /// An RSA key of `bits` that nobody has the private half of; signatures are octets of nothing.
    pub fn rsa_in_name(bits: usize) -> Self {
        let mut modulus = vec![0xa5; bits.div_ceil(8)];
        modulus[0] = ((1_u16 << ((bits - 1) % 8 + 1)) - 1) as u8;
        if modulus[0] >= 0x80 {
            modulus.insert(0, 0);
        }
        let numbers = [der::element(2, &[&modulus]), der::integer(65_537)];
        let numbers = der::sequence(&[&numbers[0], &numbers[1]]);
        let kind = der::sequence(&[&der::oid("1.2.840.113549.1.1.1"), der::NULL]);
        let algorithm = der::sequence(&[&der::oid("1.2.840.113549.1.1.11"), der::NULL]);
        let length = bits.div_ceil(8);
        Self::other(
            &kind,
            &numbers,
            algorithm,
            Box::new(move |_| vec![0x5a; length]),
        )
    }

    /// A key of any algorithm, its kind as an AlgorithmIdentifier.
    pub fn other(kind: &[u8], key: &[u8], algorithm: Vec<u8>, sign: Sign) -> Self {
        Self {
            spki: spki(kind, key),
            algorithm,
            pkcs8: None,
            signer: Signer::Other(sign),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.signer {
            Signer::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Signer::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Signer::Other(sign) => sign(message),
        }
    }
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    der::sequence(&[algorithm, &der::bit_string(key)])
}
