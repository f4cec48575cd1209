//! One certificate from one step.

use time::OffsetDateTime;

use crate::bundle::Bundle;
use crate::issue::IssueError;
use crate::issue::IssuedRecord;
use crate::issue::Work;
use crate::issue::authority::Authorities;
use crate::issue::authority::Authority;
use crate::issue::authority::Instant;
use crate::issue::csr;
use crate::issue::files;
use crate::issue::source::SerialSource;
use crate::plan::SigningStep;
use crate::plan::StepKey;
use crate::plan::Target;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::KeyUsage;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;
use crate::x509::template::Template;

/// The keys to generate for `work`, in the order in which they are used.
pub(super) fn algorithms(work: &Work<'_>) -> Vec<KeyAlgorithm> {
    let authorities = work.authorities.iter().map(|step| step.key);
    let service_account = work.service_account.iter().map(|step| step.key);
    let steps = work.steps.iter().filter_map(|step| match &step.key {
        StepKey::Generate(algorithm) => Some(*algorithm),
        StepKey::Request(_) => None,
    });
    authorities.chain(service_account).chain(steps).collect()
}

/// Refuses, before any key is made, what could not be signed.
pub(super) fn refuse_unsignable(
    work: &Work<'_>,
    authorities: &Authorities,
) -> Result<(), IssueError> {
    for step in work.steps {
        let founded = work
            .authorities
            .iter()
            .find(|founded| founded.authority == step.authority);
        let authority_ends = match (founded, authorities.get(&step.authority)) {
            (Some(founded), _) => founded.validity.not_after,
            (None, Some(authority)) => authority.certificate().not_after(),
            (None, None) => return Err(no_authority(step)),
        };
        let (not_after, _) = until(step, authority_ends);
        if not_after <= step.validity.not_before {
            return Err(IssueError::NeverValid {
                profile: step.profile,
                node: step.node.clone(),
                not_before: Instant(step.validity.not_before),
                not_after: Instant(not_after),
            });
        }
        if let (None, Some(authority)) = (founded, authorities.get(&step.authority)) {
            refuse_usages(step, authority)?;
        }
        if let StepKey::Request(request) = &step.key {
            csr::refuse_weak(step, request)?;
            if matches!(step.target, Target::Kubeconfig(_)) {
                return Err(IssueError::KubeconfigFromRequest {
                    profile: step.profile,
                });
            }
        }
    }
    Ok(())
}

/// Go, and so every Kubernetes client, wants each extended key usage of a leaf to be allowed by every certificate above it,
/// the root included (crypto/x509, `checkChainForKeyUsage`). A CA without the extension allows all.
fn refuse_usages(step: &SigningStep, authority: &Authority) -> Result<(), IssueError> {
    let Some(allowed) = &authority.certificate().extensions().extended_key_usage else {
        return Ok(());
    };
    let is_allowed = |usage| allowed.contains(usage) || allowed.contains(&ExtendedKeyUsage::Any);
    match step.usages.iter().find(|usage| !is_allowed(usage)) {
        None => Ok(()),
        Some(usage) => Err(IssueError::UsageNotAllowed {
            profile: step.profile,
            usage: usage.clone(),
            path: authority.path.clone(),
        }),
    }
}

/// Signs one certificate and appends its files. `keys` gives the next generated key.
pub(super) fn issue(
    step: &SigningStep,
    authority: &Authority,
    keys: &mut dyn Iterator<Item = PrivateKey>,
    serials: &mut dyn SerialSource,
    bundle: &mut Bundle,
) -> Result<IssuedRecord, IssueError> {
    let (key, public_key, not_given) = match &step.key {
        StepKey::Generate(_) => {
            let key = keys.next().ok_or(IssueError::TooFewKeys)?;
            let public_key = key.public_key().clone();
            (Some(key), public_key, Vec::new())
        }
        StepKey::Request(request) => (
            None,
            request.public_key.clone(),
            csr::not_given(step, request),
        ),
    };
    let (template, cut_short_from) = template(step, authority, public_key, serials)?;
    let certificate = template
        .sign(authority.key())
        .map_err(|error| IssueError::Template {
            what: format!("{} for {}", step.profile, step.node),
            error,
        })?;
    files::of_step(step, authority, &certificate, key.as_ref(), bundle);
    let (path, key_path) = match &step.target {
        Target::Pair { certificate, key } => (certificate.clone(), key.clone()),
        Target::Kubeconfig(kubeconfig) => (kubeconfig.path.clone(), None),
    };
    Ok(IssuedRecord {
        profile: step.profile,
        node: step.node.clone(),
        certificate,
        path,
        key_path,
        sans: step.sans.clone(),
        not_taken: step.not_taken.clone(),
        cut_short_from,
        not_given,
    })
}

/// What the key of a leaf may do: sign handshakes and, for a server with an RSA key, decrypt the premaster secret of
/// TLS 1.2's RSA key exchange. kubeadm sets keyEncipherment on every leaf; RFC 8813 section 3 forbids it for ECDSA and
/// RFC 5280 section 4.2.1.12 does not pair it with clientAuth alone (docs/decisions/0004-key-usage.md).
fn key_usage(key: &PublicKey, usages: &[ExtendedKeyUsage]) -> KeyUsage {
    let rsa = matches!(key.algorithm(), PublicKeyAlgorithm::Rsa { .. });
    if rsa && usages.contains(&ExtendedKeyUsage::ServerAuth) {
        KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT)
    } else {
        KeyUsage::DIGITAL_SIGNATURE
    }
}

pub(super) fn no_authority(step: &SigningStep) -> IssueError {
    IssueError::NoAuthority {
        profile: step.profile,
        node: step.node.clone(),
        authority: step.authority,
    }
}

/// The certificate to be, and until when it was to be valid where its CA ends before that.
fn template(
    step: &SigningStep,
    authority: &Authority,
    public_key: PublicKey,
    serials: &mut dyn SerialSource,
) -> Result<(Template, Option<OffsetDateTime>), IssueError> {
    let issuer = authority.certificate();
    let (not_after, cut_short_from) = until(step, issuer.not_after());
    let template = Template {
        serial: serials.serial()?,
        issuer: issuer.subject().clone(),
        subject: step.subject.clone(),
        not_before: step.validity.not_before,
        not_after,
        key_usage: key_usage(&public_key, &step.usages),
        public_key,
        basic_constraints: Some(BasicConstraints {
            ca: false,
            path_len: None,
        }),
        extended_key_usage: step.usages.clone(),
        subject_alt_names: step
            .sans
            .iter()
            .map(|planned| planned.san.clone())
            .collect(),
        // kubeadm's leaves have none; RFC 5280 section 4.2.1.2 recommends it, and no verifier looks at it.
        subject_key_id: None,
        // Of a CA without an identifier Go and OpenSSL write none either.
        authority_key_id: issuer.extensions().subject_key_id.clone(),
    };
    Ok((template, cut_short_from))
}

/// The last instant of a certificate whose CA ends at `authority_ends`, and the one that was asked for if it is later.
fn until(
    step: &SigningStep,
    authority_ends: OffsetDateTime,
) -> (OffsetDateTime, Option<OffsetDateTime>) {
    let wanted = step.validity.not_after;
    match wanted > authority_ends {
        true => (
            authority_ends,
            Some(step.validity.cut_short_from.unwrap_or(wanted)),
        ),
        false => (wanted, step.validity.cut_short_from),
    }
}
