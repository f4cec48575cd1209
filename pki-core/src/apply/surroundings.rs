//! What the files around the PKI directory say.

use std::path::Path;

use crate::facts;
use crate::inventory::Inventory;
use crate::plan::Cluster;
use crate::source;
use crate::source::PathArgument;
use crate::topology;
use crate::topology::Node;
use crate::topology::Topology;

/// The tree that the PKI directory belongs to, and what inventory and files say together.
pub(super) struct Read {
    pub(super) topology: Topology,
    pub(super) cluster: Cluster,
    /// The node whose directory it is, where its files say so.
    pub(super) owner: Option<String>,
}

/// Reads the node that `pki_dir` belongs to. A directory in which nothing can be read leaves the inventory; whatever
/// is missing then is said by name. `install` says that the directory is asked to be that of `asked`.
pub(super) fn read(
    pki_dir: &Path,
    inventory: Option<&Inventory>,
    asked: &str,
    install: bool,
) -> Read {
    let mut topology = topology(pki_dir, None, inventory);
    let mut owner = topology.nodes.first().and_then(|node| owner(node, asked));
    let nameless = !topology.nodes.is_empty() && owner.is_none();
    if nameless && (install || holds_certificate_of(&topology, asked)) {
        owner = Some(asked.to_owned());
    }
    if owner.as_deref() == Some(asked) && topology.node(asked).is_none() {
        topology = self::topology(pki_dir, Some(asked), inventory);
    }
    let mut cluster = inventory.map(Cluster::from_inventory).unwrap_or_default();
    cluster = cluster.or(Cluster::from_files(&topology));
    cluster.settle(asked);
    Read {
        owner,
        cluster,
        topology,
    }
}

fn topology(pki_dir: &Path, name: Option<&str>, inventory: Option<&Inventory>) -> Topology {
    let argument = PathArgument {
        name: name.map(str::to_owned),
        path: pki_dir.to_path_buf(),
    };
    let trees = source::open(&[argument], source::Options::default()).unwrap_or_default();
    topology::derive(&facts::gather(&trees), inventory)
}

/// The node that the files name. The name of a directory is whatever somebody called a copy, and files that were copied
/// from another node contradict the others: one that names the node asked for is enough.
fn owner(node: &Node, asked: &str) -> Option<String> {
    let said: Vec<&String> = node
        .names
        .iter()
        .filter(|claim| claim.place.read_from != node.kubernetes_dir)
        .map(|claim| &claim.value)
        .collect();
    let strongest = said.first().copied();
    said.iter()
        .copied()
        .find(|name| *name == asked)
        .or(strongest)
        .cloned()
}

/// Whether an apiserver's certificate in use here is the asked node's.
fn holds_certificate_of(topology: &Topology, asked: &str) -> bool {
    let cluster = Cluster::from_files(topology);
    cluster
        .apiserver_certificates
        .iter()
        .any(|held| held.holds_dns(asked))
}
