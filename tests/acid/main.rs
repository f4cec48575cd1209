//! What hapki writes, under the programs that read it: kube-apiserver, etcd, nginx, kubectl, kubeadm, Go, OpenSSL
//! and the lints; and what it foretells of registries and their tokens, under registries.
//!
//! The foreign programs come from `tests/peers/build.sh`. The tests are ignored by default; they fail, and say what is
//! missing, when a program is not there:
//!
//! ```text
//! tests/peers/build.sh && cargo test --test acid -- --ignored
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test states its assumptions by failing"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a test crate has no readers outside"
)]

mod ask;
mod bench;
mod ca;
mod cluster;
mod control_plane;
#[allow(
    dead_code,
    reason = "what an audit says of these faults, tests/faults.rs compares"
)]
#[path = "../faults/mod.rs"]
mod faults;
mod foretold;
mod hapki_first;
#[allow(dead_code, reason = "tests/harbor.rs says what else is made there")]
#[path = "../harbor/mod.rs"]
mod harbor;
mod identities;
mod inventory;
mod kids;
mod killed;
#[path = "../edges/kinds.rs"]
mod kinds;
mod kubeadm;
mod kubeadm_edges;
mod kubeadm_first;
mod lints;
mod loaded;
mod peers;
mod probe;
mod registry;
mod registry_tokens;
mod reports;
mod same;
mod server;
mod service_accounts;
mod unusual_ca_names;
