//! The paved path of an audit: directories, facts, graph, verdicts, findings.

use time::OffsetDateTime;

use crate::checks;
use crate::checks::Settings;
use crate::facts;
use crate::finding::Finding;
use crate::finding::Ignored;
use crate::finding::Severity;
use crate::inventory::Inventory;
use crate::judge;
use crate::judge::Judged;
use crate::source;
use crate::source::Options;
use crate::source::PathArgument;
use crate::source::SourceError;
use crate::token::key_id::KidForm;
use crate::topology;
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

/// Reads the trees that the arguments name, derives every edge, judges it at `now` and runs the rules.
///
/// # Errors
/// Only when there is nothing to judge: no file could be read at all. What is broken within a tree is a finding.
pub fn audit(
    arguments: &[PathArgument],
    options: Options,
    inventory: Option<&Inventory>,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<Audit, SourceError> {
    let kid = KidForm::Libtrust;
    audit_with_kid(arguments, options, inventory, now, settings, kid)
}

/// As [`audit`], where a token server of which only the key is known names that key in its tokens as `kid` says.
///
/// # Errors
/// As [`audit`].
pub fn audit_with_kid(
    arguments: &[PathArgument],
    options: Options,
    inventory: Option<&Inventory>,
    now: OffsetDateTime,
    settings: &Settings,
    kid: KidForm,
) -> Result<Audit, SourceError> {
    let trees = source::open(arguments, options)?;
    let mut facts = facts::gather(&trees);
    facts.set_kid_form(kid);
    if !facts.is_read {
        let unread = facts.all_broken().map(|broken| {
            let path = broken.place.read_from.clone();
            (path, broken.problem.clone())
        });
        return Err(SourceError::NothingRead(unread.collect()));
    }
    let topology = topology::derive(&facts, inventory);
    Ok(of_topology(topology, now, settings))
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
