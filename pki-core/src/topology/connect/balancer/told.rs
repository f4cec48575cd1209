//! What files and the inventory tell of balancers.

use crate::facts::balancer;
use crate::facts::balancer::Listener;
use crate::inventory;
use crate::inventory::BalancerHost;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::inventory::Inventory;
use crate::inventory::LoadBalancer;
use crate::topology::balancer::Balancer;
use crate::topology::balancer::BalancerMode;
use crate::topology::connect::Connector;
use crate::topology::connect::balancer::Listening;
use crate::topology::edge::Component;
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
                backends: Vec::new(),
            },
            view: Some(view),
            names: &listener.names,
            is_default: listener.is_default || listener.names.is_empty(),
            upstream: Some(&listener.upstream),
            places: listener
                .backends
                .iter()
                .map(|backend| view.at(&backend.place))
                .collect(),
            ends,
            if_dialled: false,
        }
    }

    /// Gives the names that the inventory has to what the files tell of there; whether they tell of any.
    pub(super) fn name_configured(&mut self, owned: &LoadBalancer) -> bool {
        let here: Vec<usize> = (0..self.listening.len())
            .filter(|index| {
                self.listening
                    .get(*index)
                    .is_some_and(|at| self.is_there(at, owned))
            })
            .collect();
        for index in &here {
            if let Some(listening) = self.listening.get_mut(*index) {
                let names = owned.names.iter().cloned();
                listening.balancer.dialled_by.extend(names);
            }
        }
        !here.is_empty()
    }

    fn is_there(&self, listening: &Listening<'_>, owned: &LoadBalancer) -> bool {
        let balancer = &listening.balancer;
        let node = balancer.node.as_deref();
        let is_there = match &owned.host {
            BalancerHost::Node(owner) => node == Some(owner),
            BalancerHost::Address(address) => match balancer.address {
                Some(own) => own == *address,
                None => node.is_some_and(|node| self.takes_over(*address, node)),
            },
        };
        is_there && balancer.port == owned.listen
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
                    },
                },
                backends: Vec::new(),
            },
            view,
            names: &[],
            is_default: true,
            upstream: None,
            places: vec![owned.place.clone(); ends.len()],
            ends,
            if_dialled: false,
        }
    }
}

/// A port that the inventory gives to the node's apiserver.
fn bind_port(inventory: &Inventory, name: &str) -> u16 {
    let node = inventory.nodes.iter().find(|node| node.name == name);
    node.map_or(DEFAULT_BIND_PORT, |node| node.bind_port)
}
