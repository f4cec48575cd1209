//! Where a host leads, seen from the node that dials it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use crate::place::Place;
use crate::topology::connect::Connector;
use crate::topology::node::Node;
use crate::topology::view::View;

/// Nodes by what they are dialled by: positions in the list of nodes, of which the first with a name or address counts.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// By name in lower case.
    names: HashMap<String, usize>,
    addresses: HashMap<IpAddr, usize>,
}

impl Connector<'_> {
    pub(super) fn seen(&self, view: &View<'_>, certificate: &Place) -> Result<(), String> {
        if view.facts.unseen.contains(&certificate.path) {
            return Err(format!(
                "its certificate {} on {} does not lie in what was given",
                certificate.path.display(),
                view.name
            ));
        }
        Ok(())
    }

    /// The node that `host` leads to, seen from `dialler`: by its hosts file, by the name of a node, by an address.
    pub(super) fn node_at(
        &self,
        dialler: &View<'_>,
        host: &str,
    ) -> Result<(&View<'_>, &Node), String> {
        let literal = host
            .parse::<IpAddr>()
            .ok()
            .map(|address| address.to_canonical());
        let address = literal.or_else(|| self.known_name(dialler, host));
        let found = match address {
            Some(address) => self.by_address(dialler, address),
            None => self
                .whereabouts
                .names
                .get(&host.to_ascii_lowercase())
                .copied(),
        };
        if let Some(ends) =
            found.and_then(|index| Some((self.views.get(index)?, self.nodes.get(index)?)))
        {
            return Ok(ends);
        }
        Err(match (literal, address) {
            (Some(_), _) => format!("{host} is no address of a node that was given"),
            (None, Some(address)) => format!(
                "{host} is {address} in the hosts file of {}, which is no address of a node that was given",
                dialler.name
            ),
            (None, None) => format!(
                "{host} is neither a node's name nor in the hosts file of {}",
                dialler.name
            ),
        })
    }

    pub(super) fn known_name(&self, dialler: &View<'_>, host: &str) -> Option<IpAddr> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        dialler
            .known(&host)
            .or_else(|| (host == "localhost").then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)))
    }

    /// A loopback address that is no node's is the dialler itself; where the dialler lives on 127/8, one of its neighbours may have any but 127.0.0.1.
    fn by_address(&self, dialler: &View<'_>, address: IpAddr) -> Option<usize> {
        let known = self.whereabouts.addresses.get(&address).copied();
        known.or_else(|| {
            let own = |node: &Node| {
                let lives_there = node.address.is_some_and(|own| own.is_loopback());
                node.name == dialler.name
                    && (address == Ipv4Addr::LOCALHOST || address.is_ipv6() || !lives_there)
            };
            address
                .is_loopback()
                .then(|| self.nodes.iter().position(own))
                .flatten()
        })
    }
}

impl Whereabouts {
    pub(super) fn of(nodes: &[Node]) -> Self {
        let mut found = Self::default();
        for (position, node) in nodes.iter().enumerate() {
            let name = node.name.to_ascii_lowercase();
            found.names.entry(name).or_insert(position);
            if let Some(address) = node.address {
                found.addresses.entry(address).or_insert(position);
            }
        }
        // A node's own address is stronger than one that merely something calls its own.
        for (position, node) in nodes.iter().enumerate() {
            for claim in &node.addresses {
                found.addresses.entry(claim.value).or_insert(position);
            }
        }
        found
    }
}
