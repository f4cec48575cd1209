//! Bearer tokens of registries and service accounts: minting and verifying them, and the ids by which verifiers find the
//! key that signed one; and which key files signers can use.

pub mod algorithm;
pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod key_id;
pub mod public_keys;
pub mod signing_key;
