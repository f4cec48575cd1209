//! The RustCrypto crates, for what the providers do not do: ring generates no RSA keys, and neither provider verifies
//! all that Go's crypto/x509 verifies (docs/decisions/0007-rare-signatures.md). Verifying handles public values only.
//!
//! RUSTSEC-2023-0071 concerns private-key operations of the crate `rsa` that an attacker can time; there are none here.

use rsa::BoxedUint;
use rsa::PublicKey as RsaPublicKey;
use rsa::sha2::Digest;
use rsa::sha2::Sha256;
use rsa::sha2::Sha384;
use rsa::sha2::Sha512;

use crate::x509::signature::Hash;
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// Whether `signature` over `message` was made by `key`; `None` where that is not verified here either.
///
/// RSA keys are taken from 1024 bits, as Go takes them, up to [`MOST_RSA_BITS`]; Go knows no such limit.
pub(super) fn verify(
    key: &PublicKey,
    algorithm: &SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    match algorithm {
        SignatureAlgorithm::Ecdsa(hash) => {
            let digest = match hash {
                Hash::Sha256 => Sha256::digest(message).to_vec(),
                Hash::Sha384 => Sha384::digest(message).to_vec(),
                Hash::Sha512 => Sha512::digest(message).to_vec(),
                Hash::Md5 | Hash::Sha1 => return None,
            };
            verify_ecdsa(key, &digest, signature)
        }
        SignatureAlgorithm::Rsa(hash) => {
            let key = rsa_key(key)?;
            let verified = match hash {
                Hash::Sha256 => key.pkcs1v15_verify::<Sha256>(message, signature),
                Hash::Sha384 => key.pkcs1v15_verify::<Sha384>(message, signature),
                Hash::Sha512 => key.pkcs1v15_verify::<Sha512>(message, signature),
                Hash::Md5 | Hash::Sha1 => return None,
            };
            Some(verified.is_ok())
        }
        SignatureAlgorithm::RsaPss(hash) => {
            let key = rsa_key(key)?;
            let verified = match hash {
                Hash::Sha256 => key.pss_verify::<Sha256>(message, signature),
                Hash::Sha384 => key.pss_verify::<Sha384>(message, signature),
                Hash::Sha512 => key.pss_verify::<Sha512>(message, signature),
                Hash::Md5 | Hash::Sha1 => return None,
            };
            Some(verified.is_ok())
        }
        _ => None,
    }
}

fn rsa_key(key: &PublicKey) -> Option<RsaPublicKey> {
    let (modulus, exponent) = key.rsa_numbers()?;
    let modulus = BoxedUint::from_be_slice_vartime(modulus);
    let exponent = BoxedUint::from_be_slice_vartime(exponent);
    RsaPublicKey::new_with_size_limits(modulus, exponent, 1024..=MOST_RSA_BITS).ok()
}

/// The curves' crates have types of the same names.
macro_rules! verify_on {
    ($curve:ident, $point:expr, $digest:expr, $signature:expr) => {{
        use $curve::ecdsa::signature::hazmat::PrehashVerifier;
        let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes($point).ok()?;
        let signature = $curve::ecdsa::Signature::from_der($signature);
        Some(signature.is_ok_and(|signature| key.verify_prehash($digest, &signature).is_ok()))
    }};
}

fn verify_ecdsa(key: &PublicKey, digest: &[u8], signature: &[u8]) -> Option<bool> {
    // Go takes points uncompressed only.
    let point = key.key_bits();
    if point.first() != Some(&4) {
        return None;
    }
    match key.algorithm() {
        PublicKeyAlgorithm::EcP224 => verify_on!(p224, point, digest, signature),
        PublicKeyAlgorithm::EcP256 => verify_on!(p256, point, digest, signature),
        PublicKeyAlgorithm::EcP384 => verify_on!(p384, point, digest, signature),
        PublicKeyAlgorithm::EcP521 => verify_on!(p521, point, digest, signature),
        _ => None,
    }
}

/// From here on a signature costs seconds, and nobody has such a key: crypto/tls refuses a peer's from 8193 bits on.
const MOST_RSA_BITS: usize = 65_536;

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
mod generate {
    use rand_core::TryCryptoRng;
    use rand_core::TryRng;
    use rsa::PrivateKey;
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use zeroize::Zeroizing;

    use crate::x509::crypto::CryptoError;
    use crate::x509::crypto::fill_random;

    /// A fresh key of `bits` bits, public exponent 65537, as PKCS#1 DER.
    pub(in crate::x509::crypto) fn rsa_pkcs1(
        bits: usize,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = PrivateKey::new(&mut SystemRng, bits).map_err(|_| CryptoError::generation())?;
        let der = key.to_pkcs1_der().map_err(|_| CryptoError::generation())?;
        Ok(Zeroizing::new(der.as_bytes().to_vec()))
    }

    /// The operating system's generator in the shape that `rsa` asks for.
    struct SystemRng;

    impl TryRng for SystemRng {
        type Error = CryptoError;

        fn try_next_u32(&mut self) -> Result<u32, CryptoError> {
            let mut bytes = [0; 4];
            fill_random(&mut bytes)?;
            Ok(u32::from_ne_bytes(bytes))
        }

        fn try_next_u64(&mut self) -> Result<u64, CryptoError> {
            let mut bytes = [0; 8];
            fill_random(&mut bytes)?;
            Ok(u64::from_ne_bytes(bytes))
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError> {
            fill_random(bytes)
        }
    }

    impl TryCryptoRng for SystemRng {}
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(super) use generate::rsa_pkcs1;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::x509::der;
    use crate::x509::signature::SignatureAlgorithm::Ecdsa;
    use crate::x509::signature::SignatureAlgorithm::Rsa;
    use crate::x509::signature::SignatureAlgorithm::RsaPss;

    #[test]
    fn what_go_has_signed_is_verified_and_nothing_else_is() {
        for (algorithm, key, signature) in SIGNED_BY_GO {
            let key = PublicKey::from_der(&BASE64_STANDARD.decode(key).unwrap()).unwrap();
            let mut signature = BASE64_STANDARD.decode(signature).unwrap();
            let verified = |message, signature: &[u8]| verify(&key, algorithm, message, signature);
            let case = format!("{algorithm} by {}", key.algorithm());
            assert_eq!(verified(b"hapki", &signature), Some(true), "{case}");
            assert_eq!(verified(b"happy", &signature), Some(false), "{case}");
            assert_eq!(
                verified(b"hapki", &[&signature[..], &[0]].concat()),
                Some(false),
                "{case}"
            );
            *signature.last_mut().unwrap() ^= 1;
            assert_eq!(verified(b"hapki", &signature), Some(false), "{case}");
            assert_eq!(verified(b"hapki", &[]), Some(false), "{case}");
        }
    }

    /// The largest key that is taken is verified with; the next is not asked.
    #[test]
    fn keys_are_taken_up_to_their_longest() {
        for (bits, expected) in [(65_536, Some(false)), (65_544, None), (1_000_000, None)] {
            let number = [&[0], vec![0xff; bits / 8].as_slice()].concat();
            let numbers = [
                der::element(der::INTEGER, &[&number]),
                der::element(der::INTEGER, &[&[1, 0, 1]]),
            ];
            let key = PublicKey::assemble(
                PublicKeyAlgorithm::Rsa { bits: bits as u32 },
                &[],
                &der::element(der::SEQUENCE, &[&numbers.concat()]),
            );
            let signature = vec![0x7f; bits / 8];
            assert_eq!(
                verify(&key, &Rsa(Hash::Sha256), b"", &signature),
                expected,
                "{bits}"
            );
        }
    }

    /// `hapki`, signed by a program in Go whose keys are gone.
    const SIGNED_BY_GO: &[(SignatureAlgorithm, &str, &str)] = &[
        (
            Ecdsa(Hash::Sha256),
            "ME4wEAYHKoZIzj0CAQYFK4EEACEDOgAE3nUdbXsY6Sc7iL+7QzvBbOm4OHWlQfS2qo7J1CLo0aqZMdur+DqyB4+n8bGXu0AY8/DLG1IfN3w=",
            "MDwCHAHp4frwPtBOCxWDimJjQFB6ILXathK/PRn6lacCHAWI78JUyJHBZM1in2IpCgmRlTkRI8jTj5kdMwA=",
        ),
        (
            Ecdsa(Hash::Sha512),
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+T7ML7BDEPaeavxr91XHvumRaLNOQ+F7juRZfvM7YtI8kWXs9LXyTM5R0cgk/5+RUc4yWc965qTjuhwF2b0iYw==",
            "MEUCIDpv+Vdz2a8sGcmsU9UfV0wL+NgTW6NL8moK0JOp3LoDAiEAnl4lAdk6yddVaqxJeposO9g2z5/H4YpxshBNEDe9/vg=",
        ),
        (
            Ecdsa(Hash::Sha512),
            "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEy4g3OALgENb5aTvf71vBQVYyf5vPArqEBtOQZ+s3JproVDT8QABj7J5hyxQEWeRem7dmWVKg46x/wAot8+gpvZ+/5iMunhemWuT3WIKK/cGELSxPOeiifix3pwsqL6Hd",
            "MGYCMQCUxUpIAdL9cUJ+N8s/glUxrudE4o0ZndxK4/Yki1LMtiRqnDbBksYzBVr7dpqv9ocCMQCPC5eA29Y71gdYNNhbFP0Bxvlj+jNJpOhMxE10NGPM0biW918fyU3bB2PGZdwfWPg=",
        ),
        (
            Ecdsa(Hash::Sha256),
            "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBuOaOYOtq+P1dTaeV4fnKXmfnRB3FX/Jgg+HRRBAcmMqlA2P0pcX/SjDeJnBINLTL4FyLzNcbnxazWwiMsvR1hv0BARmXqD1CzL9QMbNPSajkBFyGwP2Nm+ITnzoddZE12wZV06269rhJpzrih5H32iJH704vp7AroUv8KVu0wjHUCUc=",
            "MIGIAkIAs8NvUSD9Ac6HOKdyBPOyJslaXfvRZvuV5MbXrNVhX7s3kAvDVQ+TRBgPiJFktM2RZXf+/Wcpjki/UcS7FPWOud8CQgGOqYKAic5J91gO4d5agylhLA39vipl4MLrgXEBmWFWVZWW4DCRmaDCAh84TPxJqjoDJZJNRZcy6SKjFynjYVDqIQ==",
        ),
        (
            Ecdsa(Hash::Sha512),
            "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBaVI9rQciaq6NyYAMc8anZiOUDCe9ELw6BEUYQsCM2wPQGT+YGBoxc2Jgs9OhGYMiU9x5iYoOx2+DBBWjtgu/YhwAdUzqeVB0V33D82sWVjOfxNCCiCrKlmuH3+yqueBmDfPzjjCjg2NV95xNmhpSEG13e/MNjOUGj+xm9y0cNLiWMLs=",
            "MIGHAkIBMCwv64FMg9k+IEIc33seeWUuNF7RwimG3asbJcn+q8IaxUMRCtsh4z8T5kvG56gNETjSiEBAZEFz3vkqH3bg0kICQRbbtivcb9mjECS+Uc0GBQlvSRH4VqDhAy0kSlwhzvtUWhoXugB3ezfo5R16MEKjg/chKsTQs1nuz3qbWoy5Lvd0",
        ),
        (
            Rsa(Hash::Sha384),
            "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQF7RG5iA6KjqhsUj6ey9I/RIV6qVEwmBrpkKWOS/3bptzeY1yOpsQHp3oTCnWhfF7sLRoYyGEVM3esHw/OyGLEz9zeBg8GDIibPuy4I6Ez6KR9Bz3DRnvJ62eWglyfydH8YkP4nSOg4RurdUW+FRMe6sgi9+MZLu2dqGLORG+eXiQIDAQAB",
            "AQn2H61Gcb0AwxlNfLk8tMEPEr6sPL7hxRa/so7XL8YHeA5vItm2tqLlE8+3da0EeF+Gjgi4JcsdSYcEfdsKGoIGVflsN3N/G6fVc+2Kd/X+ds9GHSUK2vl+uVhB1iji9E+/qcZky9A0wpNmli/eCWVEXIpCWihw6pvusWdSYMYA",
        ),
        (
            RsaPss(Hash::Sha256),
            "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQF7RG5iA6KjqhsUj6ey9I/RIV6qVEwmBrpkKWOS/3bptzeY1yOpsQHp3oTCnWhfF7sLRoYyGEVM3esHw/OyGLEz9zeBg8GDIibPuy4I6Ez6KR9Bz3DRnvJ62eWglyfydH8YkP4nSOg4RurdUW+FRMe6sgi9+MZLu2dqGLORG+eXiQIDAQAB",
            "AMV8qutM/suzipkyZdT3ihCOn/xILkhuYyPe0zHVa4scH1E7wiqeaKsZdLE9VZpEuLF56tgFgtfmxiycP8YopKxVsRpdQaT3YScWinTMSydzM+64AdKyAt/+XKjt+ipbnuwiBY+M72eQeJu05FoRfQtcM+QZTNE7g+1CD//GxxvV",
        ),
        (
            Rsa(Hash::Sha256),
            "MIGdMA0GCSqGSIb3DQEBAQUAA4GLADCBhwKBgQDE/cvrCCLZRby4uEypUyTSPvzD+Nt26loMJzr0OtNfXf5kMJHjDNbAv/YM8Bfo6QPukIYW1d92nsXBZONL4nMqzZSv1xpaa+kV+yvdH/hfmq0iAAqX/HLP00F8gIsp48D88RrUB5FrX3cKm4YnYSgBNMVTpLjqKAejqua8/9kjZQIBAw==",
            "mgET5ltGP2YSIEjIfQyS0uWzCKa9JP3hyQqTB3xzQNeB0R52bY2de3yrUX2foH5nejSCzn3rFko+TYQNSELznc2A8IhWSeMM7PNU8eLGfR9ETaw+L8SJYdtsIDpigW7OU84KHw1Yw6N419V8zOJqGKGLBt+aW7COopBed4K6ZDs=",
        ),
    ];
}
