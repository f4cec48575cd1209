//! The judges. Each answers, for one kind of client, whether it would accept what it is shown, and if not, in which
//! words it says so. Nothing here reads a file or knows a cluster.

pub mod distribution;
pub mod go;
pub mod harbor;
pub mod openssl;
pub mod service_account;
pub mod signatures;
