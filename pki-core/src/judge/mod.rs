//! Every edge judged, once: whether it holds, and in which words its client says that it does not.
//!
//! What is deliberately absent: files, severities and remedies. The rules in [`crate::checks`] read what stands here.

mod balanced;
mod carried;
mod entitled;
mod fault;
mod files;
mod identity;
mod index;
mod intermediate;
mod member;
mod odds;
mod registry_token;
mod registry_words;
mod token;
mod unknown_roots;
mod words;

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;

use time::OffsetDateTime;

pub use carried::carries;
pub use fault::Fault;
pub use fault::FaultKind;
pub use fault::Side;
pub use odds::Odds;

use crate::judge::files::Files;
use crate::judge::index::Index;
use crate::place::Place;
use crate::topology::Broken;
use crate::topology::BrokenKind;
use crate::topology::CarriedToken;
use crate::topology::Edge;
use crate::topology::EdgeKind;
use crate::topology::Holding;
use crate::topology::KeyHolding;
use crate::topology::Kubeconfig;
use crate::topology::Role;
use crate::topology::Shown;
use crate::topology::Topology;
use crate::topology::Trust;
use crate::topology::Unjudged;
use crate::verdict::go;
use crate::verdict::go::Refusal;
use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;

/// The graph with a verdict on every edge.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was judged.
    pub topology: Topology,
    /// The instant it was judged at.
    pub now: OffsetDateTime,
    /// One for each of the topology's edges, in the same order.
    pub edges: Vec<JudgedEdge>,
    /// What lies where in the topology.
    index: Index,
}

/// The verdict on one edge.
#[derive(Clone, Debug)]
pub struct JudgedEdge {
    /// Its place in [`Topology::edges`].
    pub edge: usize,
    /// Whether it holds.
    pub ok: bool,
    /// What its client says, without the prefix `tls: failed to verify certificate: `; none where a balancer spares it
    /// the fault.
    pub says: Option<String>,
    /// The whole line that its client prints, where it is known.
    pub prints: Option<String>,
    /// The reason as the server logs it, where the client learns none.
    pub server_says: Option<String>,
    /// What would be said next, were the first fault mended.
    pub masked: Vec<Masked>,
    /// Everything that is wrong with it, in the order in which it is noticed.
    pub faults: Vec<Fault>,
}

/// A fault behind the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// The rule that reports it.
    pub rule: &'static str,
    /// What the client would say.
    pub says: String,
}

/// Judges every edge at `now`. Edges whose files could not be read are moved to [`Topology::unjudged`].
pub fn judge(mut topology: Topology, now: OffsetDateTime) -> Judged {
    set_aside_unreadable(&mut topology);
    let mut signatures = Signatures::default();
    unknown_roots::set_aside(&mut topology, now, &mut signatures);
    let index = Index::of(&topology);
    let files = Files::of(&topology, &index);
    let edges = topology
        .edges
        .iter()
        .enumerate()
        .map(|(index, edge)| {
            let faults = faults(&files, edge, now, &mut signatures);
            match edge.registry_token() {
                Some(token) => registry_words::judged(&topology, (index, token), faults),
                None => judged_edge(index, edge, faults),
            }
        })
        .collect();
    Judged {
        topology,
        now,
        edges,
        index,
    }
}

impl Judged {
    /// The edge that a verdict is about.
    pub fn edge(&self, judged: &JudgedEdge) -> Option<&Edge> {
        self.topology.edges.get(judged.edge)
    }

    /// Every edge with its verdict.
    pub fn judged_edges(&self) -> impl Iterator<Item = (&Edge, &JudgedEdge)> {
        self.topology.edges.iter().zip(&self.edges)
    }

    /// Certificates in the file of `place`.
    pub fn holdings_in(&self, place: &Place) -> impl Iterator<Item = &Holding> {
        self.index.holdings(&self.topology, place)
    }

    /// Private keys in the file of `place`.
    pub fn keys_in(&self, place: &Place) -> impl Iterator<Item = &KeyHolding> {
        self.index.keys(&self.topology, place)
    }

    /// The file of `place` as a kubeconfig.
    pub fn kubeconfig_in(&self, place: &Place) -> Option<&Kubeconfig> {
        self.index.kubeconfigs(&self.topology, place).next()
    }

    /// Edges on which either end shows what is in the file of `place`, with their verdicts.
    pub fn edges_showing(&self, place: &Place) -> impl Iterator<Item = (&Edge, &JudgedEdge)> {
        let edges = self.index.edges_showing(&self.topology, place);
        edges.filter_map(|(position, edge)| Some((edge, self.edges.get(position)?)))
    }

    /// Every authority at hand, in a file of its own or among the roots that someone trusts, each once.
    pub fn authorities(&self) -> Vec<&Certificate> {
        let mut seen = HashSet::new();
        let held = self
            .topology
            .holdings
            .iter()
            .filter(|holding| matches!(holding.role, Some(Role::Authority(_))))
            .map(|holding| &holding.certificate);
        let trusted = self
            .topology
            .edges
            .iter()
            .flat_map(|edge| &edge.trusts.roots);
        held.chain(trusted)
            .filter(|authority| seen.insert(authority.as_der()))
            .collect()
    }
}

fn judged_edge(index: usize, edge: &Edge, faults: Vec<Fault>) -> JudgedEdge {
    let first = faults.first();
    JudgedEdge {
        edge: index,
        ok: faults.is_empty(),
        says: first.and_then(|fault| words::says(edge, fault)),
        prints: first.and_then(|fault| words::prints(edge, fault)),
        server_says: first.and_then(|fault| words::server_says(edge, fault)),
        masked: faults
            .iter()
            .skip(1)
            .map(|fault| Masked {
                rule: fault.kind.rule(),
                says: words::says(edge, fault).unwrap_or_else(|| fault.text.clone()),
            })
            .collect(),
        faults,
    }
}

/// What is wrong with an edge, in the order in which its two ends notice: files that cannot be loaded, what the server
/// shows, what the client shows, who the client is.
fn faults(
    files: &Files<'_>,
    edge: &Edge,
    now: OffsetDateTime,
    signatures: &mut Signatures,
) -> Vec<Fault> {
    match edge.kind {
        EdgeKind::Tls => connection(files, edge, now, signatures),
        EdgeKind::Token => match &edge.token {
            Some(CarriedToken::ServiceAccount(token)) => token::faults(token),
            Some(CarriedToken::Registry(token)) => {
                registry_token::faults(files.topology, *token, now)
            }
            None => Vec::new(),
        },
        EdgeKind::Identity => identity::faults(files, edge, now, signatures),
    }
}

fn connection(
    files: &Files<'_>,
    edge: &Edge,
    now: OffsetDateTime,
    signatures: &mut Signatures,
) -> Vec<Fault> {
    let mut faults = cannot_start(files, edge, signatures);
    if let Some(says) = &edge.circumstances.client_refuses {
        faults.push(Fault::new(FaultKind::KeyMissing, Side::Client, says));
    }
    if balanced::is_openssl(&edge.client) {
        faults.extend(balanced::refused(edge, now, signatures));
    } else {
        faults.extend(server_refused(files, edge, now, signatures));
    }
    if let Some(balancer) = balanced::ended_at(files.topology, edge) {
        faults.extend(balanced::identity_lost(balancer, edge));
        return faults;
    }
    if edge.circumstances.roots_unknown {
        faults.retain(|fault| !unknown_roots::is_about_the_chain(fault.kind));
    }
    if edge.circumstances.certificate_demanded {
        let fault = Fault::new(FaultKind::CertificateDemanded, Side::Server, NO_CERTIFICATE);
        faults.push(fault);
    }
    let Some((shown, trust)) = &edge.client_shows else {
        return faults;
    };
    if let Some(leaf) = shown.chain.first() {
        let question = go::Question {
            leaf,
            intermediates: shown.chain.get(1..).unwrap_or_default(),
            roots: &trust.roots,
            name: None,
            purpose: go::Purpose::Client,
            now,
        };
        faults.extend(unusable(shown, Side::Server, signatures));
        faults.extend(refused(files, &question, Side::Server, signatures));
        faults.extend(member::takes_not(
            edge.allowed_names.as_ref(),
            leaf,
            Side::Server,
        ));
        faults.extend(member::comes_from_elsewhere(edge, leaf));
        faults.extend(entitled::forbidden(edge, leaf));
    }
    faults
}

/// What a Go client says of what it is shown.
fn server_refused(
    files: &Files<'_>,
    edge: &Edge,
    now: OffsetDateTime,
    signatures: &mut Signatures,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = unusable(&edge.shown, Side::Client, signatures)
        .into_iter()
        .collect();
    if let Some(leaf) = edge.shown.chain.first()
        && edge.unverified.is_none()
    {
        let question = go::Question {
            leaf,
            intermediates: edge.shown.chain.get(1..).unwrap_or_default(),
            roots: &edge.trusts.roots,
            name: edge.asks_for.as_deref(),
            purpose: go::Purpose::Server,
            now,
        };
        faults.extend(refused(files, &question, Side::Client, signatures));
        faults.extend(member::takes_not(
            edge.client_takes.as_ref(),
            leaf,
            Side::Client,
        ));
    }
    faults
}

/// What the end `by` says of a leaf that it can parse.
fn refused(
    files: &Files<'_>,
    question: &go::Question<'_>,
    by: Side,
    signatures: &mut Signatures,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = go::refusals(question, signatures)
        .iter()
        .filter(|refusal| !matches!(refusal, Refusal::Malformed { .. }))
        .map(|refusal| Fault::refused(by, question.leaf, refusal))
        .collect();
    if let Some(fault) = faults
        .iter_mut()
        .find(|fault| fault.kind == FaultKind::UnknownAuthority)
        && let Some(missing) = intermediate::missing(files, question, signatures)
    {
        fault.kind = FaultKind::MissingIntermediate;
        fault.candidate = Some(missing.clone());
    }
    faults
}

/// Every certificate of what is shown is parsed, and its key measured, before any is verified (`crypto/tls`,
/// `verifyServerCertificate` and `processCertsFromClient`).
fn unusable(shown: &Shown, by: Side, signatures: &mut Signatures) -> Option<Fault> {
    let leaf = shown.chain.first()?;
    let fault = shown.chain.iter().find_map(|certificate| {
        if let Some(text) = signatures.parse_refusal(certificate) {
            let prefix = match by {
                Side::Client => go::PARSE_PREFIX,
                Side::Server => "tls: failed to parse client certificate: ",
            };
            let text = format!("{prefix}{text}");
            return Some(Fault::new(FaultKind::Malformed, by, text));
        }
        let text = match by {
            Side::Client => go::LARGE_KEY,
            Side::Server => LARGE_CLIENT_KEY,
        };
        go::has_large_key(certificate).then(|| Fault::new(FaultKind::LargeKey, by, text))
    });
    fault.map(|fault| fault.about(leaf))
}

/// What keeps the client or the server from starting at all.
fn cannot_start(files: &Files<'_>, edge: &Edge, signatures: &mut Signatures) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some((shown, _)) = &edge.client_shows {
        faults.extend(cannot_load(files, shown, Side::Client, signatures));
    }
    faults.extend(cannot_trust(files, &edge.trusts, Side::Client));
    if edge.unverified.is_some()
        && !edge.trusts.roots.is_empty()
        && words::reads_a_kubeconfig(&edge.client)
    {
        faults.push(Fault::new(
            FaultKind::InsecureWithRoots,
            Side::Client,
            INSECURE_WITH_ROOTS,
        ));
    }
    faults.extend(cannot_load(files, &edge.shown, Side::Server, signatures));
    if let Some((_, trust)) = &edge.client_shows {
        faults.extend(cannot_trust(files, trust, Side::Server));
    }
    faults
}

/// A certificate file that is not there or makes no sense, or one that its key does not belong to, in the order in which
/// `tls.LoadX509KeyPair` notices.
fn cannot_load(
    files: &Files<'_>,
    shown: &Shown,
    side: Side,
    signatures: &mut Signatures,
) -> Option<Fault> {
    let Some(leaf) = shown.chain.first() else {
        let broken = files.broken_at(&shown.place)?;
        return Some(Fault::new(FaultKind::FileMissing, side, loading(broken)));
    };
    let pairs = files.pairs_of(&shown.place);
    let refusal = signatures.parse_refusal(leaf);
    let unloadable =
        refusal.map(|refusal| Fault::new(FaultKind::Unloadable, side, refusal.text()).about(leaf));
    for pair in pairs {
        let key = files.key_at(&pair.key);
        let public = key.and_then(|key| key.key.as_ref().ok());
        if public.is_some_and(|public| public != leaf.public_key()) {
            let mut below = shown.chain.iter().skip(1);
            let kind = if below.any(|other| public == Some(other.public_key())) {
                FaultKind::LeafNotFirst
            } else {
                FaultKind::KeyMismatch
            };
            let mismatch = Fault::new(kind, side, KEY_MISMATCH).about(leaf);
            return unloadable.or(Some(mismatch));
        }
        if key.is_none()
            && pair.told_at.is_some()
            && let Some(broken) = files.broken_at(&pair.key)
            && broken.kind == BrokenKind::Missing
        {
            return Some(Fault::new(FaultKind::KeyMissing, side, loading(broken)).about(leaf));
        }
    }
    unloadable
}

fn cannot_trust(files: &Files<'_>, trust: &Trust, side: Side) -> Option<Fault> {
    if !trust.roots.is_empty() {
        return None;
    }
    let broken = files.broken_at(&trust.place)?;
    Some(Fault::new(FaultKind::FileMissing, side, loading(broken)))
}

/// What Go says about a file that it cannot load.
fn loading(broken: &Broken) -> String {
    match broken.kind {
        BrokenKind::Missing => format!(
            "open {}: no such file or directory",
            broken.place.path.display()
        ),
        BrokenKind::Unreadable | BrokenKind::Malformed => {
            format!("{} {}", broken.place.path.display(), broken.problem)
        }
    }
}

/// A file that could not be read here says nothing about what its component reads: such edges are not judged.
fn set_aside_unreadable(topology: &mut Topology) {
    let is_unreadable = |broken: &&Broken| broken.kind == BrokenKind::Unreadable;
    let unreadable: HashMap<(&str, &Path), &Broken> = topology
        .broken
        .iter()
        .filter(is_unreadable)
        .map(|broken| {
            (
                (broken.place.node.as_str(), broken.place.path.as_path()),
                broken,
            )
        })
        .collect();
    if unreadable.is_empty() {
        return;
    }
    for edge in std::mem::take(&mut topology.edges) {
        let broken = needed(&edge)
            .filter_map(|place| unreadable.get(&(place.node.as_str(), place.path.as_path())))
            .next();
        match broken {
            None => topology.edges.push(edge),
            Some(broken) => topology.unjudged.push(Unjudged {
                why: format!("{} {}", broken.place, broken.problem),
                client: edge.client,
                dials: edge.dials.unwrap_or_default(),
                place: edge.told_at,
            }),
        }
    }
}

/// The files that an edge depends on and of which nothing is known.
fn needed(edge: &Edge) -> impl Iterator<Item = &Place> {
    let client = edge.client_shows.as_ref();
    let unknown_roots = edge.trusts.roots.is_empty() && edge.unverified.is_none();
    [
        (&edge.shown.place, edge.shown.chain.is_empty()),
        (&edge.trusts.place, unknown_roots),
    ]
    .into_iter()
    .chain(client.into_iter().flat_map(|(shown, trust)| {
        [
            (&shown.place, shown.chain.is_empty()),
            (&trust.place, trust.roots.is_empty()),
        ]
    }))
    .filter_map(|(place, is_unknown)| is_unknown.then_some(place))
}

/// What Go says of a certificate and a key that do not belong together (`crypto/tls`, `X509KeyPair`).
pub const KEY_MISMATCH: &str = "tls: private key does not match public key";

/// What a Go server says of a client's RSA key of more than [`go::MAX_RSA_BITS`].
const LARGE_CLIENT_KEY: &str =
    "tls: client sent certificate containing RSA key larger than 8192 bits";

/// What a Go server says of a client that shows nothing (`crypto/tls`, `processCertsFromClient`).
const NO_CERTIFICATE: &str = "tls: client didn't provide a certificate";

/// k8s.io/client-go/transport.
const INSECURE_WITH_ROOTS: &str =
    "specifying a root certificates file with the insecure flag is not allowed";

#[cfg(test)]
mod tests;
