//! For people: the line, what it means, where it comes from, what mends it.

use std::fmt::Write as _;

use crate::explain::Evidence;
use crate::explain::Explanation;
use crate::explain::Fault;
use crate::explain::Field;
use crate::explain::Here;
use crate::explain::How;
use crate::explain::Page;
use crate::explain::page;
use crate::finding::Finding;
use crate::judge::Side;
use crate::report::at;
use crate::report::explain::Explained;
use crate::report::plain::Style;
use crate::report::printable;
use crate::report::wrapped::NARROWEST;
use crate::report::wrapped::wrapped;
use crate::topology::Edge;

/// Everything that was understood, then how many lines were not.
pub fn human(
    explanation: &Explanation,
    explained: &[Explained<'_>],
    width: usize,
    style: Style,
) -> String {
    let mut text = Text::new(width, style);
    for explained in explained {
        text.fault(explained);
    }
    match explanation.unknown.as_slice() {
        [] if explained.is_empty() => text.sentence("", "there is no line to explain"),
        [] => {}
        [line] if explained.is_empty() => {
            text.sentence("", &format!("not understood: {}", shortened(line)));
            text.sentence("", NOT_KNOWN);
        }
        lines if explained.is_empty() => {
            text.sentence("", &format!("none of {} lines understood", lines.len()));
            text.sentence("", NOT_KNOWN);
        }
        lines => {
            let count = lines.len();
            let plural = if count == 1 { "" } else { "s" };
            text.sentence("", &format!("{count} other line{plural} not understood"));
        }
    }
    text.finish()
}

/// A rule's page in short, and where the rule is broken, when a cluster was given.
pub fn rule_human(page: &Page, here: Option<&[Here<'_>]>, width: usize, style: Style) -> String {
    let mut text = Text::new(width, style);
    let (on, off) = style.heading;
    text.line(&format!("{on}{}{off}: {}", page.id, page.severity));
    text.paragraphs(page.what);
    text.heading("Why it hurts");
    text.paragraphs(page.why);
    text.heading("What is printed");
    text.paragraphs(page.printed);
    text.heading("Remedy");
    text.paragraphs(page.remedy);
    if let Some(here) = here {
        text.heading("Here");
        text.places(here);
        if here.is_empty() {
            text.sentence("  ", "the audit finds this nowhere");
        }
    }
    text.finish()
}

struct Text {
    page: String,
    width: usize,
    style: Style,
}

impl Text {
    fn new(width: usize, style: Style) -> Self {
        Self {
            page: String::new(),
            width: width.max(NARROWEST),
            style,
        }
    }

    fn finish(self) -> String {
        printable::page(&self.page, &self.style.escapes())
    }

    fn line(&mut self, line: &str) {
        self.page.push_str(line);
        self.page.push('\n');
    }

    fn sentence(&mut self, first: &str, text: &str) {
        wrapped(&mut self.page, self.width, first, text);
    }

    fn heading(&mut self, heading: &str) {
        let (on, off) = self.style.heading;
        self.line(&format!("\n{on}{heading}{off}"));
    }

    fn fault(&mut self, explained: &Explained<'_>) {
        let fault = explained.fault;
        let (bold, plain) = self.style.heading;
        let times = match fault.count {
            1 => String::new(),
            count => format!(" ({count} times)"),
        };
        let kind = fault.kind.id();
        self.line(&format!("{bold}{kind}{plain}{times}"));
        self.line(&format!("  line:   {}", shortened(&fault.line)));
        if let Some(who) = who(fault) {
            self.sentence("  from:   ", &who);
        }
        if let Some(evidence) = told(&fault.evidence) {
            self.sentence("  tells:  ", &evidence);
        }
        let meaning = fault.kind.meaning();
        self.sentence("  means:  ", meaning.means);
        match &explained.here {
            None => self.advice(fault),
            Some(here) if here.is_empty() => {
                self.sentence("  here:   ", NOT_HERE);
                self.advice(fault);
            }
            Some(here) => self.places(here),
        }
        if let Some(page) = fault.kind.rule().and_then(page) {
            self.line(&format!("  rule:   {} (hapki explain {0})", page.id));
        }
        self.page.push('\n');
    }

    fn advice(&mut self, fault: &Fault) {
        for (index, look_at) in fault.kind.meaning().look_at.iter().enumerate() {
            let first = if index == 0 {
                "  look:   "
            } else {
                "          "
            };
            self.sentence(first, look_at);
        }
    }

    /// The edges, and after those that have one cause this cause.
    fn places(&mut self, here: &[Here<'_>]) {
        let causes = here.chunk_by(|one, two| one.finding == two.finding);
        for same_cause in causes.take(CAUSES_SHOWN) {
            for place in same_cause.iter().take(EDGES_SHOWN) {
                self.edge(place);
            }
            if let Some(more) = same_cause
                .len()
                .checked_sub(EDGES_SHOWN)
                .filter(|more| *more > 0)
            {
                self.line(&format!("          and {more} more"));
            }
            if let Some(finding) = same_cause.first().and_then(|here| here.finding) {
                self.cause(finding);
            }
        }
        let left = here
            .chunk_by(|one, two| one.finding == two.finding)
            .skip(CAUSES_SHOWN);
        let left = left.count();
        if left > 0 {
            self.line(&format!(
                "  and {left} more causes: hapki audit lists them all"
            ));
        }
    }

    fn edge(&mut self, here: &Here<'_>) {
        let (on, off) = self.style.error;
        if let Some(edge) = here.edge {
            let (route, surely) = (route(edge), surely(here.how));
            self.line(&format!("  here:   {on}{route}{off}{surely}"));
        }
    }

    fn cause(&mut self, finding: &Finding) {
        self.line(&format!("  file:   {}", at(&finding.place)));
        self.sentence("  cause:  ", &finding.message);
        if let Some(remedy) = &finding.remedy {
            self.line(&format!("  mend:   {}", remedy.request));
        }
    }

    /// Paragraphs of Markdown: what stands between fences is printed as it is.
    fn paragraphs(&mut self, markdown: &str) {
        let mut is_fenced = false;
        for line in markdown.lines() {
            if line.starts_with("```") {
                is_fenced = !is_fenced;
            } else if is_fenced {
                self.line(&format!("    {line}"));
            } else if !line.is_empty() {
                self.sentence("  ", line);
            }
        }
    }
}

/// The program, its end of the connection, and what it dialled.
fn who(fault: &Fault) -> Option<String> {
    let side = fault.side.map(|side| match side {
        Side::Client => "the client",
        Side::Server => "the server",
    });
    let by = match (fault.program, side) {
        (Some(program), Some(side)) => format!("{program}, {side}"),
        (Some(program), None) => program.to_owned(),
        (None, Some(side)) => side.to_owned(),
        (None, None) => String::new(),
    };
    let about = match (fault.side, fault.dialled(), &fault.address) {
        (Some(Side::Server), _, Some(address)) => format!("of a connection from {address}"),
        (_, Some(dialled), _) => format!("dialling {dialled}"),
        (_, None, Some(address)) => format!("about {address}"),
        (_, None, None) => String::new(),
    };
    let words = [by, about];
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn told(evidence: &Evidence) -> Option<String> {
    let told: Vec<String> = evidence
        .fields()
        .map(|(field, text)| format!("{} {}", label(field), shortened(text)))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn label(field: Field) -> &'static str {
    match field {
        Field::Presented => "the certificate carries",
        Field::Count => "names in the certificate:",
        Field::Wanted => "wanted:",
        Field::CommonName => "common name",
        Field::Now => "clock:",
        Field::Limit => "date:",
        Field::Candidate => "authority that was tried:",
        Field::Reason => "because:",
        Field::Serial => "serial number",
        Field::Kid => "key id",
        Field::User => "user",
        Field::Verb => "wants to",
        Field::Resource => "to",
        Field::File => "file",
        Field::Certificate => "certificate",
        Field::Authority => "authority",
        Field::Issuer => "issuer",
        Field::Audience => "audience",
    }
}

/// `kubelet@wudang -> kube-apiserver@wudang, dialled as https://10.24.138.208:6443`.
fn route(edge: &Edge) -> String {
    let mut route = format!("{} -> {}", edge.client, edge.server);
    // Writing to a String cannot fail.
    if let Some(via) = &edge.via {
        let _ = write!(route, " via {via}");
    }
    if let Some(dials) = &edge.dials {
        let _ = write!(route, ", dialled as {dials}");
    }
    route
}

fn surely(how: How) -> &'static str {
    match how {
        How::Says => "",
        How::Masked => " (will say so next, once its first fault is mended)",
        How::Agrees => " (in other words)",
        How::Kind => " (may be the one)",
    }
}

fn shortened(line: &str) -> String {
    let mut characters = line.trim().chars();
    let mut short: String = characters.by_ref().take(LINE_SHOWN).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

const NOT_HERE: &str = "no connection of this cluster says this now: it may be mended already, or come from files that were not given";
const NOT_KNOWN: &str = "hapki knows what Kubernetes, etcd, docker, containerd, skopeo, registries, nginx, curl and openssl say of \
     certificates, keys and tokens, and the rules of `hapki audit` by their ids";

/// Characters of a pasted line that are shown.
const LINE_SHOWN: usize = 600;
/// Edges of one cause that are listed one by one.
const EDGES_SHOWN: usize = 4;
/// Causes that are listed one by one.
const CAUSES_SHOWN: usize = 4;
