//! The judges. Each answers, for one kind of client, whether it would accept what it is shown, and if not, in which
//! words it says so. Nothing here knows of Kubernetes.

pub mod go;
pub mod openssl;
pub mod signatures;
