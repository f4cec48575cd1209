//! Which files signers of tokens can load their key from, and what they say of others.
//!
//! Harbor signs with docker/libtrust up to 2.1; later it takes the key's id from libtrust and signs with golang-jwt.
//! Neither looks further than the first PEM block.

use pkcs8::ObjectIdentifier;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode;
use sec1::EcPrivateKey;

use crate::x509::der;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::KeyMaterial;
use crate::x509::pem;
use crate::x509::pem::PemBlock;
use crate::x509::spki;
use crate::x509::spki::PublicKey;

/// The public half of the key that libtrust's `UnmarshalPrivateKeyPEM` loads: PKCS#1 and SEC1, by the label of the first
/// block.
///
/// # Errors
/// What libtrust says. Of bytes that are no key at all, as a passphrase leaves them, it ends behind `asn1: `: what
/// follows there depends on those bytes.
pub fn libtrust(text: &[u8]) -> Result<PublicKey, String> {
    let block = first_block(text).ok_or("unable to find PEM encoded data")?;
    match block.label.as_str() {
        "RSA PRIVATE KEY" => pkcs1(&block.der)
            .map_err(|says| format!("unable to decode RSA Private Key PEM data: {says}")),
        "EC PRIVATE KEY" => {
            let key = sec1(&block.der, None)
                .map_err(|says| format!("unable to decode EC Private Key PEM data: {says}"))?;
            match key.algorithm() {
                spki::PublicKeyAlgorithm::EcP224 => Err("unsupported elliptic curve".to_owned()),
                _ => Ok(key),
            }
        }
        other => Err(format!("unable to get PrivateKey from PEM type: {other}")),
    }
}

/// The public half of the key that golang-jwt's `ParseRSAPrivateKeyFromPEM` loads: RSA as PKCS#1 or PKCS#8, whatever the
/// label of the first block.
///
/// # Errors
/// What golang-jwt says; of bytes that are no key at all as [`libtrust`].
pub fn golang_jwt_rsa(text: &[u8]) -> Result<PublicKey, String> {
    let block =
        first_block(text).ok_or("invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key")?;
    if let Ok(key) = pkcs1(&block.der) {
        return Ok(key);
    }
    let info = match PrivateKeyInfoRef::try_from(block.der.as_slice()) {
        Ok(info) => info,
        Err(_) => return Err(other_form(&block.der, Form::Pkcs8)),
    };
    if info.algorithm.oid != spki::RSA {
        return Err("key is not a valid RSA private key".to_owned());
    }
    pkcs1(info.private_key.as_bytes())
        .map_err(|says| format!("x509: failed to parse RSA private key embedded in PKCS#8: {says}"))
}

/// `pem.Decode`: the first block that is whole; the broken before it are passed over.
fn first_block(text: &[u8]) -> Option<PemBlock> {
    let mut blocks = pem::blocks(text).into_iter().flatten();
    blocks.find(|block| block.is_read_by_go(text))
}

/// `ParsePKCS1PrivateKey`.
fn pkcs1(bytes: &[u8]) -> Result<PublicKey, String> {
    KeyMaterial::from_pkcs1(bytes.to_vec().into())
        // The algorithm tells nothing of an RSA key's public half.
        .map(|material| material.public_key(KeyAlgorithm::Rsa2048))
        .ok_or_else(|| other_form(bytes, Form::Pkcs1))
}

/// `ParseECPrivateKey`.
fn sec1(bytes: &[u8], curve: Option<ObjectIdentifier>) -> Result<PublicKey, String> {
    let key = EcPrivateKey::from_der(bytes).map_err(|_| other_form(bytes, Form::Sec1))?;
    let named = key
        .parameters
        .and_then(|parameters| parameters.named_curve());
    let curve = named.or(curve).ok_or("x509: unknown elliptic curve")?;
    if !CURVES.contains(&curve) {
        return Err("x509: unknown elliptic curve".to_owned());
    }
    let Some(point) = key.public_key else {
        // Go computes the point; hapki does not, and signs with no such key.
        return Err("the key is without its public half".to_owned());
    };
    let oids = [der::oid(&spki::EC), der::oid(&curve)].concat();
    let identifier = der::element(der::SEQUENCE, &[&oids]);
    let bits = der::element(der::BIT_STRING, &[&[0], point]);
    PublicKey::from_der(&der::element(der::SEQUENCE, &[&identifier, &bits]))
        .map_err(|_| "x509: failed to parse EC private key".to_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Pkcs1,
    Pkcs8,
    Sec1,
}

/// What Go says of a key in another form than the one it was asked to read, SEC1 tried first.
fn other_form(bytes: &[u8], asked: Form) -> String {
    let is_sec1 = asked != Form::Sec1 && EcPrivateKey::from_der(bytes).is_ok();
    let is_pkcs8 = asked != Form::Pkcs8 && PrivateKeyInfoRef::try_from(bytes).is_ok();
    let is_pkcs1 = asked != Form::Pkcs1 && KeyMaterial::from_pkcs1(bytes.to_vec().into()).is_some();
    let instead = match (is_sec1, is_pkcs8, is_pkcs1) {
        (true, ..) => "ParseECPrivateKey",
        (_, true, _) => "ParsePKCS8PrivateKey",
        (.., true) => "ParsePKCS1PrivateKey",
        _ => return "asn1: ".to_owned(),
    };
    format!("x509: failed to parse private key (use {instead} instead for this key format)")
}

const CURVES: [ObjectIdentifier; 4] = [spki::P224, spki::P256, spki::P384, spki::P521];

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::x509::key::PrivateKey;

    const PKCS1_LABEL: &str = "RSA PRIVATE KEY";
    const USE_EC: &str =
        "x509: failed to parse private key (use ParseECPrivateKey instead for this key format)";

    fn der_of(key: &PrivateKey) -> Vec<u8> {
        pem::blocks(key.to_pem().as_bytes())[0]
            .as_ref()
            .unwrap()
            .der
            .to_vec()
    }

    fn pkcs8_of(pkcs1: &[u8]) -> Vec<u8> {
        let version = der::element(der::INTEGER, &[&[0]]);
        let identifier = [&der::oid(&spki::RSA)[..], &[5, 0]].concat();
        let identifier = der::element(der::SEQUENCE, &[&identifier]);
        let key = der::element(der::OCTET_STRING, &[pkcs1]);
        der::element(der::SEQUENCE, &[&version, &identifier, &key])
    }

    fn block(label: &str, der: &[u8]) -> String {
        pem::encode(label, der)
    }

    #[test]
    fn rsa_by_its_form_and_its_label() {
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        let public = key.public_key().clone();
        let (pkcs1, pkcs8) = (der_of(&key), pkcs8_of(&der_of(&key)));
        let ok = Ok(public);
        let by_type = |label: &str| Err(format!("unable to get PrivateKey from PEM type: {label}"));
        let in_pkcs1 =
            |says: &str| Err(format!("unable to decode RSA Private Key PEM data: {says}"));
        let use_8 = "x509: failed to parse private key (use ParsePKCS8PrivateKey instead for this key format)";
        for (text, by_libtrust, by_golang_jwt) in [
            (block(PKCS1_LABEL, &pkcs1), ok.clone(), ok.clone()),
            (
                block("PRIVATE KEY", &pkcs8),
                by_type("PRIVATE KEY"),
                ok.clone(),
            ),
            (block(PKCS1_LABEL, &pkcs8), in_pkcs1(use_8), ok.clone()),
            (
                block("PRIVATE KEY", &pkcs1),
                by_type("PRIVATE KEY"),
                ok.clone(),
            ),
            // What stands before the first block does not matter, nor what follows it.
            (
                format!("a\n{}{}", block(PKCS1_LABEL, &pkcs1), block("X", &[])),
                ok.clone(),
                ok.clone(),
            ),
            (
                format!("{}{}", block("X", &[]), block(PKCS1_LABEL, &pkcs1)),
                by_type("X"),
                Err("asn1: ".to_owned()),
            ),
            (
                String::new(),
                Err("unable to find PEM encoded data".to_owned()),
                Err("invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key".to_owned()),
            ),
        ] {
            assert_eq!(libtrust(text.as_bytes()), by_libtrust, "{text}");
            assert_eq!(golang_jwt_rsa(text.as_bytes()), by_golang_jwt, "{text}");
        }
    }

    #[test]
    fn a_passphrase_leaves_no_key() {
        let body = BASE64_STANDARD.encode([0xa7; 96]);
        let text = format!(
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{}\n{}\n-----END RSA PRIVATE KEY-----\n",
            &body[..64],
            &body[64..]
        );
        let says = libtrust(text.as_bytes()).unwrap_err();
        assert_eq!(says, "unable to decode RSA Private Key PEM data: asn1: ");
    }

    #[test]
    fn ec_is_for_libtrust_alone_and_only_without_parameters_before_it() {
        for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let text = key.to_pem();
            assert_eq!(libtrust(text.as_bytes()), Ok(key.public_key().clone()));
            assert_eq!(golang_jwt_rsa(text.as_bytes()), Err(USE_EC.to_owned()));
            let parameters = block("EC PARAMETERS", &der::oid(&spki::P256));
            assert_eq!(
                libtrust(format!("{parameters}{text}").as_bytes()),
                Err("unable to get PrivateKey from PEM type: EC PARAMETERS".to_owned())
            );
        }
        let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        assert_eq!(
            libtrust(key.to_pem().as_bytes()),
            Err("unable to get PrivateKey from PEM type: PRIVATE KEY".to_owned())
        );
        assert_eq!(
            golang_jwt_rsa(key.to_pem().as_bytes()),
            Err("key is not a valid RSA private key".to_owned())
        );
    }
}
