//! Whether a certificate carries a name, asked apart from any connection.

use crate::verdict::go;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::GeneralName;
use crate::x509::san::SubjectAltName;

/// Whether whoever dials `name` finds it in `certificate` (`Certificate.VerifyHostname`). A wildcard is a name that nobody
/// dials: it has to be there as it is.
pub fn carries(certificate: &Certificate, name: &SubjectAltName) -> bool {
    let text = name.to_string();
    let names = certificate.extensions().subject_alt_names.iter();
    let mut names = names.flatten();
    go::verify_hostname(certificate, &text).is_ok()
        || names
            .any(|held| matches!(held, GeneralName::Dns(held) if held.eq_ignore_ascii_case(&text)))
}
