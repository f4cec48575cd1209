//! The `hapki` command.
fn main() {}
