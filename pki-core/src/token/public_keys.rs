//! Private keys that were published: whoever has one mints tokens for every registry that trusts it.

use crate::x509::crypto;
use crate::x509::hex;
use crate::x509::spki::PublicKey;

/// Who published the private half of `key`; `None` where it is not known to be public.
pub fn known(key: &PublicKey) -> Option<&'static str> {
    let fingerprint = hex(&crypto::sha256(key.as_der()));
    let mut published = PUBLISHED.iter();
    published
        .find(|(sha256, _)| *sha256 == fingerprint)
        .map(|(_, who)| *who)
}

/// SHA-256 of the SubjectPublicKeyInfo, and where the private key stands for everyone to read.
const PUBLISHED: &[(&str, &str)] = &[
    // common/templates/ui/private_key.pem of goharbor/harbor up to 1.7, tests/private_key.pem since.
    (
        "fed0de1e3ec8497f36edd6ca7d654333c7254dcac76aefa0f27c6aa398c67706",
        "the template of Harbor 0.5 to 1.7",
    ),
    // cert/tls.key of goharbor/harbor-helm, removed in 2023.
    (
        "fd980556ee5175ddf5a03277dc995879b134769399ad8a511c7cff9bed560374",
        "the chart harbor-helm 1.1 to 1.11",
    ),
    // contrib/helm/harbor/values.yaml of goharbor/harbor.
    (
        "d6d2a13bd33761f354f18be1922b32b108844d1aa5538fa61f35af13c6095dbb",
        "the chart in contrib of Harbor 1.5",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_a_sha256_in_lower_case() {
        for (sha256, _) in PUBLISHED {
            assert_eq!(sha256.len(), 64);
            assert!(sha256.bytes().all(|b| b"0123456789abcdef".contains(&b)));
        }
    }
}
