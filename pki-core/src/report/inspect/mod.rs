//! An [`Inspection`](crate::inspect::Inspection) as text for people and as JSON (`hapki.inspect/v1`).

mod human;
mod json;

pub use crate::report::inspect::human::human;
pub use crate::report::inspect::json::json;
