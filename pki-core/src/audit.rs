//! The paved path of an audit: directories, facts, graph, verdicts, findings.

use time::OffsetDateTime;

use crate::checks;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Ignored;
use crate::finding::Severity;
use crate::judge;
use crate::judge::Judged;
use crate::topology::Topology;

/// An audit's result.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The graph with a verdict on every edge.
    pub judged: Judged,
    /// What is wrong: the worst first, causes before what follows from them.
    pub findings: Vec<Finding>,
    /// What is wrong and its owner has decided to live with.
    pub ignored: Vec<Ignored>,
}

/// Judges what has been read already, at `now`.
pub fn of_topology(topology: Topology, now: OffsetDateTime, settings: &Settings) -> Audit {
    let judged = judge::judge(topology, now);
    let outcome = checks::run(&judged, settings);
    Audit {
        judged,
        findings: outcome.findings,
        ignored: outcome.ignored,
    }
}

impl Audit {
    /// The severity of the worst finding; `None` where there is none.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}
