//! Certificates in a registry's bundle whose keys no token service at hand signs with.

use crate::checks::stale_trust::RULE;
use crate::checks::tokens;
use crate::checks::tokens::TokenGroup;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::topology::CertificateFile;
use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKey;

/// One finding for each file. A registry looks at no dates, so an expired one is believed like any other.
pub(super) fn findings(judged: &Judged) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for group in tokens::groups(judged) {
        let signers = group.signers.iter();
        let keys: Vec<&PublicKey> = signers
            .filter_map(|signer| signer.key.public.as_ref())
            .collect();
        for bundle in bundles(&group) {
            let unused = unused(bundle, &keys);
            if unused.is_empty() {
                continue;
            }
            let ids: Vec<String> = unused
                .iter()
                .map(|root| group.name_of(root.public_key()))
                .collect();
            let message = format!(
                "{} keeps {}, which nothing at hand signs with: whoever has the key makes tokens that are believed",
                bundle.place.path.display(),
                match ids.as_slice() {
                    [id] => format!("the key {id}"),
                    ids => format!("{} keys ({})", ids.len(), ids.join(", ")),
                }
            );
            let place = bundle.place.clone();
            let mut finding = Finding::new(RULE.id, Severity::Warning, place, message);
            finding.remedy = Some(group.unify());
            findings.push(finding);
        }
    }
    findings
}

fn bundles<'a>(group: &TokenGroup<'a>) -> impl Iterator<Item = &'a CertificateFile> {
    let principal = group
        .verifiers
        .iter()
        .filter(|verifier| tokens::is_principal(verifier));
    principal.filter_map(|verifier| verifier.distribution()?.bundle.as_ref())
}

/// Those that are older than one in use: a later one was added for what comes. Where none is in use, something else is wrong.
fn unused<'a>(bundle: &'a CertificateFile, keys: &[&PublicKey]) -> Vec<&'a Certificate> {
    let is_used = |root: &&Certificate| keys.contains(&root.public_key());
    let in_use: Vec<&Certificate> = bundle.certificates.iter().filter(is_used).collect();
    let is_older = |root: &&Certificate| {
        let mut used = in_use.iter();
        used.any(|used| root.not_before() < used.not_before())
    };
    let roots = bundle.certificates.iter();
    roots
        .filter(|root| !is_used(root) && is_older(root))
        .collect()
}
