//! `nodes:` of every tree that was read, and the etcd members that these name.

use std::net::IpAddr;

use crate::discover::document::Entry;
use crate::discover::document::Scalar;
use crate::discover::document::Source;
use crate::discover::document::Value;
use crate::inventory;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::place::Place;
use crate::profile::Profile;
use crate::topology::Apiserver;
use crate::topology::Flag;
use crate::topology::Node;
use crate::topology::Said;
use crate::topology::Topology;
use crate::topology::is_every_machines;
use crate::topology::url;
use crate::x509::san::SubjectAltName;

/// One node to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) named: Option<Source>,
    pub(super) addresses: Vec<(IpAddr, Scalar)>,
    pub(super) roles: Vec<Scalar>,
    pub(super) bind_port: Option<(u16, Source)>,
    pub(super) names: Vec<Scalar>,
    pub(super) remarks: Vec<String>,
}

/// Every node, and what is no node of an inventory: no name and no address can occur twice there.
pub(super) fn describe(topology: &Topology) -> (Vec<Described>, Vec<String>) {
    let mut all: Vec<Described> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    let addresses = || topology.nodes.iter().zip(&topology.told.addresses);
    // The address that a node comes first with is its own rather than one that another has besides.
    let first: Vec<(IpAddr, &str)> = addresses()
        .filter_map(|(node, said)| Some((said.first()?.value, node.name.as_str())))
        .collect();
    for (node, said) in addresses() {
        if inventory::node_name(&node.name).is_err() {
            others.push(format!("{}: no node can have that name", node.name));
            continue;
        }
        let mut described = Described {
            name: node.name.clone(),
            named: node
                .names
                .first()
                .map(|claim| Source::new("its name", &claim.place)),
            roles: roles(node),
            bind_port: bind_port(topology, node),
            ..Described::default()
        };
        for said in said {
            let mut firsts = first.iter().filter(|(address, _)| *address == said.value);
            let taken = all.iter().find(|other| other.has(said.value));
            let owner = taken.map(|other| other.name.as_str()).or_else(|| {
                let owner = firsts.next().map(|(_, owner)| *owner);
                owner.filter(|owner| *owner != node.name)
            });
            described.claim(said, owner);
        }
        if let Some(told) = &node.apiserver {
            described.copied_address(told);
        }
        all.push(described);
    }
    members(topology, &mut all);
    (all, others)
}

/// What does nothing else is a worker, where it has a kubelet. What has no role at all is no node.
pub(super) fn settle(topology: &Topology, nodes: &mut Vec<Described>, others: &mut Vec<String>) {
    for node in nodes.iter_mut().filter(|node| node.roles.is_empty()) {
        let kubelet = topology.kubeconfigs.iter().find(|kubeconfig| {
            kubeconfig.place.node == node.name && kubeconfig.profile == Some(Profile::KubeletConf)
        });
        let kubelet = kubelet.map(|told| Scalar::new("worker", "the kubelet's", &told.place));
        node.roles.extend(kubelet);
    }
    nodes.retain(|node| {
        let has_role = !node.roles.is_empty();
        if !has_role {
            others.push(format!(
                "{}: nothing among its files tells what it does",
                node.name
            ));
        }
        has_role
    });
}

impl Described {
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|(own, _)| *own == address)
    }

    fn claim(&mut self, said: &Said<IpAddr>, owner: Option<&str>) {
        match owner {
            Some(owner) => self.remarks.push(format!(
                "{}{} gives it {} too, which is {owner}'s",
                said.place.path.display(),
                line(&said.place),
                said.value
            )),
            None => {
                let scalar = Scalar::new(said.value, said.what, &said.place);
                self.addresses.push((said.value, scalar));
            }
        }
    }

    /// What it advertises and is not its own.
    fn copied_address(&mut self, told: &Apiserver) {
        let Some(address) = told.advertise_address.filter(|address| !self.has(*address)) else {
            return;
        };
        let place =
            Flag::named(&told.flags, "advertise-address").map_or(&told.place, |flag| &flag.place);
        let what = Source::new("--advertise-address", place);
        if let Some((_, own)) = self.addresses.first_mut() {
            own.against.push((address.to_string(), what));
        }
    }

    /// Whether it runs an apiserver.
    pub(super) fn is_master(&self) -> bool {
        self.roles.iter().any(|role| role.text == "control-plane")
    }

    fn entries(&self) -> Vec<Entry> {
        let name = Scalar {
            text: self.name.clone(),
            is_number: false,
            sources: self.named.iter().cloned().collect(),
            against: Vec::new(),
        };
        let mut entries = vec![Entry::Key("name", Value::One(name))];
        entries.push(if self.addresses.is_empty() {
            Entry::Missing {
                key: "addresses",
                example: "[]".to_owned(),
                why: "no file tells one".to_owned(),
            }
        } else {
            let addresses = self.addresses.iter().map(|(_, scalar)| scalar.clone());
            Entry::Key("addresses", Value::List(addresses.collect()))
        });
        entries.push(Entry::Key("roles", Value::List(self.roles.clone())));
        if let Some((port, source)) = &self.bind_port {
            let port = Scalar::number(*port, source.what.clone(), &source.place);
            entries.push(Entry::Key("bindPort", Value::One(port)));
        }
        if !self.names.is_empty() {
            entries.push(Entry::Key("certSANs", Value::List(self.names.clone())));
        }
        entries.extend(self.remarks.iter().cloned().map(Entry::Remark));
        entries
    }
}

/// `nodes:`.
pub(super) fn entry(all: &[Described]) -> Entry {
    if all.is_empty() {
        return Entry::Missing {
            key: "nodes",
            example: "[]".to_owned(),
            why: "no file tells of a node".to_owned(),
        };
    }
    Entry::Key(
        "nodes",
        Value::Items(all.iter().map(Described::entries).collect()),
    )
}

fn roles(node: &Node) -> Vec<Scalar> {
    let master = node.apiserver.as_ref().map(|told| &told.place);
    let member = node.etcd.as_ref().map(|told| &told.place);
    let master = master.map(|place| Scalar::new("control-plane", "kube-apiserver", place));
    let member = member.map(|place| Scalar::new("etcd", "etcd", place));
    master.into_iter().chain(member).collect()
}

/// Where it is not the usual one.
fn bind_port(topology: &Topology, node: &Node) -> Option<(u16, Source)> {
    let told = node.apiserver.as_ref()?;
    let flagged = Flag::named(&told.flags, "secure-port")
        .map(|flag| (told.secure_port, Source::new("--secure-port", &flag.place)));
    let dialled = || {
        let of_its_own = topology.dialled.iter().find(|dialled| {
            dialled.client.node == node.name
                && dialled.client.dials_its_own_apiserver()
                && matches!(dialled.name, SubjectAltName::Ip(_))
        })?;
        let source = Source::new("server", &of_its_own.told_at);
        Some((of_its_own.port, source))
    };
    let found = if told.from_manifest {
        flagged
    } else {
        dialled()
    };
    found.filter(|(port, _)| *port != DEFAULT_BIND_PORT)
}

/// etcd's --initial-cluster names every member with its address.
fn members(topology: &Topology, all: &mut Vec<Described>) {
    let flags = topology
        .nodes
        .iter()
        .filter_map(|node| Flag::named(&node.etcd.as_ref()?.flags, "initial-cluster"));
    for flag in flags {
        for member in flag.value.split(',') {
            let Some((name, url)) = member.split_once('=') else {
                continue;
            };
            let name = name.trim();
            let address = url::parse(url).and_then(|endpoint| endpoint.address());
            let address = address.filter(|address| !is_every_machines(*address));
            let known = |other: &Described| {
                other.name == name || address.is_some_and(|address| other.has(address))
            };
            if all.iter().any(known) || inventory::node_name(name).is_err() {
                continue;
            }
            let source = Source::new("--initial-cluster", &flag.place);
            let address = address.map(|address| {
                (
                    address,
                    Scalar::new(address, source.what.clone(), &source.place),
                )
            });
            all.push(Described {
                name: name.to_owned(),
                addresses: address.into_iter().collect(),
                roles: vec![Scalar::new("etcd", source.what.clone(), &source.place)],
                named: Some(source),
                remarks: vec![format!(
                    "the files of {name} were not read: it may have other roles"
                )],
                ..Described::default()
            });
        }
    }
}

fn line(place: &Place) -> String {
    place
        .line
        .map_or_else(String::new, |line| format!(":{line}"))
}
