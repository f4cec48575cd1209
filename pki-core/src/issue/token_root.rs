//! The self-signed certificates in which registries keep the keys of token signers.

use time::Duration;
use time::OffsetDateTime;

use crate::issue::IssueError;
use crate::plan::shared::root_subject;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::KeyUsage;
use crate::x509::crypto::sha1;
use crate::x509::key::PrivateKey;
use crate::x509::template::Template;

/// A root certificate of `key`, valid for ten years, as Harbor's `prepare` makes one. A registry finds the key in it by its
/// id; names, usages and dates count where a token carries its certificate (`x5c`).
///
/// # Errors
/// The certificate could not be encoded or signed.
pub fn token_root(
    key: &PrivateKey,
    serial: Vec<u8>,
    now: OffsetDateTime,
) -> Result<Certificate, IssueError> {
    let subject = root_subject(now);
    let key_id = sha1(key.public_key().key_bits()).to_vec();
    let template = Template {
        serial,
        issuer: subject.clone(),
        subject,
        not_before: now - BACKDATED,
        not_after: now + TEN_YEARS,
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_CERT_SIGN),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: Some(key_id.clone()),
        authority_key_id: Some(key_id),
    };
    template.sign(key).map_err(|error| IssueError::Template {
        what: "the root certificate of a token signer".to_owned(),
        error,
    })
}

/// For clocks that are behind, as kubeadm does (cmd/kubeadm/app/constants/constants.go, `CertificateBackdate`).
const BACKDATED: Duration = Duration::minutes(5);
const TEN_YEARS: Duration = Duration::days(3650);
