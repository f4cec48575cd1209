//! Refused edges gathered by what is to blame, so that one cause is one finding.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::checks::remedy;
use crate::checks::slot;
use crate::checks::slot::WrongSlot;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::JudgedEdge;
use crate::judge::Side;
use crate::place::Place;
use crate::topology::Edge;
use crate::topology::EdgeKind;
use crate::topology::Shown;
use crate::topology::Trust;
use crate::x509::certificate::Certificate;

/// Edges that are refused for the same thing.
pub(super) struct Group<'a> {
    /// The file to blame.
    pub(super) place: Place,
    /// The first edge's fault.
    pub(super) fault: &'a Fault,
    /// The edges, never empty when made by [`refused`].
    pub(super) edges: Vec<(&'a Edge, &'a JudgedEdge)>,
}

/// Edges whose first fault is `kind`, by the file to blame.
pub(super) fn refused(judged: &Judged, kind: FaultKind) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<Place, Group<'_>> = BTreeMap::new();
    let wrong_slots = if is_about_the_chain(kind) {
        slot::wrong(judged)
    } else {
        Vec::new()
    };
    for (edge, verdict) in judged.judged_edges() {
        let Some(fault) = verdict.faults.first().filter(|fault| fault.kind == kind) else {
            continue;
        };
        let place = blamed(judged, edge, fault, &wrong_slots);
        groups
            .entry(place.clone())
            .or_insert_with(|| Group {
                place,
                fault,
                edges: Vec::new(),
            })
            .edges
            .push((edge, verdict));
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().collect();
    for group in &mut groups {
        // What fails each time is told before what a balancer makes fail now and then.
        group.edges.sort_by_key(|(edge, _)| edge.via.is_some());
        let first = group.edges.first();
        if let Some(fault) = first.and_then(|(_, verdict)| verdict.faults.first()) {
            group.fault = fault;
        }
    }
    groups
}

impl Group<'_> {
    /// The finding of an edge that fails: an error at the file to blame, with what the client says and what mends it.
    pub(super) fn finding(
        &self,
        judged: &Judged,
        rule: &'static str,
        message: impl Into<String>,
    ) -> Finding {
        let mut finding = Finding::new(rule, Severity::Error, self.place.clone(), message);
        finding.edges = self.edges.iter().map(|(edge, _)| edge.id.clone()).collect();
        finding.says = self.says();
        finding.remedy = remedy::reissue(judged, &self.place);
        let mut seen = BTreeSet::new();
        for (edge, _) in &self.edges {
            if edge.told_at != self.place && seen.insert(&edge.told_at) {
                finding = finding.related_to(edge.told_at.clone(), dials(edge));
            }
        }
        finding
    }

    /// What the first edge's client says; the server's reason where the client learns none.
    fn says(&self) -> Option<String> {
        let (_, verdict) = self.edges.first()?;
        verdict.server_says.clone().or_else(|| verdict.says.clone())
    }

    /// `kubelet@wudang`, `kubelet@wudang and 3 others`.
    pub(super) fn clients(&self) -> String {
        let clients: BTreeSet<String> = self
            .edges
            .iter()
            .map(|(edge, _)| edge.client.to_string())
            .collect();
        let first = self.edges.first().map(|(edge, _)| edge.client.to_string());
        let first = first.unwrap_or_default();
        match clients.len() {
            0 | 1 => first,
            2 => format!("{first} and 1 other"),
            count => format!("{first} and {} others", count - 1),
        }
    }
}

/// `kubelet@wudang dials https://10.24.138.208:6443`.
pub(super) fn dials(edge: &Edge) -> String {
    let via = edge
        .via
        .as_deref()
        .map(|via| format!(" through {via}"))
        .unwrap_or_default();
    match &edge.dials {
        Some(url) => format!("{} dials {url}{via}", edge.client),
        None if edge.kind == EdgeKind::Token => {
            format!("what signs the tokens of {}", edge.client.node)
        }
        None => format!("{} shows it to {}", edge.client, edge.server),
    }
}

/// The file to look at first: the leaf's, the expired authority's, or the roots that nobody else's certificate fits.
fn blamed(judged: &Judged, edge: &Edge, fault: &Fault, wrong_slots: &[WrongSlot<'_>]) -> Place {
    let is_another = |trust: &Trust| {
        let mut wrong = wrong_slots.iter();
        wrong.any(|wrong| wrong.at.is_same_file(&trust.place))
    };
    if fault.kind == FaultKind::InsecureWithRoots {
        return edge
            .unverified
            .clone()
            .unwrap_or_else(|| edge.told_at.clone());
    }
    let Some((shown, trust)) = sides(edge, fault) else {
        return edge.told_at.clone();
    };
    match &fault.certificate {
        None if shown.chain.is_empty() => shown.place.clone(),
        None => trust.place.clone(),
        Some(certificate) if shown.chain.first() != Some(certificate) => {
            authority_place(judged, certificate).unwrap_or_else(|| trust.place.clone())
        }
        Some(_) if fault.kind == FaultKind::MissingIntermediate => shown.place.clone(),
        Some(_)
            if is_about_the_chain(fault.kind)
                && (is_another(trust) || others_accept(judged, edge, fault, shown)) =>
        {
            trust.place.clone()
        }
        Some(_) => shown.place.clone(),
    }
}

/// What was shown to the end that notices a fault, and what that end trusts. Faults of files are noticed by the end
/// that loads them.
fn sides<'a>(edge: &'a Edge, fault: &Fault) -> Option<(&'a Shown, &'a Trust)> {
    let client = edge.client_shows.as_ref();
    let shown_by_server = match fault.kind {
        FaultKind::FileMissing
        | FaultKind::KeyMissing
        | FaultKind::KeyMismatch
        | FaultKind::LeafNotFirst
        | FaultKind::Unloadable => fault.by == Side::Server,
        _ => fault.by == Side::Client,
    };
    match (shown_by_server, fault.by, client) {
        (true, Side::Server, Some((_, trust))) => Some((&edge.shown, trust)),
        (true, _, _) => Some((&edge.shown, &edge.trusts)),
        (false, Side::Client, Some((shown, _))) => Some((shown, &edge.trusts)),
        (false, _, client) => client.map(|(shown, trust)| (shown, trust)),
    }
}

/// Whether some other edge shows the same file to someone who trusts it.
fn others_accept(judged: &Judged, edge: &Edge, fault: &Fault, shown: &Shown) -> bool {
    judged.edges_showing(&shown.place).any(|(other, verdict)| {
        let is_refused_too = verdict
            .faults
            .iter()
            .any(|theirs| theirs.by == fault.by && is_about_the_chain(theirs.kind));
        other.id != edge.id
            && !is_refused_too
            && !(fault.by == Side::Client && other.unverified.is_some())
            && sides(other, fault).is_some_and(|(theirs, _)| theirs.place == shown.place)
    })
}

fn is_about_the_chain(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::UnknownAuthority
            | FaultKind::MissingIntermediate
            | FaultKind::SameNameOtherCa
            | FaultKind::WeakSignature
            | FaultKind::FrontProxyMismatch
    )
}

fn authority_place(judged: &Judged, certificate: &Certificate) -> Option<Place> {
    judged
        .topology
        .holdings
        .iter()
        .find(|holding| holding.role.is_some() && holding.certificate == *certificate)
        .map(|holding| holding.place.clone())
}
