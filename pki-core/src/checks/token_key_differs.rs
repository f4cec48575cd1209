//! token-key-differs: a token that one instance of a registry signs is refused by another.

use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::token_root_mismatch;
use crate::checks::tokens;
use crate::checks::tokens::TokenGroup;
use crate::checks::tokens::Way;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::TokenSigner;
use crate::topology::TokenVerifier;
use crate::x509::spki::PublicKey;

pub(super) const RULE: Rule = Rule {
    id: "token-key-differs",
    summary: "instances of one registry sign or check tokens with different keys",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let groups = tokens::groups(judged);
    groups.iter().flat_map(of_group).collect()
}

fn of_group(group: &TokenGroup<'_>) -> Vec<Finding> {
    let Some((reference, usual)) = group.usual() else {
        return Vec::new();
    };
    // What fails within one instance is that rule's.
    let mismatches = token_root_mismatch::mismatches(group);
    let told = mismatches.iter().flat_map(|mismatch| &mismatch.refused);
    let mut told: BTreeSet<&str> = told.map(|way| way.edge.id.as_str()).collect();
    let mut findings = Vec::new();
    for signer in &group.signers {
        let Some(key) = signer.key.public.as_ref().filter(|key| *key != usual) else {
            continue;
        };
        // Who believes this key alone refuses the others for the same cause.
        let concerns = |way: &&Way<'_>| {
            let has = |key| tokens::believes(group, way.verifier, key);
            std::ptr::eq(way.signer, *signer) || (has(key) && !has(usual))
        };
        let ways = take(group, &mut told, concerns);
        // A key that is told to be in the wrong place is told once.
        let is_told = ways.is_empty() && mismatches.iter().any(|known| known.is_of(signer));
        if !is_told {
            let message = signs_otherwise(group, (signer, key), (reference, usual));
            let place = signer.key.place.clone();
            let finding = finding(group, place, message, &ways);
            findings.push(finding.related_to(reference.key.place.clone(), "the other key"));
        }
    }
    for verifier in &group.verifiers {
        let into = |way: &&Way<'_>| {
            std::ptr::eq(way.verifier, *verifier) && tokens::is_principal(verifier)
        };
        let ways = take(group, &mut told, into);
        if !ways.is_empty() {
            let message = believes_otherwise(group, verifier, (reference, usual));
            let place = tokens::file_of(group, verifier).clone();
            let finding = finding(group, place, message, &ways);
            findings.push(finding.related_to(reference.key.place.clone(), "the key that signs"));
        }
    }
    findings
}

/// Ways that are refused over a key, and told in no finding yet.
fn take<'g, 'a>(
    group: &'g TokenGroup<'a>,
    told: &mut BTreeSet<&'a str>,
    concerns: impl Fn(&&Way<'a>) -> bool,
) -> Vec<&'g Way<'a>> {
    let ways = group.ways.iter().filter(|way| {
        tokens::key_fault(way).is_some()
            && tokens::is_principal(way.verifier)
            && !told.contains(way.edge.id.as_str())
    });
    let ways: Vec<&Way<'a>> = ways.filter(concerns).collect();
    told.extend(ways.iter().map(|way| way.edge.id.as_str()));
    ways
}

fn finding(group: &TokenGroup<'_>, place: Place, message: String, ways: &[&Way<'_>]) -> Finding {
    // With all keys in every bundle nothing fails until one of them is taken away.
    let severity = if ways.is_empty() {
        Severity::Warning
    } else {
        Severity::Error
    };
    let mut finding = Finding::new(RULE.id, severity, place, message);
    finding.edges = ways.iter().map(|way| way.edge.id.clone()).collect();
    let mut says = ways.iter().map(|way| way.verdict.server_says.clone());
    finding.says = says.next().flatten();
    finding.remedy = Some(group.unify());
    finding
}

fn signs_otherwise(
    group: &TokenGroup<'_>,
    (signer, key): (&TokenSigner, &PublicKey),
    (reference, usual): (&TokenSigner, &PublicKey),
) -> String {
    let id = |signer: &TokenSigner, key| tokens::short_id(signer.kid, key);
    let signs = format!(
        "{} signs tokens with the key {}, {} with {}",
        signer.component,
        id(signer, key),
        reference.component,
        id(reference, usual),
    );
    with_odds(signs, group)
}

fn believes_otherwise(
    group: &TokenGroup<'_>,
    verifier: &TokenVerifier,
    (reference, usual): (&TokenSigner, &PublicKey),
) -> String {
    let says = format!(
        "{} does not believe the key {}, which {} signs with",
        verifier.component,
        tokens::short_id(reference.kid, usual),
        reference.component,
    );
    with_odds(says, group)
}

fn with_odds(message: String, group: &TokenGroup<'_>) -> String {
    match group.odds() {
        Some(odds) => format!("{message}: {odds}"),
        None => message,
    }
}
