//! The command as its users run it: arguments, streams, exit codes. One module per command.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests state their assumptions by unwrapping, helpers included"
)]

mod archives;
mod audit;
mod bad_input;
mod cluster;
mod demo;
mod discover;
mod explain;
mod forge;
mod formats;
mod general;
#[path = "../harbor/mod.rs"]
#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "shared with other tests, which use other parts"
)]
mod harbor;
mod harbor_internal;
mod init;
mod inspect;
mod interrupted;
mod issue;
mod names;
mod plain;
mod registry;
mod run;
mod seed;
mod unify;
mod verify;
