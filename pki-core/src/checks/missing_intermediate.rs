//! missing-intermediate: a chain that one end shows stops below an authority that is at hand, and the other end holds only
//! what stands above that.

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
    id: "missing-intermediate",
    summary: "a certificate is shown without the intermediate that signed it, which the other end does not hold",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    group::refused(judged, FaultKind::MissingIntermediate)
        .iter()
        .map(|group| finding(judged, group))
        .collect()
}

fn finding(judged: &Judged, group: &Group<'_>) -> Finding {
    let missing = group.fault.candidate.as_ref();
    let name = missing.map_or_else(String::new, |missing| missing.subject().to_string());
    let verifier = group.edges.first().map(|(edge, _)| match group.fault.by {
        Side::Client => edge.client.to_string(),
        Side::Server => edge.server.to_string(),
    });
    let message = format!(
        "{} is shown without the intermediate `{name}`, which {} does not hold: append it to {}",
        roles::name_of(judged, &group.place),
        verifier.unwrap_or_default(),
        group.place.path.display(),
    );
    let mut finding = group.finding(judged, RULE.id, message);
    // Issuing anew would sign with the authority itself, which may not be what its owner wants.
    finding.remedy = None;
    let lies_at = judged
        .topology
        .holdings
        .iter()
        .find(|holding| Some(&holding.certificate) == missing);
    match lies_at {
        Some(holding) => finding.related_to(holding.place.clone(), "the intermediate"),
        None => finding,
    }
}
