//! Certification requests (PKCS#10, RFC 2986).

use crate::x509::certificate::GeneralName;
use crate::x509::name::DistinguishedName;
use crate::x509::spki::PublicKey;

/// A request, its own signature checked.
#[derive(Clone, Debug)]
pub struct CertificationRequest {
    /// The subject asked for.
    pub subject: DistinguishedName,
    /// The key to be certified.
    pub public_key: PublicKey,
    /// The subject alternative names asked for.
    pub sans: Vec<GeneralName>,
    /// Other extensions asked for, by dotted identifier.
    pub other_extensions: Vec<String>,
}
