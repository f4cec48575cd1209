//! A pasted line: what it means, and which edge of a judged graph it comes from.
//!
//! The wordings are data ([`table::all`]); the meaning of each kind of fault is data too ([`Kind::meaning`]). Nothing
//! here reads a file: whoever has a cluster's files runs an audit of them and asks [`locate`].

mod clean;
mod context;
mod evidence;
mod kind;
mod locate;
mod meaning;
mod page;
mod paste;
mod pattern;
mod secret;
pub mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

pub use evidence::Evidence;
pub use evidence::Field;
pub use kind::Kind;
pub use locate::Here;
pub use locate::How;
pub use locate::locate;
pub use locate::of_rule;
pub use meaning::Meaning;
pub use page::Page;
pub use page::page;
pub use page::pages;

use crate::explain::pattern::Found;
use crate::explain::table::Recogniser;
use crate::judge::Side;

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Every fault that is told of, in the order in which they first come.
    pub faults: Vec<Fault>,
    /// Lines that are about nothing known here.
    pub unknown: Vec<String>,
}

/// One fault, told of in one line or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first line that tells of it, with the escapes of logs resolved.
    pub line: String,
    /// How many lines tell of it.
    pub count: usize,
    /// Which wording it was known by.
    pub wording: &'static str,
    /// The part of the line that has the wording.
    pub says: String,
    /// What it is about.
    pub kind: Kind,
    /// What the line tells besides.
    pub evidence: Evidence,
    /// Who printed it, by the program's own name.
    pub program: Option<&'static str>,
    /// Which end of the connection printed it.
    pub side: Option<Side>,
    /// The URL that was dialled.
    pub url: Option<String>,
    /// The address that was dialled; on a server, the client's.
    pub address: Option<String>,
}

/// Explains what was pasted: a line, a line that a terminal has broken, or a whole log.
pub fn explain(pasted: &[u8]) -> Explanation {
    let mut explanation = Explanation::default();
    let mut known: BTreeMap<Identity, usize> = BTreeMap::new();
    for (line, fault) in paste::faults(&clean::lines(pasted)) {
        let Some(fault) = fault else {
            explanation.unknown.push(line);
            continue;
        };
        let at = *known
            .entry(fault.identity())
            .or_insert(explanation.faults.len());
        match explanation.faults.get_mut(at) {
            Some(same) => same.count += 1,
            None => explanation.faults.push(fault),
        }
    }
    explanation
}

/// What two lines about one fault have in common.
type Identity = (
    &'static str,
    Kind,
    Evidence,
    Option<&'static str>,
    Option<Side>,
    Option<String>,
);

impl Fault {
    /// Reads one line.
    fn read(line: &str) -> Option<Self> {
        let line = clean::unescaped(line);
        Self::read_at(line.trim()).map(|(fault, _)| fault)
    }

    /// Reads one line without escapes; says too where its wording stands.
    fn read_at(line: &str) -> Option<(Self, Range<usize>)> {
        let (recogniser, found, from) = recognise(line)?;
        let (start, end) = (from + found.start, from + found.end);
        let context = context::around(line, start);
        let mut evidence = found.evidence;
        if let Some(narrowed) = context::narrow(line).filter(|narrowed| narrowed.from == from) {
            evidence.add(&narrowed.evidence);
        }
        let kind = seen_from(recogniser.kind, context.side);
        let fault = Self {
            line: line.to_owned(),
            count: 1,
            wording: recogniser.id,
            says: line.get(start..end)?.to_owned(),
            kind,
            evidence,
            program: context.program,
            side: context.side.or(side_of(kind)),
            url: context.url,
            address: context.address,
        };
        Some((fault, start..end))
    }

    /// The host and port that the line names as dialled.
    pub fn dialled(&self) -> Option<&str> {
        let url = self.url.as_deref()?;
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split(['/', '?'])
            .next()
            .filter(|host| !host.is_empty())
    }

    fn identity(&self) -> Identity {
        let dialled = self.dialled().map(str::to_owned);
        (
            self.wording,
            self.kind,
            self.evidence.lasting(),
            self.program,
            self.side,
            dialled,
        )
    }
}

/// The wording of a line, and where the part begins in which it was looked for.
fn recognise(line: &str) -> Option<(&'static Recogniser, Found, usize)> {
    let in_part = |from: usize| {
        let (recogniser, found) = table::recognise(line.get(from..)?)?;
        Some((recogniser, found, from))
    };
    let whole = in_part(0)?;
    if whole.0.kind == Kind::FrontProxyMismatch {
        return Some(whole);
    }
    let part = context::narrow(line).and_then(|narrowed| in_part(narrowed.from));
    Some(part.unwrap_or(whole))
}

/// Some wordings mean one thing to the end that dials and another to the end that answers.
fn seen_from(kind: Kind, side: Option<Side>) -> Kind {
    match (kind, side) {
        (Kind::ServerAuthMissing, Some(Side::Server)) => Kind::ClientAuthMissing,
        (Kind::PlainServer, Some(Side::Server)) => Kind::PlainClient,
        _ => kind,
    }
}

/// The end that says such a thing, where the line around it does not tell: only who dials looks at names.
fn side_of(kind: Kind) -> Option<Side> {
    match kind {
        Kind::NameMismatch
        | Kind::NoAddresses
        | Kind::NoNames
        | Kind::CommonNameOnly
        | Kind::ServerAuthMissing
        | Kind::Unauthorized
        | Kind::Forbidden
        | Kind::OtherNode
        | Kind::PlainServer
        | Kind::RegistryUnauthorized => Some(Side::Client),
        Kind::ClientAuthMissing | Kind::PlainClient => Some(Side::Server),
        _ => None,
    }
}
