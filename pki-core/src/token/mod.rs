//! Bearer tokens of registries and service accounts: minting and verifying them, and the ids by which verifiers find the
//! key that signed one.

pub mod algorithm;
pub mod jws;
pub mod jwt;
pub mod key_id;
pub mod public_keys;
