use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::x509::key::KeyAlgorithm;

fn claims() -> Claims {
    let now = datetime!(2023-11-14 22:13:20 UTC);
    Claims {
        issuer: "harbor-token-issuer".to_owned(),
        subject: "admin".to_owned(),
        audience: vec!["harbor-registry".to_owned()],
        audience_as_array: false,
        expires: Some(now + Duration::minutes(30)),
        not_before: Some(now),
        issued_at: Some(now),
        id: "abcdefghijklmnop".to_owned(),
        access: vec![Access {
            kind: "repository".to_owned(),
            name: "library/app".to_owned(),
            actions: vec!["pull".to_owned(), "push".to_owned()],
        }],
    }
}

/// Who minted, the algorithm, the SubjectPublicKeyInfo, the token: by a program in Go whose keys are gone.
fn signed_by_go() -> Vec<[&'static str; 4]> {
    include_str!("signed_by_go.txt")
        .lines()
        .map(|line| line.split('|').collect::<Vec<_>>().try_into().unwrap())
        .collect()
}

#[test]
fn tokens_of_libtrust_golang_jwt_and_go_jose_are_read_and_verified() {
    for [by, algorithm, key, token] in signed_by_go() {
        let case = format!("{algorithm} by {by}");
        let key = PublicKey::from_der(&BASE64_STANDARD.decode(key).unwrap()).unwrap();
        let token = parse(token).unwrap();
        assert_eq!(token.header().algorithm, algorithm, "{case}");
        let expected = match by {
            "go-jose" => Claims {
                audience: vec!["harbor-registry".to_owned(), "other".to_owned()],
                audience_as_array: true,
                ..claims()
            },
            _ => claims(),
        };
        assert_eq!(token.verify(&key).unwrap(), expected, "{case}");
        if by == "libtrust" {
            let reference = KeyRef::new(KidForm::Libtrust, &key, &[]);
            assert_eq!(token.header().key_reference(), reference, "{case}");
        }
    }
}

#[test]
fn one_key_does_not_verify_another_s_token() {
    let all = signed_by_go();
    assert_eq!(all.len(), 16);
    for [_, algorithm, key, _] in &all {
        let key = PublicKey::from_der(&BASE64_STANDARD.decode(key).unwrap()).unwrap();
        for [_, other, of, token] in &all {
            let is_own = BASE64_STANDARD.encode(key.as_der()) == *of;
            let verified = parse(token).unwrap().verify(&key);
            assert_eq!(verified.is_ok(), is_own, "{other} by a key for {algorithm}");
        }
    }
}

#[test]
fn claims_come_back_as_they_went() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let several = Claims {
        audience: vec!["a".to_owned(), "b".to_owned()],
        audience_as_array: true,
        not_before: None,
        access: Vec::new(),
        ..claims()
    };
    let listed = Claims {
        audience_as_array: true,
        ..claims()
    };
    for claims in [claims(), several, listed] {
        let token = sign(&key, &KeyRef::None, &claims).unwrap();
        let token = parse(&token).unwrap();
        assert_eq!(token.verify(key.public_key()).unwrap(), claims);
        assert_eq!(token.header().key_reference(), KeyRef::None);
    }
}

#[test]
fn claims_are_written_as_the_token_specification_has_them() {
    let json = Value::Object(claims().to_json());
    assert_eq!(
        json,
        serde_json::json!({
            "iss": "harbor-token-issuer", "sub": "admin", "aud": "harbor-registry", "exp": 1_700_001_800,
            "nbf": 1_700_000_000, "iat": 1_700_000_000, "jti": "abcdefghijklmnop",
            "access": [{ "type": "repository", "name": "library/app", "actions": ["pull", "push"] }]
        })
    );
}

#[test]
fn odd_claims_are_named() {
    let read = |json: &str| Claims::read(json.as_bytes());
    let fraction = read(r#"{"exp":1700001800.7}"#).unwrap();
    assert_eq!(fraction.expires, claims().expires);
    for claim in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "access"] {
        let text = read(&format!(r#"{{"{claim}":{{}}}}"#))
            .unwrap_err()
            .to_string();
        assert!(text.contains(&format!("`{claim}`")), "{text}");
    }
    assert!(read(r#"{"exp":1e300}"#).is_err());
    assert!(read("[]").is_err());
}

#[test]
fn a_token_shows_neither_claims_nor_signature() {
    let [.., token] = signed_by_go().remove(0);
    let shown = format!("{:?}", parse(token).unwrap());
    let payload = token.split('.').nth(1).unwrap();
    let payload = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert!(payload.contains("abcdefghijklmnop") && !shown.contains("abcdefghijklmnop"));
}
