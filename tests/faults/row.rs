//! One fault, and what an audit must say of it.

use crate::faults::trees::Trees;

/// One row of the table. `{wudang}` stands for that node's address, `{now}` for the instant of the audit, `{says}` for
/// what the client says.
pub struct Row {
    pub name: &'static str,
    /// Whether RSA is the point; ECDSA keys are made sooner.
    pub needs_rsa: bool,
    /// Makes the fault on healthy trees.
    pub make: fn(&Trees),
    /// Every error and warning, worst first: severity, rule, node, path there.
    pub findings: &'static [&'static str],
    /// The connections of the first finding: `client -> server`. The texts below are the first one's.
    pub edges: Edges,
    pub says: Option<&'static str>,
    pub prints: Option<&'static str>,
    pub server_says: Option<&'static str>,
}

/// Which connections a finding lists.
#[derive(Clone, Copy)]
pub enum Edges {
    These(&'static [&'static str]),
    /// So many to one server, among them this one.
    To(&'static str, usize, &'static str),
    /// So many, among them this one.
    Many(usize, &'static str),
}

impl Edges {
    /// The one that is looked at.
    pub fn first(self) -> Option<&'static str> {
        match self {
            Self::These(edges) => edges.first().copied(),
            Self::To(_, _, edge) | Self::Many(_, edge) => Some(edge),
        }
    }
}

/// What most rows are: nothing is wrong.
pub const SOUND: Row = Row {
    name: "",
    needs_rsa: false,
    make: |_| {},
    findings: &[],
    edges: Edges::These(&[]),
    says: None,
    prints: None,
    server_says: None,
};
