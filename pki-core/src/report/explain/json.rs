//! `hapki.explain/v1`.

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::explain::Explanation;
use crate::explain::Fault;
use crate::explain::Field;
use crate::explain::Here;
use crate::explain::Page;
use crate::explain::page;
use crate::finding::Finding;
use crate::judge::Side;
use crate::report::explain::Explained;
use crate::report::json_text;
use crate::report::parts::HeadJson;
use crate::report::parts::RemedyJson;
use crate::report::parts::head_json;
use crate::report::parts::remedy_json;

/// Everything that was understood, and the lines that were not.
pub fn json(explanation: &Explanation, explained: &[Explained<'_>]) -> String {
    let value = json!({
        "schema": SCHEMA,
        "understood": !explained.is_empty(),
        "rule": null,
        "lines": explained.iter().map(line).collect::<Vec<_>>(),
        "not_understood": explanation.unknown.len(),
    });
    json_text(&value)
}

/// A rule's page in short.
pub fn rule_json(page: &Page, here: Option<&[Here<'_>]>) -> String {
    let value = json!({
        "schema": SCHEMA,
        "understood": true,
        "rule": {
            "id": page.id,
            "summary": page.summary,
            "severity": page.severity,
            "what": page.what,
            "why": page.why,
            "prints": page.printed,
            "remedy": page.remedy,
            "docs": docs(page.id),
            "here": here.map(places),
        },
        "lines": [],
        "not_understood": 0,
    });
    json_text(&value)
}

fn line(explained: &Explained<'_>) -> Value {
    let fault = explained.fault;
    let meaning = fault.kind.meaning();
    let rule = fault.kind.rule().and_then(page).map(|page| page.id);
    json!({
        "line": fault.line,
        "count": fault.count,
        "says": fault.says,
        "wording": fault.wording,
        "kind": fault.kind.id(),
        "rule": rule,
        "docs": rule.map(docs),
        "printed_by": fault.program,
        "side": fault.side.map(side),
        "url": fault.url,
        "address": fault.address,
        "evidence": evidence(fault),
        "means": meaning.means,
        "look_at": meaning.look_at,
        "here": explained.here.as_deref().map(places),
    })
}

fn evidence(fault: &Fault) -> Value {
    let fields = fault.evidence.fields().map(|(field, text)| {
        let value = match field {
            Field::Presented => json!(fault.evidence.presented()),
            _ => json!(text),
        };
        (field.name().to_owned(), value)
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

fn places(here: &[Here<'_>]) -> Vec<Value> {
    let places = here.iter().map(|here| {
        json!({
            "how": here.how.id(),
            "edge": here.edge.map(|edge| json!({
                "id": edge.id,
                "client": edge.client.to_string(),
                "server": edge.server.to_string(),
                "dials": edge.dials,
                "via": edge.via,
            })),
            "finding": here.finding.map(finding),
        })
    });
    places.collect()
}

/// A finding in short.
#[derive(Serialize)]
struct FindingJson<'a> {
    #[serde(flatten)]
    head: HeadJson<'a>,
    message: &'a str,
    remedy: Option<RemedyJson>,
    docs: String,
}

fn finding(finding: &Finding) -> FindingJson<'_> {
    FindingJson {
        head: head_json(finding),
        message: &finding.message,
        remedy: finding.remedy.as_ref().map(remedy_json),
        docs: finding.docs(),
    }
}

fn docs(rule: &str) -> String {
    format!("rules/{rule}.md")
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

const SCHEMA: &str = "hapki.explain/v1";
