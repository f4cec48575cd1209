//! etcd-name-not-allowed: a client of etcd, or a peer, whose name is not among those that the member takes.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::group::Group;
use crate::checks::roles;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::Side;

pub(super) const RULE: Rule = Rule {
    id: "etcd-name-not-allowed",
    summary: "etcd takes only clients of certain names, and a certificate has none of them",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    group::refused(judged, FaultKind::NotTaken)
        .iter()
        .map(|group| finding(judged, group))
        .collect()
}

fn finding(judged: &Judged, group: &Group<'_>) -> Finding {
    let first = group.edges.first().map(|(edge, _)| *edge);
    let (taker, allowed) = match (group.fault.by, first) {
        (Side::Client, Some(edge)) => (edge.client.to_string(), edge.client_takes.as_ref()),
        (Side::Server, Some(edge)) => (edge.server.to_string(), edge.allowed_names.as_ref()),
        (_, None) => (String::new(), None),
    };
    let names = allowed.map(|allowed| allowed.names.join(", "));
    let message = format!(
        "{} has no name that {taker} takes: {}",
        roles::name_of(judged, &group.place),
        names.unwrap_or_default()
    );
    let mut finding = group.finding(judged, RULE.id, message);
    // The flag may be what is wrong, and the same certificate would be issued again.
    finding.remedy = None;
    match allowed {
        Some(allowed) => finding.related_to(allowed.place.clone(), "the names that are taken"),
        None => finding,
    }
}
