//! What all nodes share: release, service network, DNS domain, endpoint.

use ipnet::IpNet;

use crate::checks::inventory_differs::RULE;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::inventory::BalancerHost;
use crate::inventory::Endpoint;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::topology::Said;
use crate::topology::Topology;
use crate::x509::san::SubjectAltName;

pub(super) fn differences(topology: &Topology, inventory: &Inventory) -> Vec<Finding> {
    let (told, owned) = (&topology.told, &inventory.kubernetes);
    let at = |place: &Option<Place>| place.clone().unwrap_or_else(|| inventory.place.clone());
    let mut findings = Vec::new();
    if let Some(version) = &owned.version {
        let other = |said: &&Said<_>| said.value != *version;
        let owned = Owned::new("version", version.to_string(), at(&owned.told_at.version));
        findings.extend(owned.differs(told.versions.iter().filter(other), ToString::to_string));
    }
    if !owned.service_subnets.is_empty() {
        let other = |said: &&Said<_>| said.value != owned.service_subnets;
        let show = |networks: &Vec<IpNet>| subnets(networks);
        let subnet = Owned::new(
            "serviceSubnet",
            subnets(&owned.service_subnets),
            at(&owned.told_at.service_subnets),
        );
        findings.extend(subnet.differs(told.service_subnets.iter().filter(other), show));
    }
    if let Some(domain) = &owned.dns_domain {
        let other = |said: &&Said<_>| said.value != *domain;
        let owned = Owned::new(
            "dnsDomain",
            domain.to_string(),
            at(&owned.told_at.dns_domain),
        );
        findings.extend(owned.differs(told.dns_domains.iter().filter(other), ToString::to_string));
    }
    if let Some(endpoint) = &owned.control_plane_endpoint {
        let other =
            |said: &&Said<Endpoint>| !is_same(&said.value, endpoint) && counts(inventory, said);
        let owned = Owned::new(
            "controlPlaneEndpoint",
            endpoint.to_string(),
            at(&owned.told_at.control_plane_endpoint),
        );
        findings.extend(owned.differs(told.endpoints.iter().filter(other), ToString::to_string));
    }
    findings
}

/// A value of the inventory.
struct Owned {
    key: &'static str,
    value: String,
    place: Place,
}

impl Owned {
    fn new(key: &'static str, value: String, place: Place) -> Self {
        Self { key, value, place }
    }

    /// One finding for each other value, however many files say it.
    fn differs<'a, T: PartialEq + 'a>(
        &self,
        others: impl Iterator<Item = &'a Said<T>>,
        show: impl Fn(&T) -> String,
    ) -> Vec<Finding> {
        let mut kinds: Vec<(&T, Vec<&Said<T>>)> = Vec::new();
        for said in others {
            match kinds.iter_mut().find(|(value, _)| **value == said.value) {
                Some((_, same)) => same.push(said),
                None => kinds.push((&said.value, vec![said])),
            }
        }
        let finding = |(value, said): &(&T, Vec<&Said<T>>)| {
            let (first, others) = said.split_first()?;
            let value = show(value);
            let message = format!(
                "{} says {value} ({}), but {} in the inventory is {}",
                first.place.path.display(),
                first.what,
                self.key,
                self.value
            );
            let finding = Finding::new(RULE.id, Severity::Warning, first.place.clone(), message)
                .related_to(self.place.clone(), format!("says {}", self.value));
            Some(others.iter().fold(finding, |finding, said| {
                finding.related_to(said.place.clone(), format!("says {value}, too"))
            }))
        };
        kinds.iter().filter_map(finding).collect()
    }
}

fn subnets(networks: &[IpNet]) -> String {
    let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
    networks.join(",")
}

/// A port that is not told may be any.
fn is_same(one: &Endpoint, other: &Endpoint) -> bool {
    let ports = one.port.zip(other.port);
    one.host == other.host && ports.is_none_or(|(one, other)| one == other)
}

/// kubeadm's configuration says what the endpoint is. What a client dials says it only where it leads to nothing that the
/// inventory knows: to dial a balancer by another name, or a master, is no contradiction.
fn counts(inventory: &Inventory, said: &Said<Endpoint>) -> bool {
    let host = &said.value.host;
    let of_balancers = inventory.load_balancers.iter().any(|balancer| {
        balancer.names.contains(host)
            || matches!((&balancer.host, host), (BalancerHost::Address(own), SubjectAltName::Ip(host)) if own == host)
    });
    let of_nodes = inventory.nodes.iter().any(|node| {
        node.cert_sans.contains(host)
            || match host {
                SubjectAltName::Ip(address) => node.addresses.contains(address),
                SubjectAltName::Dns(name) => name.as_str() == node.name,
            }
    });
    said.what == "controlPlaneEndpoint"
        || !(of_balancers || of_nodes || inventory.kubernetes.cert_sans.contains(host))
}
