//! `parsePublicKey`, and for points `ParseUncompressedPublicKey` of crypto/ecdsa.

use std::borrow::Cow;

use crate::verdict::go::parse::ParseRefusal;
use crate::verdict::go::parse::algorithm;
use crate::x509::crypto::curve;
use crate::x509::crypto::curve::PointFault;
use crate::x509::der::SEQUENCE;
use crate::x509::der::integer::int64;
use crate::x509::der::read::Reader;
use crate::x509::spki;
use crate::x509::spki::PublicKeyAlgorithm;

/// Checks the SubjectPublicKeyInfo that comes next. Kinds of keys that Go does not know it does not look into.
pub(super) fn check(tbs: &mut Reader<'_>) -> Result<(), ParseRefusal> {
    let mut key = tbs.inside(SEQUENCE).ok_or("x509: malformed spki")?;
    let identifier = key
        .inside(SEQUENCE)
        .ok_or("x509: malformed public key algorithm identifier")?;
    let (oid, parameters) = algorithm(identifier)?;
    let bits = key.bit_string().ok_or("x509: malformed subjectPublicKey")?;
    let data = bits
        .realigned()
        .map_or(Cow::Borrowed(bits.octets), Cow::Owned);
    match oid {
        oid if oid == spki::RSA.as_bytes() => check_rsa(parameters, &data),
        oid if oid == spki::EC.as_bytes() => check_ecdsa(parameters, &data),
        oid if oid == spki::ED25519.as_bytes() => check_ed25519(parameters, &data),
        oid if oid == spki::DSA.as_bytes() => check_dsa(parameters, &data),
        _ => Ok(()),
    }
}

fn check_rsa(parameters: &[u8], data: &[u8]) -> Result<(), ParseRefusal> {
    if parameters != NULL {
        return Err("x509: RSA key missing NULL parameters".into());
    }
    let mut key = Reader::new(data)
        .inside(SEQUENCE)
        .ok_or("x509: invalid RSA public key")?;
    let modulus = key.integer().ok_or("x509: invalid RSA modulus")?;
    let exponent = key.integer().and_then(int64);
    let exponent = exponent.ok_or("x509: invalid RSA public exponent")?;
    if !is_positive(modulus) {
        return Err("x509: RSA modulus is not a positive number".into());
    }
    if exponent <= 0 {
        return Err("x509: RSA public exponent is not a positive number".into());
    }
    Ok(())
}

fn check_ecdsa(parameters: &[u8], data: &[u8]) -> Result<(), ParseRefusal> {
    let oid = Reader::new(parameters)
        .oid()
        .ok_or("x509: invalid ECDSA parameters")?;
    let algorithm = spki::of_curve(oid);
    let fault = match curve::check_point(&algorithm, data) {
        None => return Err("x509: unsupported elliptic curve".into()),
        Some(_) if data.first() != Some(&4) => {
            return Err("ecdsa: invalid uncompressed public key".into());
        }
        Some(Ok(())) => return Ok(()),
        Some(Err(fault)) => fault,
    };
    let name = match algorithm {
        PublicKeyAlgorithm::EcP224 => "P224",
        PublicKeyAlgorithm::EcP384 => "P384",
        PublicKeyAlgorithm::EcP521 => "P521",
        _ => "P256",
    };
    Err(match fault {
        PointFault::Length => format!("invalid {name} point encoding"),
        // P-256 is written in assembly for the machines that Kubernetes is built for, and words it otherwise.
        PointFault::Coordinate if name == "P256" => "invalid P256 element encoding".to_owned(),
        PointFault::Coordinate => format!("invalid {name}Element encoding"),
        PointFault::NotOnCurve => format!("{name} point not on curve"),
    }
    .into())
}

fn check_ed25519(parameters: &[u8], data: &[u8]) -> Result<(), ParseRefusal> {
    if !parameters.is_empty() {
        return Err("x509: Ed25519 key encoded with illegal parameters".into());
    }
    if data.len() != 32 {
        return Err("x509: wrong Ed25519 public key size".into());
    }
    Ok(())
}

fn check_dsa(parameters: &[u8], data: &[u8]) -> Result<(), ParseRefusal> {
    let public = Reader::new(data).integer();
    let public = public.ok_or("x509: invalid DSA public key")?;
    let numbers = Reader::new(parameters)
        .inside(SEQUENCE)
        .and_then(|mut numbers| Some([numbers.integer()?, numbers.integer()?, numbers.integer()?]));
    let numbers = numbers.ok_or("x509: invalid DSA parameters")?;
    if is_positive(public) && numbers.into_iter().all(is_positive) {
        Ok(())
    } else {
        Err("x509: zero or negative DSA parameter".into())
    }
}

/// Whether an INTEGER in its shortest form is above zero.
fn is_positive(integer: &[u8]) -> bool {
    match integer {
        [] | [0] => false,
        [first, ..] => first & 0x80 == 0,
    }
}

const NULL: &[u8] = &[5, 0];
