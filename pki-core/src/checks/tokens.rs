//! What the rules of token keys have in common: which signers are of one group, which key is the group's, and how often a
//! token is refused behind one address.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::checks::file_unreadable;
use crate::finding::Remedy;
use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::JudgedEdge;
use crate::judge::Odds;
use crate::place::Place;
use crate::request::NamedPath;
use crate::request::Request;
use crate::request::SharedRequest;
use crate::token::key_id::KidForm;
use crate::token::public_keys;
use crate::topology::Edge;
use crate::topology::HarborRelease;
use crate::topology::SignerKind;
use crate::topology::TokenSigner;
use crate::topology::TokenVerifier;
use crate::topology::VerifierKind;
use crate::x509::spki::PublicKey;

/// An edge from a signer of registries' tokens to a verifier.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) edge: &'a Edge,
    pub(super) verdict: &'a JudgedEdge,
    pub(super) signer: &'a TokenSigner,
    pub(super) verifier: &'a TokenVerifier,
}

/// Signers whose tokens the same verifiers are to take.
pub(super) struct TokenGroup<'a> {
    pub(super) ways: Vec<Way<'a>>,
    pub(super) signers: Vec<&'a TokenSigner>,
    pub(super) verifiers: Vec<&'a TokenVerifier>,
    odds: Option<Odds>,
}

/// Every group of registries; service accounts have rules of their own.
pub(super) fn groups(judged: &Judged) -> Vec<TokenGroup<'_>> {
    let topology = &judged.topology;
    let mut groups: Vec<TokenGroup<'_>> = Vec::new();
    for (edge, verdict) in judged.judged_edges() {
        let Some(token) = edge.registry_token() else {
            continue;
        };
        let ends = (topology.signer_of(token), topology.verifier_of(token));
        let (Some(signer), Some(verifier)) = ends else {
            continue;
        };
        let is_notary = !is_principal(verifier);
        let way = Way {
            edge,
            verdict,
            signer,
            verifier,
        };
        let known = groups
            .iter_mut()
            .find(|group| group.has_signer(signer) || (!is_notary && group.has_verifier(verifier)));
        match known {
            Some(group) => group.add(way),
            None => {
                let mut group = TokenGroup {
                    ways: Vec::new(),
                    signers: Vec::new(),
                    verifiers: Vec::new(),
                    odds: judged.token_odds(signer.registry),
                };
                group.add(way);
                groups.push(group);
            }
        }
    }
    groups
}

/// Whether it is what clients push to and pull from, and not a notary beside it.
pub(super) fn is_principal(verifier: &TokenVerifier) -> bool {
    !verifier.component.name.starts_with("notary")
}

impl<'a> TokenGroup<'a> {
    fn add(&mut self, way: Way<'a>) {
        if !self.has_signer(way.signer) {
            self.signers.push(way.signer);
        }
        if !self.has_verifier(way.verifier) {
            self.verifiers.push(way.verifier);
        }
        self.ways.push(way);
    }

    fn has_signer(&self, signer: &TokenSigner) -> bool {
        self.signers
            .iter()
            .any(|known| std::ptr::eq(*known, signer))
    }

    pub(super) fn has_verifier(&self, verifier: &TokenVerifier) -> bool {
        self.verifiers
            .iter()
            .any(|known| std::ptr::eq(*known, verifier))
    }

    /// The signer of the same component: Harbor 2's core is both.
    fn own_signer(&self, verifier: &TokenVerifier) -> Option<&'a TokenSigner> {
        let mut signers = self.signers.iter().copied();
        signers.find(|signer| signer.component == verifier.component)
    }

    /// The begin of a key's id as this group's tokens name it.
    pub(super) fn name_of(&self, key: &PublicKey) -> String {
        let kid = self.signers.first().map(|signer| signer.kid);
        short_id(kid.unwrap_or(KidForm::Libtrust), key)
    }

    /// The key that most sign with, and the first that does; on a draw the first wins.
    pub(super) fn usual(&self) -> Option<(&'a TokenSigner, &'a PublicKey)> {
        let uses = |key: &PublicKey| {
            let own = |signer: &&&TokenSigner| signer.key.public.as_ref() == Some(key);
            self.signers.iter().filter(own).count()
        };
        let keyed = self
            .signers
            .iter()
            .filter_map(|signer| Some((*signer, signer.key.public.as_ref()?)));
        let all: Vec<_> = keyed.collect();
        all.into_iter().rev().max_by_key(|(_, key)| uses(key))
    }

    /// How much fails where a balancer stands before several instances; `None` where nothing does, or where there is but
    /// one instance.
    pub(super) fn odds(&self) -> Option<&Odds> {
        let instances = self.signers.len().max(self.verifiers.len());
        let fails = |odds: &&Odds| odds.accepted() < odds.pairs();
        self.odds.as_ref().filter(fails).filter(|_| instances > 1)
    }

    /// The instance whose pair is proposed where no key is held by most, so that `hapki unify` asks nothing.
    fn one_of_equals(&self) -> Option<String> {
        let is_fit = |signer: &&&TokenSigner| signer.key.refused.is_none();
        let keyed = self.signers.iter().filter(is_fit).filter_map(|signer| {
            let key = signer.key.public.as_ref()?;
            public_keys::known(key).is_none().then_some((signer, key))
        });
        let keyed: Vec<_> = keyed.collect();
        let uses = |key| keyed.iter().filter(|(_, other)| *other == key).count();
        let most = keyed.iter().map(|(_, key)| uses(*key)).max()?;
        let mut equals = keyed.iter().filter(|(_, key)| uses(*key) == most);
        let (signer, key) = equals.next()?;
        equals
            .any(|(_, other)| other != key)
            .then(|| signer.component.node.clone())
    }

    /// Whether it lies in the directory of a Harbor that signs as well.
    fn is_of_a_harbor(&self, verifier: &TokenVerifier) -> bool {
        let mut signers = self.signers.iter();
        signers.any(|signer| {
            let beside = signer.told_at.path.parent();
            let below = |directory| verifier.told_at.path.starts_with(directory);
            release_of(signer).is_some()
                && signer.component.node == verifier.component.node
                && beside.is_some_and(below)
        })
    }

    /// `hapki unify` of every instance.
    pub(super) fn unify(&self) -> Remedy {
        let mut paths: Vec<NamedPath> = Vec::new();
        let signers = self.signers.iter().map(|signer| path_of(signer));
        let verifiers = self.verifiers.iter();
        let verifiers = verifiers.filter(|verifier| {
            is_principal(verifier)
                && !matches!(verifier.kind, VerifierKind::HarborCore { .. })
                && !self.is_of_a_harbor(verifier)
        });
        let verifiers = verifiers.map(|verifier| named(&verifier.told_at));
        for path in signers.chain(verifiers) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        let overlaps = !self.signers.iter().any(|signer| is_harbor_2(signer));
        Remedy {
            request: Request::Unify(SharedRequest {
                paths,
                from: self.one_of_equals(),
                at_once: !overlaps,
                apply: true,
                ..SharedRequest::default()
            }),
            safe: overlaps,
        }
    }
}

/// Harbor's release, where it is one.
pub(super) fn release_of(signer: &TokenSigner) -> Option<HarborRelease> {
    match signer.kind {
        SignerKind::Harbor(release) => Some(release),
        SignerKind::TokenServer => None,
    }
}

/// Whether it verifies as well, with its one key.
pub(super) fn is_harbor_2(signer: &TokenSigner) -> bool {
    release_of(signer).is_some_and(|release| release.major >= 2)
}

/// Whether a verifier has that key, under whichever id.
pub(super) fn believes(group: &TokenGroup<'_>, verifier: &TokenVerifier, key: &PublicKey) -> bool {
    let Some(distribution) = verifier.distribution() else {
        let own = group.own_signer(verifier);
        return own.is_some_and(|own| own.key.public.as_ref() == Some(key));
    };
    let bundle = distribution.bundle.iter();
    let mut certificates = bundle.flat_map(|bundle| &bundle.certificates);
    let mut jwks = distribution.jwks.iter().flat_map(|jwks| &jwks.keys);
    certificates.any(|certificate| certificate.public_key() == key)
        || jwks.any(|(_, known)| known == key)
}

/// The first file that a verifier verifies with.
pub(super) fn file_of<'a>(group: &TokenGroup<'a>, verifier: &'a TokenVerifier) -> &'a Place {
    let file = match &verifier.kind {
        VerifierKind::Distribution(distribution) => {
            let bundle = distribution.bundle.as_ref().map(|file| &file.place);
            bundle.or(distribution.jwks.as_ref().map(|file| &file.place))
        }
        // Harbor 2's core verifies with the key that it signs with.
        VerifierKind::HarborCore { .. } => group.own_signer(verifier).map(|own| &own.key.place),
        VerifierKind::Apiserver(_) => None,
    };
    file.unwrap_or(&verifier.told_at)
}

/// The first fault of an edge that is refused, if a key that is not known is what it is about.
pub(super) fn key_fault<'a>(way: &Way<'a>) -> Option<&'a Fault> {
    let first = way.verdict.faults.first()?;
    ["token-key-differs", "token-root-mismatch"]
        .contains(&first.kind.rule())
        .then_some(first)
}

/// `hapki unify` of the group that a signer belongs to.
pub(super) fn unify_of(judged: &Judged, signer: &TokenSigner) -> Option<Remedy> {
    let mut groups = groups(judged).into_iter();
    let group = groups.find(|group| group.has_signer(signer))?;
    Some(group.unify())
}

/// `hapki unify --generate` of the group that a signer belongs to.
pub(super) fn generate(judged: &Judged, signer: &TokenSigner) -> Option<Remedy> {
    let mut remedy = unify_of(judged, signer)?;
    if let Request::Unify(request) = &mut remedy.request {
        request.generate = true;
        request.from = None;
    }
    Some(remedy)
}

/// Every signer of tokens, once for each key file.
pub(super) fn signers_by_file(judged: &Judged) -> Vec<&TokenSigner> {
    let mut signers: BTreeMap<(&str, &Path), &TokenSigner> = BTreeMap::new();
    for signer in &judged.topology.token_signers {
        let place = &signer.key.place;
        signers
            .entry((place.node.as_str(), place.path.as_path()))
            .or_insert(signer);
    }
    signers.into_values().collect()
}

/// The begin of a key's id, which is enough for people: `HS4P:FDQU…`. Tokens that carry a certificate need no id.
pub(super) fn short_id(form: KidForm, key: &PublicKey) -> String {
    let id = form.id(key).or_else(|| KidForm::Libtrust.id(key));
    let begin: String = id.unwrap_or_default().chars().take(9).collect();
    format!("{begin}…")
}

/// Ids of refused edges from that signer whose first fault is the rule's.
pub(super) fn refused_from(judged: &Judged, place: &Place, rule: &str) -> Vec<String> {
    let topology = &judged.topology;
    let edges = judged.judged_edges().filter(|(edge, verdict)| {
        let first = verdict.faults.first();
        let signer = edge
            .registry_token()
            .and_then(|token| topology.signer_of(token));
        first.is_some_and(|fault| fault.kind.rule() == rule && !is_of_file(fault))
            && signer.is_some_and(|signer| signer.key.place.is_same_file(place))
    });
    edges.map(|(edge, _)| edge.id.clone()).collect()
}

/// Whether it is about a file rather than about the key: the registry does not start, whoever signs, or nobody may read it.
fn is_of_file(fault: &Fault) -> bool {
    fault.kind == FaultKind::RegistryBundleKey || file_unreadable::is_forbidden(fault)
}

fn path_of(signer: &TokenSigner) -> NamedPath {
    if signer.kind == SignerKind::TokenServer {
        return NamedPath {
            name: Some(signer.component.node.clone()),
            path: signer.key.place.read_from.clone(),
        };
    }
    named(&signer.told_at)
}

/// What was given as PATH: the root of the machine, or the directory of an installation on this one.
fn named(told_at: &Place) -> NamedPath {
    let below = told_at.path.strip_prefix("/").unwrap_or(&told_at.path);
    let depth = below.components().count();
    let root = told_at
        .read_from
        .ends_with(below)
        .then(|| told_at.read_from.ancestors().nth(depth))
        .flatten()
        .filter(|root| *root != Path::new("/") && !root.as_os_str().is_empty());
    let path = root.map_or_else(
        || {
            let directory = told_at.read_from.parent();
            directory.unwrap_or(Path::new(".")).to_path_buf()
        },
        PathBuf::from,
    );
    let own = path.file_name().and_then(|name| name.to_str());
    NamedPath {
        name: (own != Some(told_at.node.as_str())).then(|| told_at.node.clone()),
        path,
    }
}
