//! Where a registry reads its certificate, and where its clients look for the authority above it.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use crate::plan::Surroundings;
use crate::plan::cluster::Cluster;
use crate::plan::error::PlanError;
use crate::plan::names;
use crate::plan::target::Files;
use crate::topology::Pair;
use crate::topology::url;

/// What registries were told to show.
#[derive(Clone, Debug, Default)]
pub struct RegistryPairs {
    /// Those of the tree that the PKI directory belongs to.
    pub around: Vec<Pair>,
    /// Those of the files that were given for the registry that is meant.
    pub given: Vec<Pair>,
}

/// Where one registry reads its certificate.
pub(super) struct Shown<'a> {
    /// What is installed has to be put here.
    pub(super) pair: &'a Pair,
    /// What was copied from it and is shown in its place, as Harbor's `prepare` does.
    pub(super) copies: Vec<&'a Pair>,
}

impl Shown<'_> {
    pub(super) fn here(&self) -> Files {
        Files::Pair {
            certificate: self.pair.certificate.read_from.clone(),
            key: self.pair.key.read_from.clone(),
        }
    }

    pub(super) fn on_node(&self) -> Files {
        Files::Pair {
            certificate: self.pair.certificate.path.clone(),
            key: self.pair.key.path.clone(),
        }
    }

    /// What has to be done for each copy once the original is in its place.
    pub(super) fn sentences(&self) -> impl Iterator<Item = String> {
        self.copies.iter().map(|copy| {
            format!(
                "copy {} and {} over {} and {}, which is what Harbor's nginx reads (./prepare does it too, and up to 1.7 makes a \
                 new token pair unless customize_crt is off), then restart its proxy container",
                self.pair.certificate.path.display(),
                self.pair.key.path.display(),
                copy.certificate.path.display(),
                copy.key.path.display()
            )
        })
    }
}

/// Where the registry called `name` reads its certificate; `None` where no file tells.
///
/// # Errors
/// Its instances read different files: one certificate cannot be written to all of them.
pub(super) fn shown<'a>(
    name: &str,
    around: &Surroundings<'a>,
) -> Result<Option<Shown<'a>>, PlanError> {
    let nodes = around.cluster.registry_nodes(name);
    let is_meant = |pair: &&Pair| {
        let node = pair.user.node.as_str();
        node == name || nodes.contains(&node)
    };
    let Some(known) = around.registry_pairs else {
        return Ok(None);
    };
    let all = known.given.iter().chain(&known.around);
    let mut meant: Vec<&Pair> = all.filter(is_meant).collect();
    if meant.is_empty() {
        meant = known.given.iter().collect();
    }
    let Some(first) = meant.first().copied() else {
        return Ok(None);
    };
    let mut instances: Vec<(&str, &Path)> = Vec::new();
    for pair in &meant {
        let node = pair.user.node.as_str();
        if !instances.iter().any(|(known, _)| *known == node) {
            instances.push((node, &pair.certificate.read_from));
        }
    }
    let originals: BTreeSet<&Path> = instances.iter().map(|(_, path)| *path).collect();
    if originals.len() > 1 {
        let nodes = instances.iter().map(|(node, _)| (*node).to_owned());
        return Err(PlanError::SeveralInstances {
            registry: name.to_owned(),
            nodes: nodes.collect(),
        });
    }
    let of_first = meant.into_iter().filter(|pair| {
        pair.user == first.user && pair.certificate.read_from != first.certificate.read_from
    });
    Ok(Some(Shown {
        pair: first,
        copies: of_first.collect(),
    }))
}

/// By which image references begin that lead to the registry called `name`: `hub.example.com`, `10.47.217.91:8989`.
pub fn hosts(name: &str, cluster: &Cluster) -> Vec<String> {
    let mut hosts = BTreeSet::new();
    let nodes = cluster.registry_nodes(name);
    for known in &cluster.registry_names {
        if let (true, Some(port)) = (nodes.contains(&known.node.as_str()), known.port) {
            hosts.insert(host(&known.name.value.to_string(), port));
        }
    }
    for (owned, port) in names::registries_called(name, cluster) {
        hosts.insert(host(&owned.to_string(), port));
    }
    if hosts.is_empty() {
        hosts.insert(host(name, HTTPS));
    }
    hosts.into_iter().collect()
}

/// Where docker and containerd look for what they trust of `host`: the path on the machine, and whether it is containerd's
/// own description instead of the authority itself (moby, registry/registry.go; containerd, docs/hosts.md).
pub fn trust_files(host: &str) -> [(PathBuf, Option<String>); 3] {
    let docker = Path::new("/etc/docker/certs.d").join(host);
    let containerd = Path::new("/etc/containerd/certs.d").join(host);
    let authority = containerd.join("ca.crt");
    let described = format!(
        "server = \"https://{host}\"\n\n[host.\"https://{host}\"]\n  capabilities = [\"pull\", \"resolve\", \"push\"]\n  ca = \"{}\"\n",
        authority.display()
    );
    [
        (docker.join("ca.crt"), None),
        (authority, None),
        (containerd.join("hosts.toml"), Some(described)),
    ]
}

fn host(name: &str, port: u16) -> String {
    match port {
        HTTPS if name.contains(':') => format!("[{name}]"),
        HTTPS => name.to_owned(),
        port => url::host_and_port(name, port),
    }
}

const HTTPS: u16 = 443;
