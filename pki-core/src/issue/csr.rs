//! Requests: signing one whose key stays where it is, and making one for an external CA.

use crate::issue::IssueError;
use crate::plan::SigningStep;
use crate::x509::certificate::GeneralName;
use crate::x509::csr::CertificationRequest;
use crate::x509::san::SubjectAltName;
use crate::x509::spki::PublicKeyAlgorithm;

/// What `request` asks for and the certificate of `step` does not carry, one sentence each. The profile decides what a
/// certificate carries; a request only brings the key.
pub fn not_given(step: &SigningStep, request: &CertificationRequest) -> Vec<String> {
    let mut sentences = Vec::new();
    if !request.subject.is_empty() && request.subject != step.subject {
        sentences.push(format!(
            "the request asks for the subject {}; {} has {}",
            request.subject, step.profile, step.subject
        ));
    }
    for name in &request.sans {
        if !step.sans.iter().any(|planned| is_same(&planned.san, name)) {
            sentences.push(format!(
                "the request asks for {}; it is not among the names of {} for {}",
                describe(name),
                step.profile,
                step.node
            ));
        }
    }
    for extension in &request.other_extensions {
        sentences.push(format!(
            "the request asks for the extension {extension}; the profile decides the extensions"
        ));
    }
    sentences
}

/// Go's crypto/tls and kubeadm take RSA from 2048 bits (Go 1.24: from 1024), P-256, P-384, P-521 and Ed25519.
pub(super) fn refuse_weak(
    step: &SigningStep,
    request: &CertificationRequest,
) -> Result<(), IssueError> {
    let algorithm = request.public_key.algorithm();
    match algorithm {
        PublicKeyAlgorithm::Rsa { bits: 2048..=8192 }
        | PublicKeyAlgorithm::EcP256
        | PublicKeyAlgorithm::EcP384
        | PublicKeyAlgorithm::EcP521
        | PublicKeyAlgorithm::Ed25519 => Ok(()),
        _ => Err(IssueError::RequestKey {
            profile: step.profile,
            algorithm: algorithm.clone(),
        }),
    }
}

fn is_same(planned: &SubjectAltName, asked: &GeneralName) -> bool {
    match (planned, asked) {
        (SubjectAltName::Dns(planned), GeneralName::Dns(asked)) => {
            planned.as_str().eq_ignore_ascii_case(asked)
        }
        (SubjectAltName::Ip(planned), GeneralName::Ip(asked)) => {
            planned.to_canonical() == asked.to_canonical()
        }
        _ => false,
    }
}

fn describe(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(name) => format!("the DNS name {name}"),
        GeneralName::Ip(address) => format!("the address {address}"),
        GeneralName::Email(address) => format!("the mail address {address}"),
        GeneralName::Uri(uri) => format!("the URI {uri}"),
        GeneralName::Other(tag) => format!("a name of an unusual kind (tag {tag})"),
    }
}
