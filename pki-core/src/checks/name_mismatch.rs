//! name-mismatch: a client dials a name or address that the certificate does not carry, or is going to.

mod undialled;

use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::group::Group;
use crate::checks::roles;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Role;

pub(super) const RULE: Rule = Rule {
    id: "name-mismatch",
    summary: "a client dials a name or address that the server's certificate does not carry",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = group::refused(judged, FaultKind::NameMismatch)
        .iter()
        .map(|group| dialled(judged, group))
        .collect();
    for group in group::refused(judged, FaultKind::SourceAddress) {
        let comes_from = comes_from(judged, &group);
        match findings
            .iter_mut()
            .find(|known| known.place == comes_from.place)
        {
            Some(known) => known.edges.extend(comes_from.edges),
            None => findings.push(comes_from),
        }
    }
    findings.extend(undialled::findings(judged, RULE.id));
    findings
}

fn dialled(judged: &Judged, group: &Group<'_>) -> Finding {
    let missing = group.edges.iter();
    let missing = missing.filter_map(|(edge, _)| edge.asks_for.clone());
    finding(judged, group, missing.collect(), |names, clients| {
        format!("{names}, dialled by {clients}")
    })
}

/// A member is refused where it dials, for the address that it dials from.
fn comes_from(judged: &Judged, group: &Group<'_>) -> Finding {
    let missing = group.edges.iter();
    let missing = missing.filter_map(|(edge, _)| Some(edge.source.as_ref()?.address.to_string()));
    finding(judged, group, missing.collect(), |names, clients| {
        format!("{names}, which {clients} comes from")
    })
}

fn finding(
    judged: &Judged,
    group: &Group<'_>,
    missing: BTreeSet<String>,
    by_whom: fn(&str, &str) -> String,
) -> Finding {
    let missing: Vec<String> = missing.into_iter().collect();
    let message = format!(
        "{} does not carry {}",
        roles::name_of(judged, &group.place),
        by_whom(&missing.join(", "), &group.clients()),
    );
    let finding = group.finding(judged, RULE.id, message);
    originals(judged, group).fold(finding, |finding, (place, note)| {
        finding.related_to(place, note)
    })
}

/// The same certificate on other nodes: the usual reason is that a whole directory was copied.
fn originals<'a>(
    judged: &'a Judged,
    group: &'a Group<'_>,
) -> impl Iterator<Item = (crate::place::Place, String)> + 'a {
    judged
        .topology
        .holdings
        .iter()
        .filter(|holding| holding.used && matches!(holding.role, Some(Role::Profile(_))))
        .filter(|holding| holding.place.node != group.place.node)
        .filter(|holding| Some(&holding.certificate) == group.fault.certificate.as_ref())
        .map(|holding| {
            let note = format!("the same certificate is {}'s", holding.place.node);
            (holding.place.clone(), note)
        })
}
