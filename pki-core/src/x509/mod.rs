//! X.509 as values: names, certificates, keys, requests and PEM blocks, and the crypto provider seam.

pub mod certificate;
pub mod crypto;
pub mod csr;
pub(crate) mod der;
pub mod extensions;
pub mod key;
pub mod name;
pub mod name_constraints;
pub mod pem;
pub mod policies;
pub(crate) mod rfc5280;
pub mod san;
pub mod signature;
pub mod spki;
pub mod template;

/// Lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
