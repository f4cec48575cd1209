//! Certificates of token keys that have expired: registries look at that for tokens alone that carry their certificate.

use crate::checks::expired::RULE;
use crate::checks::expired::day;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) fn findings(judged: &Judged) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for verifier in &judged.topology.token_verifiers {
        let Some(bundle) = verifier
            .distribution()
            .and_then(|told| told.bundle.as_ref())
        else {
            continue;
        };
        let mut certificates = bundle.certificates.iter();
        let expired = certificates.find(|certificate| certificate.not_after() < judged.now);
        let is_told = findings
            .iter()
            .any(|finding| finding.place.is_same_file(&bundle.place));
        let Some(expired) = expired.filter(|_| !is_told) else {
            continue;
        };
        let refused: Vec<_> = judged
            .judged_edges()
            .filter(|(edge, verdict)| {
                let first = verdict.faults.first();
                edge.registry_token().is_some()
                    && edge.server == verifier.component
                    && first.is_some_and(|fault| fault.kind.rule() == RULE.id)
            })
            .collect();
        let until = day(expired.not_after());
        let file = bundle.place.path.display();
        let (severity, message) = if refused.is_empty() {
            let message = format!(
                "a certificate in {file} expired on {until}: tokens that name their key by its id are believed all the same, \
                 those that carry the certificate (x5c) are not"
            );
            (Severity::Warning, message)
        } else {
            let message = format!(
                "a certificate in {file} expired on {until}, and tokens that carry their certificate (x5c) are refused"
            );
            (Severity::Error, message)
        };
        let mut finding = Finding::new(RULE.id, severity, bundle.place.clone(), message);
        finding.edges = refused.iter().map(|(edge, _)| edge.id.clone()).collect();
        let says = refused.first();
        finding.says = says.and_then(|(_, verdict)| verdict.server_says.clone());
        let mut groups = tokens::groups(judged).into_iter();
        let group = groups.find(|group| group.has_verifier(verifier));
        finding.remedy = group.map(|group| group.unify());
        findings.push(finding);
    }
    findings
}
