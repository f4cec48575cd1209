//! Why a plan cannot be made.

use std::path::PathBuf;

use crate::inventory::ValueError;
use crate::place::Place;
use crate::profile::KubernetesVersion;
use crate::profile::Profile;

/// Why a plan cannot be made. [`PlanError::hint`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The name cannot be a node's.
    #[error("{0}")]
    NodeName(ValueError),
    /// Nothing says where the node is.
    #[error("no address of node `{node}` was found in {}, its manifests and hosts file, or an inventory", looked_in.display())]
    NoAddress {
        /// The node.
        node: String,
        /// The PKI directory that was read.
        looked_in: PathBuf,
        /// Addresses that were seen and belong to other nodes: `10.27.53.32 is shaolin's`.
        disputed: Vec<String>,
    },
    /// Nothing to issue.
    #[error("no profile was given")]
    NothingAsked,
    /// The release has no such thing.
    #[error("Kubernetes {version} has no {profile}")]
    NotInVersion {
        /// What was asked for.
        profile: Profile,
        /// The release.
        version: KubernetesVersion,
    },
    /// A server certificate without a name serves nobody.
    #[error("--only-given without --dns or --ip leaves {0} without any name")]
    NoNames(Profile),
    /// A kubeconfig has to say where the apiserver is.
    #[error("no apiserver is known that {profile} of node `{node}` could dial")]
    NoServer {
        /// What was asked for.
        profile: Profile,
        /// The node.
        node: String,
    },
    /// `--install` into another node's directory.
    #[error("{} belongs to node `{owner}`, not to `{node}`", directory.display())]
    OtherNodesDirectory {
        /// The PKI directory.
        directory: PathBuf,
        /// Whose it is.
        owner: String,
        /// Whom the certificate is for.
        node: String,
    },
    /// A request can only stand for one certificate.
    #[error("--csr goes with exactly one certificate, and {0} is asked for")]
    RequestMismatch(String),
    /// There is no master.
    #[error("{0}: no node has the role control-plane, so there is no cluster to found")]
    NoControlPlane(Place),
    /// `--install` of one certificate for several installations.
    #[error("{registry} is several installations, each with files of its own: {}", nodes.join(", "))]
    SeveralInstances {
        /// What was asked for.
        registry: String,
        /// Its nodes.
        nodes: Vec<String>,
    },
    /// A certificate that is never valid.
    #[error("a validity of {0} seconds leaves nothing")]
    NoValidity(i64),
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NodeName(error) => error.hint.clone(),
            Self::NoAddress { node, disputed, .. } => no_address_hint(node, disputed),
            Self::NothingAsked => {
                "name what to issue: apiserver, etcd-server, admin.conf, … or all".to_owned()
            }
            Self::NotInVersion { .. } => {
                "leave it out, or correct the version in the inventory".to_owned()
            }
            Self::NoNames(_) => "add --dns or --ip, or leave --only-given out".to_owned(),
            Self::NoServer { .. } => {
                "give the node's address with --ip, or controlPlaneEndpoint in the inventory"
                    .to_owned()
            }
            Self::OtherNodesDirectory { owner, node, .. } => format!(
                "run it on `{node}`, give that node's directory with --pki-dir, or write elsewhere with --out; \
                 for this directory's own node: --node {owner}"
            ),
            Self::RequestMismatch(_) => {
                "name one profile that is a certificate and a key".to_owned()
            }
            Self::NoControlPlane(_) => {
                "give at least one node `roles: [control-plane, etcd]`".to_owned()
            }
            Self::SeveralInstances { nodes, .. } => {
                let first = nodes.first().map_or("NODE", String::as_str);
                format!("issue one for each: --node {first}, and so on")
            }
            Self::NoValidity(_) => "give a --validity such as 365d".to_owned(),
        })
    }
}

fn no_address_hint(node: &str, disputed: &[String]) -> String {
    let seen = match disputed {
        [] => String::new(),
        seen => format!(" (seen, but another node's: {})", seen.join(", ")),
    };
    format!(
        "give it with --ip, list {node} in the inventory or in the tree's etc/hosts, or ask the resolver with \
         --resolve{seen}"
    )
}
