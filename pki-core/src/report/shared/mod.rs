//! What a run of `hapki unify` or `hapki rotate` did, or would do.

mod json;
mod plain;

pub use crate::report::shared::json::shared as shared_json;
pub use crate::report::shared::plain::refusal;
pub use crate::report::shared::plain::shared as shared_plain;
