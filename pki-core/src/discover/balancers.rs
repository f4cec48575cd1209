//! `loadBalancers:` by what nginx, HAProxy, keepalived and kube-vip were told on the nodes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::discover::document::Entry;
use crate::discover::document::Scalar;
use crate::discover::document::Value;
use crate::discover::nodes::Described;
use crate::place::Place;
use crate::topology::Balancer;
use crate::topology::BalancerMode;
use crate::topology::Dialled;
use crate::topology::Topology;
use crate::topology::VirtualAddress;
use crate::topology::url;
use crate::x509::san::SubjectAltName;

/// One balancer to be.
pub(super) struct DescribedBalancer {
    /// `node` or `address`.
    key: &'static str,
    pub(super) host: Scalar,
    listen: Scalar,
    mode: Scalar,
    pub(super) names: Vec<Scalar>,
    pub(super) backends: Vec<Scalar>,
    remarks: Vec<String>,
}

/// Every balancer before apiservers, and what the inventory has no place for.
pub(super) fn describe(
    topology: &Topology,
    nodes: &mut [Described],
) -> (Vec<DescribedBalancer>, Vec<String>) {
    let mut found: Vec<DescribedBalancer> = Vec::new();
    let mut remarks = Vec::new();
    for balancer in &topology.balancers {
        let node = balancer.node.as_ref().unwrap_or(&balancer.component.node);
        let (backends, elsewhere) = backends(balancer, nodes);
        let is_known = nodes.iter().any(|known| known.name == *node);
        if backends.is_empty() || balancer.node.is_some() && !is_known {
            continue;
        }
        if let Some(address) = balancer.address.filter(IpAddr::is_loopback) {
            remarks.push(format!(
                "{} listens on {address}, for clients on {node} alone",
                balancer.label
            ));
            continue;
        }
        let mode = match balancer.mode {
            BalancerMode::PassThrough => "tcp",
            BalancerMode::Terminates { .. } => "http",
            BalancerMode::Plain => {
                remarks.push(format!("{} speaks no TLS", balancer.label));
                continue;
            }
        };
        let described = DescribedBalancer {
            mode: Scalar::new(mode, balancer.component.name.clone(), &balancer.place),
            listen: Scalar::number(balancer.port, "listen", &balancer.place),
            names: names(topology, balancer, nodes),
            backends,
            remarks: elsewhere,
            ..host(topology, balancer, nodes)
        };
        match found.iter().position(|known| known.is_same(&described)) {
            // The same address on several nodes moves between them.
            Some(_) => remarks.push(format!("{} is one of several", balancer.label)),
            None => found.push(described),
        }
        if let Some(own) = nodes.iter_mut().find(|known| known.name == *node)
            && !own.roles.iter().any(|role| role.text == "load-balancer")
        {
            let program = balancer.component.name.clone();
            let role = Scalar::new("load-balancer", program, &balancer.place);
            own.roles.push(role);
        }
    }
    (found, remarks)
}

impl DescribedBalancer {
    fn is_same(&self, other: &Self) -> bool {
        self.key == other.key
            && self.host.text == other.host.text
            && self.listen.text == other.listen.text
    }

    /// The address that is its own and no node's.
    pub(super) fn address(&self) -> Option<&str> {
        (self.key == "address").then_some(self.host.text.as_str())
    }

    /// Whether clients see the certificates of its backends.
    pub(super) fn passes_through(&self) -> bool {
        self.mode.text == "tcp"
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![
            Entry::Key(self.key, Value::One(self.host.clone())),
            Entry::Key("listen", Value::One(self.listen.clone())),
            Entry::Key("mode", Value::One(self.mode.clone())),
        ];
        entries.push(if self.names.is_empty() {
            Entry::Missing {
                key: "names",
                example: "[]".to_owned(),
                why: "no client among the files dials it by a name".to_owned(),
            }
        } else {
            Entry::Key("names", Value::List(self.names.clone()))
        });
        entries.push(Entry::Key("backends", Value::List(self.backends.clone())));
        entries.extend(self.remarks.iter().cloned().map(Entry::Remark));
        entries
    }
}

/// `loadBalancers:`.
pub(super) fn entry(balancers: &[DescribedBalancer]) -> Entry {
    if balancers.is_empty() {
        return Entry::Missing {
            key: "loadBalancers",
            example: "[]".to_owned(),
            why:
                "no nginx, HAProxy, keepalived or kube-vip before the apiservers is among the files"
                    .to_owned(),
        };
    }
    let items = balancers.iter().map(DescribedBalancer::entries);
    Entry::Key("loadBalancers", Value::Items(items.collect()))
}

/// An address to listen on that is no node's is one of its own, and so is one that moves to its node.
fn host(topology: &Topology, balancer: &Balancer, nodes: &[Described]) -> DescribedBalancer {
    let is_a_nodes = |address: IpAddr| nodes.iter().any(|node| node.has(address));
    let own = balancer.address.filter(|address| !is_a_nodes(*address));
    let node = balancer.node.as_ref().unwrap_or(&balancer.component.node);
    let moving = || {
        let mut moving = topology.virtual_addresses.iter();
        let here = |address: &&VirtualAddress| {
            balancer.address.is_none() && address.component.node == *node
        };
        moving
            .find(here)
            .map(|moving| (moving.address, &moving.place))
    };
    let (key, host) = match (own, moving()) {
        (Some(address), _) => ("address", Scalar::new(address, "listen", &balancer.place)),
        (None, Some((address, place))) => {
            ("address", Scalar::new(address, "virtual address", place))
        }
        (None, None) => ("node", Scalar::new(node, "listen", &balancer.place)),
    };
    DescribedBalancer {
        key,
        host,
        listen: Scalar::number(balancer.port, "listen", &balancer.place),
        mode: Scalar::new("tcp", "", &balancer.place),
        names: Vec::new(),
        backends: Vec::new(),
        remarks: Vec::new(),
    }
}

/// The masters that it sends to, and addresses of no master here.
fn backends(balancer: &Balancer, nodes: &[Described]) -> (Vec<Scalar>, Vec<String>) {
    let mut found: Vec<Scalar> = Vec::new();
    let mut elsewhere = Vec::new();
    for backend in &balancer.backends {
        let named = backend.server.as_ref().map(|server| server.node.clone());
        let nearby = backend.nothing_there.as_ref().map(|(node, _)| node.clone());
        let by_address = || {
            let address = url::parse(&backend.address)?.address()?;
            let owner = nodes.iter().find(|node| node.has(address))?;
            Some(owner.name.clone())
        };
        let known = |name: &String| {
            let mut masters = nodes.iter().filter(|node| node.is_master());
            masters.any(|node| node.name == *name)
        };
        match named.or(nearby).or_else(by_address).filter(known) {
            Some(name) if found.iter().any(|known| known.text == name) => {}
            Some(name) => found.push(Scalar::new(name, "backend", &backend.place)),
            None => elsewhere.push(format!(
                "it sends to {} too, where no apiserver of these files is",
                backend.address
            )),
        }
    }
    (found, elsewhere)
}

/// What clients dial it by, other than an address of its node or its own.
fn names(topology: &Topology, balancer: &Balancer, nodes: &[Described]) -> Vec<Scalar> {
    let through = topology
        .edges
        .iter()
        .filter(|edge| edge.passes(&balancer.label));
    let mut seen: BTreeSet<SubjectAltName> = BTreeSet::new();
    let mut names: Vec<Scalar> = Vec::new();
    let mut add = |name: &SubjectAltName, what: &str, place: &Place| {
        let is_address = match name {
            SubjectAltName::Ip(address) => {
                let mut moving = topology.virtual_addresses.iter();
                balancer.address == Some(*address)
                    || moving.any(|moving| moving.address == *address)
                    || nodes.iter().any(|node| node.has(*address))
            }
            SubjectAltName::Dns(_) => false,
        };
        if !is_address && seen.insert(name.clone()) {
            names.push(Scalar::new(name, what, place));
        }
    };
    for edge in through {
        if let Some(name) = &edge.name {
            add(name, "dialled", &edge.told_at);
        }
    }
    if is_alone(topology, balancer) {
        for dialled in unresolved(topology, balancer.port) {
            let what = "dialled; nothing else listens on this port";
            add(&dialled.name, what, &dialled.told_at);
        }
    }
    names
}

/// Whether no other balancer and no apiserver listens on its port.
fn is_alone(topology: &Topology, balancer: &Balancer) -> bool {
    let others = topology
        .balancers
        .iter()
        .filter(|other| other.port == balancer.port && other.place.is_same_file(&balancer.place));
    let on_port = topology
        .balancers
        .iter()
        .filter(|other| other.port == balancer.port);
    let mut apiservers = topology
        .nodes
        .iter()
        .filter_map(|node| node.apiserver.as_ref());
    on_port.count() == others.count()
        && !apiservers.any(|apiserver| apiserver.secure_port == balancer.port)
}

/// Names that no hosts file of their diallers knows, so that DNS decides where they lead.
fn unresolved(topology: &Topology, port: u16) -> impl Iterator<Item = &Dialled> {
    let is_unjudged = |dialled: &Dialled| {
        topology
            .unjudged
            .iter()
            .any(|unjudged| unjudged.client == dialled.client && unjudged.dials == dialled.url)
    };
    let is_known = |name: &str| {
        let mut hosts = topology
            .nodes
            .iter()
            .flat_map(|node| node.hosts.entries.iter());
        hosts.any(|entry| entry.names.iter().any(|known| known == name))
    };
    topology.dialled.iter().filter(move |dialled| {
        let SubjectAltName::Dns(name) = &dialled.name else {
            return false;
        };
        dialled.port == port && is_unjudged(dialled) && !is_known(name.as_str())
    })
}
