//! X.509 as values: names, certificates, keys, requests and PEM blocks, and the crypto provider seam.

pub mod certificate;
pub mod crypto;
pub mod csr;
pub mod key;
pub mod name;
pub mod pem;
pub mod san;
pub mod spki;
pub mod template;
