//! key-id-unknown: a registry has the key that signed a token, under another id than the token names it by.

use std::collections::BTreeSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::token::key_id::KidForm;

pub(super) const RULE: Rule = Rule {
    id: "key-id-unknown",
    summary: "a registry knows the key of a token by another id than the token gives",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut told = BTreeSet::new();
    for group in tokens::groups(judged) {
        for way in &group.ways {
            let first = way.verdict.faults.first();
            if first.is_none_or(|fault| fault.kind.rule() != RULE.id) || !told.insert(&way.edge.id)
            {
                continue;
            }
            let place = tokens::file_of(&group, way.verifier);
            let known = findings.iter_mut().find(|finding| finding.place == *place);
            if let Some(finding) = known {
                finding.edges.push(way.edge.id.clone());
                continue;
            }
            let key = way.signer.key.public.as_ref();
            let given = key.and_then(|key| way.signer.kid.id(key));
            let hint = match way.signer.kid {
                KidForm::Libtrust => {
                    "distribution 3 computes ids by RFC 7638, and tokens of Harbor and of classic token servers carry \
                     libtrust's; name the key by that id in a file for jwks, or have tokens carry x5c"
                }
                _ => {
                    "distribution 3 leaves the zero bytes out that a coordinate of this key begins with; make another key"
                }
            };
            let message = format!(
                "{} has the key that {} signs with, and not by the id {}: {hint}",
                way.verifier.component,
                way.signer.component,
                given.unwrap_or_default(),
            );
            let finding = Finding::new(RULE.id, Severity::Error, place.clone(), message);
            let mut finding = finding.related_to(way.signer.key.place.clone(), "signs");
            finding.says = way.verdict.server_says.clone();
            finding.edges.push(way.edge.id.clone());
            findings.push(finding);
        }
    }
    findings
}
