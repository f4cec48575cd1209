use super::*;
use crate::x509::key::KeyAlgorithm;
use crate::x509::spki::PublicKeyAlgorithm;

fn decoded(base64: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(base64).unwrap()
}

/// RFC 7515 appendices A.2 and A.3.
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const A2_MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const A2_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A3_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const A3_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const A3_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 8037 appendix A.
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const ED25519_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn rsa_key() -> PublicKey {
    let numbers = [unsigned(&decoded(A2_MODULUS)), unsigned(&[1, 0, 1])].concat();
    let key = der::element(der::SEQUENCE, &[&numbers]);
    PublicKey::assemble(PublicKeyAlgorithm::Rsa { bits: 2048 }, &[], &key)
}

fn p256_key() -> PublicKey {
    let point = [&[4][..], &decoded(A3_X), &decoded(A3_Y)].concat();
    PublicKey::assemble(PublicKeyAlgorithm::EcP256, &[], &point)
}

fn ed25519_key() -> PublicKey {
    PublicKey::assemble(PublicKeyAlgorithm::Ed25519, &[], &decoded(ED25519_X))
}

#[test]
fn the_examples_of_the_rfcs_verify_and_nothing_near_them_does() {
    for (key, token, payload) in [
        (
            rsa_key(),
            format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{A2_SIGNATURE}"),
            decoded(PAYLOAD),
        ),
        (
            p256_key(),
            format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{A3_SIGNATURE}"),
            decoded(PAYLOAD),
        ),
        (
            ed25519_key(),
            ED25519_TOKEN.to_owned(),
            b"Example of Ed25519 signing".to_vec(),
        ),
    ] {
        let compact = Compact::parse(&token).unwrap();
        assert_eq!(compact.verify(&key).unwrap(), payload);
        for at in 0..compact.signature.len() {
            let mut other = compact.clone();
            other.signature[at] ^= 1;
            assert_eq!(other.verify(&key), Err(TokenError::Signature), "{at}");
        }
        let mut other = compact.clone();
        other.signed.push('A');
        assert_eq!(other.verify(&key), Err(TokenError::Signature));
    }
}

#[test]
fn a_key_of_another_kind_is_never_asked() {
    let es256 = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{A3_SIGNATURE}");
    let compact = Compact::parse(&es256).unwrap();
    let error = compact.verify(&rsa_key()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token says ES256, but the key is of type rsa-2048"
    );
    for name in ["none", "HS256", "rs256", ""] {
        let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{name}"}}"#));
        let compact = Compact::parse(&format!("{header}.{PAYLOAD}.")).unwrap();
        assert_eq!(
            compact.verify(&rsa_key()),
            Err(TokenError::Algorithm(name.to_owned()))
        );
    }
}

#[test]
fn der_is_no_signature_of_a_token() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let signed = "eyJhbGciOiJFUzI1NiJ9.e30";
    let der = crypto::sign(&key, signed.as_bytes()).unwrap();
    let token = |signature: &[u8]| format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    let verify = |token: &str| {
        let compact = Compact::parse(token).unwrap();
        compact.verify(key.public_key()).map(<[u8]>::to_vec)
    };
    assert_eq!(verify(&token(&der)), Err(TokenError::Signature));
    let fixed = fixed_width(&der, 32).unwrap();
    assert_eq!((fixed.len(), to_der(&fixed, 32).unwrap()), (64, der));
    assert_eq!(verify(&token(&fixed)).unwrap(), b"{}");
}

#[test]
fn numbers_keep_their_width_whatever_they_are() {
    for (r, s, width) in [(&[1][..], &[0x80][..], 32), (&[0xff; 48], &[1, 0], 48)] {
        let der = der::element(der::SEQUENCE, &[&unsigned(r), &unsigned(s)]);
        let fixed = fixed_width(&der, width).unwrap();
        assert_eq!(fixed.len(), 2 * width);
        assert!(fixed[..width].ends_with(r) && fixed.ends_with(s));
        assert_eq!(to_der(&fixed, width).unwrap(), der);
        assert_eq!(fixed_width(&der, r.len().max(s.len()) - 1), None);
    }
}

#[test]
fn each_key_signs_what_its_public_half_verifies() {
    for (algorithm, name, length) in [
        (KeyAlgorithm::EcdsaP256, "ES256", 64),
        (KeyAlgorithm::EcdsaP384, "ES384", 96),
        (KeyAlgorithm::Ed25519, "EdDSA", 64),
        (KeyAlgorithm::Rsa2048, "RS256", 256),
    ] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let token = sign(&key, &KeyRef::Kid("a\"b".to_owned()), None, b"payload").unwrap();
        let compact = Compact::parse(&token).unwrap();
        assert_eq!(compact.header().algorithm, name);
        assert_eq!(
            compact.header().key_reference(),
            KeyRef::Kid("a\"b".to_owned())
        );
        assert_eq!(compact.signature.len(), length);
        assert_eq!(compact.verify(key.public_key()).unwrap(), b"payload");
        assert!(!format!("{compact:?}").contains(token.rsplit('.').next().unwrap()));
    }
}

#[test]
fn what_is_no_token_is_told_apart() {
    let header = |json: &str| format!("{}.e30.e30", BASE64_URL_SAFE_NO_PAD.encode(json));
    for (text, says) in [
        (
            "a.b".to_owned(),
            "a token has three parts with dots between them; this has 2",
        ),
        (
            "e30=.e30.e30".to_owned(),
            "the token's header is not base64url",
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9.*.e30".to_owned(),
            "the token's payload is not base64url",
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9.e30.*".to_owned(),
            "the token's signature is not base64url",
        ),
        (header("{}"), "the token's header: `alg` is missing"),
        (
            header(r#"{"alg":1}"#),
            "the token's header: `alg` is no string",
        ),
        (
            header(r#"{"alg":"ES256","x5c":"a"}"#),
            "the token's header: `x5c` is no list",
        ),
        (
            header(r#"{"alg":"ES256","x5c":["aGFwa2k="]}"#),
            "the token's header: `x5c` holds something that is no certificate",
        ),
        (
            header(r#"{"alg":"ES256","crit":["b64"]}"#),
            "the token's header has `crit`, and nothing is known of what it asks for",
        ),
    ] {
        assert_eq!(Compact::parse(&text).unwrap_err().to_string(), says);
    }
}
