//! token-root-mismatch: the certificate that a registry checks tokens with is not of the key that signs them beside it.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::checks::tokens::TokenGroup;
use crate::checks::tokens::Way;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::TokenSigner;

pub(super) const RULE: Rule = Rule {
    id: "token-root-mismatch",
    summary: "a registry does not have the certificate of the key that signs tokens beside it",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let groups = tokens::groups(judged);
    let mismatched = groups.iter().flat_map(|group| {
        mismatches(group)
            .into_iter()
            .map(move |mismatch| finding(group, &mismatch))
    });
    mismatched.collect()
}

/// One instance whose two files do not belong together.
pub(super) struct Mismatch<'a> {
    own: Way<'a>,
    /// Whether the key is the odd one: the certificate is what the others have.
    is_key_odd: bool,
    /// Every way that is refused for it.
    pub(super) refused: Vec<Way<'a>>,
}

impl Mismatch<'_> {
    /// Whether it is about the instance of that signer.
    pub(super) fn is_of(&self, signer: &TokenSigner) -> bool {
        std::ptr::eq(self.own.signer, signer)
    }
}

pub(super) fn mismatches<'a>(group: &TokenGroup<'a>) -> Vec<Mismatch<'a>> {
    let usual = group.usual().map(|(_, key)| key);
    let own = group.ways.iter().copied().filter(|way| {
        way.signer.component.node == way.verifier.component.node
            && tokens::is_principal(way.verifier)
            && tokens::key_fault(way).is_some()
    });
    own.map(|own| {
        let is_key_odd = own.signer.key.public.as_ref() != usual
            && usual.is_some_and(|usual| tokens::believes(group, own.verifier, usual));
        let refused = group.ways.iter().copied().filter(|way| {
            let is_of_odd = if is_key_odd {
                std::ptr::eq(way.signer, own.signer)
            } else {
                std::ptr::eq(way.verifier, own.verifier)
            };
            is_of_odd && tokens::key_fault(way).is_some()
        });
        Mismatch {
            own,
            is_key_odd,
            refused: refused.collect(),
        }
    })
    .collect()
}

fn finding(group: &TokenGroup<'_>, mismatch: &Mismatch<'_>) -> Finding {
    let own = &mismatch.own;
    let key = &own.signer.key.place;
    let root = tokens::file_of(group, own.verifier);
    let kid = own.signer.key.public.as_ref();
    let kid = kid.map(|key| tokens::short_id(own.signer.kid, key));
    let message = format!(
        "{} refuses every token that {} signs: {} holds no certificate of the key {}",
        own.verifier.component,
        own.signer.component,
        root.path.display(),
        kid.unwrap_or_default(),
    );
    let (place, other, note) = if mismatch.is_key_odd {
        (key, root, "what it is checked with, as everywhere else")
    } else {
        (root, key, "the key that signs")
    };
    let mut finding = Finding::new(RULE.id, Severity::Error, place.clone(), message)
        .related_to(other.clone(), note);
    finding.says = own.verdict.server_says.clone();
    let edges = mismatch.refused.iter().map(|way| way.edge.id.clone());
    finding.edges = edges.collect();
    finding.remedy = Some(group.unify());
    finding
}
