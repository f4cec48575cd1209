//! An [`Inspection`](crate::inspect::Inspection) as text for people and as JSON (`hapki.inspect/v1`).

mod human;
mod json;

pub use crate::report::inspect::human::human;
pub use crate::report::inspect::json::json;

use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::KeyUsage;

fn key_usages(usage: KeyUsage) -> Vec<&'static str> {
    KEY_USAGES
        .iter()
        .enumerate()
        .filter_map(|(bit, name)| usage.contains(KeyUsage(1 << bit)).then_some(*name))
        .collect()
}

fn extended_key_usage(usage: &ExtendedKeyUsage) -> &str {
    match usage {
        ExtendedKeyUsage::Any => "anyExtendedKeyUsage",
        ExtendedKeyUsage::ServerAuth => "serverAuth",
        ExtendedKeyUsage::ClientAuth => "clientAuth",
        ExtendedKeyUsage::Other(oid) => OTHER_USAGES
            .iter()
            .find_map(|(known, name)| (known == oid).then_some(*name))
            .unwrap_or(oid),
    }
}

/// Lower case hexadecimal without separators, the form in which reports name serial numbers and digests.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bits of the KeyUsage extension, bit 0 first (RFC 5280 section 4.2.1.3).
const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// RFC 5280 section 4.2.1.12.
const OTHER_USAGES: [(&str, &str); 4] = [
    ("1.3.6.1.5.5.7.3.3", "codeSigning"),
    ("1.3.6.1.5.5.7.3.4", "emailProtection"),
    ("1.3.6.1.5.5.7.3.8", "timeStamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
];
