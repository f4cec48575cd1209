//! Which request mends what.

mod registry;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::checks::asked;
use crate::finding::Remedy;
use crate::judge::Judged;
use crate::place::Place;
use crate::profile::Authority;
use crate::profile::Output;
use crate::profile::Profile;
use crate::request::IssueRequest;
use crate::request::Request;
use crate::topology::Holding;
use crate::topology::Node;
use crate::topology::Role;
use crate::x509::san::DnsName;
use crate::x509::san::SubjectAltName;

/// Issues the certificate (or kubeconfig) at `place` anew and installs it there, with every name that it is dialled by.
/// `None` where it is no certificate that hapki issues, or where nobody's tree holds the authority's key.
pub(super) fn reissue(judged: &Judged, place: &Place) -> Option<Remedy> {
    let profile = profile_at(judged, place)?;
    let node = judged.topology.node(&place.node)?;
    if profile == Profile::Registry {
        return Some(registry::reissue(judged, place, node));
    }
    let signer = signer(judged, node, profile.row().authority)?;
    let (dns, ip) = names_to_add(judged, place, node);
    Some(Remedy {
        request: Request::Issue(IssueRequest {
            profiles: vec![profile],
            node: node.name.clone(),
            dns,
            ip,
            only_given: false,
            registries: Vec::new(),
            pki_dir: Some(node.pki_dir.clone()),
            ca_cert: signer.as_ref().map(|(certificate, _)| certificate.clone()),
            ca_key: signer.map(|(_, key)| key),
            install: true,
        }),
        safe: true,
    })
}

/// What the certificate at `place` is issued as.
pub(super) fn profile_at(judged: &Judged, place: &Place) -> Option<Profile> {
    let held = judged
        .holdings_in(place)
        .find_map(|holding| match holding.role {
            Some(Role::Profile(profile)) => Some(profile),
            _ => None,
        });
    held.or_else(|| judged.kubeconfig_in(place)?.profile)
}

/// `None`: nobody's tree holds the authority's key. `Some(None)`: the node's own does. `Some(Some(…))`: another's does.
fn signer(
    judged: &Judged,
    node: &Node,
    authority: Authority,
) -> Option<Option<(PathBuf, PathBuf)>> {
    let certificates: Vec<&Holding> = judged
        .topology
        .holdings
        .iter()
        .filter(|holding| holding.role == Some(Role::Authority(authority)) && holding.index == 0)
        .collect();
    let keys: Vec<&Place> = certificates
        .iter()
        .filter_map(|holding| key_beside(judged, holding))
        .collect();
    if keys.iter().any(|key| key.node == node.name) {
        return Some(None);
    }
    // What another node's archive holds is at hand on that node alone.
    let at_hand = |holding: &&&Holding| {
        let holder = judged.topology.node(&holding.place.node);
        holder.is_none_or(|holder| !holder.is_archived) && !node.is_archived
    };
    // Only an authority that the node's own components trust can mend an edge of theirs.
    let own = certificates
        .iter()
        .find(|holding| holding.place.node == node.name);
    certificates
        .iter()
        .filter(at_hand)
        .filter(|holding| {
            own.is_none_or(|own| own.certificate.public_key() == holding.certificate.public_key())
        })
        .find_map(|holding| key_beside(judged, holding).map(|key| (holding, key)))
        .map(|(holding, key)| Some((holding.place.read_from.clone(), key.read_from.clone())))
}

/// The private key of an authority, in the file that kubeadm's layout gives it.
fn key_beside<'a>(judged: &'a Judged, authority: &Holding) -> Option<&'a Place> {
    let key = Place {
        path: authority.place.path.with_extension("key"),
        ..authority.place.clone()
    };
    judged
        .keys_in(&key)
        .find(|key| key.key.as_ref().ok() == Some(authority.certificate.public_key()))
        .map(|key| &key.place)
}

/// Every apiserver's certificate carries these.
fn is_the_services(name: &str) -> bool {
    ["kubernetes", "kubernetes.default", "kubernetes.default.svc"].contains(&name)
}

/// Names that the certificate at `place` is dialled by, or asked for, and that `issue` cannot derive, because only another
/// tree's files say them, or because they are another node's own.
fn names_to_add(judged: &Judged, place: &Place, node: &Node) -> (Vec<DnsName>, Vec<IpAddr>) {
    let mut dns = BTreeSet::new();
    let mut ip = BTreeSet::new();
    let dialled = judged
        .edges_showing(place)
        .filter(|(edge, _)| edge.shown.place.is_same_file(place));
    for (edge, _) in dialled {
        let is_elsewhere = edge.told_at.node != node.name;
        match &edge.name {
            Some(SubjectAltName::Dns(name))
                if is_elsewhere
                    && name.as_str() != node.name
                    && !is_the_services(name.as_str()) =>
            {
                dns.insert(name.clone());
            }
            Some(SubjectAltName::Ip(address)) if Some(*address) != node.address => {
                let is_anothers = judged
                    .topology
                    .nodes
                    .iter()
                    .any(|other| other.address == Some(*address));
                let is_local = address.is_loopback();
                if (is_elsewhere || is_anothers || node.address.is_none()) && !is_local {
                    ip.insert(*address);
                }
            }
            _ => {}
        }
    }
    let profile = profile_at(judged, place);
    if profile == Some(Profile::Apiserver) {
        let asked = asked::names(judged, node).into_iter();
        for asked in asked.filter(|asked| !asked.is_derived) {
            match asked.name {
                SubjectAltName::Dns(name) => _ = dns.insert(name),
                SubjectAltName::Ip(address) => _ = ip.insert(address),
            }
        }
    }
    let carries_names =
        profile.is_some_and(|profile| matches!(profile.row().output, Output::Pair { .. }));
    if carries_names {
        (dns.into_iter().collect(), ip.into_iter().collect())
    } else {
        (Vec::new(), Vec::new())
    }
}
