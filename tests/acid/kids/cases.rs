//! The tokens that are shown.

use pki_core::token::jwt::Claims;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id;
use pki_core::token::key_id::KidForm;
use pki_core::verdict::distribution::Release;
use pki_core::x509::spki::PublicKey;
use time::Duration;
use time::OffsetDateTime;

use crate::kids::forge::Forge;
use crate::kids::forge::Pair;

/// One token, and which key signed it.
pub struct Asked {
    pub what: String,
    pub token: String,
    pub key: PublicKey,
}

/// Every case of a registry that has everybody's root.
pub fn all(forge: &Forge, release: Release) -> Vec<Asked> {
    let mut all = ids(forge, release);
    all.extend(algorithms(forge, release));
    all.extend(claims(forge, release));
    all.extend(chains(forge));
    all
}

/// One token of each key in each form of id.
pub fn of_each_pair(forge: &Forge) -> Vec<Asked> {
    let pairs = [
        ("rsa", &forge.rsa),
        ("p256", &forge.p256),
        ("stranger", &forge.stranger),
    ];
    let mut cases = Vec::new();
    for (name, pair) in pairs {
        for form in [KidForm::Libtrust, KidForm::Rfc7638, KidForm::X5c] {
            let reference = KeyRef::new(form, &pair.public, std::slice::from_ref(&pair.root));
            cases.push(good(forge, format!("{name} by {form}"), pair, &reference));
        }
    }
    cases.push(by_kid(forge, "any name", &forge.stranger, "any name"));
    cases
}

fn ids(forge: &Forge, release: Release) -> Vec<Asked> {
    let mut cases = Vec::new();
    for (name, pair) in [
        ("rsa", &forge.rsa),
        ("rsa-4096", &forge.rsa_4096),
        ("p256", &forge.p256),
        ("p384", &forge.p384),
        ("p521", &forge.p521),
        ("short-x", &forge.short_x),
        ("short-y", &forge.short_y),
        ("expired", &forge.expired),
        ("future", &forge.future),
        ("stranger", &forge.stranger),
    ] {
        for other in [Release::V2, Release::V3] {
            let kid = other.key_id(&pair.public).unwrap();
            cases.push(by_kid(
                forge,
                &format!("{name}, id of {other:?}"),
                pair,
                &kid,
            ));
        }
    }
    let kid = key_id::distribution3(&forge.ed25519.public).unwrap();
    cases.push(by_kid(forge, "ed25519", &forge.ed25519, &kid));
    let (p256, rsa) = (&forge.p256, &forge.rsa);
    let padded = key_id::rfc7638(&forge.short_x.public).unwrap();
    cases.push(by_kid(forge, "padded id", &forge.short_x, &padded));
    let kubernetes = key_id::kubernetes(&p256.public);
    cases.push(by_kid(forge, "id of Kubernetes", p256, &kubernetes));
    cases.push(by_kid(forge, "odd id", p256, "a \"b\"\\\n\u{7f}é"));
    cases.push(by_kid(forge, "empty id", p256, ""));
    cases.push(good(forge, "no id".into(), p256, &KeyRef::None));
    let of = |pair: &Pair| release.key_id(&pair.public).unwrap();
    for (name, signer, named) in [
        ("rsa", &forge.rsa_stranger, rsa),
        ("p256", &forge.stranger, p256),
        ("p384 for p256", &forge.p384, p256),
        ("p256 for rsa", p256, rsa),
    ] {
        let what = format!("another key's id: {name}");
        cases.push(by_kid(forge, &what, signer, &of(named)));
    }
    cases
}

fn algorithms(forge: &Forge, release: Release) -> Vec<Asked> {
    let mut cases = Vec::new();
    for (pair, names) in [
        (
            &forge.rsa,
            &[
                "RS256", "RS384", "RS512", "PS256", "PS384", "HS256", "none", "ES256", "rs256",
            ][..],
        ),
        // Harbor 1 with an EC key.
        (&forge.p256, &["RS256", "ES384", "EdDSA"]),
    ] {
        let reference = KeyRef::Kid(release.key_id(&pair.public).unwrap());
        for name in names {
            cases.push(Asked {
                what: format!("{name} by {}", pair.public.algorithm()),
                token: forge.signed_by_openssl(pair, name, &reference, &forge.claims()),
                key: pair.public.clone(),
            });
        }
    }
    cases
}

fn claims(forge: &Forge, release: Release) -> Vec<Asked> {
    let now = OffsetDateTime::now_utc();
    let good = || forge.claims();
    let seconds = |seconds| Some(now + Duration::seconds(seconds));
    let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let expiring = |at| Claims {
        expires: seconds(at),
        ..good()
    };
    let starting = |at| Claims {
        not_before: seconds(at),
        ..good()
    };
    let audience = |names: &[&str], audience_as_array| Claims {
        audience: strings(names),
        audience_as_array,
        ..good()
    };
    let issuer = |issuer: &str| Claims {
        issuer: issuer.to_owned(),
        ..good()
    };
    let rows = [
        ("issuer", issuer("other")),
        ("odd issuer", issuer("o\"ther é\n")),
        ("audience", audience(&["other"], false)),
        ("no audience", audience(&[""], false)),
        ("audience as list", audience(&["harbor-registry"], true)),
        (
            "two audiences",
            audience(&["other", "harbor-registry"], true),
        ),
        ("two other audiences", audience(&["other", "more"], true)),
        ("expired 30 s ago", expiring(-30)),
        ("expired 90 s ago", expiring(-90)),
        ("begins in 30 s", starting(30)),
        ("begins in 90 s", starting(90)),
        (
            "never expires",
            Claims {
                expires: None,
                not_before: None,
                ..good()
            },
        ),
        (
            "expired, of another issuer",
            Claims {
                issuer: "other".to_owned(),
                ..expiring(-90)
            },
        ),
    ];
    let mut cases = Vec::new();
    for (what, claims) in rows {
        // The second with a fault of the key besides: the releases tell another of the two.
        let unknown = KeyRef::Kid("unknown".to_owned());
        let known = KeyRef::Kid(release.key_id(&forge.p256.public).unwrap());
        for (key, reference) in [("known", known), ("unknown", unknown)] {
            cases.push(Asked {
                what: format!("{what}, {key} key"),
                token: forge.token(&forge.p256, &reference, &claims),
                key: forge.p256.public.clone(),
            });
        }
    }
    cases
}

fn chains(forge: &Forge) -> Vec<Asked> {
    let chain = |what: &str, signer: &Pair, shown: &[&Pair]| {
        let chain = shown.iter().map(|pair| pair.root.clone()).collect();
        good(forge, format!("chain: {what}"), signer, &KeyRef::X5c(chain))
    };
    vec![
        chain("own root, rsa", &forge.rsa, &[&forge.rsa]),
        chain("own root, p384", &forge.p384, &[&forge.p384]),
        chain("below a root", &forge.below, &[&forge.below]),
        chain("with its root", &forge.below, &[&forge.below, &forge.p256]),
        chain("unknown root", &forge.stranger, &[&forge.stranger]),
        chain(
            "unknown root of rsa",
            &forge.rsa_stranger,
            &[&forge.rsa_stranger],
        ),
        chain("expired", &forge.expired, &[&forge.expired]),
        chain("not yet valid", &forge.future, &[&forge.future]),
        chain("another's root", &forge.stranger, &[&forge.p256]),
        chain("another's root, rsa", &forge.rsa_stranger, &[&forge.rsa]),
        chain("ed25519", &forge.ed25519, &[&forge.ed25519]),
    ]
}

fn by_kid(forge: &Forge, what: &str, pair: &Pair, kid: &str) -> Asked {
    good(forge, what.to_owned(), pair, &KeyRef::Kid(kid.to_owned()))
}

fn good(forge: &Forge, what: String, pair: &Pair, reference: &KeyRef) -> Asked {
    Asked {
        what,
        token: forge.token(pair, reference, &forge.claims()),
        key: pair.public.clone(),
    }
}
