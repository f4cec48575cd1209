//! The tags and identifiers of RFC 5280's ASN.1 (its appendix A), by the names that they have there.
//!
//! Every reader of certificates uses these: the one of this room, and each verdict that reads as its client does.

/// version of a TBSCertificate.
pub(crate) const VERSION: u8 = 0xa0;
/// issuerUniqueID of a TBSCertificate.
pub(crate) const ISSUER_UNIQUE_ID: u8 = 0x81;
/// subjectUniqueID of a TBSCertificate.
pub(crate) const SUBJECT_UNIQUE_ID: u8 = 0x82;
/// extensions of a TBSCertificate.
pub(crate) const EXTENSIONS: u8 = 0xa3;

/// otherName of a GeneralName.
pub(crate) const OTHER_NAME: u8 = 0xa0;
/// rfc822Name of a GeneralName.
pub(crate) const RFC822_NAME: u8 = 0x81;
/// dNSName of a GeneralName.
pub(crate) const DNS_NAME: u8 = 0x82;
/// directoryName of a GeneralName.
pub(crate) const DIRECTORY_NAME: u8 = 0xa4;
/// uniformResourceIdentifier of a GeneralName.
pub(crate) const URI: u8 = 0x86;
/// iPAddress of a GeneralName.
pub(crate) const IP_ADDRESS: u8 = 0x87;

/// keyIdentifier of an AuthorityKeyIdentifier.
pub(crate) const KEY_IDENTIFIER: u8 = 0x80;
/// authorityCertIssuer of an AuthorityKeyIdentifier.
pub(crate) const AUTHORITY_CERT_ISSUER: u8 = 0xa1;
/// authorityCertSerialNumber of an AuthorityKeyIdentifier.
pub(crate) const AUTHORITY_CERT_SERIAL_NUMBER: u8 = 0x82;

/// permittedSubtrees of NameConstraints.
pub(crate) const PERMITTED_SUBTREES: u8 = 0xa0;
/// excludedSubtrees of NameConstraints.
pub(crate) const EXCLUDED_SUBTREES: u8 = 0xa1;
/// minimum of a GeneralSubtree.
pub(crate) const MINIMUM: u8 = 0x80;

/// requireExplicitPolicy of PolicyConstraints.
pub(crate) const REQUIRE_EXPLICIT_POLICY: u8 = 0x80;
/// inhibitPolicyMapping of PolicyConstraints.
pub(crate) const INHIBIT_POLICY_MAPPING: u8 = 0x81;

/// distributionPoint of a DistributionPoint.
pub(crate) const DISTRIBUTION_POINT: u8 = 0xa0;
/// fullName of a DistributionPointName.
pub(crate) const FULL_NAME: u8 = 0xa0;

/// The contents of id-ce-subjectKeyIdentifier.
pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
/// The contents of id-ce-keyUsage.
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// The contents of id-ce-subjectAltName.
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
/// The contents of id-ce-issuerAltName.
pub(crate) const ISSUER_ALT_NAME: &[u8] = &[0x55, 0x1d, 18];
/// The contents of id-ce-basicConstraints.
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
/// The contents of id-ce-nameConstraints.
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
/// The contents of id-ce-cRLDistributionPoints.
pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
/// The contents of id-ce-certificatePolicies.
pub(crate) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
/// The contents of anyPolicy.
pub(crate) const ANY_POLICY: &[u8] = &[0x55, 0x1d, 32, 0];
/// The contents of id-ce-policyMappings.
pub(crate) const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1d, 33];
/// The contents of id-ce-authorityKeyIdentifier.
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
/// The contents of id-ce-policyConstraints.
pub(crate) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 36];
/// The contents of id-ce-extKeyUsage.
pub(crate) const EXT_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// The contents of id-ce-inhibitAnyPolicy.
pub(crate) const INHIBIT_ANY_POLICY: &[u8] = &[0x55, 0x1d, 54];
/// The contents of id-pe-authorityInfoAccess.
pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
