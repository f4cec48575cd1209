//! What an audit says that a client prints, `explain` traces back to that client's edge.

use pki_core::audit::Audit;
use pki_core::explain;
use pki_core::explain::Here;
use pki_core::judge::FaultKind;
use pki_core::judge::JudgedEdge;
use pki_core::topology::Edge;

/// Lines of refused edges that are not traced back to them, with what is wrong.
pub(crate) fn untraced(audit: &Audit) -> Vec<String> {
    let refused = audit
        .judged
        .judged_edges()
        .filter(|(_, verdict)| !verdict.ok);
    refused
        .flat_map(|(edge, verdict)| untraced_of(audit, edge, verdict))
        .collect()
}

fn untraced_of(audit: &Audit, edge: &Edge, verdict: &JudgedEdge) -> Vec<String> {
    let mut wrong = Vec::new();
    let first = [&verdict.prints, &verdict.server_says];
    let first = first.into_iter().flatten().map(|line| (line, false));
    let masked = verdict.masked.iter().map(|masked| (&masked.says, true));
    for (line, is_masked) in first.chain(masked) {
        if is_in_our_words(edge, line) {
            continue;
        }
        let explanation = explain::explain(line.as_bytes());
        let [fault] = explanation.faults.as_slice() else {
            wrong.push(format!("not understood: {line}"));
            continue;
        };
        let here = explain::locate(fault, audit);
        let own = |here: &&Here<'_>| here.edge.is_some_and(|found| found.id == edge.id);
        let Some(own) = here.iter().find(own) else {
            let (client, server) = (&edge.client, &edge.server);
            wrong.push(format!("{client} -> {server} is not found by {line}"));
            continue;
        };
        let rule = own.finding.map(|finding| finding.rule);
        // One finding per cause: what is masked is mended with it, or is a finding of its own.
        if !is_masked && !rule.is_some_and(|rule| is_rule_of(verdict.faults[0].kind, rule)) {
            wrong.push(format!("{line}: found {rule:?}"));
        }
    }
    wrong
}

/// Lines that no program prints: hapki's own of a broken file, and kubectl's of a client that is not kubectl. That a
/// connection was ended says nothing by itself.
fn is_in_our_words(edge: &Edge, line: &str) -> bool {
    let is_kubectl = edge.client.name.starts_with("kubeconfig:");
    line.contains("begins but does not end")
        || line == "EOF"
        || (line.starts_with("error: You must be logged in") && !is_kubectl)
}

fn is_rule_of(kind: FaultKind, rule: &str) -> bool {
    rule == kind.rule()
        || (kind == FaultKind::Expired && rule == "embedded-certificate-stale")
        || (kind == FaultKind::FileMissing && rule == "file-unreadable")
        || (kind == FaultKind::SameNameOtherCa && rule == "shared-ca-differs")
        || (kind == FaultKind::UnknownAuthority && rule == "shared-ca-differs")
        || (kind.rule() == "key-format" && rule == "file-unreadable")
        || (kind.rule() == "token-key-differs"
            && ["token-root-mismatch", "copy-stale"].contains(&rule))
        || (kind.rule() == "token-root-mismatch"
            && ["token-key-differs", "copy-stale"].contains(&rule))
}
