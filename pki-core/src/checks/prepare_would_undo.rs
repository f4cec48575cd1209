//! prepare-would-undo: Harbor's next `./prepare` makes or copies another token pair than the one in use.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::SignerKind;
use crate::topology::Templates;
use crate::topology::TokenSigner;

pub(super) const RULE: Rule = Rule {
    id: "prepare-would-undo",
    summary: "the next ./prepare of Harbor replaces the token pair in use",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for signer in tokens::signers_by_file(judged) {
        let finding = match (&signer.templates, signer.kind) {
            (Some(templates), _) => by_templates(judged, signer, templates),
            (None, SignerKind::Harbor(_)) => by_half(signer),
            (None, _) => None,
        };
        if let Some(mut finding) = finding {
            finding.remedy = tokens::unify_of(judged, signer);
            findings.push(finding);
        }
    }
    findings
}

/// Up to 1.7.
fn by_templates(judged: &Judged, signer: &TokenSigner, templates: &Templates) -> Option<Finding> {
    let own = signer.key.public.as_ref()?;
    let finding = |place, message| Finding::new(RULE.id, Severity::Warning, place, message);
    if templates.customize_crt.value {
        // A pair that nobody shares may as well be made anew.
        let is_shared = judged.topology.token_signers.iter().any(|other| {
            other.component != signer.component && other.key.public.as_ref() == Some(own)
        });
        let told_at = templates.customize_crt.told_at.as_ref();
        let place = told_at.unwrap_or(&templates.configuration).clone();
        let told = if told_at.is_some() { "says" } else { "leaves" };
        let message = format!(
            "{} {told} customize_crt on: the next ./prepare makes a new token pair on {} alone, whose tokens the other \
             instances refuse",
            place.path.display(),
            place.node
        );
        return is_shared.then(|| finding(place, message));
    }
    let differs = |what: &str| {
        format!(
            "the next ./prepare on {} puts {what} of its templates in the place of the one in use",
            signer.key.place.node
        )
    };
    if templates.key.public.as_ref().is_some_and(|key| key != own) {
        let finding = finding(templates.key.place.clone(), differs("the key"));
        return Some(finding.related_to(signer.key.place.clone(), "in use"));
    }
    let root = templates.root.certificates.first()?;
    (root.public_key() != own).then(|| {
        let finding = finding(templates.root.place.clone(), differs("the certificate"));
        finding.related_to(signer.key.place.clone(), "the key in use")
    })
}

/// From 1.8 on: with one of the two files gone, `prepare` makes both anew.
fn by_half(signer: &TokenSigner) -> Option<Finding> {
    let root = signer.root.as_ref()?;
    if signer.key.is_there == root.is_there {
        return None;
    }
    let (gone, left) = if root.is_there {
        (&signer.key.place, &root.place)
    } else {
        (&root.place, &signer.key.place)
    };
    let message = format!(
        "{} is gone: the next ./prepare makes a new key as well as a new certificate, and {} is lost",
        gone.path.display(),
        left.path.display()
    );
    let finding = Finding::new(RULE.id, Severity::Warning, gone.clone(), message);
    Some(finding.related_to(left.clone(), "would be replaced with it"))
}
