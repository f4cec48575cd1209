//! What Harbor's containers show each other where `internal_tls` is on: a CA of its own and one pair for each of them.
//!
//! Source of the files and names: Harbor, make/photon/prepare/scripts/gencert.sh and utils/internal_tls.py. Harbor's own
//! script makes RSA keys of 4096 bits as PKCS#8, a CA that ends with its leaves, and no extended key usage.

use time::Duration;
use time::OffsetDateTime;

use crate::issue::IssueError;
use crate::issue::source::KeySource;
use crate::issue::source::SerialSource;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::KeyUsage;
use crate::x509::crypto::sha1;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::spki::PublicKeyAlgorithm;
use crate::x509::template::Template;

/// One container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its files without their endings: `job_service`.
    pub base: &'static str,
    /// The host that the others dial it by.
    pub host: &'static str,
    /// Whether Harbor has it up to 2.8 only.
    pub until_2_8: bool,
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct HarborInternal {
    /// The kind of every key.
    pub key: KeyAlgorithm,
    /// How long the pairs are valid.
    pub validity: Duration,
    /// Now.
    pub now: OffsetDateTime,
}

/// One pair that was made.
#[derive(Debug)]
pub struct Made {
    /// Its files without their endings.
    pub base: &'static str,
    /// The certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: PrivateKey,
}

/// Every container that has a pair.
pub static MEMBERS: [Member; 11] = [
    member("proxy", "proxy"),
    member("portal", "portal"),
    member("core", "core"),
    member("job_service", "jobservice"),
    member("registry", "registry"),
    member("registryctl", "registryctl"),
    member("trivy_adapter", "trivy-adapter"),
    // Harbor's own script gives it `harbor_db`, which is no host name, and it is dialled as `postgresql`.
    member("harbor_db", "postgresql"),
    older("notary_server", "notary-server"),
    older("notary_signer", "notary-signer"),
    older("chartmuseum", "chartmuseum"),
];

/// The CA's files without their endings.
pub const AUTHORITY: &str = "harbor_internal_ca";

/// Makes the CA, then the pairs of all members, in their order.
///
/// # Errors
/// What could not be made or signed.
pub fn make(
    asked: &HarborInternal,
    keys: &mut dyn KeySource,
    serials: &mut dyn SerialSource,
) -> Result<Vec<Made>, IssueError> {
    if asked.key == KeyAlgorithm::Ed25519 {
        return Err(IssueError::ReaderRefuses {
            what: "Harbor's internal TLS",
            algorithm: asked.key,
            reader: "the OpenSSL 1.0 of older Harbors",
        });
    }
    let count = MEMBERS.len() + 1;
    let mut keys = keys.keys(&vec![asked.key; count])?.into_iter();
    let mut next = || keys.next().ok_or(IssueError::TooFewKeys);
    let ca_key = next()?;
    let id = sha1(ca_key.public_key().key_bits()).to_vec();
    let subject = DistinguishedName::new("harbor-internal-ca", &[]);
    let now = asked.now.replace_nanosecond(0).unwrap_or(asked.now);
    let ca = Template {
        serial: serials.serial()?,
        issuer: subject.clone(),
        subject: subject.clone(),
        not_before: now - BACKDATE,
        not_after: now.saturating_add(asked.validity.max(CA_VALIDITY)),
        public_key: ca_key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_CERT_SIGN),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: Some(id.clone()),
        authority_key_id: None,
    };
    let sign = |base: &str, template: &Template| {
        let failed = |error| IssueError::Template {
            what: base.to_owned(),
            error,
        };
        template.sign(&ca_key).map_err(failed)
    };
    let mut made = Vec::with_capacity(count);
    let certificate = sign(AUTHORITY, &ca)?;
    for member in &MEMBERS {
        let key = next()?;
        let template = Template {
            serial: serials.serial()?,
            subject: DistinguishedName::new(member.host, &[]),
            not_after: now.saturating_add(asked.validity),
            public_key: key.public_key().clone(),
            basic_constraints: Some(BasicConstraints {
                ca: false,
                path_len: None,
            }),
            key_usage: usage(&key),
            // Some of them are clients of each other (`INTERNAL_VERIFY_CLIENT_CERT`).
            extended_key_usage: vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth],
            subject_alt_names: member.host.parse().into_iter().collect(),
            subject_key_id: None,
            authority_key_id: Some(id.clone()),
            ..ca.clone()
        };
        made.push(Made {
            base: member.base,
            certificate: sign(member.base, &template)?,
            key,
        });
    }
    let authority = Made {
        base: AUTHORITY,
        certificate,
        key: ca_key,
    };
    made.insert(0, authority);
    Ok(made)
}

fn usage(key: &PrivateKey) -> KeyUsage {
    match key.public_key().algorithm() {
        PublicKeyAlgorithm::Rsa { .. } => {
            KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT)
        }
        _ => KeyUsage::DIGITAL_SIGNATURE,
    }
}

const fn member(base: &'static str, host: &'static str) -> Member {
    Member {
        base,
        host,
        until_2_8: false,
    }
}

const fn older(base: &'static str, host: &'static str) -> Member {
    Member {
        until_2_8: true,
        ..member(base, host)
    }
}

const BACKDATE: Duration = Duration::minutes(5);
/// As kubeadm's CAs: Harbor's own ends with its leaves, and then every container has to be restarted at once.
const CA_VALIDITY: Duration = Duration::days(3650);

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use time::macros::datetime;

    use super::*;
    use crate::issue::FreshKeys;
    use crate::issue::RandomSerials;
    use crate::x509::certificate::GeneralName;

    const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn made(key: KeyAlgorithm) -> Result<Vec<Made>, IssueError> {
        let asked = HarborInternal {
            key,
            validity: Duration::days(365),
            now: NOW,
        };
        let mut keys = FreshKeys {
            threads: NonZeroUsize::MIN,
        };
        make(&asked, &mut keys, &mut RandomSerials)
    }

    #[test]
    fn each_container_is_believed_under_the_name_that_it_is_dialled_by() {
        let made = made(KeyAlgorithm::EcdsaP256).unwrap();
        let (authority, members) = made.split_first().unwrap();
        assert_eq!(members.len(), MEMBERS.len());
        for (pair, member) in members.iter().zip(&MEMBERS) {
            let leaf = &pair.certificate;
            assert!(leaf.is_signed_by(authority.certificate.public_key()));
            assert_eq!(leaf.public_key(), pair.key.public_key());
            let names = leaf.extensions().subject_alt_names.as_deref().unwrap();
            assert!(
                matches!(names, [GeneralName::Dns(name)] if name == member.host),
                "{names:?}"
            );
        }
    }

    #[test]
    fn ed25519_is_refused_before_a_key_is_made() {
        assert!(matches!(
            made(KeyAlgorithm::Ed25519),
            Err(IssueError::ReaderRefuses { .. })
        ));
    }
}
