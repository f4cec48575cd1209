//! Authorities in each other's place: etcd's certificate where the cluster's belongs.

use std::collections::HashMap;

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

/// Every file that holds an authority which is at hand as another one.
pub(super) fn wrong(judged: &Judged) -> Vec<WrongSlot<'_>> {
    let mut by_certificate: HashMap<&[u8], Vec<(&Holding, Authority)>> = HashMap::new();
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

/// Whether connections fail for the authority in the file of `place`, so that unknown-authority tells it.
pub(super) fn is_told(judged: &Judged, place: &Place) -> bool {
    wrong(judged)
        .iter()
        .any(|wrong| wrong.at.is_same_file(place))
        && group::refused(judged, FaultKind::UnknownAuthority)
            .iter()
            .any(|group| group.place.is_same_file(place))
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
