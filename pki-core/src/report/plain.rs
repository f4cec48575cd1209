//! The audit for people: what is wrong first, each with what the client prints and the command that mends it; then the
//! edges; then the certificates.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use time::OffsetDateTime;

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
use crate::topology::Holding;
use crate::topology::Role;

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

/// The whole report, `width` columns wide where its text can be broken; what clients print is never broken.
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
    };
    for finding in findings {
        page.finding(judged, finding);
    }
    page.edges(judged);
    page.unjudged(judged);
    page.certificates(judged);
    page.ignored(ignored);
    page.summary(judged, findings);
    printable::page(&page.text, &style.escapes())
}

struct Page {
    text: String,
    width: usize,
    style: Style,
}

impl Page {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        let (on, off) = self.style.heading;
        self.line(format_args!("{on}{heading}{off}"));
    }

    fn finding(&mut self, judged: &Judged, finding: &Finding) {
        let (on, off) = match finding.severity {
            Severity::Error => self.style.error,
            Severity::Warning => self.style.warning,
            Severity::Info => self.style.info,
        };
        let (bold, plain) = self.style.heading;
        let (severity, rule) = (finding.severity, finding.rule);
        self.line(format_args!(
            "{on}{severity}{off} {bold}{rule}{plain} {}",
            at(&finding.place)
        ));
        self.wrapped("  ", &finding.message);
        if let Some(cause) = &finding.caused_by {
            self.line(format_args!(
                "  follows from {} {}",
                cause.rule,
                at(&cause.place)
            ));
        }
        match printed(judged, finding) {
            Some(prints) => self.line(format_args!("  prints: {prints}")),
            None => {
                if let Some(says) = &finding.says {
                    self.line(format_args!("  says:   {says}"));
                }
            }
        }
        for related in finding.related.iter().take(RELATED_SHOWN) {
            let (on, off) = self.style.faint;
            self.line(format_args!(
                "  {on}{}: {}{off}",
                at(&related.place),
                related.note
            ));
        }
        if finding.related.len() > RELATED_SHOWN {
            let more = finding.related.len() - RELATED_SHOWN;
            self.line(format_args!("  and {more} more places"));
        }
        if let Some(remedy) = &finding.remedy {
            self.line(format_args!("  mend:   {}", remedy.request));
        }
        self.text.push('\n');
    }

    fn edges(&mut self, judged: &Judged) {
        let groups = grouped(judged);
        if groups.is_empty() {
            return;
        }
        self.heading("Edges");
        for group in &groups {
            let (mark, (on, off)) = if group.ok {
                ("holds  ", ("", ""))
            } else {
                ("refused", self.style.error)
            };
            let clients = group.clients();
            self.wrapped(
                &format!("  {on}{mark}{off} "),
                &format!("{} <- {clients}", group.server),
            );
        }
        self.text.push('\n');
    }

    fn unjudged(&mut self, judged: &Judged) {
        if judged.topology.unjudged.is_empty() {
            return;
        }
        self.heading("Not judged");
        for unjudged in &judged.topology.unjudged {
            let text = match unjudged.dials.as_str() {
                "" => format!(
                    "{}: {} {}",
                    unjudged.client,
                    at(&unjudged.place),
                    unjudged.why
                ),
                dials => format!("{} dials {dials}: {}", unjudged.client, unjudged.why),
            };
            self.wrapped("  ", &text);
        }
        self.text.push('\n');
    }

    fn certificates(&mut self, judged: &Judged) {
        let rows = certificate_rows(judged);
        if rows.is_empty() {
            return;
        }
        self.heading("Certificates");
        let [first, second, third] = [0, 1, 2].map(|column| longest(&rows, column));
        for [role, nodes, expires, left] in &rows {
            self.line(format_args!(
                "  {role:first$}  {nodes:second$}  {expires:third$}  {left}"
            ));
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
            let text = format!(
                "{} {}: {}",
                finding.rule,
                at(&finding.place),
                ignored.reason
            );
            self.wrapped("  ", &text);
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
        self.line(format_args!(
            "{}, {}; {}, {refused} refused: {}, {}, {} worth knowing",
            counted(judged.topology.nodes.len(), "node"),
            counted(distinct(judged), "certificate"),
            counted(judged.edges.len(), "edge"),
            counted(count(Severity::Error), "error"),
            counted(count(Severity::Warning), "warning"),
            count(Severity::Info),
        ));
    }

    fn wrapped(&mut self, first: &str, text: &str) {
        wrapped(&mut self.text, self.width, first, text);
    }
}

/// Edges to one server with one verdict.
struct EdgeGroup {
    ok: bool,
    server: String,
    clients: Vec<Clients>,
}

/// Clients that are told together.
struct Clients {
    name: String,
    first: String,
    count: usize,
}

/// Refused edges first; within each, in the order of the graph.
fn grouped(judged: &Judged) -> Vec<EdgeGroup> {
    let servers = servers(judged);
    let mut groups: Vec<EdgeGroup> = Vec::new();
    let mut known: BTreeMap<(bool, String, Option<&str>), usize> = BTreeMap::new();
    let (refused, accepted): (Vec<_>, Vec<_>) =
        judged.judged_edges().partition(|(_, verdict)| !verdict.ok);
    for (edge, verdict) in refused.into_iter().chain(accepted) {
        let count = servers
            .get(edge.server.name.as_str())
            .map_or(0, BTreeSet::len);
        let server = if verdict.ok && count > SERVERS_SHOWN {
            format!("{} on {count} nodes", edge.server.name)
        } else {
            edge.server.to_string()
        };
        let key = (verdict.ok, server.clone(), verdict.says.as_deref());
        let position = *known.entry(key).or_insert_with(|| {
            groups.push(EdgeGroup {
                ok: verdict.ok,
                server,
                clients: Vec::new(),
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(position) {
            group.add(edge);
        }
    }
    groups
}

/// The nodes of every component that answers.
fn servers(judged: &Judged) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut servers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in &judged.topology.edges {
        let nodes = servers.entry(&edge.server.name).or_default();
        nodes.insert(&edge.server.node);
    }
    servers
}

impl EdgeGroup {
    /// Refused clients are told one by one, the others by their kind.
    fn add(&mut self, edge: &Edge) {
        let first = client(edge);
        let name = if self.ok {
            edge.client.name.clone()
        } else {
            first.clone()
        };
        match self.clients.iter_mut().find(|known| known.name == name) {
            Some(known) => known.count += 1,
            None => self.clients.push(Clients {
                name,
                first,
                count: 1,
            }),
        }
    }

    fn clients(&self) -> String {
        let told = self.clients.iter().map(|clients| match clients.count {
            1 => clients.first.clone(),
            count => format!("{} ({count})", clients.name),
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

fn client(edge: &Edge) -> String {
    let via = edge
        .via
        .as_deref()
        .map(|via| format!(" via {via}"))
        .unwrap_or_default();
    format!("{}{via}", edge.client)
}

/// What the client of the finding's first edge prints.
fn printed<'a>(judged: &'a Judged, finding: &Finding) -> Option<&'a str> {
    let first = finding.edges.first()?;
    let (_, verdict): (&Edge, &JudgedEdge) =
        judged.judged_edges().find(|(edge, _)| edge.id == *first)?;
    verdict.prints.as_deref()
}

/// What it is, the nodes that hold it, its last day and how long that is; what ends first comes first.
fn certificate_rows(judged: &Judged) -> Vec<[String; 4]> {
    let mut used: Vec<&Holding> = Vec::new();
    let mut nodes: Vec<Vec<&str>> = Vec::new();
    for holding in judged
        .topology
        .holdings
        .iter()
        .filter(|holding| holding.role.is_some())
    {
        let node = holding.place.node.as_str();
        let known = used.iter().position(|known| {
            known.role == holding.role && known.certificate == holding.certificate
        });
        match known.and_then(|known| nodes.get_mut(known)) {
            Some(nodes) if nodes.contains(&node) => {}
            Some(nodes) => nodes.push(node),
            None => {
                used.push(holding);
                nodes.push(vec![node]);
            }
        }
    }
    let mut rows: Vec<(&Holding, Vec<&str>)> = used.into_iter().zip(nodes).collect();
    rows.sort_by_key(|(holding, _)| holding.certificate.not_after());
    rows.into_iter()
        .map(|(holding, nodes)| {
            let not_after = holding.certificate.not_after();
            [
                role_of(holding),
                nodes.join(", "),
                not_after.date().to_string(),
                left(judged.now, not_after),
            ]
        })
        .collect()
}

fn distinct(judged: &Judged) -> usize {
    let holdings = judged.topology.holdings.iter();
    holdings
        .map(|holding| holding.certificate.as_der())
        .collect::<BTreeSet<_>>()
        .len()
}

fn role_of(holding: &Holding) -> String {
    match holding.role {
        Some(Role::Profile(profile)) => profile.to_string(),
        Some(Role::Authority(authority)) => authority.to_string(),
        None => String::new(),
    }
}

fn left(now: OffsetDateTime, not_after: OffsetDateTime) -> String {
    let days = (not_after - now).whole_days();
    if not_after < now {
        "expired".to_owned()
    } else {
        format!("{days}d")
    }
}

fn longest(rows: &[[String; 4]], column: usize) -> usize {
    rows.iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.chars().count())
        .max()
        .unwrap_or_default()
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Places of a finding that are listed one by one.
const RELATED_SHOWN: usize = 4;

/// More servers of one kind than these are told together where everything holds.
const SERVERS_SHOWN: usize = 8;
