//! Every fault of the table, made on healthy trees: the audit must say that, where it is and in the words that the real
//! component prints, and no other error. tests/acid/faults.rs asks the real components.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by unwrapping"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a test crate has no readers outside"
)]

#[path = "faults/mod.rs"]
mod faults;
#[path = "faults/healthy.rs"]
mod healthy;

use std::fmt::Write as _;

use faults::row::Edges;
use faults::row::Row;
use faults::table;
use faults::trees;
use faults::trees::Trees;
use pki_core::audit;
use pki_core::audit::Audit;
use pki_core::checks::Settings;
use pki_core::finding::Finding;
use pki_core::finding::Severity;
use pki_core::judge::JudgedEdge;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use pki_core::x509::key::KeyAlgorithm;
use time::format_description::well_known::Rfc3339;

#[test]
fn every_fault_is_found_where_it_is_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let ecdsa = healthy::make(&directory.path().join("ecdsa"), KeyAlgorithm::EcdsaP256);
    let rsa = healthy::make(&directory.path().join("rsa"), KeyAlgorithm::Rsa2048);
    let mut wrong = String::new();
    for (number, row) in table::rows().enumerate() {
        let healthy = if row.needs_rsa { &rsa } else { &ecdsa };
        let faulty = Trees {
            root: directory.path().join(number.to_string()),
            nodes: healthy.nodes,
        };
        trees::copy_all(&healthy.root, &faulty.root);
        (row.make)(&faulty);
        for line in differences(row, &faulty) {
            writeln!(wrong, "{}: {line}", row.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn healthy_trees_are_sound() {
    let directory = tempfile::tempdir().unwrap();
    let trees = healthy::make(directory.path(), KeyAlgorithm::EcdsaP256);
    let audit = audited(&trees);
    assert_eq!(findings(&audit), Vec::<String>::new());
    assert!(
        audit.judged.edges.len() > 50,
        "most connections are not seen"
    );
}

fn differences(row: &Row, trees: &Trees) -> Vec<String> {
    let audit = audited(trees);
    let mut lines = Vec::new();
    let found = findings(&audit);
    if found != row.findings {
        lines.push(format!("wanted {:#?}, found {found:#?}", row.findings));
    }
    let finding = audit
        .findings
        .first()
        .filter(|finding| finding.severity > Severity::Info);
    let edges = finding.map_or_else(Vec::new, |finding| edges_of(&audit, finding));
    lines.extend(differing_edges(row.edges, &edges));
    lines.extend(unreported(&audit));
    let first = row.edges.first();
    let verdict = edges.iter().find(|(edge, _)| Some(edge.as_str()) == first);
    let verdict = verdict.map(|(_, verdict)| *verdict);
    let mut compare = |what: &str, wanted: Option<&str>, found: Option<&String>| {
        let wanted = wanted.map(|text| filled(text, row, trees));
        if wanted.as_ref() != found {
            lines.push(format!("{what}: wanted {wanted:?}, found {found:?}"));
        }
    };
    compare(
        "says",
        row.says,
        verdict.and_then(|edge| edge.says.as_ref()),
    );
    compare(
        "prints",
        row.prints,
        verdict.and_then(|edge| edge.prints.as_ref()),
    );
    compare(
        "server says",
        row.server_says,
        verdict.and_then(|edge| edge.server_says.as_ref()),
    );
    lines
}

fn filled(text: &str, row: &Row, trees: &Trees) -> String {
    let now = healthy::now().format(&Rfc3339).unwrap();
    let text = text.replace("{says}", row.says.unwrap_or_default());
    trees.filled(&text).replace("{now}", &now)
}

fn differing_edges(wanted: Edges, found: &[(String, &JudgedEdge)]) -> Option<String> {
    let mut found: Vec<&str> = found.iter().map(|(edge, _)| edge.as_str()).collect();
    found.sort_unstable();
    let as_wanted = match wanted {
        Edges::These(edges) => {
            let mut edges = edges.to_vec();
            edges.sort_unstable();
            edges == found
        }
        Edges::To(server, count, edge) => {
            let is_to = |found: &&str| found.ends_with(&format!(" -> {server}"));
            found.len() == count && found.contains(&edge) && found.iter().all(is_to)
        }
        Edges::Many(count, edge) => found.len() == count && found.contains(&edge),
    };
    (!as_wanted).then(|| format!("{} edges: {found:#?}", found.len()))
}

/// Refused connections that no error tells of.
fn unreported(audit: &Audit) -> Vec<String> {
    let is_told = |id: &String| {
        let mut findings = audit.findings.iter();
        findings.any(|finding| finding.severity == Severity::Error && finding.edges.contains(id))
    };
    let edges = audit.judged.judged_edges();
    let refused = edges.filter(|(_, verdict)| !verdict.ok);
    refused
        .filter(|(edge, _)| !is_told(&edge.id))
        .map(|(edge, _)| format!("no error tells of {} -> {}", edge.client, edge.server))
        .collect()
}

fn edges_of<'a>(audit: &'a Audit, finding: &Finding) -> Vec<(String, &'a JudgedEdge)> {
    let edges = audit.judged.judged_edges();
    let listed = edges.filter(|(edge, _)| finding.edges.contains(&edge.id));
    listed
        .map(|(edge, verdict)| (format!("{} -> {}", edge.client, edge.server), verdict))
        .collect()
}

fn audited(trees: &Trees) -> Audit {
    let arguments = trees.nodes.map(|(node, _)| PathArgument {
        name: None,
        path: trees.root.join(node),
    });
    let options = Options { siblings: true };
    audit::audit(
        &arguments,
        options,
        None,
        healthy::now(),
        &Settings::default(),
    )
    .unwrap()
}

/// Every error and warning.
fn findings(audit: &Audit) -> Vec<String> {
    let findings = audit
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info);
    findings
        .map(|finding| {
            let (severity, rule, place) = (finding.severity, finding.rule, &finding.place);
            format!("{severity} {rule} {} {}", place.node, place.path.display())
        })
        .collect()
}
