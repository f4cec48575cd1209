//! `hapki unify` and `hapki rotate` on the files of Harbors, registries and masters.

#[path = "unify/bad_input.rs"]
mod bad_input;
#[path = "unify/drive.rs"]
mod drive;
#[path = "unify/masters.rs"]
mod masters;
#[path = "unify/probe.rs"]
mod probe;
#[path = "unify/stages.rs"]
mod stages;
