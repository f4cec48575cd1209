//! Which apiserver a kubeconfig dials.

use std::net::IpAddr;

use crate::inventory::DEFAULT_BIND_PORT;
use crate::plan::cluster::Cluster;
use crate::plan::cluster::Sourced;
use crate::plan::error::PlanError;
use crate::profile::KubernetesVersion;
use crate::profile::Profile;
use crate::profile::ServerRule;
use crate::x509::san::SubjectAltName;

/// The URL for `profile` on `node`, whose own `addresses` begin with the advertised one.
pub(super) fn url(
    profile: Profile,
    rule: ServerRule,
    node: &str,
    addresses: &[Sourced<IpAddr>],
    cluster: &Cluster,
    version: KubernetesVersion,
) -> Result<String, PlanError> {
    let known = cluster.node(node);
    let master = known.and_then(|known| known.control_plane).unwrap_or(true);
    let own = addresses.first().filter(|_| master).map(|own| own.value);
    let port = known
        .and_then(|known| known.bind_port)
        .or_else(|| cluster.nodes.iter().find_map(|node| node.bind_port))
        .unwrap_or(DEFAULT_BIND_PORT);
    let shared = cluster
        .endpoint
        .as_ref()
        .map(|endpoint| join(&endpoint.value.host, endpoint.value.port.unwrap_or(port)));
    let local = own.map(|address| join(&SubjectAltName::ip(address), port));
    let first = || first_master(cluster).map(|address| join(&SubjectAltName::ip(address), port));
    let found = if rule.is_local(master, version) {
        local
    } else {
        shared.or(local).or_else(first)
    };
    found.ok_or_else(|| PlanError::NoServer {
        profile,
        node: node.to_owned(),
    })
}

fn first_master(cluster: &Cluster) -> Option<IpAddr> {
    let masters = cluster
        .nodes
        .iter()
        .filter(|node| node.control_plane == Some(true));
    masters
        .flat_map(|node| cluster.addresses_of(&node.name))
        .map(|address| address.value)
        .next()
}

fn join(host: &SubjectAltName, port: u16) -> String {
    match host {
        SubjectAltName::Ip(IpAddr::V6(address)) => format!("https://[{address}]:{port}"),
        host => format!("https://{host}:{port}"),
    }
}
