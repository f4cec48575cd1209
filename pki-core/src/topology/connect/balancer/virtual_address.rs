//! Addresses that move between nodes: whoever dials one reaches what listens there, on each node that takes it over.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::net::IpAddr;

use crate::facts::virtual_address;
use crate::place::Place;
use crate::topology::balancer::Balancer;
use crate::topology::balancer::BalancerMode;
use crate::topology::balancer::VirtualAddress;
use crate::topology::connect::Connector;
use crate::topology::connect::balancer::Listening;
use crate::topology::edge::Component;
use crate::topology::node::Apiserver;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

/// Positions of the nodes that take over each virtual address.
pub(in crate::topology::connect) fn owners(views: &[View<'_>]) -> HashMap<IpAddr, Vec<usize>> {
    let mut owners: HashMap<IpAddr, Vec<usize>> = HashMap::new();
    for (position, view) in views.iter().enumerate() {
        for told in &view.facts.virtual_addresses {
            let owners = owners.entry(told.address).or_default();
            if !owners.contains(&position) {
                owners.push(position);
            }
        }
    }
    owners
}

/// One port of a virtual address.
#[derive(Default)]
struct Port<'a> {
    ends: Vec<(Endpoint, Place)>,
    view: Option<&'a View<'a>>,
    if_dialled: bool,
}

impl<'a> Connector<'a> {
    pub(super) fn is_virtual(&self, address: IpAddr) -> bool {
        self.owners.contains_key(&address)
    }

    /// Whether `node` takes the address when it is its turn.
    pub(super) fn takes_over(&self, address: IpAddr, node: &str) -> bool {
        let owners = self.owners.get(&address).into_iter().flatten();
        owners
            .filter_map(|position| self.views.get(*position))
            .any(|view| view.name == node)
    }

    /// What a virtual address leads to by itself: to the apiserver of each node that has it, where no balancer of that node
    /// takes the port, or to every apiserver where its own program balances.
    pub(super) fn find_virtual_addresses(&mut self) {
        let mut found: BTreeMap<(IpAddr, &'static str, u16), Port<'a>> = BTreeMap::new();
        for (view, node) in self.machines() {
            for told in &view.facts.virtual_addresses {
                let mut ends = self.of_one(view, node, told);
                if let Some(ports) = told.balances {
                    ends.retain(|(port, ..)| *port != ports.listen);
                    ends.extend(self.of_all(told, ports));
                }
                for (listen, end, place) in ends {
                    let port = found
                        .entry((told.address, told.program, listen))
                        .or_default();
                    port.view = port.view.or(Some(view));
                    port.if_dialled = told.program == "keepalived";
                    if !port.ends.iter().any(|(known, _)| *known == end) {
                        port.ends.push((end, view.at(&place)));
                    }
                }
            }
        }
        for ((address, program, listen), port) in found {
            let listening = virtual_listening(address, program, listen, port);
            self.listening.extend(listening);
        }
    }

    fn of_one(
        &self,
        view: &View<'_>,
        node: &Node,
        told: &virtual_address::VirtualAddress,
    ) -> Vec<(u16, Endpoint, Place)> {
        let listens = |apiserver: &&Apiserver| {
            let bound = apiserver.flags.iter().rev();
            let mut bound = bound.filter(|flag| flag.name == "bind-address");
            let bound = bound.find_map(|flag| flag.value.parse::<IpAddr>().ok());
            bound.is_none_or(|bound| bound.is_unspecified() || bound.to_canonical() == told.address)
        };
        let Some(apiserver) = node.apiserver.as_ref().filter(listens) else {
            return Vec::new();
        };
        let port = apiserver.secure_port;
        let is_taken = self.listening.iter().any(|listening| {
            let balancer = &listening.balancer;
            balancer.node.as_deref() == Some(&view.name)
                && balancer.port == port
                && balancer.address.is_none_or(|own| own == told.address)
        });
        if is_taken {
            return Vec::new();
        }
        vec![(port, end(node, port), told.place.clone())]
    }

    fn of_all(
        &self,
        told: &virtual_address::VirtualAddress,
        ports: virtual_address::Balances,
    ) -> Vec<(u16, Endpoint, Place)> {
        let masters = self.nodes.iter().filter(|node| node.apiserver.is_some());
        masters
            .map(|node| (ports.listen, end(node, ports.port), told.place.clone()))
            .collect()
    }

    /// Every node's virtual addresses, once all balancers are known.
    pub(in crate::topology::connect) fn virtual_addresses(&self) -> Vec<VirtualAddress> {
        let mut found = Vec::new();
        for (view, node) in self.machines() {
            for told in &view.facts.virtual_addresses {
                let leads_to_apiservers = self.listening.iter().any(|listening| {
                    let balancer = &listening.balancer;
                    let is_there = match balancer.address {
                        Some(own) => own == told.address,
                        None => balancer.node.as_deref() == Some(&node.name),
                    };
                    is_there && !balancer.terminates() && balancer.leads_to_apiservers()
                });
                found.push(VirtualAddress {
                    address: told.address,
                    component: view.component(told.program),
                    place: view.at(&told.place),
                    leads_to_apiservers,
                });
            }
        }
        found
    }

    /// Why nothing answers at a virtual address.
    pub(in crate::topology::connect) fn nothing_at(
        &self,
        dialler: &View<'_>,
        endpoint: &Endpoint,
    ) -> Option<String> {
        let address = self.address_of(dialler, &endpoint.host)?;
        let owners = self.owners.get(&address)?.iter();
        let owners: Vec<&str> = owners
            .filter_map(|position| self.views.get(*position))
            .map(|view| view.name.as_str())
            .collect();
        Some(format!(
            "{address} is a virtual address of {}, and nothing is known to listen on port {} there",
            owners.join(", "),
            endpoint.port
        ))
    }

    /// Whether an endpoint is a virtual address, seen from `dialler`.
    pub(in crate::topology::connect) fn is_at_virtual_address(
        &self,
        dialler: &View<'_>,
        endpoint: &Endpoint,
    ) -> bool {
        let address = self.address_of(dialler, &endpoint.host);
        address.is_some_and(|address| self.is_virtual(address))
    }
}

fn end(node: &Node, port: u16) -> Endpoint {
    let host = node.address.map(|address| address.to_string());
    Endpoint {
        tls: true,
        host: host.unwrap_or_else(|| node.name.clone()),
        port,
    }
}

fn virtual_listening<'a>(
    address: IpAddr,
    program: &'static str,
    listen: u16,
    port: Port<'a>,
) -> Option<Listening<'a>> {
    let (_, place) = port.ends.first()?;
    let component = Component {
        name: program.to_owned(),
        node: address.to_string(),
    };
    Some(Listening {
        balancer: Balancer {
            label: format!("{program}@{}", url::host_and_port(&component.node, listen)),
            component,
            place: place.clone(),
            node: None,
            address: Some(address),
            port: listen,
            dialled_by: Vec::new(),
            mode: BalancerMode::PassThrough,
            backends: Vec::new(),
        },
        view: port.view,
        names: &[],
        is_default: true,
        upstream: None,
        places: port.ends.iter().map(|(_, place)| place.clone()).collect(),
        ends: port.ends.into_iter().map(|(end, _)| end).collect(),
        if_dialled: port.if_dialled,
    })
}
