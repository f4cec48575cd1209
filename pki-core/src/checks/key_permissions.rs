//! key-permissions: a private key that others on the machine can read. No component refuses it; that is why nobody notices.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;

pub(super) const RULE: Rule = Rule {
    id: "key-permissions",
    summary: "a private key can be read by others than its owner",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for key in &judged.topology.keys {
        let Some(mode) = key.mode.filter(|mode| mode & OTHERS != 0) else {
            continue;
        };
        let is_known = findings
            .iter()
            .any(|finding| finding.place.is_same_file(&key.place));
        if is_known || is_idle_template(judged, &key.place) {
            continue;
        }
        let message = format!(
            "{} has mode {:04o}: others than its owner can read the private key in it; it is to be 0600",
            key.place.path.display(),
            mode & 0o7777
        );
        findings.push(Finding::new(
            RULE.id,
            Severity::Warning,
            key.place.clone(),
            message,
        ));
    }
    findings
}

/// A key that comes with Harbor's installer is known to everyone, and is no secret as long as nothing signs with it.
fn is_idle_template(judged: &Judged, place: &Place) -> bool {
    let signers = &judged.topology.token_signers;
    let mut templates = signers
        .iter()
        .filter_map(|signer| signer.templates.as_ref());
    templates.any(|template| {
        let mut signers = signers.iter();
        template.key.place.is_same_file(place)
            && !signers.any(|signer| signer.key.public == template.key.public)
    })
}

/// Group and others, whatever they may do.
const OTHERS: u32 = 0o077;
