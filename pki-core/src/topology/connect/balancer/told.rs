//! What files and the inventory tell of balancers.

use crate::facts::balancer;
use crate::facts::balancer::Listener;
use crate::inventory;
use crate::inventory::BalancerHost;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::inventory::Inventory;
use crate::inventory::LoadBalancer;
use crate::place::Place;
use crate::topology::balancer::BalancedTo;
use crate::topology::balancer::Balancer;
use crate::topology::balancer::BalancerMode;
use crate::topology::connect::Connector;
use crate::topology::connect::balancer::Listening;
use crate::topology::edge::Component;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

impl<'a> Connector<'a> {
    pub(super) fn configured(
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
    pub(super) fn is_configured(&self, owned: &LoadBalancer) -> bool {
        self.listening.iter().any(|listening| {
            let balancer = &listening.balancer;
            let is_there = match &owned.host {
                BalancerHost::Node(node) => balancer.node.as_deref() == Some(node),
                BalancerHost::Address(address) => balancer.address == Some(*address),
            };
            is_there && balancer.port == owned.listen
        })
    }

    pub(super) fn described(
        &self,
        owned: &'a LoadBalancer,
        inventory: &'a Inventory,
    ) -> Listening<'a> {
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

    pub(super) fn leads_to(
        &self,
        view: Option<&View<'_>>,
        end: &Endpoint,
        place: Place,
    ) -> BalancedTo {
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
}

/// A port that the inventory gives to the node's apiserver.
fn bind_port(inventory: &Inventory, name: &str) -> u16 {
    let node = inventory.nodes.iter().find(|node| node.name == name);
    node.map_or(DEFAULT_BIND_PORT, |node| node.bind_port)
}
