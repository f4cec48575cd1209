//! Bad input costs a bounded amount of work. The bounds are counts, so that a slow machine does not fail them.

use super::tests::authority;
use super::tests::key;
use super::tests::leaf;
use super::tests::question;
use super::*;
use crate::x509::der;
use crate::x509::key::PrivateKey;

/// Two hundred authorities of one name, each of which might have signed any other, and no root.
#[test]
fn a_loop_of_two_hundred_authorities_costs_a_hundred_checks() {
    let keys: Vec<PrivateKey> = (0..200).map(|_| key()).collect();
    let signers = keys.iter().cycle().skip(1);
    let intermediates: Vec<Certificate> = keys
        .iter()
        .zip(signers)
        .map(|(own, signer)| authority("loop", "loop", own).sign(signer).unwrap())
        .collect();
    let child = leaf("x", "loop", &[]).sign(&keys[0]).unwrap();
    let mut signatures = Signatures::default();
    let asked = Question {
        intermediates: &intermediates,
        ..question(&child, &[])
    };
    let refusal = verify(&asked, &mut signatures).unwrap_err();
    assert_eq!(refusal, Refusal::SignatureLimit);
    assert!(signatures.made() <= 100, "{} checks", signatures.made());
}

/// Each of two hundred authorities signs the one below it: the chain is followed as far as Go follows it.
#[test]
fn a_chain_of_two_hundred_authorities_is_given_up() {
    let key = key();
    let name = |level: usize| format!("level-{level}");
    let intermediates: Vec<Certificate> = (0..200)
        .map(|level| {
            authority(&name(level), &name(level + 1), &key)
                .sign(&key)
                .unwrap()
        })
        .collect();
    let child = leaf("x", &name(0), &[]).sign(&key).unwrap();
    let mut signatures = Signatures::default();
    let asked = Question {
        intermediates: &intermediates,
        ..question(&child, &[])
    };
    assert_eq!(
        verify(&asked, &mut signatures).unwrap_err(),
        Refusal::SignatureLimit
    );
    assert_eq!(signatures.made(), 100);
}

/// A hundred thousand elements, each in the one before: whoever descended into them by calling himself would
/// overflow the stack.
#[test]
fn deep_nesting_is_refused_without_descending() {
    // Written from the inside out and backwards, so that no byte is copied twice.
    let mut nested = Vec::new();
    for _ in 0..100_000 {
        nested.extend(header(nested.len()).iter().rev());
    }
    nested.reverse();
    assert!(Certificate::from_der(&nested).is_err());
    assert!(parse_certificate(&nested).is_err());
}

fn header(length: usize) -> Vec<u8> {
    let octets: Vec<u8> = length
        .to_be_bytes()
        .into_iter()
        .skip_while(|octet| *octet == 0)
        .collect();
    if length < 0x80 {
        return vec![der::SEQUENCE, length as u8];
    }
    [
        &[der::SEQUENCE, 0x80 | octets.len() as u8],
        octets.as_slice(),
    ]
    .concat()
}
