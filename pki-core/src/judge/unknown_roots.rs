//! Clients whose roots are the machine's own and not among the files.

use time::OffsetDateTime;

use crate::judge;
use crate::judge::FaultKind;
use crate::judge::files::Files;
use crate::judge::index::Index;
use crate::topology::Edge;
use crate::topology::Topology;
use crate::topology::Unjudged;
use crate::verdict::signatures::Signatures;

/// Where a client's roots are not among the files, only what is wrong for any roots can be said. What holds so far may
/// fail all the same, and is not judged.
pub(super) fn set_aside(topology: &mut Topology, now: OffsetDateTime, signatures: &mut Signatures) {
    if !topology
        .edges
        .iter()
        .any(|edge| edge.circumstances.roots_unknown)
    {
        return;
    }
    let edges = std::mem::take(&mut topology.edges);
    let index = Index::of(topology);
    let files = Files::of(topology, &index);
    let (judged, aside): (Vec<Edge>, Vec<Edge>) = edges.into_iter().partition(|edge| {
        !edge.circumstances.roots_unknown
            || !judge::faults(&files, edge, now, signatures).is_empty()
    });
    topology.edges = judged;
    let aside = aside.into_iter().map(|edge| Unjudged {
        client: edge.client,
        dials: edge.dials.unwrap_or_default(),
        place: edge.told_at,
        why: format!(
            "it trusts this machine's own roots, which are not among these files; {} carries the name and is in date",
            edge.shown.place.path.display()
        ),
    });
    topology.unjudged.extend(aside);
}

pub(super) fn is_about_the_chain(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::UnknownAuthority
            | FaultKind::MissingIntermediate
            | FaultKind::SameNameOtherCa
            | FaultKind::WeakSignature
    )
}
