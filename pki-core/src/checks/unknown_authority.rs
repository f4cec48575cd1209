//! unknown-authority: nothing that one end trusts has signed what the other shows.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::group::Group;
use crate::checks::roles;
use crate::checks::shared_ca_differs;
use crate::checks::slot;
use crate::checks::slot::WrongSlot;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::Side;
use crate::topology::Edge;

pub(super) const RULE: Rule = Rule {
    id: "unknown-authority",
    summary: "a certificate is shown to someone who trusts no authority above it",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let wrong = slot::wrong(judged);
    let findings = group::refused(judged, FaultKind::UnknownAuthority)
        .iter()
        .map(|group| group.finding(judged, RULE.id, message(judged, group, &wrong)))
        .collect();
    shared_ca_differs::without_consequences(judged, findings)
}

fn message(judged: &Judged, group: &Group<'_>, wrong: &[WrongSlot<'_>]) -> String {
    if let Some(wrong) = wrong
        .iter()
        .find(|wrong| wrong.at.is_same_file(&group.place))
    {
        return format!(
            "{} holds {} (as {} does), where {} belongs",
            group.place.path.display(),
            wrong.other,
            wrong.from.path.display(),
            wrong.belongs,
        );
    }
    let issuer = group
        .fault
        .certificate
        .as_ref()
        .map(|leaf| leaf.issuer().to_string());
    let issuer = issuer.unwrap_or_default();
    let first = group.edges.first().map(|(edge, _)| *edge);
    let is_about_roots = first.is_some_and(|edge| is_trusted_at(edge, group));
    if is_about_roots {
        return format!(
            "{} does not hold the authority `{issuer}`, whose certificates others accept",
            group.place.path.display()
        );
    }
    let verifier = first.map(|edge| match group.fault.by {
        Side::Client => edge.client.to_string(),
        Side::Server => edge.server.to_string(),
    });
    format!(
        "{} is signed by `{issuer}`, which {} does not trust",
        roles::name_of(judged, &group.place),
        verifier.unwrap_or_default(),
    )
}

/// Whether the group blames what is trusted rather than what is shown.
pub(super) fn is_trusted_at(edge: &Edge, group: &Group<'_>) -> bool {
    let shown = match group.fault.by {
        Side::Client => Some(&edge.shown),
        Side::Server => edge.client_shows.as_ref().map(|(shown, _)| shown),
    };
    shown.is_some_and(|shown| shown.place != group.place)
}
