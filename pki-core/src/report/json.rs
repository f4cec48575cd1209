//! `hapki.audit/v1`: one object, its keys in the order in which the documentation lists them.

use std::collections::HashMap;

use serde::Serialize;

use crate::finding::Finding;
use crate::finding::Ignored;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::judge::JudgedEdge;
use crate::report::json_text;
use crate::report::parts::HeadJson;
use crate::report::parts::PlaceJson;
use crate::report::parts::RemedyJson;
use crate::report::parts::head_json;
use crate::report::parts::place_json;
use crate::report::parts::remedy_json;
use crate::report::rfc3339;
use crate::topology::Edge;
use crate::topology::Role;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::GeneralName;

/// The audit as one JSON object.
pub fn audit(judged: &Judged, findings: &[Finding], ignored: &[Ignored]) -> String {
    let certificates = certificates(judged);
    let report = AuditJson {
        schema: "hapki.audit/v1",
        at: rfc3339(judged.now),
        summary: summary(judged, findings, certificates.len()),
        edges: judged
            .judged_edges()
            .map(|(edge, verdict)| edge_json(edge, verdict))
            .collect(),
        findings: findings.iter().map(finding_json).collect(),
        certificates,
        unjudged: judged
            .topology
            .unjudged
            .iter()
            .map(|unjudged| UnjudgedJson {
                client: unjudged.client.to_string(),
                dials: &unjudged.dials,
                node: &unjudged.place.node,
                place: place_json(&unjudged.place),
                why: &unjudged.why,
            })
            .collect(),
        ignored: ignored.iter().map(ignored_json).collect(),
    };
    json_text(&report)
}

#[derive(Serialize)]
struct AuditJson<'a> {
    schema: &'static str,
    at: String,
    summary: SummaryJson,
    edges: Vec<EdgeJson<'a>>,
    findings: Vec<FindingJson<'a>>,
    certificates: Vec<CertificateJson>,
    unjudged: Vec<UnjudgedJson<'a>>,
    ignored: Vec<IgnoredJson<'a>>,
}

#[derive(Serialize)]
struct SummaryJson {
    nodes: usize,
    certificates: usize,
    edges: EdgeCountsJson,
    findings: FindingCountsJson,
}

#[derive(Serialize)]
struct EdgeCountsJson {
    total: usize,
    accepted: usize,
    refused: usize,
}

#[derive(Serialize)]
struct FindingCountsJson {
    error: usize,
    warning: usize,
    info: usize,
}

#[derive(Serialize)]
struct EdgeJson<'a> {
    id: &'a str,
    kind: &'static str,
    client: String,
    server: String,
    dials: Option<&'a str>,
    via: Option<&'a str>,
    ok: bool,
    says: Option<&'a str>,
    prints: Option<&'a str>,
    server_says: Option<&'a str>,
    masked: Vec<MaskedJson<'a>>,
}

#[derive(Serialize)]
struct MaskedJson<'a> {
    rule: &'static str,
    says: &'a str,
}

#[derive(Serialize)]
struct RelatedJson<'a> {
    node: &'a str,
    #[serde(flatten)]
    place: PlaceJson,
    note: &'a str,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    rule: &'static str,
    node: &'a str,
    place: PlaceJson,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    #[serde(flatten)]
    head: HeadJson<'a>,
    related: Vec<RelatedJson<'a>>,
    edges: &'a [String],
    caused_by: Option<CauseJson<'a>>,
    message: &'a str,
    says: Option<&'a str>,
    remedy: Option<RemedyJson>,
    docs: String,
}

#[derive(Serialize)]
struct SansJson {
    dns: Vec<String>,
    ip: Vec<String>,
}

#[derive(Serialize)]
struct HeldAtJson {
    node: String,
    path: String,
}

#[derive(Serialize)]
struct CertificateJson {
    sha256: String,
    role: Option<String>,
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    sans: SansJson,
    key: String,
    places: Vec<HeldAtJson>,
}

#[derive(Serialize)]
struct UnjudgedJson<'a> {
    client: String,
    dials: &'a str,
    node: &'a str,
    place: PlaceJson,
    why: &'a str,
}

#[derive(Serialize)]
struct IgnoredJson<'a> {
    #[serde(flatten)]
    head: HeadJson<'a>,
    message: &'a str,
    reason: &'a str,
}

fn summary(judged: &Judged, findings: &[Finding], certificates: usize) -> SummaryJson {
    let total = judged.edges.len();
    let accepted = judged.edges.iter().filter(|edge| edge.ok).count();
    let count = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    SummaryJson {
        nodes: judged.topology.nodes.len(),
        certificates,
        edges: EdgeCountsJson {
            total,
            accepted,
            refused: total - accepted,
        },
        findings: FindingCountsJson {
            error: count(Severity::Error),
            warning: count(Severity::Warning),
            info: count(Severity::Info),
        },
    }
}

fn edge_json<'a>(edge: &'a Edge, verdict: &'a JudgedEdge) -> EdgeJson<'a> {
    EdgeJson {
        id: &edge.id,
        kind: edge.kind.name(),
        client: edge.client.to_string(),
        server: edge.server.to_string(),
        dials: edge.dials.as_deref(),
        via: edge.via.as_deref(),
        ok: verdict.ok,
        says: verdict.says.as_deref(),
        prints: verdict.prints.as_deref(),
        server_says: verdict.server_says.as_deref(),
        masked: verdict
            .masked
            .iter()
            .map(|masked| MaskedJson {
                rule: masked.rule,
                says: &masked.says,
            })
            .collect(),
    }
}

fn finding_json(finding: &Finding) -> FindingJson<'_> {
    FindingJson {
        head: head_json(finding),
        related: finding
            .related
            .iter()
            .map(|related| RelatedJson {
                node: &related.place.node,
                place: place_json(&related.place),
                note: &related.note,
            })
            .collect(),
        edges: &finding.edges,
        caused_by: finding.caused_by.as_ref().map(|cause| CauseJson {
            rule: cause.rule,
            node: &cause.place.node,
            place: place_json(&cause.place),
        }),
        message: &finding.message,
        says: finding.says.as_deref(),
        remedy: finding.remedy.as_ref().map(remedy_json),
        docs: finding.docs(),
    }
}

fn ignored_json(ignored: &Ignored) -> IgnoredJson<'_> {
    IgnoredJson {
        head: head_json(&ignored.finding),
        message: &ignored.finding.message,
        reason: &ignored.reason,
    }
}

/// Every certificate once, in the order in which it was first seen, with all its places.
fn certificates(judged: &Judged) -> Vec<CertificateJson> {
    let mut all: Vec<CertificateJson> = Vec::new();
    let mut known: HashMap<&[u8], usize> = HashMap::new();
    for holding in &judged.topology.holdings {
        let held_at = HeldAtJson {
            node: holding.place.node.clone(),
            path: holding.place.path.display().to_string(),
        };
        let role = holding.role.map(|role| match role {
            Role::Profile(profile) => profile.to_string(),
            Role::Authority(authority) => authority.to_string(),
            Role::Balancer => "balancer".to_owned(),
        });
        let position = known.get(holding.certificate.as_der());
        match position.and_then(|position| all.get_mut(*position)) {
            Some(known) => {
                known.role = known.role.take().or(role);
                known.places.push(held_at);
            }
            None => {
                known.insert(holding.certificate.as_der(), all.len());
                all.push(certificate_json(&holding.certificate, role, held_at));
            }
        }
    }
    all
}

fn certificate_json(
    certificate: &Certificate,
    role: Option<String>,
    held_at: HeldAtJson,
) -> CertificateJson {
    let mut sans = SansJson {
        dns: Vec::new(),
        ip: Vec::new(),
    };
    for name in certificate
        .extensions()
        .subject_alt_names
        .as_deref()
        .unwrap_or_default()
    {
        match name {
            GeneralName::Dns(name) => sans.dns.push(name.clone()),
            GeneralName::Ip(address) => sans.ip.push(address.to_string()),
            _ => {}
        }
    }
    CertificateJson {
        sha256: certificate.sha256(),
        role,
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.serial_hex(),
        not_before: rfc3339(certificate.not_before()),
        not_after: rfc3339(certificate.not_after()),
        sans,
        key: certificate.public_key().algorithm().to_string(),
        places: vec![held_at],
    }
}
