//! What `verdict` foretells of tokens, the table of wordings knows: the one is not changed without the other.

use time::Duration;

use super::*;
use crate::explain::kind::Kind;
use crate::token::jws::KeyRef;
use crate::verdict::distribution;
use crate::verdict::distribution::Bundle;
use crate::verdict::distribution::Jwks;
use crate::verdict::distribution::Presented;
use crate::verdict::distribution::Release;
use crate::verdict::distribution::Start;
use crate::verdict::distribution::Unreadable;
use crate::verdict::distribution::Verifier;
use crate::verdict::harbor;
use crate::verdict::service_account;
use crate::x509::spki::PublicKey;

const NOW: OffsetDateTime = datetime!(2026-11-23 13:45:00 UTC);

#[track_caller]
fn is_understood(line: &str, kind: Kind) {
    let explanation = explain(line.as_bytes());
    let kinds: Vec<Kind> = explanation.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [kind], "{line}");
}

#[test]
fn what_registries_say_of_tokens_is_understood() {
    let keys = [(); 2].map(|()| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
    let [own, other] = keys.each_ref().map(PrivateKey::public_key);
    for release in [Release::V2, Release::V3] {
        let kid = |key: &PublicKey| KeyRef::Kid(release.key_id(key).unwrap());
        let (known, unknown) = (kid(own), kid(other));
        let verifier = Verifier {
            release,
            issuer: "issuer",
            service: "service",
            bundle: &[],
            jwks: &[],
            algorithms: None,
        };
        let jwks = [(release.key_id(own).unwrap(), own.clone())];
        let trusting = Verifier {
            jwks: &jwks,
            ..verifier
        };
        let audience = ["service".to_owned()];
        let good = Presented {
            key: own,
            algorithm: "ES256",
            reference: &unknown,
            issuer: "issuer",
            audience: &audience,
            audience_as_array: false,
            expires: Some(NOW + Duration::hours(1)),
            not_before: Some(NOW),
        };
        let log = |presented: &Presented<'_>, verifier: &Verifier<'_>| {
            let refusal = distribution::accepts(presented, verifier, NOW).unwrap_err();
            refusal.log.unwrap_or(refusal.context)
        };
        is_understood(&log(&good, &verifier), Kind::TokenKeyUnknown);
        let nameless = Presented {
            reference: &KeyRef::None,
            ..good
        };
        is_understood(&log(&nameless, &verifier), Kind::TokenNamesNoKey);
        if release == Release::V3 {
            let forged = Presented {
                key: other,
                reference: &known,
                ..good
            };
            is_understood(&log(&forged, &trusting), Kind::TokenSignature);
        }
        let mut claims = good;
        claims.reference = &known;
        claims.issuer = "other";
        is_understood(&log(&claims, &trusting), Kind::TokenIssuer);
        let list = ["one".to_owned(), "two".to_owned()];
        claims.issuer = "issuer";
        claims.audience = &list;
        is_understood(&log(&claims, &trusting), Kind::TokenIssuer);
        claims.audience = &audience;
        claims.not_before = Some(NOW + Duration::hours(1));
        // The registry's clock stands behind it.
        let early = log(&claims, &trusting) + "2026-11-23 13:45:00 +0000 UTC m=+1.2";
        is_understood(&early, Kind::TokenNotYetValid);
        claims.expires = Some(NOW - Duration::hours(1));
        let late = log(&claims, &trusting) + "2026-11-23 13:45:00 +0000 UTC m=+1.2";
        is_understood(&late, Kind::TokenExpired);
    }
    is_understood(distribution::TOKEN_REQUIRED, Kind::TokenAbsent);
    is_understood(distribution::INSUFFICIENT_SCOPE, Kind::TokenScope);
}

#[test]
fn what_registries_say_before_they_end_is_understood() {
    for release in [Release::V2, Release::V3] {
        for content in [
            Ok(&b""[..]),
            Ok(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            Err(Unreadable::Missing),
            Err(Unreadable::Forbidden),
            Err(Unreadable::Directory),
        ] {
            let path = "/etc/registry/root.crt";
            let start = Start {
                release,
                bundle: Some(Bundle { path, content }),
                jwks: None,
                algorithms: None,
            };
            let panic = distribution::starts(&start).unwrap_err();
            is_understood(&panic, Kind::TokenRoots);
        }
    }
    for why in [Unreadable::Missing, Unreadable::Directory] {
        let start = Start {
            release: Release::V3,
            bundle: None,
            jwks: Some(Jwks {
                path: "/etc/registry/keys.json",
                keys: Err(why),
            }),
            algorithms: None,
        };
        let panic = distribution::starts(&start).unwrap_err();
        is_understood(&panic, Kind::TokenRoots);
    }
    is_understood(&distribution::missing_option("realm"), Kind::SettingMissing);
}

#[test]
fn what_harbor_apiservers_and_clients_say_is_understood() {
    let keys = [(); 2].map(|()| PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap());
    let [own, other] = keys.each_ref().map(PrivateKey::public_key);
    for (major, minor) in [(1, 10), (2, 1), (2, 12)] {
        let release = harbor::Release { major, minor };
        let label = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let says = harbor::loads_key(release, label.as_bytes()).unwrap_err();
        is_understood(&says, Kind::KeyFormat);
        let refusal = harbor::core_accepts(other, own, release).unwrap_err();
        is_understood(&refusal.error.unwrap(), Kind::TokenSignature);
        is_understood(&refusal.warning, Kind::TokenSignature);
    }
    for (line, kind) in [
        (harbor::docker_500("hub:8989"), Kind::TokenServiceFails),
        (
            harbor::docker_push_denied("a/b"),
            Kind::RegistryUnauthorized,
        ),
        (
            distribution::docker_login("hub"),
            Kind::RegistryUnauthorized,
        ),
        (
            distribution::skopeo_login("hub"),
            Kind::RegistryUnauthorized,
        ),
        (service_account::no_public_key("/sa.pub"), Kind::KeyFormat),
        (service_account::no_signing_key("/sa.key"), Kind::KeyFormat),
        (service_account::no_private_key("/sa.key"), Kind::KeyFormat),
        (
            service_account::ED25519_SIGNING_KEY.to_owned(),
            Kind::KeyFormat,
        ),
    ] {
        is_understood(&line, kind);
    }
    for (refusal, kind) in [
        (service_account::Refusal::Issuer, Kind::ServiceAccountToken),
        (
            service_account::Refusal::UnknownKey,
            Kind::ServiceAccountKey,
        ),
        (service_account::Refusal::Signature, Kind::ServiceAccountKey),
    ] {
        is_understood(&refusal.to_string(), kind);
    }
}
