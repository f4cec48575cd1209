//! stale-trust: a bundle keeps a root that nothing needs any more. What it signed, or whoever has its key, is still
//! believed.

mod bundles;

use std::collections::BTreeMap;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::expired;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::Holding;
use crate::topology::Role;
use crate::x509::certificate::Certificate;

pub(super) const RULE: Rule = Rule {
    id: "stale-trust",
    summary: "a bundle keeps a root that nothing at hand was signed by",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let roots = stale(judged).into_iter();
    roots
        .map(|stale| finding(judged, &stale))
        .chain(bundles::findings(judged))
        .collect()
}

/// A root that nothing needs, and every place that keeps it.
pub(super) struct Stale<'a> {
    pub(super) certificate: &'a Certificate,
    places: Vec<&'a Place>,
}

/// Roots of bundles that nothing at hand was signed by, though something was by a root beside it. One that is no older than
/// those in use was added for a rotation, and one whose key is at hand signs what comes. What kubeconfigs alone keep is
/// ca-data-differs' to report.
pub(super) fn stale(judged: &Judged) -> Vec<Stale<'_>> {
    let bundles = bundles(judged);
    let mut found: Vec<Stale<'_>> = Vec::new();
    if bundles.is_empty() {
        return found;
    }
    let signers = signers(judged, &bundles);
    for bundle in bundles.values() {
        let in_use: Vec<&Certificate> = certificates(bundle)
            .filter(|root| signers.contains(root))
            .collect();
        for holding in bundle {
            let root = &holding.certificate;
            let is_no_older = |used: &&Certificate| root.not_before() >= used.not_before();
            let is_to_be = root.not_after() >= judged.now && in_use.iter().any(is_no_older);
            if in_use.is_empty() || signers.contains(&root) || is_to_be {
                continue;
            }
            match found.iter_mut().find(|known| known.certificate == root) {
                Some(known) => known.places.push(&holding.place),
                None => found.push(Stale {
                    certificate: root,
                    places: vec![&holding.place],
                }),
            }
        }
    }
    let is_kubeconfig = |place: &Place| judged.kubeconfig_in(place).is_some();
    for root in &mut found {
        root.places.sort_by_key(|place| is_kubeconfig(place));
    }
    found.retain(|root| !root.places.iter().all(|place| is_kubeconfig(place)));
    found
}

/// Files in use that hold several authorities.
fn bundles(judged: &Judged) -> BTreeMap<(&str, &std::path::Path), Vec<&Holding>> {
    let mut bundles: BTreeMap<_, Vec<&Holding>> = BTreeMap::new();
    for holding in &judged.topology.holdings {
        if holding.used && matches!(holding.role, Some(Role::Authority(_))) {
            let file = (holding.place.node.as_str(), holding.place.path.as_path());
            bundles.entry(file).or_default().push(holding);
        }
    }
    bundles.retain(|_, held| held.len() > 1);
    bundles
}

fn certificates<'a>(bundle: &'a [&'a Holding]) -> impl Iterator<Item = &'a Certificate> {
    bundle.iter().map(|holding| &holding.certificate)
}

/// The roots of bundles that signed anything at hand, or whose key is.
fn signers<'a>(
    judged: &'a Judged,
    bundles: &BTreeMap<(&str, &std::path::Path), Vec<&'a Holding>>,
) -> Vec<&'a Certificate> {
    let mut roots: Vec<&Certificate> = Vec::new();
    for holding in bundles.values().flatten() {
        if !roots.contains(&&holding.certificate) {
            roots.push(&holding.certificate);
        }
    }
    let topology = &judged.topology;
    let has_key = |root: &Certificate| {
        let mut keys = topology.keys.iter();
        keys.any(|key| key.key.as_ref().ok() == Some(root.public_key()))
    };
    let signed_any = |root: &Certificate| {
        let mut signed = topology.holdings.iter().map(|holding| &holding.certificate);
        signed.any(|below| {
            below != root
                && below.issuer() == root.subject()
                && may_be_below(below, root)
                && below.public_key() != root.public_key()
                && below.is_signed_by(root.public_key())
        })
    };
    roots.retain(|root| has_key(root) || signed_any(root));
    roots
}

/// Key identifiers that differ spare a signature's check.
fn may_be_below(below: &Certificate, root: &Certificate) -> bool {
    let named = below.extensions().authority_key_id.as_ref();
    let own = root.extensions().subject_key_id.as_ref();
    named.is_none() || own.is_none() || named == own
}

fn finding(judged: &Judged, stale: &Stale<'_>) -> Finding {
    let root = stale.certificate;
    let name = root.subject();
    let place = stale.places.first().map(|place| (*place).clone());
    let place = place.unwrap_or_default();
    let file = place.path.display();
    let until = expired::day(root.not_after());
    let message = if root.not_after() < judged.now {
        format!(
            "{file} keeps the root `{name}`, which expired on {until} and signed nothing at hand"
        )
    } else {
        format!(
            "{file} keeps the root `{name}` (until {until}), which signed nothing at hand: whoever has its key is believed"
        )
    };
    let finding = Finding::new(RULE.id, Severity::Warning, place.clone(), message);
    let others = stale.places.iter().filter(|other| ***other != place);
    others.fold(finding, |finding, other| {
        finding.related_to((*other).clone(), "keeps it too")
    })
}
