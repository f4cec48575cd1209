//! The part of a URL that TLS is about: host and port.

use std::net::IpAddr;
use std::net::SocketAddr;

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether TLS is spoken there.
    pub tls: bool,
    /// The host, without brackets, as written.
    pub host: String,
    /// The port; 443, or 80 without TLS, where none is written.
    pub port: u16,
}

/// Reads `https://host:port/path`. Without a scheme it is https, as client-go has it where TLS is configured
/// (rest/url_utils.go, DefaultServerURL).
pub fn parse(url: &str) -> Option<Endpoint> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    let default = if tls { 443 } else { 80 };
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']')?;
        (host, after.strip_prefix(':'))
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    let port = match port.filter(|port| !port.is_empty()) {
        Some(port) => port.parse().ok()?,
        None => default,
    };
    (!host.is_empty()).then(|| Endpoint {
        tls,
        host: host.to_owned(),
        port,
    })
}

/// `10.27.53.32:6443`, `[fd00::1]:6443`.
pub fn host_and_port(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// `https://10.24.138.208:2379`, `https://[fd00::1]:2379`.
pub(super) fn https(address: IpAddr, port: u16) -> String {
    format!("https://{}", SocketAddr::new(address, port))
}

impl Endpoint {
    /// The address, where the host is one; v4-mapped as IPv4.
    pub fn address(&self) -> Option<IpAddr> {
        self.host
            .parse()
            .ok()
            .map(|address: IpAddr| address.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<(bool, &str, u16)>) {
        let parsed = parse(url);
        let parsed = parsed.as_ref().map(|e| (e.tls, e.host.as_str(), e.port));
        assert_eq!(parsed, expected, "{url}");
    }

    #[test]
    fn hosts_and_ports() {
        check(
            "https://10.24.138.208:6443",
            Some((true, "10.24.138.208", 6443)),
        );
        check("https://[fd00::1]:6443/x", Some((true, "fd00::1", 6443)));
        check(
            "https://kubernetes.default.svc",
            Some((true, "kubernetes.default.svc", 443)),
        );
        check("10.0.0.1:6443", Some((true, "10.0.0.1", 6443)));
        check("http://127.0.0.1:2379", Some((false, "127.0.0.1", 2379)));
        check("https://host:port", None);
        check("unix:///run/x.sock", None);
        check("", None);
    }
}
