//! What is told together, and that nothing is lost by it.

use std::path::PathBuf;

use time::macros::datetime;

use super::*;
use crate::judge;
use crate::place::Place;
use crate::topology::Topology;

#[test]
fn what_is_alike_on_several_nodes_is_told_once() {
    let nodes: Vec<String> = (0..30).map(|number| format!("node-{number:02}")).collect();
    let findings: Vec<Finding> = nodes
        .iter()
        .map(|node| {
            finding(
                "expired",
                node,
                &format!("the certificate of {node} expired"),
            )
        })
        .collect();
    let text = told(&findings);
    assert_eq!(text.matches("error expired ").count(), 1, "{text}");
    assert!(text.contains(
        "likewise on node-01, node-02, node-03, node-04, node-05, node-06 and 23 more\n"
    ));
}

#[test]
fn what_differs_by_more_than_its_node_is_told_apart() {
    let findings = [
        finding(
            "expired",
            "shaolin",
            "the certificate of shaolin expired on Monday",
        ),
        finding(
            "expired",
            "wudang",
            "the certificate of wudang expired on Tuesday",
        ),
    ];
    assert_eq!(told(&findings).matches("error expired ").count(), 2);
}

#[test]
fn what_follows_stands_under_its_cause_and_none_is_lost() {
    let cause = finding("shared-ca-differs", "shaolin", "two authorities");
    let mut follows = finding("unknown-authority", "wudang", "nobody knows it");
    follows.caused_by = Some(cause.as_cause());
    let mut further = finding("key-missing", "emei", "gone");
    further.caused_by = Some(follows.as_cause());
    let mut orphan = finding("name-mismatch", "emei", "alone");
    orphan.caused_by = Some(finding("expired", "nowhere", "").as_cause());
    let text = told(&[follows, orphan, cause.clone(), cause, further]);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let position = |begin: &str| lines.iter().position(|line| line.starts_with(begin));
    let head = position("error shared-ca-differs").unwrap();
    let under = position("so:     error unknown-authority").unwrap();
    assert!(head < under && lines[head..under].iter().all(|line| !line.is_empty()));
    assert_eq!(
        text.matches("unknown-authority /etc/file on wudang")
            .count(),
        2
    );
    for rule in ["key-missing", "name-mismatch"] {
        assert!(position(&format!("error {rule}")).is_some(), "{text}");
    }
    assert!(text.contains("follows from unknown-authority /etc/file on wudang"));
    assert!(text.contains("5 errors"), "{text}");
}

fn finding(rule: &'static str, node: &str, message: &str) -> Finding {
    let place = Place {
        node: node.to_owned(),
        path: PathBuf::from("/etc/file"),
        ..Place::default()
    };
    Finding::new(rule, Severity::Error, place, message)
}

fn told(findings: &[Finding]) -> String {
    let now = datetime!(2026-02-01 0:00 UTC);
    let judged = judge::judge(Topology::default(), now);
    audit(&judged, findings, &[], 80, Style::NONE)
}
