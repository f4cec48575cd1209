//! Where keys and serial numbers come from. Both are arguments, so that a test can fix them and a benchmark reuse them.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::x509::crypto::CryptoError;
use crate::x509::crypto::fill_random;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::KeyError;
use crate::x509::key::PrivateKey;

/// Gives the private keys that certificates are issued for.
pub trait KeySource {
    /// One key for each algorithm, in this order. All keys of a command are asked for at once, so that a source may
    /// make them side by side.
    ///
    /// # Errors
    /// The first key that could not be made.
    fn keys(&mut self, algorithms: &[KeyAlgorithm]) -> Result<Vec<PrivateKey>, KeyError>;
}

/// Gives serial numbers.
pub trait SerialSource {
    /// A number that its CA has not used: big-endian, positive, not zero, at most 20 bytes (RFC 5280 section 4.1.2.2).
    ///
    /// # Errors
    /// No randomness could be had.
    fn serial(&mut self) -> Result<Vec<u8>, CryptoError>;
}

/// Generates every key anew.
#[derive(Clone, Copy, Debug)]
pub struct FreshKeys {
    /// How many threads search for the primes of RSA keys. Other keys take microseconds and are made on one.
    pub threads: NonZeroUsize,
}

/// Random serial numbers of 16 bytes with 127 random bits: more than the 64 that the CA/Browser Forum asks for, and
/// never encoded longer than 16 bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomSerials;

impl KeySource for FreshKeys {
    fn keys(&mut self, algorithms: &[KeyAlgorithm]) -> Result<Vec<PrivateKey>, KeyError> {
        let rsa = algorithms
            .iter()
            .filter(|algorithm| is_rsa(**algorithm))
            .count();
        let threads = self.threads.get().min(rsa);
        if threads < 2 {
            return algorithms
                .iter()
                .map(|algorithm| PrivateKey::generate(*algorithm))
                .collect();
        }
        side_by_side(algorithms, threads)
    }
}

impl SerialSource for RandomSerials {
    fn serial(&mut self) -> Result<Vec<u8>, CryptoError> {
        let mut bytes = [0; 16];
        loop {
            fill_random(&mut bytes)?;
            let [first, ..] = &mut bytes;
            *first &= 0x7f;
            if bytes != [0; 16] {
                return Ok(bytes.to_vec());
            }
        }
    }
}

/// Each thread takes the next key that nobody has taken; which thread made a key does not show in the result.
fn side_by_side(algorithms: &[KeyAlgorithm], threads: usize) -> Result<Vec<PrivateKey>, KeyError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(algorithm) = algorithms.get(index) else {
                return made;
            };
            made.push((index, PrivateKey::generate(*algorithm)));
        }
    };
    let mut made = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut made = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => made.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    });
    made.sort_unstable_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, key)| key).collect()
}

fn is_rsa(algorithm: KeyAlgorithm) -> bool {
    matches!(
        algorithm,
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096
    )
}
