//! The faults of a cluster's certificates and shared keys, each made on healthy trees, and what an audit says of it.
//!
//! tests/faults.rs makes all of them on files; tests/acid makes them again under the real components and compares what
//! those print.

pub mod forge;
pub mod row;
pub mod table;
pub mod trees;
