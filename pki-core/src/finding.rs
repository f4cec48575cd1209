//! Findings: what is wrong, as inert data.

use std::fmt;

use crate::place::Place;
use crate::request::Request;

/// How bad it is (docs/rules/README.md says what each means).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It will fail on a known date or by a known act.
    Warning,
    /// An edge fails now, or anyone can forge one.
    Error,
}

/// One thing that is wrong, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id: `name-mismatch`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The one place to look at first.
    pub place: Place,
    /// Other places that take part, each with what it has to do with it.
    pub related: Vec<Related>,
    /// Ids of the edges that it concerns.
    pub edges: Vec<String>,
    /// The finding that this one follows from.
    pub caused_by: Option<Cause>,
    /// One sentence.
    pub message: String,
    /// What the client prints, when there is one.
    pub says: Option<String>,
    /// What mends it.
    pub remedy: Option<Remedy>,
}

/// Another place that takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What it has to do with the finding.
    pub note: String,
}

/// The finding that another one follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Its rule.
    pub rule: &'static str,
    /// Its place.
    pub place: Place,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What to ask hapki.
    pub request: Request,
    /// Whether it changes nothing that works now.
    pub safe: bool,
}

/// A finding that its owner has decided to live with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The finding.
    pub finding: Finding,
    /// The owner's reason.
    pub reason: String,
}

impl Finding {
    /// A finding with nothing but what every finding has.
    pub fn new(
        rule: &'static str,
        severity: Severity,
        place: Place,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity,
            place,
            related: Vec::new(),
            edges: Vec::new(),
            caused_by: None,
            message: message.into(),
            says: None,
            remedy: None,
        }
    }

    /// Adds a related place.
    pub fn related_to(mut self, place: Place, note: impl Into<String>) -> Self {
        self.related.push(Related {
            place,
            note: note.into(),
        });
        self
    }

    /// The page of its rule, below docs/.
    pub fn docs(&self) -> String {
        format!("rules/{}.md", self.rule)
    }

    /// What later findings name as their cause.
    pub fn as_cause(&self) -> Cause {
        Cause {
            rule: self.rule,
            place: self.place.clone(),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
