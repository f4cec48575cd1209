//! Balancers between clients and apiservers: who listens where, and one edge for each backend.

mod through;
mod told;

use std::net::IpAddr;

use crate::facts::balancer::Upstream;
use crate::inventory::Inventory;
use crate::topology::balancer::Balancer;
use crate::topology::connect::Connector;
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
        for owned in inventory
            .into_iter()
            .flat_map(|inventory| &inventory.load_balancers)
        {
            if !self.is_configured(owned) {
                let described = inventory.map(|inventory| self.described(owned, inventory));
                self.listening.extend(described);
            }
        }
    }

    /// What the graph tells of them.
    pub(super) fn into_balancers(listening: Vec<Listening<'_>>) -> Vec<Balancer> {
        listening
            .into_iter()
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
            match (balancer.address, node) {
                (Some(own), _) if address == Some(own) => true,
                (None, Some(node)) => balancer.node.as_deref() == Some(node),
                // A name that no hosts file has: DNS does, if the owner says so.
                (_, None) => address.is_none() && is_owned_name(),
                _ => false,
            }
        };
        let here: Vec<usize> = (0..self.listening.len())
            .filter(|index| self.listening.get(*index).is_some_and(takes))
            .collect();
        let is_for = |index: &usize| {
            let names = self.listening.get(*index).map_or(&[][..], |l| l.names);
            name.is_some_and(|asked| names.iter().any(|name| is_name(name, asked)))
        };
        if let Some(named) = here.iter().copied().find(is_for) {
            return vec![named];
        }
        // Every node may have one at an address that moves between them; on one node, the default takes the rest.
        let mut chosen: Vec<usize> = Vec::new();
        for index in here {
            let Some(listening) = self.listening.get(index) else {
                continue;
            };
            let rival = chosen.iter().position(|other| {
                self.listening
                    .get(*other)
                    .is_some_and(|other| other.balancer.component == listening.balancer.component)
            });
            match rival.and_then(|at| chosen.get_mut(at)) {
                Some(other) if listening.is_default && !self.is_default(*other) => *other = index,
                Some(_) => {}
                None => chosen.push(index),
            }
        }
        chosen
    }

    fn is_default(&self, index: usize) -> bool {
        self.listening
            .get(index)
            .is_some_and(|listening| listening.is_default)
    }

    fn address_of(&self, dialler: &View<'_>, host: &str) -> Option<IpAddr> {
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
