//! Balancers between clients and apiservers: who listens where, and one edge for each backend.

use std::net::IpAddr;

use crate::facts::balancer;
use crate::facts::balancer::Listener;
use crate::facts::balancer::Upstream;
use crate::inventory;
use crate::inventory::BalancerHost;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::inventory::Inventory;
use crate::inventory::LoadBalancer;
use crate::place::Place;
use crate::topology::balancer::BalancedTo;
use crate::topology::balancer::Balancer;
use crate::topology::balancer::BalancerMode;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::edge::Component;
use crate::topology::edge::Trust;
use crate::topology::url;
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

    /// One edge for each backend of one balancer.
    pub(super) fn through(&mut self, client: &Client, endpoint: &Endpoint, index: usize) {
        let Some(listening) = self.listening.get(index) else {
            return;
        };
        let label = listening.balancer.label.clone();
        let mode = listening.balancer.mode.clone();
        let servers: Vec<(String, Result<Server, String>)> = listening
            .ends
            .iter()
            .map(|end| {
                (
                    url::host_and_port(&end.host, end.port),
                    self.behind(listening, end),
                )
            })
            .collect();
        if servers.is_empty() {
            let why = format!("{label} has no backends");
            self.unjudged(
                client.component.clone(),
                client.url.clone(),
                client.told_at.clone(),
                why,
            );
        }
        for (address, server) in servers {
            let server = server.and_then(|server| match &mode {
                BalancerMode::PassThrough => Ok(server),
                BalancerMode::Terminates {
                    shows: Some(shows), ..
                } => Ok(Server {
                    shown: shows.clone(),
                    named: Vec::new(),
                    ..server
                }),
                BalancerMode::Terminates { shows: None, .. } => Err(
                    "TLS ends there, and the certificate that it shows is not among these files"
                        .to_owned(),
                ),
                BalancerMode::Plain => Err("it speaks no TLS there".to_owned()),
            });
            let server = server.map_err(|why| format!("through {label} to {address}: {why}"));
            self.edge_via(client.clone(), endpoint, server, Some(label.clone()));
        }
    }

    /// What balancers that end TLS dial themselves, where they verify it.
    pub(super) fn upstreams(&mut self) {
        let mut done: Vec<(Component, String)> = Vec::new();
        for index in 0..self.listening.len() {
            let Some(listening) = self.listening.get(index) else {
                continue;
            };
            let (Some(view), Some(upstream)) = (listening.view, listening.upstream) else {
                continue;
            };
            if upstream.verifies.is_none() || !listening.balancer.terminates() {
                continue;
            }
            let component = listening.balancer.component.clone();
            let mut found = Vec::new();
            for (end, to) in listening.ends.iter().zip(&listening.balancer.backends) {
                let key = (component.clone(), to.address.clone());
                if to.server.is_some() && !done.contains(&key) {
                    done.push(key);
                    let client = upstream_client(view, &component, upstream, to);
                    found.push((client, end.clone(), self.behind(listening, end)));
                }
            }
            let looks_for_a_name = upstream.name.is_some();
            for (client, end, server) in found {
                let before = self.edges.len();
                self.edge_via(client, &end, server, None);
                if let Some(edge) = self.edges.get_mut(before)
                    && !looks_for_a_name
                {
                    (edge.asks_for, edge.name) = (None, None);
                }
            }
        }
    }

    fn is_default(&self, index: usize) -> bool {
        self.listening
            .get(index)
            .is_some_and(|listening| listening.is_default)
    }

    fn behind(&self, listening: &Listening<'_>, end: &Endpoint) -> Result<Server, String> {
        match listening.view.or_else(|| self.views.first()) {
            Some(view) => self.apiserver_at(view, end),
            None => Err("no node was given".to_owned()),
        }
    }

    fn configured(
        &self,
        view: &'a View<'a>,
        told: &'a balancer::Balancer,
        listener: &'a Listener,
    ) -> Listening<'a> {
        let component = view.component(told.program);
        let mode = match &listener.mode {
            balancer::Mode::PassThrough => BalancerMode::PassThrough,
            balancer::Mode::Plain => BalancerMode::Plain,
            balancer::Mode::Terminates(ends) => BalancerMode::Terminates {
                shows: Some(view.shown(&view.path(&ends.certificate.path))),
                has_identity: listener.upstream.shows.is_some(),
                depth: listener.upstream.depth,
            },
        };
        let ends: Vec<Endpoint> = listener
            .backends
            .iter()
            .map(|backend| Endpoint {
                tls: true,
                host: backend.host.clone(),
                port: backend.port,
            })
            .collect();
        let backends = ends
            .iter()
            .zip(&listener.backends)
            .map(|(end, backend)| self.leads_to(Some(view), end, view.at(&backend.place)))
            .collect();
        Listening {
            balancer: Balancer {
                label: format!("{component}:{}", listener.port),
                component,
                place: view.at(&listener.place),
                node: Some(view.name.clone()),
                address: listener.address,
                port: listener.port,
                dialled_by: Vec::new(),
                mode,
                backends,
            },
            view: Some(view),
            names: &listener.names,
            is_default: listener.is_default || listener.names.is_empty(),
            upstream: Some(&listener.upstream),
            ends,
        }
    }

    /// The files tell of a balancer where the inventory says that one is.
    fn is_configured(&self, owned: &LoadBalancer) -> bool {
        self.listening.iter().any(|listening| {
            let balancer = &listening.balancer;
            let is_there = match &owned.host {
                BalancerHost::Node(node) => balancer.node.as_deref() == Some(node),
                BalancerHost::Address(address) => balancer.address == Some(*address),
            };
            is_there && balancer.port == owned.listen
        })
    }

    fn described(&self, owned: &'a LoadBalancer, inventory: &'a Inventory) -> Listening<'a> {
        let (at, node, address) = match &owned.host {
            BalancerHost::Node(node) => (node.clone(), Some(node.clone()), None),
            BalancerHost::Address(address) => (address.to_string(), None, Some(*address)),
        };
        let component = Component {
            name: "load-balancer".to_owned(),
            node: at,
        };
        let view = node
            .as_ref()
            .and_then(|node| self.views.iter().find(|view| view.name == *node));
        let ends: Vec<Endpoint> = owned
            .backends
            .iter()
            .map(|name| Endpoint {
                tls: true,
                host: name.clone(),
                port: bind_port(inventory, name),
            })
            .collect();
        let backends = ends
            .iter()
            .map(|end| {
                self.leads_to(
                    view.or_else(|| self.views.first()),
                    end,
                    owned.place.clone(),
                )
            })
            .collect();
        Listening {
            balancer: Balancer {
                label: format!("{component}:{}", owned.listen),
                component,
                place: owned.place.clone(),
                node,
                address,
                port: owned.listen,
                dialled_by: owned.names.clone(),
                mode: match owned.mode {
                    inventory::BalancerMode::Tcp => BalancerMode::PassThrough,
                    inventory::BalancerMode::Http => BalancerMode::Terminates {
                        shows: None,
                        has_identity: false,
                        depth: None,
                    },
                },
                backends,
            },
            view,
            names: &[],
            is_default: true,
            upstream: None,
            ends,
        }
    }

    fn leads_to(&self, view: Option<&View<'_>>, end: &Endpoint, place: Place) -> BalancedTo {
        let found = view.map(|view| (self.node_at(view, &end.host), self.apiserver_on(view, end)));
        let (server, nothing_there) = match found {
            Some((_, Ok((at, _)))) => (Some(at.component("kube-apiserver")), None),
            Some((Ok((_, node)), Err(why))) => (None, Some((node.name.clone(), why))),
            Some((Err(_), Err(_))) | None => (None, None),
        };
        BalancedTo {
            place,
            address: url::host_and_port(&end.host, end.port),
            server,
            nothing_there,
        }
    }

    fn address_of(&self, dialler: &View<'_>, host: &str) -> Option<IpAddr> {
        let literal = host
            .parse::<IpAddr>()
            .ok()
            .map(|address| address.to_canonical());
        literal.or_else(|| self.known_name(dialler, host))
    }
}

fn upstream_client(
    view: &View<'_>,
    component: &Component,
    upstream: &Upstream,
    to: &BalancedTo,
) -> Client {
    Client {
        component: component.clone(),
        url: format!("https://{}", to.address),
        told_at: to.place.clone(),
        tls_server_name: upstream.name.clone(),
        unverified: None,
        trusts: upstream
            .roots
            .as_ref()
            .map(|file| view.trust(&view.path(&file.path)))
            .or_else(|| {
                upstream.verifies.as_ref().map(|place| Trust {
                    place: view.at(place),
                    roots: Vec::new(),
                })
            }),
        shows: upstream
            .shows
            .as_ref()
            .map(|ends| view.shown(&view.path(&ends.certificate.path))),
    }
}

/// A port that the inventory gives to the node's apiserver.
fn bind_port(inventory: &Inventory, name: &str) -> u16 {
    let node = inventory.nodes.iter().find(|node| node.name == name);
    node.map_or(DEFAULT_BIND_PORT, |node| node.bind_port)
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
