//! What a certificate says about certificate policies: the extensions of RFC 5280 sections 4.2.1.4, 4.2.1.5, 4.2.1.11
//! and 4.2.1.14.

use crate::x509::der::INTEGER;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::SEQUENCE;
use crate::x509::der::integer::int64;
use crate::x509::der::read::Reader;
use crate::x509::rfc5280::CERTIFICATE_POLICIES;
use crate::x509::rfc5280::INHIBIT_ANY_POLICY;
use crate::x509::rfc5280::INHIBIT_POLICY_MAPPING;
use crate::x509::rfc5280::POLICY_CONSTRAINTS;
use crate::x509::rfc5280::POLICY_MAPPINGS;
use crate::x509::rfc5280::REQUIRE_EXPLICIT_POLICY;

/// The content bytes of an OBJECT IDENTIFIER.
pub type Oid = Box<[u8]>;

/// Policies, how they map, and what is required or inhibited below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// certificatePolicies, in the order of the certificate.
    pub policies: Vec<Oid>,
    /// policyMappings: issuerDomainPolicy, subjectDomainPolicy.
    pub mappings: Vec<(Oid, Oid)>,
    /// requireExplicitPolicy: after how many further certificates.
    pub require_explicit: Option<u64>,
    /// inhibitPolicyMapping: after how many further certificates.
    pub inhibit_mapping: Option<u64>,
    /// inhibitAnyPolicy: after how many further certificates.
    pub inhibit_any: Option<u64>,
}

impl Policies {
    /// Whether an extension, by the contents of its identifier, is one of these.
    pub(crate) fn has_field(oid: &[u8]) -> bool {
        [
            CERTIFICATE_POLICIES,
            POLICY_MAPPINGS,
            POLICY_CONSTRAINTS,
            INHIBIT_ANY_POLICY,
        ]
        .contains(&oid)
    }

    /// Puts the extension `oid` into its field; `None` where it is none of these or does not parse.
    pub(crate) fn take(&mut self, oid: &[u8], mut value: Reader<'_>) -> Option<()> {
        match oid {
            CERTIFICATE_POLICIES => self.policies = each(value, oid_of)?,
            POLICY_MAPPINGS => {
                self.mappings = each(value, |mapping| Some((oid_of(mapping)?, oid_of(mapping)?)))?;
            }
            POLICY_CONSTRAINTS => {
                let mut fields = value.inside(SEQUENCE)?;
                self.require_explicit = skip_certs(&mut fields, REQUIRE_EXPLICIT_POLICY)?;
                self.inhibit_mapping = skip_certs(&mut fields, INHIBIT_POLICY_MAPPING)?;
            }
            INHIBIT_ANY_POLICY => self.inhibit_any = skip_certs(&mut value, INTEGER)?,
            _ => return None,
        }
        Some(())
    }
}

/// Reads each SEQUENCE of a SEQUENCE.
fn each<T>(mut value: Reader<'_>, read: impl Fn(&mut Reader<'_>) -> Option<T>) -> Option<Vec<T>> {
    let mut elements = value.inside(SEQUENCE)?;
    let mut all = Vec::new();
    while !elements.is_empty() {
        all.push(read(&mut elements.inside(SEQUENCE)?)?);
    }
    Some(all)
}

fn oid_of(reader: &mut Reader<'_>) -> Option<Oid> {
    reader.contents(OBJECT_IDENTIFIER).map(Into::into)
}

/// The SkipCerts under `tag`, if that is what comes next. A negative one, which is none, counts for nothing.
fn skip_certs(reader: &mut Reader<'_>, tag: u8) -> Option<Option<u64>> {
    if !reader.is_next(tag) {
        return Some(None);
    }
    let number = int64(reader.integer_tagged(tag)?)?;
    Some(u64::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::rfc5280::ANY_POLICY;
    use crate::x509::rfc5280::CRL_DISTRIBUTION_POINTS;

    fn taken(oid: &[u8], value: &[u8]) -> Option<Policies> {
        let mut policies = Policies::default();
        policies.take(oid, Reader::new(value))?;
        Some(policies)
    }

    #[test]
    fn each_extension_has_its_field() {
        let any = ANY_POLICY;
        let policies = taken(
            CERTIFICATE_POLICIES,
            b"\x30\x08\x30\x06\x06\x04\x55\x1d\x20\x00",
        )
        .unwrap();
        assert_eq!(*policies.policies, [any.into()]);
        let mapped = taken(POLICY_MAPPINGS, b"\x30\x08\x30\x06\x06\x01\x2a\x06\x01\x2b").unwrap();
        assert_eq!(mapped.mappings, [([0x2a].into(), [0x2b].into())]);
        let constraints = taken(POLICY_CONSTRAINTS, b"\x30\x06\x80\x01\x00\x81\x01\x05").unwrap();
        assert_eq!(constraints.require_explicit, Some(0));
        assert_eq!(constraints.inhibit_mapping, Some(5));
        let any = taken(INHIBIT_ANY_POLICY, b"\x02\x02\x01\x00").unwrap();
        assert_eq!(any.inhibit_any, Some(256));
    }

    #[test]
    fn what_is_damaged_or_negative_counts_for_nothing() {
        assert_eq!(
            taken(INHIBIT_ANY_POLICY, b"\x02\x01\xff").unwrap(),
            Policies::default()
        );
        assert_eq!(taken(CERTIFICATE_POLICIES, b"\x30\x02\x30\x01"), None);
        assert_eq!(taken(CRL_DISTRIBUTION_POINTS, b"\x30\x00"), None);
    }
}
