//! The single values of an inventory, each read once into a type that cannot be wrong.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::inventory::version::KubernetesVersion;
use crate::inventory::version::VersionError;
use crate::x509::san::DnsName;
use crate::x509::san::SanError;
use crate::x509::san::SubjectAltName;

/// What is wrong with a value, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ValueError {
    /// What is wrong: `` `Wudang` is not a node name``.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

/// Checks a Kubernetes node name: an RFC 1123 subdomain of at most 253 characters
/// (k8s.io/apimachinery, util/validation, IsDNS1123Subdomain). It becomes part of paths and of subjects, so
/// `../x` is refused here.
pub fn node_name(text: &str) -> Result<String, ValueError> {
    if !text.is_empty() && text.len() <= 253 && text.split('.').all(is_label) {
        Ok(text.to_owned())
    } else {
        Err(error(
            format!("`{text}` is not a node name"),
            "a node name is made of lower case letters, digits, `-` and `.`, and begins and ends with a letter or digit",
        ))
    }
}

/// Reads one service network or, for dual stack, two of different families separated by a comma:
/// `10.96.0.0/12`, `10.96.0.0/12,fd00::/108` (kubeadm, apis/kubeadm/validation, ValidateNetworking).
pub fn service_subnets(text: &str) -> Result<Vec<IpNet>, ValueError> {
    let networks = text
        .split(',')
        .map(|part| service_subnet(part.trim()))
        .collect::<Result<Vec<_>, _>>()?;
    match networks.as_slice() {
        [_] | [IpNet::V4(_), IpNet::V6(_)] | [IpNet::V6(_), IpNet::V4(_)] => Ok(networks),
        _ => Err(error(
            format!("`{text}` is not one network, nor one of each family"),
            "dual stack is one IPv4 and one IPv6 network: 10.96.0.0/12,fd00::/108",
        )),
    }
}

fn service_subnet(text: &str) -> Result<IpNet, ValueError> {
    // ipnet by itself would take leading zeros, which Go refuses.
    let parts = text
        .split_once('/')
        .filter(|(address, length)| address.parse::<IpAddr>().is_ok() && whole(length).is_some());
    let network: IpNet = parts.and_then(|_| text.parse().ok()).ok_or_else(|| {
        error(
            format!("`{text}` is not a network"),
            "a network is an address and a prefix length: 10.96.0.0/12",
        )
    })?;
    let host_bits = network.max_prefix_len() - network.prefix_len();
    if host_bits < FEWEST_HOST_BITS {
        return Err(error(
            format!("`{text}` is too small for a service network"),
            "kubeadm asks for at least 10 addresses: a prefix of /28 (IPv4) or /124 (IPv6) or shorter",
        ));
    }
    Ok(network.trunc())
}

/// The first usable address of a service network, at which `kubernetes.default.svc` answers: the network's own
/// address plus one (k8s.io/utils/net, GetIndexedIP(network, 1)).
pub fn first_service_address(network: &IpNet) -> IpAddr {
    match network.network() {
        IpAddr::V4(address) => IpAddr::V4((u32::from(address).saturating_add(1)).into()),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address).saturating_add(1)).into()),
    }
}

pub(super) fn address(text: &str) -> Result<IpAddr, ValueError> {
    let address: IpAddr = text.parse().map_err(|_| {
        error(
            format!("`{text}` is not an IP address"),
            "write it without port, brackets, prefix length or leading zeros: 10.24.138.208 or fd00::1",
        )
    })?;
    Ok(address.to_canonical())
}

pub(super) fn port(text: &str) -> Result<u16, ValueError> {
    whole(text)
        .and_then(|port| u16::try_from(port).ok())
        .filter(|&port| port != 0)
        .ok_or_else(|| {
            error(
                format!("`{text}` is not a port"),
                "a port is a number from 1 to 65535",
            )
        })
}

pub(super) fn san(text: &str) -> Result<SubjectAltName, ValueError> {
    text.parse().map_err(|wrong: SanError| {
        error(
            wrong.to_string(),
            "give a DNS name or an IP address, nothing around it",
        )
    })
}

pub(super) fn version(text: &str) -> Result<KubernetesVersion, ValueError> {
    text.parse().map_err(|_: VersionError| {
        error(
            format!("`{text}` is not a Kubernetes version"),
            "write it as \"1.34\" or v1.34.4",
        )
    })
}

pub(super) fn dns_domain(text: &str) -> Result<DnsName, ValueError> {
    let wrong = |problem: String| {
        error(
            problem,
            "the DNS domain of a cluster looks like cluster.local",
        )
    };
    let name = DnsName::new(text).map_err(|e| wrong(e.to_string()))?;
    if name.is_wildcard() {
        return Err(wrong(format!("`{text}` is a wildcard, not a domain")));
    }
    Ok(name)
}

fn is_label(label: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    label.starts_with(alphanumeric)
        && label.ends_with(alphanumeric)
        && label.chars().all(|c| alphanumeric(c) || c == '-')
}

/// Digits only: `from_str` of a number would also take `+5`; leading zeros are refused because YAML 1.1 reads them
/// as octal.
pub(super) fn whole(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

pub(super) fn error(problem: String, hint: impl Into<String>) -> ValueError {
    ValueError {
        problem,
        hint: hint.into(),
    }
}

/// 16 addresses; kubeadm asks for 10 (constants.MinimumAddressesInServiceSubnet).
const FEWEST_HOST_BITS: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names() {
        for good in [
            "wudang",
            "node1",
            "a",
            "1",
            "a-b.c-d",
            "ip-10-0-0-1.eu.internal",
        ] {
            assert_eq!(node_name(good).as_deref(), Ok(good));
        }
        let too_long = "a.".repeat(127) + "a";
        let bad = [
            "",
            "../x",
            "x/y",
            "Wudang",
            "-a",
            "a-",
            "a..b",
            ".a",
            "a.",
            "a_b",
            "a b",
            "wüdang",
            too_long.as_str(),
        ];
        for bad in bad {
            let wrong = node_name(bad).unwrap_err();
            assert!(wrong.problem.contains(&format!("`{bad}`")), "{wrong}");
        }
    }

    #[test]
    fn service_networks_and_their_first_address() {
        let first = |text: &str| -> Vec<String> {
            let networks = service_subnets(text).unwrap();
            networks
                .iter()
                .map(|network| first_service_address(network).to_string())
                .collect()
        };
        assert_eq!(first("10.96.0.0/12"), ["10.96.0.1"]);
        assert_eq!(first("10.97.3.9/12"), ["10.96.0.1"]);
        assert_eq!(first("10.96.0.16/28"), ["10.96.0.17"]);
        assert_eq!(first("fd00::/108"), ["fd00::1"]);
        assert_eq!(
            first("10.96.0.0/12, fd00:10:96::/112"),
            ["10.96.0.1", "fd00:10:96::1"]
        );
        assert_eq!(first("fd00::/108,10.96.0.0/12"), ["fd00::1", "10.96.0.1"]);
    }

    #[test]
    fn service_networks_that_are_none() {
        let bad = [
            "",
            "10.96.0.0",
            "10.96.0.0/33",
            "10.96.0.0/",
            "010.96.0.0/12",
            "fd00::/129",
            "10.96.0.0/29",
            "fd00::/125",
            "10.96.0.0/12,",
            "10.96.0.0/12,10.112.0.0/12",
            "fd00::/108,fd01::/108",
            "10.96.0.0/12,fd00::/108,fd01::/108",
            "services",
        ];
        for bad in bad {
            assert!(service_subnets(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_and_ports() {
        assert_eq!(address("::ffff:10.0.0.1").unwrap().to_string(), "10.0.0.1");
        assert_eq!(address("fd00::1").unwrap().to_string(), "fd00::1");
        for bad in [
            "",
            "10.0.0",
            "10.0.0.256",
            "10.0.0.01",
            "10.0.0.0/24",
            "[fd00::1]",
            "fe80::1%eth0",
            "wudang",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert_eq!(port("6443"), Ok(6443));
        for bad in ["", "0", "65536", "+1", "-1", "06443", "0x10", "https"] {
            assert!(port(bad).is_err(), "{bad}");
        }
    }
}
