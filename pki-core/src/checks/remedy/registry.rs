//! A registry's certificate, with every name that it is dialled by.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::checks::remedy;
use crate::finding::Remedy;
use crate::judge::Judged;
use crate::place::Place;
use crate::profile::Authority;
use crate::profile::Profile;
use crate::request::IssueRequest;
use crate::request::Request;
use crate::topology::Node;
use crate::x509::certificate::Certificate;
use crate::x509::san::DnsName;
use crate::x509::san::SubjectAltName;

/// Its authority is the one that signed the present certificate, else the cluster's. Where the key of neither is at hand,
/// the command says the names all the same; it has to be run where the key is.
pub(super) fn reissue(judged: &Judged, place: &Place, node: &Node) -> Remedy {
    let holdings = &judged.topology.holdings;
    let present = holdings
        .iter()
        .find(|holding| holding.index == 0 && holding.place.is_same_file(place));
    let present = present.map(|holding| &holding.certificate);
    let own = present.and_then(|certificate| signer_of(judged, certificate));
    let signer = match own {
        Some((certificate, key)) => {
            let files = (certificate.read_from.clone(), key.read_from.clone());
            Some(Some(files))
        }
        None => remedy::signer(judged, node, Authority::Cluster),
    };
    let (dns, ip) = names(judged, place, present);
    let safe = signer.is_some();
    let files = signer.flatten();
    Remedy {
        request: Request::Issue(IssueRequest {
            profiles: vec![Profile::Registry],
            node: node.name.clone(),
            dns,
            ip,
            only_given: false,
            registries: Vec::new(),
            pki_dir: safe.then(|| node.pki_dir.clone()),
            ca_cert: files.as_ref().map(|(certificate, _)| certificate.clone()),
            ca_key: files.map(|(_, key)| key),
            install: safe,
        }),
        safe,
    }
}

/// The authority that signed `certificate` and its key, wherever both lie.
fn signer_of<'a>(judged: &'a Judged, certificate: &Certificate) -> Option<(&'a Place, &'a Place)> {
    let topology = &judged.topology;
    let key_of = |authority: &Certificate| {
        let mut keys = topology.keys.iter();
        keys.find(|key| key.key.as_ref().ok() == Some(authority.public_key()))
    };
    let is_self_signed = certificate.subject() == certificate.issuer();
    let mut authorities = topology
        .holdings
        .iter()
        .filter(|held| !is_self_signed && held.certificate.subject() == certificate.issuer());
    authorities.find_map(|held| {
        let key = key_of(&held.certificate)?;
        let signed = certificate.is_signed_by(held.certificate.public_key());
        signed.then_some((&held.place, &key.place))
    })
}

/// Instances may share one certificate file, as Harbor's do on a shared disk: what any of them is dialled by counts.
fn names(
    judged: &Judged,
    place: &Place,
    present: Option<&Certificate>,
) -> (Vec<DnsName>, Vec<IpAddr>) {
    let mut dns = BTreeSet::new();
    let mut ip = BTreeSet::new();
    for edge in &judged.topology.edges {
        let is_same = present.is_some() && edge.shown.chain.first() == present;
        if !is_same && !edge.shown.place.is_same_file(place) {
            continue;
        }
        match &edge.name {
            Some(SubjectAltName::Dns(name)) => {
                dns.insert(name.clone());
            }
            Some(SubjectAltName::Ip(address)) => {
                ip.insert(*address);
            }
            None => {}
        }
    }
    (dns.into_iter().collect(), ip.into_iter().collect())
}
