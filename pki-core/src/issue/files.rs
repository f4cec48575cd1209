//! The files of what was made, with the permission bits that kubeadm gives them.

use std::path::Path;

use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::issue::authority::Authority;
use crate::issue::kubeconfig;
use crate::plan::AuthorityStep;
use crate::plan::ServiceAccountStep;
use crate::plan::SigningStep;
use crate::plan::Target;
use crate::x509::certificate::Certificate;
use crate::x509::key::PrivateKey;
use crate::x509::pem;

/// A CA that exists is never replaced.
pub(super) fn of_authority(step: &AuthorityStep, authority: &Authority, bundle: &mut Bundle) {
    for path in &step.keys {
        push(
            bundle,
            path,
            PRIVATE,
            "key",
            Existing::Refuse,
            authority.key().to_pem(),
        );
    }
    let certificate = authority.certificate().to_pem();
    for path in &step.certificates {
        push(
            bundle,
            path,
            PUBLIC,
            "certificate",
            Existing::Refuse,
            &certificate,
        );
    }
}

/// `sa.pub` is private too: kubeadm writes it with `WriteKey` (cmd/kubeadm/app/util/pkiutil/pki_helpers.go,
/// `WritePublicKey`).
pub(super) fn of_service_account(step: &ServiceAccountStep, key: &PrivateKey, bundle: &mut Bundle) {
    for path in &step.private {
        push(bundle, path, PRIVATE, "key", Existing::Refuse, key.to_pem());
    }
    let public = pem::encode("PUBLIC KEY", key.public_key().as_der());
    for path in &step.public {
        push(
            bundle,
            path,
            PRIVATE,
            "public key",
            Existing::Refuse,
            &public,
        );
    }
}

/// `key` is `None` where it stays with whoever made the request.
pub(super) fn of_step(
    step: &SigningStep,
    authority: &Authority,
    certificate: &Certificate,
    key: Option<&PrivateKey>,
    bundle: &mut Bundle,
) {
    let pem = certificate.to_pem();
    match (&step.target, key) {
        (
            Target::Pair {
                certificate,
                key: path,
            },
            key,
        ) => {
            if let (Some(path), Some(key)) = (path, key) {
                push(bundle, path, PRIVATE, "key", step.existing, key.to_pem());
            }
            push(
                bundle,
                certificate,
                PUBLIC,
                "certificate",
                step.existing,
                &pem,
            );
        }
        (Target::Kubeconfig(kubeconfig), Some(key)) => {
            let embedded = kubeconfig::Embedded {
                authorities: &authority.bundle_pem(),
                certificate: &pem,
                key: key.to_pem(),
            };
            let text = kubeconfig::render(kubeconfig, &embedded);
            push(
                bundle,
                &kubeconfig.path,
                PRIVATE,
                "kubeconfig",
                step.existing,
                &text,
            );
        }
        // Refused before the first key was made.
        (Target::Kubeconfig(_), None) => {}
    }
}

fn push(
    bundle: &mut Bundle,
    path: &Path,
    mode: u32,
    what: &'static str,
    existing: Existing,
    text: &str,
) {
    let contents = text.as_bytes().to_vec();
    let file = BundleFile::new(path, mode, what, existing, contents);
    bundle.files.push(file);
}

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;
