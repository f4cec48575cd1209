//! An [`Explanation`](crate::explain::Explanation) as text for people and as JSON (`hapki.explain/v1`).

mod human;
mod json;

pub use human::human;
pub use human::rule_human;
pub use json::json;
pub use json::rule_json;

use crate::explain::Fault;
use crate::explain::Here;

/// A fault, and where in the cluster it comes from, when there is one to look at.
#[derive(Clone, Debug)]
pub struct Explained<'a> {
    /// The fault.
    pub fault: &'a Fault,
    /// The places; `None` where no cluster was given.
    pub here: Option<Vec<Here<'a>>>,
}
