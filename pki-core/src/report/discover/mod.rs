//! An inventory that was discovered: as hapki.yaml with a comment on each value, and as JSON.

mod json;
mod yaml;

pub use json::json;
pub use yaml::yaml;
