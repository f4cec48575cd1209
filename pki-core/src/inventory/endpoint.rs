//! Hosts with ports, and URLs of etcd members.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::inventory::EtcdUrl;
use crate::inventory::text::ValueError;
use crate::inventory::text::error;
use crate::inventory::text::port;
use crate::x509::san::SubjectAltName;

/// A host with perhaps a port: `kubernetes.default.svc:8443`, `10.27.52.72`, `[fd00::1]:6443`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// What is dialled.
    pub host: SubjectAltName,
    /// The port, where one is given.
    pub port: Option<u16>,
}

impl FromStr for Endpoint {
    type Err = ValueError;

    /// As kubeadm's ParseHostPort takes it: without a port the whole text is the host, an IPv6 address with a port
    /// stands in brackets.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || {
            error(
                format!("`{text}` is not a host with a port"),
                "write host:port, an IPv6 address in brackets: kubernetes.default.svc:8443, [fd00::1]:6443",
            )
        };
        let (host, given_port) = split(text).ok_or_else(wrong)?;
        let host: SubjectAltName = host.parse().map_err(|_| wrong())?;
        if matches!(&host, SubjectAltName::Dns(name) if name.is_wildcard()) {
            return Err(wrong());
        }
        let port = given_port.map(port).transpose().map_err(|_| wrong())?;
        Ok(Self { host, port })
    }
}

pub(super) fn etcd_url(text: &str) -> Result<EtcdUrl, ValueError> {
    let wrong = || {
        error(
            format!("`{text}` is not the URL of an etcd member"),
            "write https://host:port with nothing after it: https://10.0.0.5:2379",
        )
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let https = match scheme {
        "https" => true,
        "http" => false,
        _ => return Err(wrong()),
    };
    let endpoint = rest
        .strip_suffix('/')
        .unwrap_or(rest)
        .parse()
        .map_err(|_| wrong())?;
    Ok(EtcdUrl { https, endpoint })
}

/// Host without brackets, and port.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if text.parse::<IpAddr>().is_ok() {
        return Some((text, None));
    }
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (SubjectAltName::Ip(IpAddr::V6(host)), Some(port)) => write!(f, "[{host}]:{port}"),
            (host, Some(port)) => write!(f, "{host}:{port}"),
            (host, None) => host.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let cases = [
            ("kubernetes.default.svc:8443", "kubernetes.default.svc:8443"),
            ("kubernetes.default.svc", "kubernetes.default.svc"),
            ("10.27.52.72:8443", "10.27.52.72:8443"),
            ("10.27.52.72", "10.27.52.72"),
            ("[fd00::1]:6443", "[fd00::1]:6443"),
            ("[fd00::1]", "fd00::1"),
            ("fd00::1", "fd00::1"),
        ];
        for (text, printed) in cases {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), printed);
        }
        let bad = [
            "",
            ":8443",
            "a:",
            "a:0",
            "a:b",
            "a:1:2",
            "https://a:1",
            "[10.0.0.1]:1",
            "[fd00::1",
            "[fd00::1]1",
            "*.a:1",
            "a/b",
        ];
        for bad in bad {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }
}
