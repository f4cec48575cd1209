//! Distinguished names, kept as the bytes they came in beside their parsed form.

use std::fmt;
use std::sync::Arc;

/// A subject or issuer name. Two names are the same for a verifier when their bytes are (Go compares raw bytes,
/// RFC 5280 section 7.1 allows more), so equality is of bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    der: Arc<[u8]>,
    rdns: Vec<Vec<Attribute>>,
}

/// One attribute of a relative distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// The type, dotted: `2.5.4.3` is the common name.
    pub oid: String,
    /// The value as text; what is no string type is kept as `#` and hexadecimal DER.
    pub value: String,
}

/// Why bytes are not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name: {0}")]
pub struct NameError(pub String);

impl DistinguishedName {
    /// Reads one DER `Name` (RFC 5280 section 4.1.2.4), with nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Self, NameError> {
        todo!()
    }

    /// The name kubeadm would write: organizations first, then the common name, each its own RDN, as
    /// `PrintableString` where the characters allow it and `UTF8String` otherwise (as Go's pkix.Name does).
    pub fn new(common_name: &str, organizations: &[String]) -> Self {
        todo!()
    }

    /// The bytes of the `Name`.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The relative distinguished names, in order.
    pub fn rdns(&self) -> &[Vec<Attribute>] {
        &self.rdns
    }

    /// The common name: the last one, as Go takes it. Kubernetes reads the user's name from it.
    pub fn common_name(&self) -> Option<&str> {
        todo!()
    }

    /// All organizations, in order. Kubernetes reads the user's groups from them.
    pub fn organizations(&self) -> Vec<&str> {
        todo!()
    }

    /// Whether the name has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }
}

impl fmt::Display for DistinguishedName {
    /// RFC 4514 as Go's `pkix.Name.String` prints it: last RDN first, `CN=kubernetes-admin,O=kubeadm:cluster-admins`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
}
