//! The certificates in which registries keep keys.

use time::OffsetDateTime;

use crate::plan::shared::Group;
use crate::plan::shared::KeyRef;
use crate::plan::shared::Trusting;
use crate::x509::certificate::Certificate;
use crate::x509::name::DistinguishedName;
use crate::x509::spki::PublicKey;

/// Every certificate in a bundle, in the order of the members.
pub(super) fn all(group: &Group) -> impl Iterator<Item = &Certificate> {
    let verifiers = group.members.iter().flat_map(|member| &member.verifiers);
    let trusted = verifiers.flat_map(|verifier| &verifier.trusted);
    trusted.filter_map(|trusted| trusted.certificate.as_ref())
}

/// The key with the certificate that it has somewhere; one that has run out is made anew.
pub(super) fn trusting(group: &Group, key: &PublicKey, now: OffsetDateTime) -> Trusting {
    let mut found = all(group)
        .filter(|certificate| certificate.public_key() == key && certificate.not_after() > now);
    Trusting {
        key: KeyRef::Known(key.clone()),
        certificate: found.next().cloned(),
    }
}

/// Whether hapki made it.
pub(super) fn is_own(certificate: &Certificate) -> bool {
    let subject = certificate.subject();
    subject.to_string().contains(COMMON_NAME)
}

/// The subject of a root certificate that hapki makes at `now`.
pub fn subject(now: OffsetDateTime) -> DistinguishedName {
    let (year, month, day) = now.date().to_calendar_date();
    let month = u8::from(month);
    DistinguishedName::new(&format!("{COMMON_NAME} {year:04}-{month:02}-{day:02}"), &[])
}

const COMMON_NAME: &str = "hapki token CA";
