//! A change of shared keys that is under way.

use crate::place::Place;

/// What was noted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// `.hapki/rotation.json` of a tree.
    pub place: Place,
    /// `unify`, `rotate service-account`, `rotate registry-token`.
    pub kind: String,
    /// The last stage that was carried out: `trust`, `sign`, `wait`, `prune`.
    pub stage: String,
}
