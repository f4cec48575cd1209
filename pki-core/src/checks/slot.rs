//! Authorities in each other's place: etcd's certificate where the cluster's belongs.

use std::collections::BTreeMap;

use crate::checks::group;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::place::Place;
use crate::profile::Authority;
use crate::topology::Holding;
use crate::topology::Role;

/// A file that holds another authority than the one it is there for.
pub(super) struct WrongSlot<'a> {
    /// That file.
    pub(super) at: &'a Place,
    /// Which belongs there.
    pub(super) belongs: Authority,
    /// Which is there, by the file that it belongs in.
    pub(super) other: Authority,
    /// The file of that one.
    pub(super) from: &'a Place,
}

/// Every file that holds an authority which is at hand as another one, in an order that the files alone decide.
pub(super) fn wrong(judged: &Judged) -> Vec<WrongSlot<'_>> {
    let mut by_certificate: BTreeMap<&[u8], Vec<(&Holding, Authority)>> = BTreeMap::new();
    for holding in judged.topology.holdings.iter().filter(|held| held.used) {
        if let Some(Role::Authority(authority)) = holding.role {
            let alike = by_certificate.entry(holding.certificate.as_der());
            alike.or_default().push((holding, authority));
        }
    }
    let mut found = Vec::new();
    for alike in by_certificate.values() {
        for (held, belongs) in alike {
            let other = alike.iter().find(|(_, other)| other != belongs);
            if let Some((from, other)) = other
                && is_misplaced(judged, held, *belongs)
            {
                found.push(WrongSlot {
                    at: &held.place,
                    belongs: *belongs,
                    other: *other,
                    from: &from.place,
                });
            }
        }
    }
    found
}

/// The files among them for which connections fail, so that unknown-authority tells them.
pub(super) fn told(judged: &Judged) -> Vec<&Place> {
    let wrong = wrong(judged);
    if wrong.is_empty() {
        return Vec::new();
    }
    let groups = group::refused(judged, FaultKind::UnknownAuthority);
    let is_blamed = |place: &&Place| groups.iter().any(|group| group.place.is_same_file(place));
    wrong
        .into_iter()
        .map(|wrong| wrong.at)
        .filter(is_blamed)
        .collect()
}

/// One authority may serve for all: then none is in the place of another.
fn is_misplaced(judged: &Judged, held: &Holding, belongs: Authority) -> bool {
    let mut holdings = judged.topology.holdings.iter();
    holdings.any(|other| match other.role {
        Some(Role::Authority(authority)) => {
            other.used
                && authority == belongs
                && other.certificate.public_key() != held.certificate.public_key()
        }
        Some(Role::Profile(profile)) => {
            profile.row().authority == belongs
                && other.certificate.issuer() != held.certificate.subject()
        }
        _ => false,
    })
}
