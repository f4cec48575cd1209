//! The registry that a certificate is for: what its files say, and what its clients need.

use std::path::Path;

use crate::apply::ApplyError;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::facts;
use crate::inventory::Inventory;
use crate::plan::Cluster;
use crate::plan::registry;
use crate::plan::registry::RegistryPairs;
use crate::plan::target;
use crate::plan::target::Destination;
use crate::profile::Profile;
use crate::request::IssueRequest;
use crate::source;
use crate::source::PathArgument;
use crate::topology;
use crate::topology::Pair;
use crate::topology::Role;
use crate::topology::Topology;
use crate::x509::certificate::Certificate;

/// Reads what was given for the registry, beside the tree `around`, and adds what it says to `cluster`.
///
/// # Errors
/// What was given cannot be read, or tells of no registry.
pub(super) fn read(
    request: &IssueRequest,
    inventory: Option<&Inventory>,
    around: &Topology,
    cluster: &mut Cluster,
) -> Result<RegistryPairs, ApplyError> {
    let mut pairs = RegistryPairs {
        around: of_registries(around),
        given: Vec::new(),
    };
    if request.registries.is_empty() {
        return Ok(pairs);
    }
    let arguments = request.registries.iter().map(|given| PathArgument {
        name: given.name.clone(),
        path: given.path.clone(),
    });
    let arguments: Vec<PathArgument> = arguments.collect();
    let trees = source::open(&arguments, source::Options::default()).unwrap_or_default();
    let given = topology::derive(&facts::gather(&trees), inventory);
    pairs.given = of_registries(&given);
    let told = Cluster::from_files(&given).registry_names;
    if told.is_empty() && pairs.given.is_empty() {
        let paths = arguments.into_iter().map(|argument| argument.path);
        return Err(ApplyError::NoRegistry(paths.collect()));
    }
    let told = told.into_iter().map(|mut name| {
        name.given = true;
        name
    });
    cluster.registry_names.extend(told);
    Ok(pairs)
}

fn of_registries(topology: &Topology) -> Vec<Pair> {
    let role = Some(Role::Profile(Profile::Registry));
    let pairs = topology.pairs.iter().filter(|pair| pair.role == role);
    pairs.cloned().collect()
}

/// With `--out`: what docker and containerd need of every host that the registry is dialled by, as the tree of one of its
/// clients.
pub(super) fn trust(
    request: &IssueRequest,
    cluster: &Cluster,
    destination: &Destination,
    existing: Existing,
    authority: Option<&Certificate>,
) -> Bundle {
    let mut bundle = Bundle::default();
    let Destination::Out(out) = destination else {
        return bundle;
    };
    for host in registry::hosts(&request.node, cluster) {
        for (path, described) in registry::trust_files(&host) {
            let (what, text) = match described {
                Some(text) => ("hosts.toml", text),
                None => (
                    "CA certificate",
                    authority.map(Certificate::to_pem).unwrap_or_default(),
                ),
            };
            let path = target::in_tree(out, CLIENTS, &path);
            let file = BundleFile::new(path, 0o644, what, existing, text.into_bytes());
            bundle.files.push(file);
        }
    }
    bundle
}

/// How those who dial the registry come to trust it.
pub(super) fn next(
    request: &IssueRequest,
    cluster: &Cluster,
    destination: &Destination,
    authority: &Path,
) -> Vec<String> {
    if let Destination::Out(out) = destination {
        let tree = out.join(CLIENTS);
        return vec![format!(
            "copy {}/. onto / of every machine that dials {}: docker and containerd then trust it",
            tree.display(),
            request.node
        )];
    }
    let hosts = registry::hosts(&request.node, cluster);
    let sentences = hosts.iter().map(|host| {
        let [(docker, _), (containerd, _), (described, _)] = registry::trust_files(host);
        format!(
            "on every machine that dials {host}: {} as {} for docker; as {}, named by `ca` in {}, for containerd (--out DIR writes \
             them)",
            authority.display(),
            docker.display(),
            containerd.display(),
            described.display()
        )
    });
    sentences.collect()
}

/// Whatever the machines are called that dial a registry: they all need the same.
const CLIENTS: &str = "registry-clients";
