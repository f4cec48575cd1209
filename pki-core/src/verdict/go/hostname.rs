//! `VerifyHostname`: whether a dialled name is among a certificate's names.

use std::fmt;
use std::net::IpAddr;

use crate::x509::certificate::Certificate;
use crate::x509::certificate::GeneralName;

/// Why a name is refused (`HostnameError`), with what the certificate presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostnameRefusal {
    /// The name that was asked for, without brackets.
    pub wanted: String,
    /// The names of the kind that was asked for, in the certificate's order.
    pub presented: Vec<String>,
    /// Whether an address was asked for.
    pub is_ip: bool,
    /// Whether the common name, which Go no longer looks at, would have matched and there are no names at all.
    pub legacy_common_name: bool,
}

/// Whether `host`, a name or an address, is among the names of `certificate` (`Certificate.VerifyHostname`).
///
/// # Errors
/// Says what was presented instead.
pub fn verify_hostname(certificate: &Certificate, host: &str) -> Result<(), HostnameRefusal> {
    let candidate = host
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .filter(|inner| !inner.is_empty())
        .unwrap_or(host);
    if let Some(wanted) = parse_ip(candidate) {
        if ip_addresses(certificate).any(|ip| ip == wanted) {
            return Ok(());
        }
        return Err(HostnameRefusal::new(certificate, candidate));
    }
    let name = host.to_ascii_lowercase();
    let parts = split_hostname(&name);
    let is_host = is_valid_hostname(&name, false);
    let matched = dns_names(certificate).any(|pattern| {
        if is_host && is_valid_hostname(pattern, true) {
            match_hostnames(pattern, &parts)
        } else {
            match_exactly(pattern, &name)
        }
    });
    if matched {
        return Ok(());
    }
    Err(HostnameRefusal::new(certificate, host))
}

impl HostnameRefusal {
    fn new(certificate: &Certificate, host: &str) -> Self {
        let is_ip = parse_ip(host).is_some();
        let presented = if is_ip {
            ip_addresses(certificate).map(|ip| ip.to_string()).collect()
        } else {
            dns_names(certificate).map(str::to_owned).collect()
        };
        let common_name = certificate.subject().common_name().unwrap_or_default();
        let lower = host.to_ascii_lowercase();
        Self {
            wanted: host.to_owned(),
            presented,
            is_ip,
            legacy_common_name: certificate.extensions().subject_alt_names.is_none()
                && match_hostnames(common_name, &split_hostname(&lower)),
        }
    }
}

impl fmt::Display for HostnameRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wanted, presented, ..
        } = self;
        if self.legacy_common_name {
            return f.write_str(
                "x509: certificate relies on legacy Common Name field, use SANs instead",
            );
        }
        if self.is_ip && presented.is_empty() {
            return write!(
                f,
                "x509: cannot validate certificate for {wanted} because it doesn't contain any IP SANs"
            );
        }
        if presented.len() >= MAX_NAMES_INCLUDED {
            let kind = if self.is_ip { "IP SANs" } else { "names" };
            let count = presented.len();
            return write!(
                f,
                "x509: certificate is valid for {count} {kind}, but none matched {wanted}"
            );
        }
        let valid = presented.join(", ");
        if valid.is_empty() {
            return write!(
                f,
                "x509: certificate is not valid for any names, but wanted to match {wanted}"
            );
        }
        write!(f, "x509: certificate is valid for {valid}, not {wanted}")
    }
}

/// `net.ParseIP`; an IPv4 address in IPv6 form is the IPv4 address, as `IP.Equal` and `IP.String` have it.
fn parse_ip(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn ip_addresses(certificate: &Certificate) -> impl Iterator<Item = IpAddr> {
    general_names(certificate)
        .iter()
        .filter_map(|name| match name {
            GeneralName::Ip(ip) => Some(ip.to_canonical()),
            _ => None,
        })
}

fn dns_names(certificate: &Certificate) -> impl Iterator<Item = &str> {
    general_names(certificate)
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.as_str()),
            _ => None,
        })
}

fn general_names(certificate: &Certificate) -> &[GeneralName] {
    certificate
        .extensions()
        .subject_alt_names
        .as_deref()
        .unwrap_or_default()
}

/// `splitHostname` of a name already in lower case.
fn split_hostname(host: &str) -> Vec<&str> {
    host.strip_suffix('.').unwrap_or(host).split('.').collect()
}

/// `validHostname`.
fn is_valid_hostname(host: &str, is_pattern: bool) -> bool {
    let host = if is_pattern {
        host
    } else {
        host.strip_suffix('.').unwrap_or(host)
    };
    if host.is_empty() || host == "*" {
        return false;
    }
    host.split('.').enumerate().all(|(index, label)| {
        let is_wildcard = is_pattern && index == 0 && label == "*";
        is_wildcard || is_valid_label(label)
    })
}

fn is_valid_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// `matchHostnames`: label by label; only a whole leftmost label may be `*`.
fn match_hostnames(pattern: &str, host: &[&str]) -> bool {
    if pattern.is_empty() || host.is_empty() {
        return false;
    }
    let pattern = pattern.to_ascii_lowercase();
    let labels: Vec<&str> = pattern.split('.').collect();
    labels.len() == host.len()
        && labels
            .iter()
            .zip(host)
            .enumerate()
            .all(|(index, (label, wanted))| (index == 0 && *label == "*") || label == wanted)
}

/// `matchExactly`.
fn match_exactly(pattern: &str, host: &str) -> bool {
    let is_nothing = |name: &str| name.is_empty() || name == ".";
    !is_nothing(pattern) && !is_nothing(host) && pattern.eq_ignore_ascii_case(host)
}

/// `maxNamesIncluded`: from this many names on, Go gives their number instead.
const MAX_NAMES_INCLUDED: usize = 100;
