//! Any bytes as a token, and as the key file of one who signs tokens: taken apart, and never believed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_core::token::jwt;
use pki_core::token::jwt::KeyRef;
use pki_core::token::signing_key;
use pki_core::verdict::distribution;
use pki_core::verdict::distribution::Presented;
use pki_core::verdict::distribution::Release;
use pki_core::verdict::distribution::Verifier;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::spki::PublicKey;
use time::OffsetDateTime;
use time::macros::datetime;

fuzz_target!(|bytes: &[u8]| {
    // What either loads is a whole key.
    for loaded in [
        signing_key::libtrust(bytes),
        signing_key::golang_jwt_rsa(bytes),
    ] {
        if let Ok(key) = loaded {
            assert_eq!(PublicKey::from_der(key.as_der()).as_ref(), Ok(&key));
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(token) = jwt::parse(text) else { return };
    let shown = format!("{token:?}");
    assert!(shown.len() < 64 || !shown.contains(text));
    let Ok(claims) = token.claims() else { return };
    let reference = token.header().key_reference();
    let chain: &[Certificate] = match &reference {
        KeyRef::X5c(chain) => chain,
        KeyRef::Kid(_) | KeyRef::None => &[],
    };
    for certificate in chain {
        let key = certificate.public_key();
        // Whatever is signed by its own certificate is read as it was unread.
        if let Ok(verified) = token.verify(key) {
            assert_eq!(verified, claims);
        }
        for release in [Release::V2, Release::V3] {
            let presented = Presented {
                key,
                algorithm: &token.header().algorithm,
                reference: &reference,
                issuer: &claims.issuer,
                audience: &claims.audience,
                audience_as_array: claims.audience_as_array,
                expires: claims.expires,
                not_before: claims.not_before,
            };
            let verifier = Verifier {
                release,
                issuer: "harbor-token-issuer",
                service: "harbor-registry",
                bundle: chain,
                jwks: &[],
                algorithms: None,
            };
            let answer = || distribution::accepts(&presented, &verifier, NOW);
            assert_eq!(answer(), answer());
        }
    }
});

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
