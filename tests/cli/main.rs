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
mod init;
mod inspect;
mod interrupted;
mod issue;
mod names;
mod plain;
mod registry;
mod run;
mod seed;
mod verify;
