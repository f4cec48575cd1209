//! Keys and signatures that Go verifies and hardly anybody has: other curves and hashes, RSA of odd lengths and
//! exponents, PSS.

use std::sync::Arc;
use std::sync::LazyLock;

use p224::ecdsa::signature::hazmat::PrehashSigner;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use rsa::BoxedUint;
use rsa::PrivateKey;
use rsa::rand_core::TryCryptoRng;
use rsa::rand_core::TryRng;
use rsa::sha2::Digest;
use rsa::sha2::Sha256;
use rsa::sha2::Sha384;
use rsa::sha2::Sha512;
use rsa::traits::PrivateKeyParts;
use rsa::traits::PublicKeyParts;

use crate::case::Der;
use crate::der;
use crate::forge::Spec;
use crate::keys::Key;
use crate::keys::Sign;

/// Each key with each algorithm that it can sign with.
pub fn keys() -> Vec<Key> {
    let mut keys = Vec::new();
    for curve in [Curve::P224, Curve::P256, Curve::P384, Curve::P521] {
        keys.extend(of_curve(curve));
    }
    let exponents = [3_u64, 17, 65_537, 0x7fff_ffff, 0x1_0000_0001];
    let lengths = [1024, 1025, 1031, 1032, 2048, 2056];
    for (index, bits) in lengths.into_iter().enumerate() {
        let exponent = BoxedUint::from(exponents[index % exponents.len()]);
        let key = PrivateKey::new_with_exp(&mut SystemRng, bits, exponent).unwrap();
        keys.extend(of_rsa(Arc::new(key)));
    }
    keys.extend(out_of_shape());
    keys
}

/// A leaf and its root by an RSA key longer than crypto/tls takes. Made once: such a signature takes half a second.
pub fn long_chains() -> &'static [[Der; 2]] {
    static CHAINS: LazyLock<Vec<[Der; 2]>> = LazyLock::new(|| {
        let long = long_rsa();
        let signers = [
            rsa_key(&long, 256, false),
            rsa_key(&long, 512, true),
            unsigned(65_536),
        ];
        let stranger = Key::ecdsa();
        let chain = |signer: &Key| {
            let root = Spec::authority("long", "long", signer).signed_by(&stranger);
            [
                Spec::leaf("wudang", "long", &stranger).signed_by(signer),
                root,
            ]
        };
        signers.iter().map(chain).collect()
    });
    &CHAINS
}

/// More than 8192 bits, of many primes: two as long would take minutes to find.
fn long_rsa() -> Arc<PrivateKey> {
    let mut primes = Vec::new();
    while primes.len() < 8 {
        let key = PrivateKey::new(&mut SystemRng, 2064).unwrap();
        primes.extend(key.primes().iter().map(|prime| prime.as_ref().clone()));
    }
    let key = PrivateKey::from_primes(primes, BoxedUint::from(65_537_u32));
    Arc::new(key.unwrap())
}

#[derive(Clone, Copy)]
enum Curve {
    P224,
    P256,
    P384,
    P521,
}

macro_rules! curve_key {
    ($curve:ident, $length:expr) => {{
        let secret = loop {
            let mut scalar = vec![0; $length];
            SystemRandom::new().fill(&mut scalar).unwrap();
            // P-521 has 521 bits in 528.
            if $length == 66 {
                scalar[0] = 0;
            }
            if let Ok(key) = $curve::ecdsa::SigningKey::from_slice(&scalar) {
                break key;
            }
        };
        let point = secret.verifying_key().to_sec1_point(false);
        let sign = move |digest: &[u8]| -> Vec<u8> {
            let signature: $curve::ecdsa::Signature = secret.sign_prehash(digest).unwrap();
            signature.to_der().as_bytes().to_vec()
        };
        let sign: Arc<dyn Fn(&[u8]) -> Vec<u8>> = Arc::new(sign);
        (point.as_bytes().to_vec(), sign)
    }};
}

fn of_curve(curve: Curve) -> Vec<Key> {
    let (oid, (point, sign)) = match curve {
        Curve::P224 => ("1.3.132.0.33", curve_key!(p224, 28)),
        Curve::P256 => ("1.2.840.10045.3.1.7", curve_key!(p256, 32)),
        Curve::P384 => ("1.3.132.0.34", curve_key!(p384, 48)),
        Curve::P521 => ("1.3.132.0.35", curve_key!(p521, 66)),
    };
    let kind = der::sequence(&[&der::oid("1.2.840.10045.2.1"), &der::oid(oid)]);
    let hashes = [
        (256, "1.2.840.10045.4.3.2"),
        (384, "1.2.840.10045.4.3.3"),
        (512, "1.2.840.10045.4.3.4"),
    ];
    hashes
        .into_iter()
        .map(|(bits, algorithm)| {
            let sign = Arc::clone(&sign);
            Key::other(
                &kind,
                &point,
                der::sequence(&[&der::oid(algorithm)]),
                Box::new(move |message| sign(&digest(bits, message))),
            )
        })
        .collect()
}

fn digest(bits: u32, message: &[u8]) -> Vec<u8> {
    match bits {
        256 => Sha256::digest(message).to_vec(),
        384 => Sha384::digest(message).to_vec(),
        _ => Sha512::digest(message).to_vec(),
    }
}

fn of_rsa(key: Arc<PrivateKey>) -> Vec<Key> {
    let mut keys = Vec::new();
    for bits in [256, 384, 512] {
        keys.push(rsa_key(&key, bits, false));
        // A salt and a digest must both find room.
        if key.n().bit_width() >= bits * 2 + 16 {
            keys.push(rsa_key(&key, bits, true));
        }
    }
    keys
}

fn rsa_key(key: &Arc<PrivateKey>, bits: u32, is_pss: bool) -> Key {
    let algorithm = if is_pss {
        pss(bits, bits, bits / 8)
    } else {
        pkcs1(bits)
    };
    let (modulus, exponent) = (key.n().to_be_bytes(), key.e().to_be_bytes());
    let signer = Arc::clone(key);
    let sign = move |message: &[u8]| {
        let random = &mut SystemRng;
        match (bits, is_pss) {
            (256, false) => signer.pkcs1v15_sign_with_rng::<Sha256, _>(random, message),
            (384, false) => signer.pkcs1v15_sign_with_rng::<Sha384, _>(random, message),
            (_, false) => signer.pkcs1v15_sign_with_rng::<Sha512, _>(random, message),
            (256, true) => signer.pss_sign_with_rng::<Sha256, _>(random, message),
            (384, true) => signer.pss_sign_with_rng::<Sha384, _>(random, message),
            (_, true) => signer.pss_sign_with_rng::<Sha512, _>(random, message),
        }
        .unwrap()
    };
    from_numbers(&modulus, &exponent, algorithm, Box::new(sign))
}

/// A key that nothing is signed with.
fn unsigned(bits: usize) -> Key {
    from_numbers_unsigned(&modulus(bits), &[1, 0, 1])
}

fn modulus(bits: usize) -> Vec<u8> {
    let mut modulus = vec![0; bits / 8];
    SystemRandom::new().fill(&mut modulus).unwrap();
    modulus[0] |= 0x80;
    *modulus.last_mut().unwrap() |= 1;
    modulus
}

/// Keys whose numbers cannot be right; nothing is signed with them.
fn out_of_shape() -> Vec<Key> {
    let odd = modulus;
    let mut even = odd(2048);
    *even.last_mut().unwrap() ^= 1;
    let shapes: [(Vec<u8>, &[u8]); 11] = [
        (even, &[1, 0, 1]),
        (odd(2048), &[1]),
        (odd(2048), &[2]),
        (odd(2048), &[1, 0, 0]),
        (odd(2048), &[0x7f, 0xff, 0xff, 0xff]),
        (odd(2048), &[0x80, 0, 0, 1]),
        (odd(2048), &[1, 0, 0, 0, 1]),
        (odd(512), &[1, 0, 1]),
        (odd(1016), &[1, 0, 1]),
        (odd(8192), &[1, 0, 1]),
        (odd(8200), &[1, 0, 1]),
    ];
    let key = |(modulus, exponent): &(Vec<u8>, &[u8])| from_numbers_unsigned(modulus, exponent);
    shapes.iter().map(key).collect()
}

fn from_numbers_unsigned(modulus: &[u8], exponent: &[u8]) -> Key {
    let length = modulus.len();
    let sign = move |_: &[u8]| {
        let mut signature = vec![0; length];
        SystemRandom::new().fill(&mut signature).unwrap();
        signature[0] = 0;
        signature
    };
    from_numbers(modulus, exponent, pkcs1(256), Box::new(sign))
}

fn from_numbers(modulus: &[u8], exponent: &[u8], algorithm: Vec<u8>, sign: Sign) -> Key {
    let numbers = der::sequence(&[&der::unsigned(modulus), &der::unsigned(exponent)]);
    let kind = der::sequence(&[&der::oid("1.2.840.113549.1.1.1"), der::NULL]);
    Key::other(&kind, &numbers, algorithm, sign)
}

fn pkcs1(bits: u32) -> Vec<u8> {
    let algorithm = match bits {
        256 => "1.2.840.113549.1.1.11",
        384 => "1.2.840.113549.1.1.12",
        _ => "1.2.840.113549.1.1.13",
    };
    der::sequence(&[&der::oid(algorithm), der::NULL])
}

/// RSASSA-PSS with its parameters (RFC 4055 section 3.1).
pub fn pss(hash: u32, mask_hash: u32, salt: u32) -> Vec<u8> {
    pss_of(&pss_parameters(hash, mask_hash, salt, der::NULL))
}

pub fn pss_of(parameters: &[Vec<u8>]) -> Vec<u8> {
    der::sequence(&[
        &der::oid("1.2.840.113549.1.1.10"),
        &der::sequence(&[&parameters.concat()]),
    ])
}

pub fn pss_parameters(hash: u32, mask_hash: u32, salt: u32, null: &[u8]) -> Vec<Vec<u8>> {
    let hash_of = |bits: u32| {
        let oid = match bits {
            1 => "1.3.14.3.2.26",
            256 => "2.16.840.1.101.3.4.2.1",
            384 => "2.16.840.1.101.3.4.2.2",
            _ => "2.16.840.1.101.3.4.2.3",
        };
        der::sequence(&[&der::oid(oid), null])
    };
    let mask = der::sequence(&[&der::oid("1.2.840.113549.1.1.8"), &hash_of(mask_hash)]);
    vec![
        der::element(0xa0, &[&hash_of(hash)]),
        der::element(0xa1, &[&mask]),
        der::element(0xa2, &[&der::integer(salt.into())]),
    ]
}

struct SystemRng;

impl TryRng for SystemRng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        SystemRandom::new().fill(bytes).unwrap();
        Ok(())
    }
}

impl TryCryptoRng for SystemRng {}
