//! public-default-key: tokens are signed with, or believed for, a key whose private half was published.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::token::public_keys;
use crate::topology::CertificateFile;
use crate::x509::spki::PublicKey;

pub(super) const RULE: Rule = Rule {
    id: "public-default-key",
    summary: "tokens are signed with or believed for a key that was published",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for signer in tokens::signers_by_file(judged) {
        let Some(key) = &signer.key.public else {
            continue;
        };
        let Some(who) = public_keys::known(key) else {
            continue;
        };
        let message = format!(
            "{} signs tokens with the key of {who}, which is public: anyone makes tokens for it, whatever they ask for",
            signer.component
        );
        let place = signer.key.place.clone();
        let mut finding = Finding::new(RULE.id, Severity::Error, place, message);
        for (file, _) in published(judged) {
            if file.place.node == signer.key.place.node {
                finding = finding.related_to(file.place.clone(), "believes it");
            }
        }
        finding.remedy = tokens::generate(judged, signer);
        findings.push(finding);
    }
    for (file, who) in published(judged) {
        let is_told = findings.iter().any(|finding| {
            let mut related = finding.related.iter();
            finding.place.is_same_file(&file.place)
                || related.any(|related| related.place.is_same_file(&file.place))
        });
        if !is_told {
            let message = format!(
                "{} believes tokens of the key of {who}, which is public: anyone pushes and pulls what they like",
                file.place.path.display()
            );
            let place = file.place.clone();
            findings.push(Finding::new(RULE.id, Severity::Error, place, message));
        }
    }
    findings
}

/// Files of roots with a published key, and who published it.
fn published(judged: &Judged) -> Vec<(&CertificateFile, &'static str)> {
    let verifiers = judged.topology.token_verifiers.iter();
    let bundles = verifiers.filter_map(|verifier| verifier.distribution()?.bundle.as_ref());
    let known = |key: &PublicKey| public_keys::known(key);
    bundles
        .filter_map(|bundle| {
            let mut certificates = bundle.certificates.iter();
            let who = certificates.find_map(|certificate| known(certificate.public_key()))?;
            Some((bundle, who))
        })
        .collect()
}
