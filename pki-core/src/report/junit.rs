//! JUnit's XML, as CI systems read it: a test case for each edge, then one for each finding that no refused edge tells.

use std::collections::HashMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesDecl;
use quick_xml::events::BytesText;
use quick_xml::events::Event;

use crate::audit::Audit;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::JudgedEdge;
use crate::report::at;
use crate::report::printable::Printable;
use crate::report::rfc3339;
use crate::topology::Edge;

/// The whole document. A refused edge fails unless every finding about it is ignored; so do findings of at least
/// `fails_from`, the others are skipped, as is what could not be judged.
pub fn audit(audit: &Audit, fails_from: Severity) -> String {
    let suites = [
        ("edges", edges(audit)),
        ("findings", findings(audit, fails_from)),
        ("ignored", ignored(audit)),
        ("not judged", unjudged(audit)),
    ];
    let mut out = Vec::new();
    // Writing to memory cannot fail, and what is written is made of strings.
    let _ = document(&mut out, &rfc3339(audit.judged.now), &suites);
    String::from_utf8(out).unwrap_or_default()
}

struct Case {
    class: String,
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed {
        kind: &'static str,
        message: String,
        text: String,
    },
    Skipped(String),
}

fn edges(audit: &Audit) -> Vec<Case> {
    let mut about: HashMap<&str, Vec<&Finding>> = HashMap::new();
    let mut reasons: HashMap<&str, &str> = HashMap::new();
    for finding in &audit.findings {
        for id in &finding.edges {
            about.entry(id).or_default().push(finding);
        }
    }
    for ignored in &audit.ignored {
        for id in &ignored.finding.edges {
            reasons.insert(id, &ignored.reason);
        }
    }
    let mut names = HashMap::new();
    let edges = audit.judged.judged_edges().map(|(edge, verdict)| {
        let id = edge.id.as_str();
        let outcome = match (verdict.ok, about.get(id), reasons.get(id)) {
            (true, ..) => Outcome::Passed,
            (false, None, Some(reason)) => Outcome::Skipped(format!("ignored: {reason}")),
            (false, findings, _) => refused(verdict, findings.map_or(&[], Vec::as_slice)),
        };
        Case {
            class: format!("{}.{}", edge.kind.name(), edge.server),
            name: unique(&mut names, route(edge)),
            outcome,
        }
    });
    edges.collect()
}

fn refused(verdict: &JudgedEdge, findings: &[&Finding]) -> Outcome {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(verdict.prints.clone());
    lines.extend(
        verdict
            .server_says
            .as_ref()
            .map(|says| format!("server: {says}")),
    );
    for finding in findings {
        lines.push(format!("{}: {}", finding.rule, at(&finding.place)));
        lines.extend(told(finding));
    }
    let first = verdict.faults.first();
    Outcome::Failed {
        kind: first.map_or("refused", |fault| fault.kind.rule()),
        message: verdict.says.clone().unwrap_or_default(),
        text: lines.join("\n"),
    }
}

/// Those that no refused edge has told already.
fn findings(audit: &Audit, fails_from: Severity) -> Vec<Case> {
    let refused: HashMap<&str, bool> = audit
        .judged
        .judged_edges()
        .map(|(edge, verdict)| (edge.id.as_str(), !verdict.ok))
        .collect();
    let is_told = |finding: &Finding| {
        let mut edges = finding.edges.iter();
        edges.any(|id| refused.get(id.as_str()).copied().unwrap_or_default())
    };
    let mut names = HashMap::new();
    let findings = audit.findings.iter().filter(|finding| !is_told(finding));
    let cases = findings.map(|finding| Case {
        class: finding.rule.to_owned(),
        name: unique(&mut names, at(&finding.place)),
        outcome: if finding.severity >= fails_from {
            Outcome::Failed {
                kind: finding.rule,
                message: finding.message.clone(),
                text: told(finding).join("\n"),
            }
        } else {
            Outcome::Skipped(format!("{}: {}", finding.severity, finding.message))
        },
    });
    cases.collect()
}

fn ignored(audit: &Audit) -> Vec<Case> {
    let mut names = HashMap::new();
    let cases = audit.ignored.iter().map(|ignored| Case {
        class: ignored.finding.rule.to_owned(),
        name: unique(&mut names, at(&ignored.finding.place)),
        outcome: Outcome::Skipped(format!("ignored: {}", ignored.reason)),
    });
    cases.collect()
}

fn unjudged(audit: &Audit) -> Vec<Case> {
    let mut names = HashMap::new();
    let unjudged = audit.judged.topology.unjudged.iter();
    let cases = unjudged.map(|unjudged| Case {
        class: "unjudged".to_owned(),
        name: unique(
            &mut names,
            format!("{} dials {}", unjudged.client, unjudged.dials),
        ),
        outcome: Outcome::Skipped(unjudged.why.clone()),
    });
    cases.collect()
}

fn told(finding: &Finding) -> Vec<String> {
    let mut lines = vec![finding.message.clone()];
    let remedy = finding.remedy.as_ref();
    lines.extend(remedy.map(|remedy| format!("mend: {}", remedy.request)));
    lines
}

/// `kubelet@wudang -> kube-apiserver@wudang https://10.24.138.208:6443`.
fn route(edge: &Edge) -> String {
    let mut route = format!("{} -> {}", edge.client, edge.server);
    for more in [&edge.dials, &edge.via].into_iter().flatten() {
        route.push(' ');
        route.push_str(more);
    }
    route
}

/// Readers keep one result for each name.
fn unique(seen: &mut HashMap<String, usize>, name: String) -> String {
    match seen.get_mut(&name) {
        Some(count) => {
            *count += 1;
            format!("{name} ({count})")
        }
        None => {
            seen.insert(name.clone(), 1);
            name
        }
    }
}

fn document(out: &mut Vec<u8>, at: &str, suites: &[(&str, Vec<Case>)]) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = counts(suites.iter().flat_map(|(_, cases)| cases));
    xml.create_element("testsuites")
        .with_attribute(("name", "hapki audit"))
        .with_attributes(borrowed(&all))
        .write_inner_content(|xml| {
            suites
                .iter()
                .filter(|(_, cases)| !cases.is_empty())
                .try_for_each(|(name, cases)| suite(xml, name, at, cases))
        })?;
    xml.get_mut().push(b'\n');
    Ok(())
}

fn suite(xml: &mut Writer<&mut Vec<u8>>, name: &str, at: &str, cases: &[Case]) -> io::Result<()> {
    let counts = counts(cases.iter());
    xml.create_element("testsuite")
        .with_attribute(("name", name))
        .with_attribute(("timestamp", at))
        .with_attributes(borrowed(&counts))
        .write_inner_content(|xml| cases.iter().try_for_each(|each| case(xml, each)))?;
    Ok(())
}

fn case(xml: &mut Writer<&mut Vec<u8>>, case: &Case) -> io::Result<()> {
    let (class, name) = (clean(&case.class), clean(&case.name));
    let element = xml
        .create_element("testcase")
        .with_attribute(("classname", class.as_str()))
        .with_attribute(("name", name.as_str()))
        .with_attribute(("time", "0"));
    match &case.outcome {
        Outcome::Passed => element.write_empty()?,
        Outcome::Skipped(why) => element.write_inner_content(|xml| {
            let skipped = xml.create_element("skipped");
            skipped
                .with_attribute(("message", clean(why).as_str()))
                .write_empty()?;
            Ok(())
        })?,
        Outcome::Failed {
            kind,
            message,
            text,
        } => element.write_inner_content(|xml| {
            let text: Vec<String> = text.lines().map(clean).collect();
            xml.create_element("failure")
                .with_attribute(("message", clean(message).as_str()))
                .with_attribute(("type", *kind))
                .write_text_content(BytesText::new(&text.join("\n")))?;
            Ok(())
        })?,
    };
    Ok(())
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> [(&'static str, String); 5] {
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Failed { .. } => failures += 1,
            Outcome::Skipped(_) => skipped += 1,
        }
    }
    [
        ("tests", tests),
        ("failures", failures),
        ("errors", 0),
        ("skipped", skipped),
        ("time", 0),
    ]
    .map(|(name, count)| (name, count.to_string()))
}

fn borrowed<'a>(
    attributes: &'a [(&'static str, String)],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
}

/// XML 1.0 has no way to write control characters and these two (section 2.2).
fn clean(text: &str) -> String {
    let text = Printable(text).to_string();
    text.replace('\u{fffe}', "\\u{fffe}")
        .replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::*;

    #[test]
    fn whatever_a_name_holds_the_document_is_well_formed() {
        let hostile: String = (0..=0xffff_u32).filter_map(char::from_u32).collect();
        let cases = vec![
            Case {
                class: hostile.clone(),
                name: hostile.clone(),
                outcome: Outcome::Skipped(hostile.clone()),
            },
            Case {
                class: String::new(),
                name: String::new(),
                outcome: Outcome::Failed {
                    kind: "expired",
                    message: hostile.clone(),
                    text: format!("{hostile}]]>\n&amp;"),
                },
            },
        ];
        let mut out = Vec::new();
        document(&mut out, "now", &[("edges", cases)]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let allowed = |c: char| c == '\n' || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
        assert!(text.chars().all(allowed));
        let mut reader = Reader::from_str(&text);
        let mut texts = String::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Text(text) => texts.push_str(&text),
                Event::GeneralRef(reference) => texts.push_str(&format!("&{};", &*reference)),
                _ => {}
            }
        }
        assert!(texts.contains("]]&gt;") && texts.contains("&amp;amp;"));
    }

    #[test]
    fn a_name_comes_once() {
        let mut seen = HashMap::new();
        let names = ["a", "b", "a", "a"].map(|name| unique(&mut seen, name.to_owned()));
        assert_eq!(names, ["a", "b", "a (2)", "a (3)"]);
    }
}
