//! copy-stale: a copy that Harbor's `./prepare` made is not what it was made from any more.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::expired;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::CertificateFile;
use crate::topology::TokenSigner;

pub(super) const RULE: Rule = Rule {
    id: "copy-stale",
    summary: "a copy that ./prepare of Harbor made differs from what it was made from",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for signer in tokens::signers_by_file(judged) {
        for copy in &signer.copies {
            findings.extend(of_notary(judged, signer, copy));
        }
    }
    findings.extend(of_servers(judged));
    findings
}

/// What Harbor's nginx shows is a copy of what was put where harbor.yml or harbor.cfg says.
fn of_servers(judged: &Judged) -> Vec<Finding> {
    let copies = judged.topology.copies.iter().filter_map(|copied| {
        let first = |place| {
            let held = judged.holdings_in(place).find(|holding| holding.index == 0);
            held.map(|holding| &holding.certificate)
        };
        let (original, copy) = (first(&copied.original)?, first(&copied.copy)?);
        if original == copy {
            return None;
        }
        let message = format!(
            "Harbor shows {}, valid until {}; {} was exchanged since for one until {}, and ./prepare was not run again",
            copied.copy.path.display(),
            expired::day(copy.not_after()),
            copied.original.path.display(),
            expired::day(original.not_after()),
        );
        let place = copied.copy.clone();
        let finding = Finding::new(RULE.id, Severity::Warning, place, message);
        let finding = finding.related_to(copied.original.clone(), "was copied");
        Some(finding.related_to(copied.told_at.clone(), "names it"))
    });
    copies.collect()
}

/// notary-server checks the same tokens with a copy of the registry's certificate.
fn of_notary(judged: &Judged, signer: &TokenSigner, copy: &CertificateFile) -> Option<Finding> {
    let key = signer.key.public.as_ref()?;
    let holds = |file: &CertificateFile| {
        let mut certificates = file.certificates.iter();
        certificates.any(|certificate| certificate.public_key() == key)
    };
    // Where the registry's own is another as well, that is to be mended first, and this with it.
    let original = signer.root.as_ref();
    if holds(copy) || !copy.is_there || original.is_some_and(|original| !holds(original)) {
        return None;
    }
    let refused = judged.judged_edges().filter(|(edge, verdict)| {
        !verdict.ok
            && edge.registry_token().is_some()
            && edge.server.node == copy.place.node
            && edge.server.name.starts_with("notary")
    });
    let refused: Vec<_> = refused.collect();
    let severity = if refused.is_empty() {
        Severity::Warning
    } else {
        Severity::Error
    };
    let message = format!(
        "{} is not of the key that {} signs tokens with: nobody signs an image or looks its signature up",
        copy.place.path.display(),
        signer.component
    );
    let mut finding = Finding::new(RULE.id, severity, copy.place.clone(), message)
        .related_to(signer.key.place.clone(), "signs");
    if let Some(original) = original {
        finding = finding.related_to(original.place.clone(), "is to be copied");
    }
    finding.edges = refused.iter().map(|(edge, _)| edge.id.clone()).collect();
    let first = refused.first();
    finding.says = first.and_then(|(_, verdict)| verdict.server_says.clone());
    finding.remedy = tokens::unify_of(judged, signer);
    Some(finding)
}
