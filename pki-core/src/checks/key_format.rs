//! key-format: a token key in a form that whoever reads it cannot use.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::DistributionRelease;
use crate::topology::SignerKind;
use crate::topology::TokenSigner;
use crate::topology::VerifierKind;
use crate::x509::spki::PublicKeyAlgorithm;

pub(super) const RULE: Rule = Rule {
    id: "key-format",
    summary: "a token key has a form that its reader cannot use",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = tokens::signers_by_file(judged)
        .into_iter()
        .filter_map(|signer| of_signer(judged, signer))
        .collect();
    for verifier in &judged.topology.token_verifiers {
        match &verifier.kind {
            VerifierKind::Distribution(distribution) => {
                let bundle = distribution.bundle.as_ref();
                let has_ed25519 = bundle.is_some_and(|bundle| {
                    let mut certificates = bundle.certificates.iter();
                    certificates.any(|certificate| {
                        *certificate.public_key().algorithm() == PublicKeyAlgorithm::Ed25519
                    })
                });
                if let Some(bundle) = bundle.filter(|_| has_ed25519)
                    && distribution.release != Some(DistributionRelease::V3)
                {
                    let message = format!(
                        "{} holds a certificate with an Ed25519 key, with which distribution 2 does not start",
                        bundle.place.path.display()
                    );
                    let place = bundle.place.clone();
                    let mut finding = Finding::new(RULE.id, Severity::Error, place, message);
                    finding.says = Some(ED25519.to_owned());
                    finding.edges = edges_into(judged, &verifier.component.node);
                    findings.push(finding);
                }
            }
            VerifierKind::Apiserver(_) | VerifierKind::HarborCore { .. } => {}
        }
    }
    findings.extend(of_masters(judged));
    findings
}

fn of_signer(judged: &Judged, signer: &TokenSigner) -> Option<Finding> {
    let key = &signer.key;
    let edges = tokens::refused_from(judged, &key.place, RULE.id);
    let is_ec_of_harbor = matches!(signer.kind, SignerKind::Harbor(_))
        && key
            .public
            .as_ref()
            .is_some_and(|public| !matches!(public.algorithm(), PublicKeyAlgorithm::Rsa { .. }));
    let message = match (&key.refused, signer.kind) {
        (Some(_), SignerKind::Harbor(_)) => format!(
            "{} cannot use its key, so that every login ends in an internal server error; Harbor takes RSA in PKCS#1 \
             (`BEGIN RSA PRIVATE KEY`) and nothing else",
            signer.component
        ),
        (Some(_), SignerKind::TokenServer) => {
            format!("no token can be signed with {}", key.place.path.display())
        }
        (None, _) if is_ec_of_harbor => format!(
            "{} has a key that is not RSA and marks its signatures as RS256 all the same: every token is refused",
            signer.component
        ),
        (None, _) if !edges.is_empty() => format!(
            "{} signs tokens in a way that is not taken",
            signer.component
        ),
        (None, _) => return None,
    };
    let mut finding = Finding::new(RULE.id, Severity::Error, key.place.clone(), message);
    let refused = judged
        .judged_edges()
        .find(|(edge, _)| edges.contains(&edge.id));
    let says = refused.and_then(|(_, verdict)| {
        let says = verdict.server_says.as_ref();
        says.or(verdict.says.as_ref()).cloned()
    });
    finding.says = says.or_else(|| {
        key.refused
            .as_ref()
            .map(|refused| refused.text().to_owned())
    });
    finding.edges = edges;
    finding.remedy = tokens::unify_of(judged, signer);
    Some(finding)
}

/// A file without any key of its kind, which ends kube-apiserver (k8s.io/client-go/util/keyutil, `PublicKeysFromFile`): PKCS#1
/// public keys and Ed25519.
fn of_masters(judged: &Judged) -> Vec<Finding> {
    let masters = judged.topology.service_accounts.iter();
    let files = masters.flat_map(|master| master.verifier.iter().flat_map(|told| &told.files));
    let broken = &judged.topology.broken;
    files
        .filter(|file| {
            let mut broken = broken.iter();
            let is_told = broken.any(|broken| broken.place.is_same_file(&file.place));
            file.is_there && file.keys.is_empty() && !is_told
        })
        .map(|file| {
            let message = format!(
                "{} holds no key that kube-apiserver takes for tokens: it does not start",
                file.place.path.display()
            );
            let mut finding = Finding::new(RULE.id, Severity::Error, file.place.clone(), message);
            finding.says = Some(NO_KEYS.to_owned());
            finding
        })
        .collect()
}

fn edges_into(judged: &Judged, node: &str) -> Vec<String> {
    let edges = judged.judged_edges().filter(|(edge, verdict)| {
        let first = verdict.faults.first();
        edge.server.node == node
            && first.is_some_and(|fault| fault.kind == FaultKind::RegistryBundleKey)
    });
    edges.map(|(edge, _)| edge.id.clone()).collect()
}

/// What registry of distribution 2.8 ends with.
const ED25519: &str = "panic: unable to configure authorization (token): unable to get public key from token auth root certificate: public key type ed25519.PublicKey is not supported";
/// What kube-apiserver ends with.
const NO_KEYS: &str = "data does not contain any valid RSA or ECDSA public keys";
