//! New CAs as kubeadm makes them (cmd/kubeadm/app/util/pkiutil/pki_helpers.go, `NewSelfSignedCACert` in client-go's
//! util/cert/cert.go).

use crate::issue::AuthorityRecord;
use crate::issue::IssueError;
use crate::issue::Work;
use crate::issue::authority::Authority;
use crate::issue::source::SerialSource;
use crate::plan::AuthorityStep;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::KeyUsage;
use crate::x509::crypto::sha1;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::template::Template;

/// Signs a CA with its own key. It has no path length, as kubeadm's have none.
pub(super) fn found(
    step: &AuthorityStep,
    key: PrivateKey,
    serials: &mut dyn SerialSource,
) -> Result<(Authority, AuthorityRecord), IssueError> {
    let key_id = sha1(key.public_key().key_bits()).to_vec();
    let template = Template {
        serial: serials.serial()?,
        issuer: step.subject.clone(),
        subject: step.subject.clone(),
        not_before: step.validity.not_before,
        not_after: step.validity.not_after,
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        // kubeadm adds keyEncipherment, which RFC 3279 section 2.3.1 advises against (docs/decisions/0004-key-usage.md).
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_CERT_SIGN),
        extended_key_usage: Vec::new(),
        subject_alt_names: step.sans.clone(),
        subject_key_id: Some(key_id),
        // RFC 5280 section 4.2.1.1 lets a self-signed certificate go without, and kubeadm's do.
        authority_key_id: None,
    };
    let certificate = template.sign(&key).map_err(|error| IssueError::Template {
        what: format!("the CA {}", step.authority),
        error,
    })?;
    let record = AuthorityRecord {
        authority: step.authority,
        certificate: certificate.clone(),
        certificates: step.certificates.clone(),
        keys: step.keys.clone(),
    };
    let path = step.certificates.first().cloned().unwrap_or_default();
    Ok((Authority::made(path, certificate, key), record))
}

/// Refuses keys that their reader would refuse. What speaks TLS (kube-apiserver, etcd, the kubelet, client-go with a
/// kubeconfig) loads its pair with Go's `tls.X509KeyPair`, which takes Ed25519; these two readers do not:
pub(super) fn refuse_unreadable(work: &Work<'_>) -> Result<(), IssueError> {
    let authority = work.authorities.iter().map(|step| {
        let reader = "kubeadm (\"the private key file is neither in RSA nor ECDSA format\")";
        ("a CA", step.key, reader)
    });
    let service_account = work.service_account.map(|step| {
        let reader = "kube-apiserver (\"unknown private key type ed25519.PrivateKey\")";
        ("the service-account pair", step.key, reader)
    });
    for (what, algorithm, reader) in authority.chain(service_account) {
        if algorithm == KeyAlgorithm::Ed25519 {
            return Err(IssueError::ReaderRefuses {
                what,
                algorithm,
                reader,
            });
        }
    }
    Ok(())
}
