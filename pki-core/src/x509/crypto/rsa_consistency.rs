//! Whether the numbers of an RSA private key belong together: a few multiplications and divisions, no exponentiation.

use crypto_bigint::BoxedUint;
use crypto_bigint::ConcatenatingMul;
use crypto_bigint::NonZero;
use zeroize::Zeroizing;

use crate::x509::der::integer::bit_length;
use crate::x509::key::RsaPrivateNumbers;

/// Go loads no key for which this does not hold (crypto/internal/fips140/rsa/rsa.go, checkPrivateKey), nor does ring, as
/// far as it looks (`ring::rsa::KeyPair::from_components`): n = pq, p and q half as long as n, 2^(half) < d < n,
/// e·dP = 1 mod p-1, e·dQ = 1 mod q-1, d = dP mod p-1, d = dQ mod q-1, q·qInv = 1 mod p. Whether p and q are prime,
/// neither asks.
pub(super) fn holds(pkcs1: &[u8]) -> bool {
    RsaPrivateNumbers::read(pkcs1)
        .ok()
        .and_then(|numbers| check(&numbers))
        .is_some()
}

/// `None` as soon as something does not fit: which number is wrong is no secret.
fn check(numbers: &RsaPrivateNumbers<'_>) -> Option<()> {
    let bits = bit_length(numbers.modulus);
    let half = bits / 2;
    let modulus = BoxedUint::from_be_slice(numbers.modulus, bits).ok()?;
    let exponent = BoxedUint::from_be_slice_vartime(numbers.exponent);
    let d = secret(numbers.private_exponent, bits)?;
    let (p, q) = (secret(numbers.p, half)?, secret(numbers.q, half)?);
    require(p.bit_width() == half && q.bit_width() == half && modulus.bit_vartime(0))?;
    require(*product(&p, &q) == modulus)?;
    require(d.bit_width() > half && *d < modulus)?;
    for (prime, reduced) in [(&p, numbers.exponent_p), (&q, numbers.exponent_q)] {
        let order = NonZero::new(BoxedUint::clone(prime) - 1_u64).into_option();
        let order = Zeroizing::new(order?);
        let reduced = secret(reduced, half)?;
        require(*remainder(&d, &order) == *reduced)?;
        require(is_one(&remainder(&product(&reduced, &exponent), &order)))?;
    }
    let coefficient = secret(numbers.coefficient, half)?;
    require(*coefficient < *p)?;
    let p = Zeroizing::new(NonZero::new(BoxedUint::clone(&p)).into_option()?);
    require(is_one(&remainder(&product(&coefficient, &q), &p)))
}

/// A number of at most `bits` bits.
fn secret(number: &[u8], bits: u32) -> Option<Zeroizing<BoxedUint>> {
    let number = BoxedUint::from_be_slice(number, bits).ok()?;
    Some(Zeroizing::new(number))
}

fn product(a: &BoxedUint, b: &BoxedUint) -> Zeroizing<BoxedUint> {
    Zeroizing::new(a.concatenating_mul(b))
}

/// Its time depends on how many bits `modulus` has, and on nothing else.
fn remainder(number: &BoxedUint, modulus: &NonZero<BoxedUint>) -> Zeroizing<BoxedUint> {
    Zeroizing::new(number.rem_vartime(modulus))
}

fn is_one(number: &BoxedUint) -> bool {
    number.is_one().to_bool()
}

fn require(holds: bool) -> Option<()> {
    holds.then_some(())
}
