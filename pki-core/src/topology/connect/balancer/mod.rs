//! Balancers between clients and apiservers: who listens where, and one edge for each backend.

mod through;
mod told;
mod virtual_address;
mod way;

pub(super) use virtual_address::owners;

use std::net::IpAddr;

use crate::facts::balancer::Upstream;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::topology::balancer::Balancer;
use crate::topology::connect::Connector;
use crate::topology::edge::Edge;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

/// A listener with what its edges need.
pub(super) struct Listening<'a> {
    balancer: Balancer,
    /// The node it runs on, from which names of backends are resolved.
    view: Option<&'a View<'a>>,
    /// Names for which it is, and whether it takes all others.
    names: &'a [String],
    is_default: bool,
    upstream: Option<&'a Upstream>,
    ends: Vec<Endpoint>,
    /// The line of each.
    places: Vec<Place>,
    /// Whether it is one only if something dials it: an address may move between nodes for other ends.
    if_dialled: bool,
}

impl<'a> Connector<'a> {
    /// Finds every balancer: in the files of the nodes, else in the inventory.
    pub(super) fn find_balancers(&mut self, inventory: Option<&'a Inventory>) {
        for view in self.views {
            for told in &view.facts.balancers {
                for listener in &told.listeners {
                    let listening = self.configured(view, told, listener);
                    self.listening.push(listening);
                }
                let component = view.component(told.program);
                for problem in &told.not_understood {
                    let place = view.at(&problem.place);
                    self.unjudged(
                        component.clone(),
                        String::new(),
                        place,
                        problem.what.clone(),
                    );
                }
            }
        }
        self.find_virtual_addresses();
        for owned in inventory
            .into_iter()
            .flat_map(|inventory| &inventory.load_balancers)
        {
            if !self.name_configured(owned) {
                let described = inventory.map(|inventory| self.described(owned, inventory));
                self.listening.extend(described);
            }
        }
        self.follow();
    }

    /// What the graph tells of them.
    pub(super) fn into_balancers(listening: Vec<Listening<'_>>, edges: &[Edge]) -> Vec<Balancer> {
        let is_one = |listening: &Listening<'_>| {
            let mut edges = edges.iter();
            !listening.if_dialled || edges.any(|edge| edge.passes(&listening.balancer.label))
        };
        listening
            .into_iter()
            .filter(is_one)
            .map(|listening| listening.balancer)
            .collect()
    }

    /// The balancers that take what `dialler` sends to `endpoint`, asking for `name`.
    pub(super) fn balancers_at(
        &self,
        dialler: &View<'_>,
        endpoint: &Endpoint,
        name: Option<&str>,
    ) -> Vec<usize> {
        let host = endpoint.host.as_str();
        let node = self
            .node_at(dialler, host)
            .ok()
            .map(|(_, node)| node.name.as_str());
        let address = self.address_of(dialler, host);
        let takes = |listening: &Listening<'_>| {
            let balancer = &listening.balancer;
            if balancer.port != endpoint.port {
                return false;
            }
            let is_owned_name = || {
                let mut names = balancer.dialled_by.iter();
                names.any(|name| name.to_string().eq_ignore_ascii_case(host))
            };
            match (balancer.address, address) {
                // Every machine has the loopback addresses for itself.
                (Some(own), Some(address)) if own == address => {
                    !own.is_loopback() || node.is_none() || balancer.node.as_deref() == node
                }
                (None, Some(address)) if self.is_virtual(address) => {
                    let node = balancer.node.as_deref();
                    node.is_some_and(|node| self.takes_over(address, node))
                }
                (None, _) if node.is_some() => balancer.node.as_deref() == node,
                // A name that no hosts file has: DNS does, if the owner says so.
                (_, None) if node.is_none() => is_owned_name(),
                _ => false,
            }
        };
        let here = (0..self.listening.len())
            .filter(|index| self.listening.get(*index).is_some_and(takes))
            .collect();
        self.one_of_each(here, name)
    }

    /// Of the listeners of one program the one that is for `name`, else the default, else the first. Every node may have a
    /// program at an address that moves between them.
    fn one_of_each(&self, here: Vec<usize>, name: Option<&str>) -> Vec<usize> {
        let fits = |listening: &Listening<'_>| {
            let mut names = listening.names.iter();
            let is_for = name.is_some_and(|asked| names.any(|name| is_name(name, asked)));
            (is_for, listening.is_default)
        };
        let mut chosen: Vec<(usize, &Listening<'_>)> = Vec::new();
        for index in here {
            let Some(listening) = self.listening.get(index) else {
                continue;
            };
            let rival = chosen
                .iter_mut()
                .find(|(_, other)| other.balancer.component == listening.balancer.component);
            match rival {
                Some(other) if fits(listening) > fits(other.1) => *other = (index, listening),
                Some(_) => {}
                None => chosen.push((index, listening)),
            }
        }
        chosen.into_iter().map(|(index, _)| index).collect()
    }

    pub(super) fn address_of(&self, dialler: &View<'_>, host: &str) -> Option<IpAddr> {
        let literal = host
            .parse::<IpAddr>()
            .ok()
            .map(|address| address.to_canonical());
        literal.or_else(|| self.known_name(dialler, host))
    }
}

/// `*.wulin.internal` and `.wulin.internal` stand for names below it, as nginx has them; `*` and `_` alone for none.
fn is_name(pattern: &str, asked: &str) -> bool {
    let (pattern, asked) = (pattern.to_ascii_lowercase(), asked.to_ascii_lowercase());
    match pattern.strip_prefix('*').unwrap_or(&pattern) {
        below if below.starts_with('.') => {
            asked.ends_with(below) || (pattern.starts_with('.') && below.get(1..) == Some(&asked))
        }
        _ => pattern == asked,
    }
}
