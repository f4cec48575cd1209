//! Whether a point lies on a curve. Go's parser asks it of every ECDSA key; ring asks it only when it verifies.

use crypto_bigint::Limb;
use crypto_bigint::U256;
use crypto_bigint::U384;
use crypto_bigint::U576;
use crypto_bigint::Uint;
use crypto_bigint::const_monty_params;
use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::modular::ConstMontyParams;

use crate::x509::spki::PublicKeyAlgorithm;

/// What is wrong with the bytes of an uncompressed point (SEC 1 section 2.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PointFault {
    /// Their number is not one octet and two coordinates.
    Length,
    /// A coordinate is not below the field's modulus.
    Coordinate,
    /// The equation does not hold.
    NotOnCurve,
}

/// Checks the point of a key on one of the NIST curves; `None` for any other kind of key.
pub(crate) fn check_point(
    algorithm: &PublicKeyAlgorithm,
    point: &[u8],
) -> Option<Result<(), PointFault>> {
    Some(match algorithm {
        PublicKeyAlgorithm::EcP224 => check::<P224, _>(point, 28, &P224_B),
        PublicKeyAlgorithm::EcP256 => check::<P256, _>(point, 32, &P256_B),
        PublicKeyAlgorithm::EcP384 => check::<P384, _>(point, 48, &P384_B),
        PublicKeyAlgorithm::EcP521 => check::<P521, _>(point, 66, &P521_B),
        _ => return None,
    })
}

/// y^2 = x^3 - 3x + b, as all four curves have it (SP 800-186 section 3.2.1).
fn check<P: ConstMontyParams<LIMBS>, const LIMBS: usize>(
    point: &[u8],
    length: usize,
    b: &Uint<LIMBS>,
) -> Result<(), PointFault> {
    let coordinates = point.get(1..).filter(|rest| rest.len() == 2 * length);
    let (x, y) = coordinates
        .and_then(|rest| rest.split_at_checked(length))
        .ok_or(PointFault::Length)?;
    let element = |octets: &[u8]| -> Result<ConstMontyForm<P, LIMBS>, PointFault> {
        let number = number(octets);
        let is_reduced = number < *P::PARAMS.modulus().as_ref();
        is_reduced
            .then(|| ConstMontyForm::new(&number))
            .ok_or(PointFault::Coordinate)
    };
    let (x, y) = (element(x)?, element(y)?);
    let three = x.double().add(&x);
    let right = x.square().mul(&x).sub(&three).add(&ConstMontyForm::new(b));
    if y.square() == right {
        Ok(())
    } else {
        Err(PointFault::NotOnCurve)
    }
}

/// A big-endian number of at most as many octets as there is room for.
fn number<const LIMBS: usize>(octets: &[u8]) -> Uint<LIMBS> {
    let mut padded = [0; MOST_OCTETS];
    for (to, from) in padded.iter_mut().rev().zip(octets.iter().rev()) {
        *to = *from;
    }
    let room = MOST_OCTETS.saturating_sub(Limb::BYTES * LIMBS);
    Uint::from_be_slice(padded.get(room..).unwrap_or_default())
}

/// The octets of a [`U576`].
const MOST_OCTETS: usize = 72;

const_monty_params!(
    P224,
    U256,
    "00000000ffffffffffffffffffffffffffffffff000000000000000000000001",
    "The field of P-224."
);
const_monty_params!(
    P256,
    U256,
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "The field of P-256."
);
const_monty_params!(
    P384,
    U384,
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "The field of P-384."
);
const_monty_params!(
    P521,
    U576,
    "00000000000001ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "The field of P-521."
);

const P224_B: U256 =
    U256::from_be_hex("00000000b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4");
const P256_B: U256 =
    U256::from_be_hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");
const P384_B: U384 = U384::from_be_hex(
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
);
const P521_B: U576 = U576::from_be_hex(
    "0000000000000051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
);

#[cfg(test)]
mod tests {
    use super::*;

    /// The base points of SP 800-186 section 3.2.1.
    const POINTS: [(PublicKeyAlgorithm, &str, &str); 4] = [
        (
            PublicKeyAlgorithm::EcP224,
            "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
            "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
        ),
        (
            PublicKeyAlgorithm::EcP256,
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ),
        (
            PublicKeyAlgorithm::EcP384,
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ),
        (
            PublicKeyAlgorithm::EcP521,
            "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
            "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        ),
    ];

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn base_points_lie_on_their_curves_and_their_neighbours_do_not() {
        for (curve, x, y) in POINTS {
            let point = [&[4][..], &unhex(x), &unhex(y)].concat();
            let said = |point: &[u8]| check_point(&curve, point).unwrap();
            assert_eq!(said(&point), Ok(()), "{curve}");
            let mut near = point.clone();
            *near.last_mut().unwrap() ^= 1;
            assert_eq!(said(&near), Err(PointFault::NotOnCurve), "{curve}");
            assert_eq!(said(&point[1..]), Err(PointFault::Length), "{curve}");
            let high = [&[4][..], &vec![0xff; point.len() - 1]].concat();
            assert_eq!(said(&high), Err(PointFault::Coordinate), "{curve}");
        }
        assert_eq!(check_point(&PublicKeyAlgorithm::Ed25519, &[4]), None);
    }
}
