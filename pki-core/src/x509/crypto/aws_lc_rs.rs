//! aws-lc-rs.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeySize;
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use crate::x509::crypto::CryptoError;

pub(super) use aws_lc_rs::digest;
pub(super) use aws_lc_rs::rand;
pub(super) use aws_lc_rs::signature;

/// The provider's key pair from its parts, which are checked to belong together.
pub(super) fn ecdsa(
    algorithm: &'static signature::EcdsaSigningAlgorithm,
    scalar: &[u8],
    point: &[u8],
) -> Option<signature::EcdsaKeyPair> {
    signature::EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point).ok()
}

/// A fresh RSA key as PKCS#1.
pub(super) fn rsa(bits: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        _ => KeySize::Rsa4096,
    };
    let pair = signature::RsaKeyPair::generate(size).map_err(|_| CryptoError::generation())?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| CryptoError::generation())?;
    let info =
        PrivateKeyInfoRef::try_from(pkcs8.as_ref()).map_err(|_| CryptoError::generation())?;
    Ok(Zeroizing::new(info.private_key.as_bytes().to_vec()))
}
