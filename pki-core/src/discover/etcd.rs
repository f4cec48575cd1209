//! `etcd:` where the members are no nodes of the cluster.

use crate::discover::document::Entry;
use crate::discover::document::Scalar;
use crate::discover::document::Value;
use crate::discover::nodes::Described;
use crate::inventory::Endpoint;
use crate::topology::Apiserver;
use crate::topology::Flag;
use crate::topology::Topology;
use crate::topology::url;

/// An etcd of somebody else's, by the flags of the apiservers; `None` where the members are nodes.
pub(super) fn entry(topology: &Topology, nodes: &[Described]) -> Option<Entry> {
    if topology.nodes.iter().any(|node| node.etcd.is_some()) {
        return None;
    }
    let found = topology
        .nodes
        .iter()
        .filter_map(|node| node.apiserver.as_ref())
        .find_map(|told| external(told, nodes));
    let is_master = |told: &Apiserver| told.from_manifest;
    let mut masters = topology
        .nodes
        .iter()
        .filter_map(|node| node.apiserver.as_ref());
    Some(found.unwrap_or_else(|| Entry::Missing {
        key: "etcd",
        example: "{ external: { endpoints: [] } }".to_owned(),
        why: if masters.any(is_master) {
            "no apiserver was told of an etcd elsewhere".to_owned()
        } else {
            "no member is among the files, and no manifest tells where etcd runs".to_owned()
        },
    }))
}

fn external(told: &Apiserver, nodes: &[Described]) -> Option<Entry> {
    let servers = Flag::named(&told.flags, "etcd-servers")?;
    let is_ours = |server: &str| {
        let address = url::parse(server).and_then(|endpoint| endpoint.address());
        address.is_none_or(|address| {
            address.is_loopback() || nodes.iter().any(|node| node.has(address))
        })
    };
    let endpoints: Vec<Scalar> = servers
        .value
        .split(',')
        .map(str::trim)
        .filter(|server| is_url(server) && !is_ours(server))
        .map(|server| Scalar::new(server, "--etcd-servers", &servers.place))
        .collect();
    if endpoints.is_empty() {
        return None;
    }
    let mut entries = vec![Entry::Key("endpoints", Value::List(endpoints))];
    for (key, name) in FILES {
        let flag = Flag::named(&told.flags, name).filter(|flag| flag.value.starts_with('/'));
        entries.extend(flag.map(|flag| {
            let path = Scalar::new(&flag.value, format!("--{name}"), &flag.place);
            Entry::Key(key, Value::One(path))
        }));
    }
    let external = Entry::Key("external", Value::Keys(entries));
    Some(Entry::Key("etcd", Value::Keys(vec![external])))
}

/// As the inventory takes it: a scheme, a host and perhaps a port.
fn is_url(server: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| server.strip_prefix(scheme));
    rest.is_some_and(|rest| rest.parse::<Endpoint>().is_ok())
}

const FILES: [(&str, &str); 3] = [
    ("caFile", "etcd-cafile"),
    ("certFile", "etcd-certfile"),
    ("keyFile", "etcd-keyfile"),
];
