//! `hapki issue`: one plan for all profiles that were asked for.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use time::Duration;
use time::OffsetDateTime;

use crate::bundle::Existing;
use crate::inventory;
use crate::plan::KubeconfigStep;
use crate::plan::SigningStep;
use crate::plan::StepKey;
use crate::plan::Target;
use crate::plan::cluster::Cluster;
use crate::plan::cluster::Sourced;
use crate::plan::error::PlanError;
use crate::plan::names;
use crate::plan::names::GivenNames;
use crate::plan::next;
use crate::plan::registry;
use crate::plan::registry::RegistryPairs;
use crate::plan::san::SanSource;
use crate::plan::server;
use crate::plan::target;
use crate::plan::target::Destination;
use crate::plan::target::Files;
use crate::plan::validity;
use crate::profile;
use crate::profile::Authority;
use crate::profile::KubernetesVersion;
use crate::profile::Output;
use crate::profile::Profile;
use crate::profile::SanRule;
use crate::request::IssueRequest;
use crate::topology::Topology;
use crate::topology::is_every_machines;
use crate::x509::certificate::Certificate;
use crate::x509::csr::CertificationRequest;
use crate::x509::key::KeyAlgorithm;
use crate::x509::san::SubjectAltName;

/// What else `hapki issue` was told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Every profile that kubeadm has on such a node, beside those of the request.
    pub all: bool,
    /// The kind of key; the inventory's, else kubeadm's default, where nothing is said.
    pub key: Option<KeyAlgorithm>,
    /// How long; the inventory's, else kubeadm's, where nothing is said.
    pub validity: Option<Duration>,
    /// A request that brings its key, and the file it was read from.
    pub request: Option<(PathBuf, CertificationRequest)>,
    /// Where the files go.
    pub destination: Destination,
    /// Whether files that are there are replaced, with a backup.
    pub force: bool,
    /// Now.
    pub now: OffsetDateTime,
}

/// Asks the machine's resolver for the addresses of a name.
pub type Resolve<'a> = &'a dyn Fn(&str) -> Vec<IpAddr>;

/// What the plan is made from.
pub struct Surroundings<'a> {
    /// What inventory and files say together.
    pub cluster: &'a Cluster,
    /// The tree that the PKI directory belongs to.
    pub topology: &'a Topology,
    /// Where registries read what they show; `None` where none is among the files.
    pub registry_pairs: Option<&'a RegistryPairs>,
    /// The PKI directory.
    pub pki_dir: &'a Path,
    /// The node whose directory it is, where its files say so.
    pub owner: Option<&'a str>,
    /// The CAs at hand.
    pub authorities: &'a BTreeMap<Authority, Certificate>,
    /// The resolver, where it may be asked.
    pub resolve: Option<Resolve<'a>>,
}

/// What `hapki issue` will do.
#[derive(Clone, Debug)]
pub struct IssuePlan {
    /// The certificates.
    pub steps: Vec<SigningStep>,
    /// What was assumed, cut short or left out.
    pub notes: Vec<String>,
    /// What remains to be done by hand, in order.
    pub next: Vec<String>,
}

/// Plans `request`.
///
/// # Errors
/// What is missing or refused; nothing has been made then.
pub fn issue(
    request: &IssueRequest,
    options: &Options,
    around: &Surroundings<'_>,
) -> Result<IssuePlan, PlanError> {
    let node = inventory::node_name(&request.node).map_err(PlanError::NodeName)?;
    if let (Destination::Install, Some(owner)) = (&options.destination, around.owner)
        && owner != node
        && !is_given_registry(request)
    {
        return Err(PlanError::OtherNodesDirectory {
            directory: around.pki_dir.to_path_buf(),
            owner: owner.to_owned(),
            node,
        });
    }
    let version = version(around.cluster);
    let profiles = profiles(request, options, around.cluster, &node, version)?;
    let planner = Planner {
        addresses: addresses(request, &profiles, around, &node)?,
        given: given(request, options),
        node,
        version,
        options,
        around,
    };
    let steps = profiles
        .iter()
        .map(|profile| planner.step(*profile))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(IssuePlan {
        notes: notes(around.cluster, &profiles, version),
        next: next::remaining(&steps, version, &options.destination, around),
        steps,
    })
}

/// Whether nothing is installed but into the files that were given for a registry.
fn is_given_registry(request: &IssueRequest) -> bool {
    !request.registries.is_empty() && request.profiles == [Profile::Registry]
}

/// The profiles to issue, each once, in the order in which they were asked for.
pub fn profiles(
    request: &IssueRequest,
    options: &Options,
    cluster: &Cluster,
    node: &str,
    version: KubernetesVersion,
) -> Result<Vec<Profile>, PlanError> {
    let mut profiles = request.profiles.clone();
    if options.all {
        profiles.extend(every_profile(cluster, node, version));
    }
    let mut seen = Vec::new();
    for profile in profiles {
        if !profile.row().exists_in(version) {
            return Err(PlanError::NotInVersion { profile, version });
        }
        if !seen.contains(&profile) {
            seen.push(profile);
        }
    }
    if seen.is_empty() {
        return Err(PlanError::NothingAsked);
    }
    Ok(seen)
}

/// The release, from whatever says it.
pub fn version(cluster: &Cluster) -> KubernetesVersion {
    let told = cluster.version.as_ref().map(|told| told.value);
    told.unwrap_or(KubernetesVersion::DEFAULT)
}

/// Everything that kubeadm makes on a node with these roles. Where nothing tells the roles, it is taken for a master
/// with an etcd member, as kubeadm makes them.
pub(super) fn every_profile(
    cluster: &Cluster,
    node: &str,
    version: KubernetesVersion,
) -> Vec<Profile> {
    let known = cluster.node(node);
    let master = known.and_then(|known| known.control_plane).unwrap_or(true);
    let member = known.and_then(|known| known.etcd).unwrap_or(master) && !cluster.external_etcd;
    profile::table()
        .iter()
        .filter(|row| row.by_kubeadm && row.exists_in(version))
        .map(|row| row.profile)
        .filter(|profile| match profile {
            Profile::KubeletConf => true,
            Profile::EtcdServer | Profile::EtcdPeer | Profile::EtcdHealthcheckClient => member,
            Profile::ApiserverEtcdClient => master && !cluster.external_etcd,
            _ => master,
        })
        .collect()
}

struct Planner<'a> {
    node: String,
    version: KubernetesVersion,
    addresses: Vec<Sourced<IpAddr>>,
    given: GivenNames,
    options: &'a Options,
    around: &'a Surroundings<'a>,
}

impl Planner<'_> {
    fn step(&self, profile: Profile) -> Result<SigningStep, PlanError> {
        let row = profile.row();
        let cluster = self.around.cluster;
        let names = names::derive(profile, &self.node, &self.addresses, cluster, &self.given);
        if row.sans != SanRule::None && names.taken.is_empty() {
            return Err(PlanError::NoNames(profile));
        }
        let wanted = self
            .options
            .validity
            .or(cluster.validity)
            .unwrap_or(validity::LEAF);
        if !wanted.is_positive() {
            return Err(PlanError::NoValidity(wanted.whole_seconds()));
        }
        let authority = self.around.authorities.get(&row.authority);
        Ok(SigningStep {
            profile,
            node: self.node.clone(),
            subject: profile.subject(&self.node, self.version),
            authority: row.authority,
            usages: row.usages.to_vec(),
            sans: names.taken,
            not_taken: names.not_taken,
            key: self.key(),
            validity: validity::of_leaf(self.options.now, wanted, validity::end_of(authority)),
            target: self.target(profile)?,
            existing: match self.options.destination {
                Destination::Install => Existing::Replace,
                _ if self.options.force => Existing::Replace,
                _ => Existing::Refuse,
            },
        })
    }

    fn key(&self) -> StepKey {
        if let Some((_, request)) = &self.options.request {
            return StepKey::Request(Box::new(request.clone()));
        }
        let wanted = self.options.key.or(self.around.cluster.key);
        StepKey::Generate(wanted.unwrap_or(KeyAlgorithm::Rsa2048))
    }

    fn target(&self, profile: Profile) -> Result<Target, PlanError> {
        let around = self.around;
        let destination = &self.options.destination;
        let shown = if profile == Profile::Registry {
            registry::shown(&self.node, around)?
        } else {
            None
        };
        let files = match (shown, destination) {
            (Some(shown), Destination::Install) => shown.here(),
            (Some(shown), Destination::Out(out)) => shown.on_node().in_tree(out, &self.node),
            _ => target::files(
                profile,
                &self.node,
                destination,
                around.pki_dir,
                around.topology,
            ),
        };
        match (files, profile.row().output) {
            (Files::Pair { certificate, key }, _) => Ok(Target::Pair {
                certificate,
                key: self.options.request.is_none().then_some(key),
            }),
            (Files::Kubeconfig(path), Output::Kubeconfig { server, .. }) => {
                Ok(Target::Kubeconfig(KubeconfigStep {
                    server: match self.present_server(profile) {
                        Some(present) => present,
                        None => server::url(
                            profile,
                            server,
                            &self.node,
                            &self.addresses,
                            around.cluster,
                            self.version,
                        )?,
                    },
                    path,
                    cluster: CLUSTER.to_owned(),
                    user: profile.row().common_name(&self.node),
                }))
            }
            (Files::Kubeconfig(_), Output::Pair { .. }) => Err(PlanError::NothingAsked),
        }
    }

    /// What is installed over a kubeconfig goes on dialling what that dialled.
    fn present_server(&self, profile: Profile) -> Option<String> {
        if self.options.destination != Destination::Install {
            return None;
        }
        let kubeconfigs = &self.around.topology.kubeconfigs;
        let present = kubeconfigs
            .iter()
            .find(|known| known.profile == Some(profile) && known.place.node == self.node)?;
        present.server.as_ref().map(|(url, _)| url.clone())
    }
}

/// The node's addresses. Those given with `--ip` stand in when nothing else tells one; the resolver is asked last.
fn addresses(
    request: &IssueRequest,
    profiles: &[Profile],
    around: &Surroundings<'_>,
    node: &str,
) -> Result<Vec<Sourced<IpAddr>>, PlanError> {
    let mut found = around.cluster.addresses_of(node);
    if found.is_empty() {
        found = request
            .ip
            .first()
            .map(|address| Sourced::new(*address, SanSource::Option("--ip")))
            .into_iter()
            .collect();
    }
    if found.is_empty()
        && let Some(resolve) = around.resolve
    {
        let answers = resolve(node).into_iter();
        found = answers
            .filter(|address| !is_every_machines(*address))
            .map(|address| Sourced::new(address, SanSource::Resolver))
            .collect();
    }
    if found.is_empty() && !request.only_given && profiles.iter().any(needs_address) {
        return Err(no_address(around, node));
    }
    Ok(found)
}

/// A registry may be known by its name alone.
fn needs_address(profile: &Profile) -> bool {
    let rule = profile.row().sans;
    matches!(rule, SanRule::Apiserver | SanRule::Etcd | SanRule::Kubelet)
}

fn no_address(around: &Surroundings<'_>, node: &str) -> PlanError {
    let disputed = around.cluster.disputed_addresses_of(node);
    PlanError::NoAddress {
        node: node.to_owned(),
        looked_in: around.pki_dir.to_path_buf(),
        disputed: disputed
            .into_iter()
            .map(|(claim, owner)| format!("{} is {owner}'s", claim.address))
            .collect(),
    }
}

fn given(request: &IssueRequest, options: &Options) -> GivenNames {
    let dns = request.dns.iter().cloned().map(SubjectAltName::Dns);
    let ip = request.ip.iter().copied().map(SubjectAltName::ip);
    let mut names: Vec<Sourced<SubjectAltName>> = dns
        .map(|name| Sourced::new(name, SanSource::Option("--dns")))
        .chain(ip.map(|name| Sourced::new(name, SanSource::Option("--ip"))))
        .collect();
    if let Some((path, request)) = &options.request {
        let asked = request.sans.iter().filter_map(names::issuable);
        names.extend(asked.map(|name| Sourced::new(name, SanSource::Request(path.clone()))));
    }
    GivenNames {
        names,
        only: request.only_given,
    }
}

/// A request stands for one certificate, and a kubeconfig embeds a key that a request does not give away.
///
/// # Errors
/// Which profiles were asked for instead.
pub fn refuse_several(profiles: &[Profile]) -> Result<(), PlanError> {
    match profiles {
        [profile] if matches!(profile.row().output, Output::Pair { .. }) => Ok(()),
        profiles => {
            let names: Vec<&str> = profiles.iter().map(|profile| profile.row().name).collect();
            Err(PlanError::RequestMismatch(names.join(", ")))
        }
    }
}

/// The release is worth a word only where a certificate or a kubeconfig depends on it.
fn notes(cluster: &Cluster, profiles: &[Profile], version: KubernetesVersion) -> Vec<String> {
    if cluster.version.is_some()
        || !profiles
            .iter()
            .any(|profile| profile.row().groups.len() > 1)
    {
        return Vec::new();
    }
    vec![format!(
        "nothing says which Kubernetes release this is; the groups are those of {version} (say it in an inventory: kubernetes.version)"
    )]
}

/// What kubeadm calls the cluster in kubeconfigs (`ClusterConfiguration.clusterName` unless told).
pub(crate) const CLUSTER: &str = "kubernetes";
