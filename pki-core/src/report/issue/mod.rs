//! What `hapki issue` and `hapki init` did, or in a dry run would do.

mod json;
mod plain;

pub use crate::report::issue::json::init as init_json;
pub use crate::report::issue::json::issue as issue_json;
pub use crate::report::issue::plain::init as init_plain;
pub use crate::report::issue::plain::issue as issue_plain;

use std::path::Path;

use crate::plan::SigningStep;
use crate::plan::Target;

/// The key file of a step, where it has one of its own.
fn key_of(step: &SigningStep) -> Option<&Path> {
    match &step.target {
        Target::Pair { key, .. } => key.as_deref(),
        Target::Kubeconfig(_) => None,
    }
}
