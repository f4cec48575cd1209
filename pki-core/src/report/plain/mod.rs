//! The audit for people: what is wrong first, each cause once, with what the client prints and the command that mends it;
//! then the edges; then the certificates.

mod causes;
mod certificates;
mod edges;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::Hash;

use crate::finding::Finding;
use crate::finding::Ignored;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::judge::JudgedEdge;
use crate::report::at;
use crate::report::printable;
use crate::report::wrapped::NARROWEST;
use crate::report::wrapped::wrapped;
use crate::topology::Edge;
use crate::topology::Unjudged;

/// What is put before and after words that stand out. The caller decides: nothing, or the escapes of its terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Before and after the severity of an error, and edges that are refused.
    pub error: (&'static str, &'static str),
    /// Before and after the severity of a warning.
    pub warning: (&'static str, &'static str),
    /// Before and after the severity of what is worth knowing.
    pub info: (&'static str, &'static str),
    /// Before and after headings and rules.
    pub heading: (&'static str, &'static str),
    /// Before and after what is said less loud.
    pub faint: (&'static str, &'static str),
}

impl Style {
    pub(super) fn escapes(&self) -> Vec<&'static str> {
        let pairs = [
            self.error,
            self.warning,
            self.info,
            self.heading,
            self.faint,
        ];
        pairs.iter().flat_map(|(on, off)| [*on, *off]).collect()
    }

    /// No styles at all.
    pub const NONE: Self = Self {
        error: ("", ""),
        warning: ("", ""),
        info: ("", ""),
        heading: ("", ""),
        faint: ("", ""),
    };
    /// Escapes that terminals know (ECMA-48), for a caller that strips them where there is none.
    pub const ANSI: Self = Self {
        error: ("\x1b[1;31m", "\x1b[0m"),
        warning: ("\x1b[1;33m", "\x1b[0m"),
        info: ("\x1b[1;36m", "\x1b[0m"),
        heading: ("\x1b[1m", "\x1b[0m"),
        faint: ("\x1b[2m", "\x1b[0m"),
    };
}

/// The whole report, `width` columns wide where its text can be broken; what clients print and what is to be pasted into
/// a shell is never broken.
pub fn audit(
    judged: &Judged,
    findings: &[Finding],
    ignored: &[Ignored],
    width: usize,
    style: Style,
) -> String {
    let mut page = Page {
        text: String::new(),
        width: width.max(NARROWEST),
        style,
        edges: judged
            .judged_edges()
            .map(|both| (both.0.id.as_str(), both))
            .collect(),
    };
    page.causes(findings);
    page.edges(judged);
    page.unjudged(&judged.topology.unjudged);
    page.certificates(judged);
    page.ignored(ignored);
    page.summary(judged, findings);
    printable::page(&page.text, &style.escapes())
}

struct Page<'a> {
    text: String,
    width: usize,
    style: Style,
    edges: HashMap<&'a str, (&'a Edge, &'a JudgedEdge)>,
}

impl Page<'_> {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        let (on, off) = self.style.heading;
        self.line(format_args!("{on}{heading}{off}"));
    }

    fn wrapped(&mut self, first: &str, text: &str) {
        wrapped(&mut self.text, self.width, first, text);
    }

    /// Those of one component for one reason are told once.
    fn unjudged(&mut self, unjudged: &[Unjudged]) {
        if unjudged.is_empty() {
            return;
        }
        self.heading("Not judged");
        for alike in gathered(unjudged, unjudged_key) {
            let Some(first) = alike.first() else { continue };
            let mut text = match first.dials.as_str() {
                "" => format!("{}: {} {}", first.client, at(&first.place), first.why),
                dials => format!("{} dials {dials}: {}", first.client, first.why),
            };
            if alike.len() > 1 {
                let nodes = alike.iter().map(|unjudged| unjudged.client.node.as_str());
                let nodes: BTreeSet<&str> = nodes.collect();
                let nodes: Vec<&str> = nodes.into_iter().collect();
                let _ = write!(text, " ({} such, on {})", alike.len(), listed(&nodes));
            }
            self.wrapped("  ", &text);
        }
        self.text.push('\n');
    }

    fn ignored(&mut self, ignored: &[Ignored]) {
        if ignored.is_empty() {
            return;
        }
        self.heading("Ignored");
        for ignored in ignored {
            let finding = &ignored.finding;
            let (rule, place) = (finding.rule, at(&finding.place));
            self.wrapped("  ", &format!("{rule} {place}: {}", ignored.reason));
        }
        self.text.push('\n');
    }

    fn summary(&mut self, judged: &Judged, findings: &[Finding]) {
        let count = |severity| {
            findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let refused = judged.edges.iter().filter(|edge| !edge.ok).count();
        let text = format!(
            "{}, {}; {}, {refused} refused: {}, {}, {} worth knowing",
            counted(judged.topology.nodes.len(), "node"),
            counted(distinct(judged), "certificate"),
            counted(judged.edges.len(), "edge"),
            counted(count(Severity::Error), "error"),
            counted(count(Severity::Warning), "warning"),
            count(Severity::Info),
        );
        self.wrapped("", &text);
    }
}

fn unjudged_key(unjudged: &Unjudged) -> (&str, String) {
    let client = &unjudged.client;
    (&client.name, without_node(&unjudged.why, &client.node))
}

/// Items that have a key in common, in the order of the first of each.
fn gathered<'a, T, K: Hash + Eq>(items: &'a [T], key: impl Fn(&'a T) -> K) -> Vec<Vec<&'a T>> {
    let mut groups: Vec<Vec<&T>> = Vec::new();
    let mut known: HashMap<K, usize> = HashMap::new();
    for item in items {
        let position = *known.entry(key(item)).or_insert(groups.len());
        match groups.get_mut(position) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

/// Which component dials which.
fn kind(edge: &Edge) -> (&str, &str) {
    (&edge.client.name, &edge.server.name)
}

/// A text about a node as it would be about any: those about different nodes are then equal.
fn without_node(text: &str, node: &str) -> String {
    match node {
        "" => text.to_owned(),
        node => text.replace(node, "\0"),
    }
}

/// `emei, shaolin, wudang`, and when they are many the first few.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMES_SHOWN);
    let shown = shown.copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMES_SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

fn distinct(judged: &Judged) -> usize {
    let holdings = judged.topology.holdings.iter();
    holdings
        .map(|holding| holding.certificate.as_der())
        .collect::<BTreeSet<_>>()
        .len()
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn width_of(text: &str) -> usize {
    text.chars().count()
}

/// Names that are listed one by one.
const NAMES_SHOWN: usize = 6;

#[cfg(test)]
mod tests;
