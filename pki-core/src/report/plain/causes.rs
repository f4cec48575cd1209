//! Findings: what follows from another stands under it, and what is alike on several nodes is told once.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;

use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::JudgedEdge;
use crate::place::Place;
use crate::report::at;
use crate::report::plain::Page;
use crate::report::plain::counted;
use crate::report::plain::gathered;
use crate::report::plain::listed;
use crate::report::plain::without_node;
use crate::topology::Edge;

/// What findings follow from a rule's finding at a place.
type Consequences<'f> = HashMap<(&'f str, &'f Place), Vec<&'f Finding>>;

impl Page<'_> {
    pub(super) fn causes(&mut self, findings: &[Finding]) {
        let causes: HashSet<(&str, &Place)> = findings
            .iter()
            .filter(|finding| finding.caused_by.is_none())
            .map(|finding| (finding.rule, &finding.place))
            .collect();
        let mut consequences = Consequences::new();
        let mut first: Vec<&Finding> = Vec::new();
        for finding in findings {
            let cause = finding.caused_by.as_ref();
            match cause.map(|cause| (cause.rule, &cause.place)) {
                Some(cause) if causes.contains(&cause) => {
                    consequences.entry(cause).or_default().push(finding);
                }
                _ => first.push(finding),
            }
        }
        for alike in gathered(&first, |finding| key(finding)) {
            if let Some((finding, likewise)) = alike.split_first() {
                self.finding(finding, likewise);
            }
            for finding in alike {
                let caused = consequences.remove(&(finding.rule, &finding.place));
                self.consequences(&caused.unwrap_or_default());
            }
            self.text.push('\n');
        }
    }

    fn finding(&mut self, finding: &Finding, likewise: &[&&Finding]) {
        self.head("", finding);
        self.wrapped("  ", &finding.message);
        if let Some(cause) = &finding.caused_by {
            let cause = format!("follows from {} {}", cause.rule, at(&cause.place));
            self.wrapped("  ", &cause);
        }
        if let Some(says) = &finding.says {
            let first = finding.edges.first();
            let prints = first
                .and_then(|id| self.edges.get(id.as_str()))
                .and_then(|(_, verdict)| verdict.prints.as_deref());
            match prints {
                Some(prints) => self.line(format_args!("  prints: {prints}")),
                None => self.line(format_args!("  says:   {says}")),
            }
        }
        self.concerned(finding);
        for related in finding.related.iter().take(RELATED_SHOWN) {
            let (on, off) = self.style.faint;
            self.wrapped(
                &format!("  {on}at:{off}     "),
                &format!("{}: {}", at(&related.place), related.note),
            );
        }
        if finding.related.len() > RELATED_SHOWN {
            let more = finding.related.len() - RELATED_SHOWN;
            self.line(format_args!(
                "          and {}",
                counted(more, "more place")
            ));
        }
        self.mend(finding);
        self.likewise(likewise);
    }

    fn head(&mut self, indent: &str, finding: &Finding) {
        let (on, off) = match finding.severity {
            Severity::Error => self.style.error,
            Severity::Warning => self.style.warning,
            Severity::Info => self.style.info,
        };
        let (bold, plain) = self.style.heading;
        let (severity, rule, place) = (finding.severity, finding.rule, at(&finding.place));
        self.line(format_args!(
            "{indent}{on}{severity}{off} {bold}{rule}{plain} {place}"
        ));
    }

    /// Its edges by kind, when there are more than the places tell.
    fn concerned(&mut self, finding: &Finding) {
        let ids = finding.edges.iter();
        let edges: Vec<_> = ids.filter_map(|id| self.edges.get(id.as_str())).collect();
        if edges.len() <= RELATED_SHOWN {
            return;
        }
        let servers = gathered(&edges, |(edge, _)| edge.server.name.as_str());
        let told: Vec<String> = servers.iter().map(|edges| clients_of(edges)).collect();
        let told = told.join("; ");
        // An edge that is refused may be so for another reason, unless the finding says what is said then.
        let count = match finding.says {
            None => String::new(),
            Some(_) => format!("{} refused: ", edges.len()),
        };
        self.wrapped("  edges:  ", &format!("{count}{told}"));
    }

    fn mend(&mut self, finding: &Finding) {
        if let Some(remedy) = &finding.remedy {
            self.line(format_args!("  mend:   {}", remedy.request));
        }
    }

    /// The same on other nodes: which, and what mends it there.
    fn likewise(&mut self, likewise: &[&&Finding]) {
        if likewise.is_empty() {
            return;
        }
        let nodes: Vec<&str> = likewise
            .iter()
            .map(|finding| finding.place.node.as_str())
            .collect();
        self.wrapped("  ", &format!("likewise on {}", listed(&nodes)));
        for finding in likewise.iter().take(MENDS_SHOWN) {
            self.mend(finding);
        }
        let more = likewise.len().saturating_sub(MENDS_SHOWN);
        if more > 0 && likewise.iter().any(|finding| finding.remedy.is_some()) {
            self.line(format_args!(
                "          and {more} more, which --format json lists"
            ));
        }
    }

    fn consequences(&mut self, caused: &[&Finding]) {
        for alike in gathered(caused, |finding| key(finding)) {
            let Some((finding, likewise)) = alike.split_first() else {
                continue;
            };
            self.head("  so:     ", finding);
            self.wrapped("          ", &finding.message);
            self.likewise(likewise);
        }
    }
}

/// `kubelet (3), kube-scheduler -> kube-apiserver@wudang`, edges to one component; without the node when it is on several.
fn clients_of(edges: &[&&(&Edge, &JudgedEdge)]) -> String {
    let clients: Vec<String> = gathered(edges, |(edge, _)| edge.client.name.as_str())
        .iter()
        .filter_map(|alike| alike.first().map(|(edge, _)| (alike.len(), edge)))
        .map(|(count, edge)| match count {
            1 => edge.client.name.clone(),
            _ => format!("{} ({count})", edge.client.name),
        })
        .collect();
    let clients: Vec<&str> = clients.iter().map(String::as_str).collect();
    let mut servers = edges.iter().map(|(edge, _)| &edge.server);
    let server = match servers.next() {
        Some(first) if servers.all(|server| server == first) => first.to_string(),
        Some(first) => first.name.clone(),
        None => String::new(),
    };
    format!("{} -> {server}", listed(&clients))
}

/// Findings that have it in common differ in their node alone.
fn key(finding: &Finding) -> (Severity, &str, &Path, String) {
    let place = &finding.place;
    let message = without_node(&finding.message, &place.node);
    (finding.severity, finding.rule, &place.path, message)
}

/// Places of a finding that are listed one by one.
const RELATED_SHOWN: usize = 3;
/// Commands for what is alike on other nodes that are listed one by one.
const MENDS_SHOWN: usize = 8;
