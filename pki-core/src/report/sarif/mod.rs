//! SARIF 2.1.0 (OASIS, with errata 01): the findings as code scanners and editors read them.

mod log;
mod uri;

use std::collections::HashMap;
use std::path::Path;

use crate::audit::Audit;
use crate::explain::Page;
use crate::explain::pages;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::report::at;
use crate::report::json_text;
use crate::report::rfc3339;
use crate::report::sarif::log::ArtifactLocation;
use crate::report::sarif::log::Configuration;
use crate::report::sarif::log::Driver;
use crate::report::sarif::log::Fingerprints;
use crate::report::sarif::log::Help;
use crate::report::sarif::log::Invocation;
use crate::report::sarif::log::InvocationProperties;
use crate::report::sarif::log::Location;
use crate::report::sarif::log::Log;
use crate::report::sarif::log::LogicalLocation;
use crate::report::sarif::log::Message;
use crate::report::sarif::log::Notification;
use crate::report::sarif::log::PhysicalLocation;
use crate::report::sarif::log::Region;
use crate::report::sarif::log::ReportingDescriptor;
use crate::report::sarif::log::ResultProperties;
use crate::report::sarif::log::RuleProperties;
use crate::report::sarif::log::Run;
use crate::report::sarif::log::RunResult;
use crate::report::sarif::log::Suppression;
use crate::report::sarif::log::Tool;
use crate::x509::crypto::sha256;
use crate::x509::hex;

/// What the findings do not tell.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The version of the command.
    pub version: &'a str,
    /// The directory that relative paths start from; files below it get relative URIs.
    pub directory: Option<&'a Path>,
}

/// The whole log: one run, with every rule, every finding, and those that are ignored as suppressed.
pub fn audit(audit: &Audit, context: &Context<'_>) -> String {
    let pages: Vec<Page> = pages().collect();
    let rules: HashMap<&str, usize> = pages
        .iter()
        .enumerate()
        .map(|(index, page)| (page.id, index))
        .collect();
    let mut writer = Writer {
        context,
        rules,
        edges: edges(&audit.judged),
        seen: HashMap::new(),
    };
    let reported = audit.findings.iter().map(|finding| (finding, None));
    let ignored = audit
        .ignored
        .iter()
        .map(|ignored| (&ignored.finding, Some(ignored.reason.as_str())));
    let results = reported
        .chain(ignored)
        .map(|(finding, reason)| writer.result(finding, reason))
        .collect();
    json_text(&Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "hapki",
                    version: context.version,
                    semantic_version: context.version,
                    rules: pages.iter().map(rule).collect(),
                },
            },
            invocations: [writer.invocation(&audit.judged)],
            column_kind: "unicodeCodePoints",
            results,
        }],
    })
}

fn rule(page: &Page) -> ReportingDescriptor<'_> {
    ReportingDescriptor {
        id: page.id,
        short_description: Message::new(page.summary),
        full_description: Message::new(page.what),
        help: Help {
            text: page.text,
            markdown: page.text,
        },
        default_configuration: Configuration {
            level: level(page.usual_severity()),
        },
        properties: RuleProperties {
            severity: page.severity,
        },
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// By id: who dials whom, since an id is new each time the cluster changes; and what the client prints.
fn edges(judged: &Judged) -> HashMap<&str, (String, Option<&str>)> {
    let edges = judged.judged_edges().map(|(edge, verdict)| {
        let route = format!("{} -> {}", edge.client, edge.server);
        (edge.id.as_str(), (route, verdict.prints.as_deref()))
    });
    edges.collect()
}

struct Writer<'a> {
    context: &'a Context<'a>,
    rules: HashMap<&'a str, usize>,
    edges: HashMap<&'a str, (String, Option<&'a str>)>,
    seen: HashMap<String, usize>,
}

impl<'a> Writer<'a> {
    /// Every result has its suppressions, if none: they are on all results of a run or on none (section 3.27.23).
    fn result<'f>(&mut self, finding: &'f Finding, reason: Option<&'f str>) -> RunResult<'f> {
        let fingerprint = self.fingerprint(finding);
        let related = finding.related.iter().enumerate().map(|(index, related)| {
            let mut location = self.location(&related.place);
            location.id = Some(index + 1);
            location.message = Some(Message::new(related.note.as_str()));
            location
        });
        let edges = finding.edges.iter();
        let edges = edges.filter_map(|id| self.edges.get(id.as_str()));
        RunResult {
            rule_id: finding.rule,
            rule_index: self.rules.get(finding.rule).copied(),
            level: level(finding.severity),
            message: Message::new(self.text(finding)),
            locations: vec![self.location(&finding.place)],
            related_locations: related.collect(),
            partial_fingerprints: Fingerprints {
                own: fingerprint.clone(),
                line: fingerprint,
            },
            suppressions: reason
                .map(|reason| Suppression {
                    kind: "external",
                    status: "accepted",
                    justification: reason,
                })
                .into_iter()
                .collect(),
            properties: ResultProperties {
                node: &finding.place.node,
                edges: edges.map(|(route, _)| route.clone()).collect(),
                caused_by: finding
                    .caused_by
                    .as_ref()
                    .map(|cause| format!("{} {}", cause.rule, at(&cause.place))),
                remedy: finding
                    .remedy
                    .as_ref()
                    .map(|remedy| remedy.request.to_string()),
            },
        }
    }

    /// What it is, what is printed, what mends it: many viewers show nothing but this.
    fn text(&self, finding: &Finding) -> String {
        let first = finding.edges.first();
        let printed = first
            .and_then(|id| self.edges.get(id.as_str()))
            .and_then(|(_, prints)| *prints);
        let mut text = finding.message.clone();
        if let Some(says) = &finding.says {
            let printed = printed.unwrap_or(says);
            text.push_str("\nPrints: ");
            text.push_str(printed);
        }
        if let Some(remedy) = &finding.remedy {
            text.push_str("\nMend: ");
            text.push_str(&remedy.request.to_string());
        }
        text
    }

    /// The same from run to run, wherever the trees lie, whichever line it is and however many days are left: the rule,
    /// the node, the path there (of what belongs to no node, the URI), and which one of those that have these in common.
    fn fingerprint(&mut self, finding: &Finding) -> String {
        let place = &finding.place;
        let uri = self.uri(place);
        let path = match place.node.is_empty() {
            true => uri.as_bytes(),
            false => place.path.as_os_str().as_encoded_bytes(),
        };
        let mut bytes = Vec::new();
        for part in [finding.rule.as_bytes(), place.node.as_bytes(), path] {
            bytes.extend_from_slice(part);
            bytes.push(0);
        }
        let digest = hex(&sha256(&bytes));
        let count = self.seen.entry(digest.clone()).or_default();
        *count += 1;
        format!("{digest}:{count}")
    }

    fn location<'f>(&self, place: &Place) -> Location<'f> {
        let path = place.path.display();
        Location {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation {
                    uri: self.uri(place),
                },
                region: place
                    .line
                    .filter(|line| *line > 0)
                    .map(|line| Region { start_line: line }),
            },
            logical_locations: (!place.node.is_empty())
                .then(|| LogicalLocation {
                    name: place.node.clone(),
                    fully_qualified_name: format!("{}:{path}", place.node),
                    kind: "resource",
                })
                .into_iter()
                .collect(),
            message: None,
        }
    }

    fn uri(&self, place: &Place) -> String {
        let opened = match place.read_from.as_os_str().is_empty() {
            true => &place.path,
            false => &place.read_from,
        };
        uri::reference(opened, self.context.directory)
    }

    fn invocation(&self, judged: &Judged) -> Invocation {
        let unjudged = judged.topology.unjudged.iter();
        let notifications = unjudged.map(|unjudged| Notification {
            level: "note",
            message: Message::new(format!(
                "not judged: {} dials {}: {}",
                unjudged.client, unjudged.dials, unjudged.why
            )),
            locations: vec![self.location(&unjudged.place)],
        });
        Invocation {
            execution_successful: true,
            working_directory: self.context.directory.map(|directory| ArtifactLocation {
                uri: uri::directory(directory),
            }),
            tool_execution_notifications: notifications.collect(),
            properties: InvocationProperties {
                judged_at: rfc3339(judged.now),
            },
        }
    }
}

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
