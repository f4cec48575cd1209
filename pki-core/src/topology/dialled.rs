//! A node's address by what its own components dial, where no file says it: kubeadm's trees without manifests.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::IpAddr;

use crate::topology::machine::is_every_machines;
use crate::topology::node::Claim;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::view::View;
use crate::x509::certificate::GeneralName;

/// Adds the address to every node that has none. One that several nodes dial is a balancer's.
pub(super) fn add(nodes: &mut [Node], views: &[View<'_>]) {
    let mut users: HashMap<IpAddr, usize> = HashMap::new();
    let moving: HashSet<IpAddr> = views
        .iter()
        .flat_map(|view| &view.facts.virtual_addresses)
        .map(|known| known.address)
        .collect();
    let mut dialled: Vec<Option<Claim<IpAddr>>> = Vec::with_capacity(nodes.len());
    for (node, view) in nodes.iter().zip(views) {
        let apiserver = node.apiserver.as_ref();
        let advertised = apiserver.and_then(|apiserver| apiserver.advertise_address);
        let known = advertised.or(node.addresses.first().map(|claim| claim.value));
        let claim = match known {
            Some(_) => None,
            None => address(node, view).filter(|claim| !moving.contains(&claim.value)),
        };
        if let Some(address) = known.or(claim.as_ref().map(|claim| claim.value)) {
            *users.entry(address).or_default() += 1;
        }
        dialled.push(claim);
    }
    for (node, claim) in nodes.iter_mut().zip(dialled) {
        node.addresses
            .extend(claim.filter(|claim| users.get(&claim.value) == Some(&1)));
    }
}

/// The one address that the kubeconfigs of controller-manager, scheduler and kubelet dial and that the certificate of the
/// node's own apiserver carries.
fn address(node: &Node, view: &View<'_>) -> Option<Claim<IpAddr>> {
    let apiserver = node.apiserver.as_ref()?;
    let file = view.facts.file(&apiserver.certificate.as_ref()?.path)?;
    let (_, leaf) = file.certificates.first()?;
    let names = leaf.extensions().subject_alt_names.as_deref()?;
    let mut claims: Vec<Claim<IpAddr>> = Vec::new();
    for kubeconfig in &view.facts.kubeconfigs {
        let user = view.user_of(kubeconfig);
        if !user.dials_its_own_apiserver() && user.name != "kubelet" {
            continue;
        }
        let Ok((cluster, _)) = kubeconfig.current() else {
            continue;
        };
        let Some(server) = &cluster.server else {
            continue;
        };
        let endpoint = url::parse(&server.value);
        let address = endpoint
            .filter(|endpoint| endpoint.port == apiserver.secure_port)
            .and_then(|endpoint| endpoint.address());
        let carried = address.filter(|address| {
            !is_every_machines(*address) && names.contains(&GeneralName::Ip(*address))
        });
        claims.extend(carried.map(|value| Claim {
            value,
            place: view.at(&kubeconfig.place.at_line(server.line)),
        }));
    }
    let first = claims.first()?.clone();
    claims
        .iter()
        .all(|claim| claim.value == first.value)
        .then_some(first)
}
