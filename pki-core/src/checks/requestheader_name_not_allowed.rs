//! requestheader-name-not-allowed: a front proxy whose common name is not in `--requestheader-allowed-names`.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::group::Group;
use crate::checks::roles;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "requestheader-name-not-allowed",
    summary: "a front proxy's common name is not in --requestheader-allowed-names",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    group::refused(judged, FaultKind::NameNotAllowed)
        .iter()
        .map(|group| group.finding(judged, RULE.id, message(judged, group)))
        .collect()
}

fn message(judged: &Judged, group: &Group<'_>) -> String {
    let first = group.edges.first().map(|(edge, _)| *edge);
    let allowed = first.and_then(|edge| edge.allowed_names.as_ref());
    let names = allowed.map(|allowed| allowed.names.join(", "));
    let shown = first.and_then(|edge| edge.shown.chain.first());
    let name = shown.and_then(|leaf| leaf.subject().common_name());
    let who = first.map_or_else(String::new, |edge| {
        roles::name_of(judged, &edge.shown.place)
    });
    format!(
        "{who} has the common name {}, and {} believes {} alone",
        name.unwrap_or("(none)"),
        first
            .map(|edge| edge.server.to_string())
            .unwrap_or_default(),
        names.unwrap_or_default()
    )
}
