//! `certificates:` by those that are there: what kind of keys, valid for how long. The most usual counts.

use time::Duration;

use crate::discover::document::Entry;
use crate::discover::document::Scalar;
use crate::discover::document::Source;
use crate::discover::document::Value;
use crate::discover::document::found_or;
use crate::place::Place;
use crate::topology::Holding;
use crate::topology::Role;
use crate::topology::Topology;
use crate::x509::key::KeyAlgorithm;
use crate::x509::spki::PublicKeyAlgorithm;

pub(super) fn entry(topology: &Topology) -> Entry {
    let used = || {
        topology
            .holdings
            .iter()
            .filter(|holding| holding.used && holding.index == 0)
    };
    let leaves = || used().filter(|holding| matches!(holding.role, Some(Role::Profile(_))));
    let authorities = || used().filter(|holding| matches!(holding.role, Some(Role::Authority(_))));
    let keys = leaves().filter_map(|leaf| Some((key(leaf)?, &leaf.place)));
    let lengths = leaves().filter_map(|leaf| Some((length(leaf)?, &leaf.place)));
    let of_authorities = authorities().filter_map(|ca| Some((length(ca)?, &ca.place)));
    let why = "no certificate tells it";
    Entry::Key(
        "certificates",
        Value::Keys(vec![
            found_or("key", usual(keys.collect(), "key"), "rsa-2048", why),
            found_or("validity", usual(lengths.collect(), "dates"), "365d", why),
            found_or(
                "caValidity",
                usual(of_authorities.collect(), "dates"),
                "3650d",
                why,
            ),
        ]),
    )
}

/// The value that most certificates have; of the others one each is named.
fn usual(values: Vec<(String, &Place)>, what: &str) -> Option<Scalar> {
    let mut kinds: Vec<(String, Vec<&Place>)> = Vec::new();
    for (value, place) in values {
        match kinds.iter_mut().find(|(known, _)| *known == value) {
            Some((_, places)) => places.push(place),
            None => kinds.push((value, vec![place])),
        }
    }
    // Stable: of two that are as usual the first stays.
    kinds.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    let mut kinds = kinds.into_iter();
    let (text, places) = kinds.next()?;
    Some(Scalar {
        text,
        is_number: false,
        sources: places
            .into_iter()
            .map(|place| Source::new(what, place))
            .collect(),
        against: kinds
            .filter_map(|(value, places)| Some((value, Source::new(what, places.first()?))))
            .collect(),
    })
}

fn key(holding: &Holding) -> Option<String> {
    let algorithm = holding.certificate.public_key().algorithm();
    let known = match algorithm {
        PublicKeyAlgorithm::Rsa { bits: 2048 } => KeyAlgorithm::Rsa2048,
        PublicKeyAlgorithm::Rsa { bits: 3072 } => KeyAlgorithm::Rsa3072,
        PublicKeyAlgorithm::Rsa { bits: 4096 } => KeyAlgorithm::Rsa4096,
        PublicKeyAlgorithm::EcP256 => KeyAlgorithm::EcdsaP256,
        PublicKeyAlgorithm::EcP384 => KeyAlgorithm::EcdsaP384,
        PublicKeyAlgorithm::Ed25519 => KeyAlgorithm::Ed25519,
        _ => return None,
    };
    Some(known.to_string())
}

/// How long it was asked for: certificates begin some minutes before they are made, and kubeadm's leaves with their
/// authority. What comes near no whole day or hour tells nothing.
fn length(holding: &Holding) -> Option<String> {
    let lasts = holding.certificate.not_after() - holding.certificate.not_before();
    let whole = |unit: Duration| {
        let count = (lasts.whole_seconds() + SLACK.whole_seconds()) / unit.whole_seconds();
        let from = Duration::seconds(count * unit.whole_seconds());
        ((lasts - from).abs() <= SLACK && count > 0).then_some(count)
    };
    match (whole(Duration::DAY), whole(Duration::HOUR)) {
        (Some(days), _) if days <= LONGEST_DAYS => Some(format!("{days}d")),
        (_, Some(hours)) if hours <= LONGEST_DAYS * 24 => Some(format!("{hours}h")),
        _ => None,
    }
}

/// kubeadm backdates by five minutes.
const SLACK: Duration = Duration::minutes(10);
/// A thousand years, as the inventory has it.
const LONGEST_DAYS: i64 = 365_000;
