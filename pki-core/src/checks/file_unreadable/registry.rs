//! What keeps a registry from starting, or a token service from signing: a file that its container may not read, or one
//! that holds nothing of use.

use crate::checks::file_unreadable::RULE;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::Side;
use crate::place::FileStatus;
use crate::place::Place;
use crate::topology::Edge;
use crate::topology::RegistryToken;

/// Adds edges and words to what is told of a broken file, and a finding where the file is whole and forbidden.
pub(super) fn add(judged: &Judged, findings: &mut Vec<Finding>) {
    for (edge, verdict) in judged.judged_edges() {
        let (Some(token), Some(fault)) = (edge.registry_token(), verdict.faults.first()) else {
            continue;
        };
        if !is_ours(fault) {
            continue;
        }
        let Some((place, status)) = file(judged, token, fault.by) else {
            continue;
        };
        let known = findings
            .iter()
            .position(|finding| finding.place.is_same_file(&place));
        let position = known.unwrap_or_else(|| {
            findings.push(finding(&place, &status, fault, &edge_end(edge, fault)));
            findings.len() - 1
        });
        if let Some(finding) = findings.get_mut(position) {
            finding.severity = Severity::Error;
            finding.says.get_or_insert_with(|| fault.text.clone());
            finding.edges.push(edge.id.clone());
        }
    }
}

/// Whether a fault is about a file that cannot be read.
pub(in crate::checks) fn is_ours(fault: &Fault) -> bool {
    fault.kind == FaultKind::RegistryDoesNotStart
        || (fault.by == Side::Client && fault.text.ends_with("permission denied"))
}

fn edge_end(edge: &Edge, fault: &Fault) -> String {
    match fault.by {
        Side::Client => edge.client.to_string(),
        Side::Server => edge.server.to_string(),
    }
}

fn file(judged: &Judged, token: RegistryToken, by: Side) -> Option<(Place, FileStatus)> {
    let topology = &judged.topology;
    if by == Side::Client {
        let key = &topology.signer_of(token)?.key;
        return Some((key.place.clone(), key.status));
    }
    let verifier = topology.verifier_of(token)?;
    let bundle = verifier.distribution()?.bundle.as_ref();
    let file = bundle.map(|bundle| (bundle.place.clone(), bundle.status));
    Some(file.unwrap_or_else(|| (verifier.told_at.clone(), FileStatus::default())))
}

fn finding(place: &Place, status: &FileStatus, fault: &Fault, who: &str) -> Finding {
    let file = place.path.display();
    let consequence = match fault.by {
        Side::Client => "signs no token",
        Side::Server => "does not start",
    };
    let is_forbidden = fault.text.ends_with("permission denied");
    let message = match (status.owner, status.mode) {
        (Some((owner, group)), Some(mode)) if is_forbidden => format!(
            "{file} belongs to {owner}:{group} with mode {:04o}, and {who} may not read it: it {consequence}",
            mode & 0o7777
        ),
        _ => format!("{who} can make nothing of {file} and {consequence}"),
    };
    Finding::new(RULE.id, Severity::Error, place.clone(), message)
}
