//! Which node a tree is of. Several files say it; the strongest counts, and the others are kept, for a difference means
//! that a file was copied from another node.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use crate::facts::Facts;
use crate::facts::NodeFacts;
use crate::facts::certificate_files::PemFile;
use crate::facts::kubeconfig::Kubeconfig;
use crate::facts::kubeconfig::Material;
use crate::facts::process;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::topology::node::Claim;

/// The name of every node of `facts`, no two the same, and what names it.
pub(super) fn names(
    facts: &Facts,
    inventory: Option<&Inventory>,
) -> Vec<(String, Vec<Claim<String>>)> {
    let mut claims: Vec<Vec<Claim<String>>> = facts
        .nodes
        .iter()
        .map(|node| claims(node, inventory))
        .collect();
    add_directories(facts, inventory, &mut claims);
    // A node whose files agree has the better right to its name than one whose files contradict each other.
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by_key(|index| {
        let node = facts.nodes.get(*index);
        let given = node.is_some_and(|node| node.given_name.is_some());
        (
            !given,
            claims.get(*index).is_none_or(|claims| !agree(claims)),
        )
    });
    let mut taken = BTreeSet::new();
    let mut names = vec![String::new(); claims.len()];
    for index in order {
        if let (Some(name), Some(claims)) = (names.get_mut(index), claims.get(index)) {
            *name = free(claims, &taken);
            taken.insert(name.clone());
        }
    }
    names.into_iter().zip(claims).collect()
}

fn claims(node: &NodeFacts, inventory: Option<&Inventory>) -> Vec<Claim<String>> {
    let mut claims = Vec::new();
    let mut claim = |value: &str, place: Place| {
        claims.push(Claim {
            value: value.to_owned(),
            place,
        });
    };
    if let Some(name) = &node.given_name {
        claim(name, node.kubernetes_dir.clone());
    }
    // kubeadm calls members what their nodes are called; others number them.
    if let Some(etcd) = node.process("etcd").filter(|etcd| etcd.is_pod)
        && let Some(flag) = etcd.flag("name")
    {
        claim(&flag.value, etcd.place_of(flag));
    }
    if let Some(kubelet) = node.process(process::KUBELET)
        && let Some(flag) = kubelet.flag("hostname-override")
        && !flag.value.is_empty()
    {
        claim(&flag.value.to_ascii_lowercase(), kubelet.place_of(flag));
    }
    if let Some((name, place)) = kubelet_name(node) {
        claim(&name, place);
    }
    if let Some(inventory) = inventory
        && let Some(apiserver) = node.process("kube-apiserver")
        && let Some(address) = apiserver.value("advertise-address")
        && let Ok(address) = address.parse()
        && let Some(owned) = inventory
            .nodes
            .iter()
            .find(|owned| owned.addresses.contains(&address))
    {
        claim(&owned.name, owned.place.clone());
    }
    if let Some((name, place)) = &node.hostname {
        claim(name, place.clone());
    }
    claims
}

/// A copy may lie in a directory of any name. The name counts where nothing else names the node, where it lies among
/// other nodes, and where it is known as a node's.
fn add_directories(
    facts: &Facts,
    inventory: Option<&Inventory>,
    claims: &mut [Vec<Claim<String>>],
) {
    let known: HashSet<&str> = facts
        .nodes
        .iter()
        .flat_map(mentioned)
        .chain(
            inventory
                .iter()
                .flat_map(|inventory| inventory.nodes.iter().map(|node| node.name.as_str())),
        )
        .collect();
    let claimed: HashSet<String> = claims
        .iter()
        .flatten()
        .map(|claim| claim.value.clone())
        .collect();
    for (node, claims) in facts.nodes.iter().zip(claims) {
        if let Some(name) = &node.directory
            && (claims.is_empty()
                || node.among_nodes
                || known.contains(name.as_str())
                || claimed.contains(name))
        {
            claims.push(Claim {
                value: name.clone(),
                place: node.kubernetes_dir.clone(),
            });
        }
    }
}

/// Names in the hosts file and in etcd's `--initial-cluster`.
fn mentioned(node: &NodeFacts) -> impl Iterator<Item = &str> {
    let members = node
        .process("etcd")
        .and_then(|etcd| etcd.value("initial-cluster"));
    let members = members.unwrap_or_default().split(',');
    let hosts = node.hosts.entries.iter();
    members
        .filter_map(|member| Some(member.split_once('=')?.0.trim()))
        .chain(hosts.flat_map(|entry| entry.names.iter().map(String::as_str)))
}

/// NAME of `system:node:NAME` in the certificate that the kubelet shows.
fn kubelet_name(node: &NodeFacts) -> Option<(String, Place)> {
    let told = node
        .process(process::KUBELET)
        .and_then(|kubelet| Some(kubelet.on_node(kubelet.value("kubeconfig")?)));
    let kubeconfig = node.kubeconfigs.iter().find(|kubeconfig| match &told {
        Some(told) => kubeconfig.place.path == *told,
        None => kubeconfig.place.path.ends_with("kubelet.conf"),
    });
    let shown = kubeconfig
        .and_then(|kubeconfig| client_file(node, kubeconfig))
        .or_else(|| node.file(&current(node)))?;
    let (line, leaf) = shown.certificates.first()?;
    let name = leaf.subject().common_name()?.strip_prefix("system:node:")?;
    let place = Place {
        line: shown.place.line.or(*line),
        ..shown.place.clone()
    };
    Some((name.to_owned(), place))
}

fn client_file<'a>(node: &'a NodeFacts, kubeconfig: &'a Kubeconfig) -> Option<&'a PemFile> {
    let (_, user) = kubeconfig.current().ok()?;
    match user?.certificate.as_ref()? {
        Material::Embedded(file) => Some(&**file),
        Material::File { path, .. } => node.file(path),
    }
}

fn agree(claims: &[Claim<String>]) -> bool {
    claims.windows(2).all(|pair| match pair {
        [a, b] => a.value == b.value,
        _ => true,
    })
}

fn free(claims: &[Claim<String>], taken: &BTreeSet<String>) -> String {
    if let Some(claim) = claims.iter().find(|claim| !taken.contains(&claim.value)) {
        return claim.value.clone();
    }
    let strongest = claims.first().map_or("localhost", |claim| &claim.value);
    (1_u32..)
        .map(|number| match number {
            1 => strongest.to_owned(),
            number => format!("{strongest}-{number}"),
        })
        .find(|name| !taken.contains(name))
        .unwrap_or_default()
}

/// Where the kubelet keeps the certificate that it rotates (pkg/kubelet/certificate/kubelet.go).
fn current(node: &NodeFacts) -> PathBuf {
    let kubelet = node.process(process::KUBELET);
    let directory = kubelet.and_then(|kubelet| kubelet.value("cert-dir"));
    Path::new(directory.unwrap_or(process::KUBELET_DIR)).join("kubelet-client-current.pem")
}
