//! Generating RSA keys with the crate `rsa`, the only use made of it: ring generates none.
//!
//! RUSTSEC-2023-0071 concerns private-key operations of this crate that an attacker can time; there are none here.

use rand_core::TryCryptoRng;
use rand_core::TryRng;
use rsa::PrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use zeroize::Zeroizing;

use crate::x509::crypto::CryptoError;
use crate::x509::crypto::fill_random;

/// A fresh key of `bits` bits, public exponent 65537, as PKCS#1 DER.
pub(super) fn pkcs1(bits: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
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
