//! `certSANs:` by what the apiservers' certificates carry and nothing else in the inventory accounts for.

use std::net::IpAddr;

use crate::discover::balancers::DescribedBalancer;
use crate::discover::document::Scalar;
use crate::discover::document::Source;
use crate::discover::nodes::Described;
use crate::inventory::first_service_address;
use crate::place::Place;
use crate::profile::Profile;
use crate::topology::Holding;
use crate::topology::Role;
use crate::topology::Topology;
use crate::x509::certificate::GeneralName;
use crate::x509::san::SubjectAltName;

/// Names that all apiservers' certificates share; what one alone carries goes to its node, unless it is another's own.
pub(super) fn describe(
    topology: &Topology,
    nodes: &mut [Described],
    balancers: &[DescribedBalancer],
) -> Vec<Scalar> {
    let mut shared: Vec<Scalar> = Vec::new();
    for said in &topology.told.cert_sans {
        let source = Source::from(said);
        let text = said.value.to_string();
        match shared.iter_mut().find(|known| known.text == text) {
            Some(known) => known.sources.push(source),
            None => shared.push(Scalar::new(text, source.what, &source.place)),
        }
    }
    let held: Vec<(&Holding, Vec<SubjectAltName>)> = in_use(topology)
        .map(|holding| (holding, carried(holding)))
        .collect();
    let all = |name: &SubjectAltName| held.iter().all(|(_, names)| names.contains(name));
    let mut own: Vec<(String, Scalar)> = Vec::new();
    let mut remarks: Vec<(String, String)> = Vec::new();
    for (holding, names) in &held {
        let node = holding.place.node.as_str();
        for name in names {
            if is_derived(topology, name, node, nodes, balancers) {
                continue;
            }
            let scalar = Scalar::new(name, "carried", &holding.place);
            let owner = nodes.iter().find(|other| owns(other, name));
            if let Some(owner) = owner {
                let why = format!(
                    "its certificate carries {name}, which is {}'s own",
                    owner.name
                );
                remarks.push((node.to_owned(), why));
            } else if !all(name) {
                own.push((node.to_owned(), scalar));
            } else if let Some(known) = shared.iter_mut().find(|known| known.text == scalar.text) {
                known.sources.extend(scalar.sources);
            } else {
                shared.push(scalar);
            }
        }
    }
    for described in nodes {
        let is_its = |(node, _): &&(String, Scalar)| *node == described.name;
        described
            .names
            .extend(own.iter().filter(is_its).map(|(_, scalar)| scalar.clone()));
        let is_its = |(node, _): &&(String, String)| *node == described.name;
        described
            .remarks
            .extend(remarks.iter().filter(is_its).map(|(_, why)| why.clone()));
    }
    shared
}

/// The first address of the service network, by a certificate: the first address in it, where that is no node's own.
pub(super) fn service_address(topology: &Topology) -> Option<(IpAddr, &Place)> {
    in_use(topology).find_map(|holding| {
        let first = carried(holding).into_iter().find_map(|name| match name {
            SubjectAltName::Ip(address) => Some(address),
            SubjectAltName::Dns(_) => None,
        })?;
        let mut own = topology.told.addresses.iter().flatten();
        (!own.any(|said| said.value == first)).then_some((first, &holding.place))
    })
}

/// The apiservers' certificates in use.
fn in_use(topology: &Topology) -> impl Iterator<Item = &Holding> {
    topology.holdings.iter().filter(|holding| {
        holding.role == Some(Role::Profile(Profile::Apiserver))
            && holding.used
            && holding.index == 0
    })
}

fn carried(holding: &Holding) -> Vec<SubjectAltName> {
    let names = holding.certificate.extensions().subject_alt_names.iter();
    names
        .flatten()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => name.parse().ok(),
            GeneralName::Ip(address) => Some(SubjectAltName::ip(*address)),
            _ => None,
        })
        .collect()
}

/// What hapki puts into the certificate by the rest of the inventory.
fn is_derived(
    topology: &Topology,
    name: &SubjectAltName,
    node: &str,
    nodes: &[Described],
    balancers: &[DescribedBalancer],
) -> bool {
    let told = &topology.told;
    let text = name.to_string();
    let mut endpoints = told.endpoints.iter();
    if endpoints
        .next()
        .is_some_and(|first| first.value.host == *name)
    {
        return true;
    }
    let leads_here = |balancer: &&DescribedBalancer| {
        let mut backends = balancer.backends.iter();
        balancer.passes_through() && backends.any(|backend| backend.text == node)
    };
    let of_balancers = balancers.iter().filter(leads_here).any(|balancer| {
        balancer.address() == Some(text.as_str())
            || balancer.names.iter().any(|known| known.text == text)
    });
    let described = nodes.iter().find(|known| known.name == node);
    of_balancers
        || match name {
            SubjectAltName::Dns(dns) => {
                let domain = told.dns_domains.first().map(|said| said.value.as_str());
                let of_domain = dns.as_str().strip_prefix("kubernetes.default.svc.");
                dns.as_str() == node
                    || SERVICE_NAMES.contains(&dns.as_str())
                    || of_domain.is_some_and(|own| domain == Some(own))
            }
            SubjectAltName::Ip(address) => {
                let subnets = told.service_subnets.first();
                let mut services = subnets.iter().flat_map(|said| &said.value);
                described.is_some_and(|known| known.has(*address))
                    || services.any(|subnet| first_service_address(subnet) == *address)
                    || subnets.is_none()
                        && service_address(topology).is_some_and(|(first, _)| first == *address)
            }
        }
}

fn owns(node: &Described, name: &SubjectAltName) -> bool {
    match name {
        SubjectAltName::Dns(dns) => dns.as_str() == node.name,
        SubjectAltName::Ip(address) => node.has(*address),
    }
}

const SERVICE_NAMES: [&str; 3] = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
