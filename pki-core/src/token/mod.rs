//! Bearer tokens of registries and service accounts: the ids by which verifiers find the key that signed one.

pub mod key_id;
