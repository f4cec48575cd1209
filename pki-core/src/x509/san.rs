//! Names a certificate may carry and names a client may dial: DNS or IP, decided once.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A DNS name fit for a subject alternative name: lower case ASCII labels (RFC 1123), perhaps with `*` as the whole
/// first label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DnsName(String);

/// A subject alternative name that hapki is willing to issue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectAltName {
    /// A dNSName.
    Dns(DnsName),
    /// An iPAddress; v4-mapped IPv6 is canonicalised to IPv4, as Go prints and compares it.
    Ip(IpAddr),
}

/// Why a text is neither a DNS name nor an address: what was given and what to give instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is {what}")]
pub struct SanError {
    /// The text as it was given.
    pub given: String,
    /// What it is instead: `a network, not an address`.
    pub what: String,
}

impl DnsName {
    /// Reads a DNS name; international names are converted to their ASCII form (IDNA), upper case to lower.
    pub fn new(text: &str) -> Result<Self, SanError> {
        todo!()
    }

    /// The name in ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl FromStr for SubjectAltName {
    type Err = SanError;

    /// An address when it parses as one, otherwise a DNS name; refuses networks, brackets, zones, ports, URLs,
    /// blanks and addresses with leading zeros.
    fn from_str(text: &str) -> Result<Self, SanError> {
        todo!()
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(address) => address.fmt(f),
        }
    }
}
