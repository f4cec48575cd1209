//! `hapki init`: a whole cluster from its inventory, as one tree per node in kubeadm's layout.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::inventory::Inventory;
use crate::inventory::Role;
use crate::place::PKI_DIR;
use crate::plan::AuthorityStep;
use crate::plan::ServiceAccountStep;
use crate::plan::SigningStep;
use crate::plan::cluster::Cluster;
use crate::plan::error::PlanError;
use crate::plan::issue::Options;
use crate::plan::issue::Surroundings;
use crate::plan::issue::every_profile;
use crate::plan::issue::issue;
use crate::plan::issue::version;
use crate::plan::target::Destination;
use crate::plan::target::authority_in_tree;
use crate::plan::target::in_tree;
use crate::plan::validity;
use crate::profile::Authority;
use crate::profile::Profile;
use crate::request::IssueRequest;
use crate::topology::Topology;
use crate::x509::certificate::Certificate;
use crate::x509::key::KeyAlgorithm;
use crate::x509::san::DnsName;
use crate::x509::san::SubjectAltName;

/// What lies below the output directory already. It is used and never touched.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// CAs: the certificate that signs, its file and its key's.
    pub authorities: BTreeMap<Authority, PresentAuthority>,
    /// `sa.key` and `sa.pub`.
    pub service_account: Option<(PathBuf, PathBuf)>,
    /// Every file of those that exists: nothing is copied there.
    pub files: Vec<PathBuf>,
}

/// A CA that exists.
#[derive(Clone, Debug)]
pub struct PresentAuthority {
    /// The certificate that signs.
    pub certificate: Certificate,
    /// Its file.
    pub certificate_path: PathBuf,
    /// The key's file.
    pub key_path: PathBuf,
}

/// What `hapki init` will do.
#[derive(Clone, Debug)]
pub struct InitPlan {
    /// CAs to be made.
    pub authorities: Vec<AuthorityStep>,
    /// The service-account pair, where there is none yet.
    pub service_account: Option<ServiceAccountStep>,
    /// Files of CAs and pairs that exist, to be brought to the nodes that lack them.
    pub copies: Vec<CopyStep>,
    /// Every leaf and kubeconfig of every node.
    pub leaves: Vec<SigningStep>,
    /// What was assumed or cut short.
    pub notes: Vec<String>,
    /// What remains to be done by hand, in order.
    pub next: Vec<String>,
}

/// A file that is copied from one node's tree to another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyStep {
    /// What is there.
    pub from: PathBuf,
    /// Where it is missing.
    pub to: PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// `certificate`, `key`, `public key`.
    pub what: &'static str,
}

/// Plans a whole cluster below `out`.
///
/// # Errors
/// What the inventory lacks.
pub fn init(
    inventory: &Inventory,
    out: &Path,
    present: &Present,
    force: bool,
    now: OffsetDateTime,
) -> Result<InitPlan, PlanError> {
    let cluster = Cluster::from_inventory(inventory);
    if inventory.nodes_with(Role::ControlPlane).next().is_none() {
        return Err(PlanError::NoControlPlane(inventory.place.clone()));
    }
    let founding = Founding {
        inventory,
        cluster: &cluster,
        out,
        present,
        now,
    };
    let (authorities, mut copies) = founding.authorities();
    let (service_account, more) = founding.service_account();
    copies.extend(more);
    let mut notes = Vec::new();
    let leaves = founding.leaves(&authorities, force, &mut notes)?;
    Ok(InitPlan {
        next: founding.next(),
        authorities,
        service_account,
        copies,
        leaves,
        notes,
    })
}

/// Who holds the files of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Certificate,
    CertificateAndKey,
}

struct Founding<'a> {
    inventory: &'a Inventory,
    cluster: &'a Cluster,
    out: &'a Path,
    present: &'a Present,
    now: OffsetDateTime,
}

impl Founding<'_> {
    fn authorities(&self) -> (Vec<AuthorityStep>, Vec<CopyStep>) {
        let mut steps = Vec::new();
        let mut copies = Vec::new();
        for authority in Authority::ALL {
            if authority == Authority::Etcd && self.cluster.external_etcd {
                continue;
            }
            let (certificates, keys) = self.places(authority);
            match self.present.authorities.get(&authority) {
                Some(known) => {
                    let certificate = (&known.certificate_path, certificates, 0o644, "certificate");
                    let key = (&known.key_path, keys, 0o600, "key");
                    copies.extend(self.copies([key, certificate]));
                }
                None => steps.push(self.authority(authority, certificates, keys)),
            }
        }
        (steps, copies)
    }

    fn authority(
        &self,
        authority: Authority,
        certificates: Vec<PathBuf>,
        keys: Vec<PathBuf>,
    ) -> AuthorityStep {
        let wanted = self.cluster.ca_validity.unwrap_or(validity::AUTHORITY);
        AuthorityStep {
            authority,
            subject: authority.subject(),
            // kubeadm gives a CA its common name as dNSName; each of the three is a DNS label.
            sans: DnsName::new(authority.common_name())
                .map(SubjectAltName::Dns)
                .into_iter()
                .collect(),
            key: self.key(),
            validity: validity::of_leaf(self.now, wanted, None),
            certificates,
            keys,
        }
    }

    fn service_account(&self) -> (Option<ServiceAccountStep>, Vec<CopyStep>) {
        let places = |file: &str| -> Vec<PathBuf> {
            let path = Path::new(PKI_DIR).join(file);
            let masters = self.inventory.nodes_with(Role::ControlPlane);
            masters
                .map(|node| in_tree(self.out, &node.name, &path))
                .collect()
        };
        let (private, public) = (places("sa.key"), places("sa.pub"));
        match &self.present.service_account {
            Some((key, checker)) => {
                let pairs = [
                    (key, private, 0o600, "key"),
                    (checker, public, 0o600, "public key"),
                ];
                (None, self.copies(pairs))
            }
            None => {
                let step = ServiceAccountStep {
                    key: self.key(),
                    private,
                    public,
                };
                (Some(step), Vec::new())
            }
        }
    }

    fn copies<'p>(
        &self,
        files: impl IntoIterator<Item = (&'p PathBuf, Vec<PathBuf>, u32, &'static str)>,
    ) -> Vec<CopyStep> {
        let mut copies = Vec::new();
        for (from, places, mode, what) in files {
            let missing = places
                .into_iter()
                .filter(|to| !self.present.files.contains(to));
            copies.extend(missing.map(|to| CopyStep {
                from: from.clone(),
                to,
                mode,
                what,
            }));
        }
        copies
    }

    /// Every node's place for the certificate of `authority`, and the places for its key: masters only.
    fn places(&self, authority: Authority) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let mut certificates = Vec::new();
        let mut keys = Vec::new();
        for node in &self.inventory.nodes {
            let Some(holder) = holder(node, authority) else {
                continue;
            };
            let (certificate, key) = authority_in_tree(authority, &node.name, self.out);
            certificates.push(certificate);
            if holder == Holder::CertificateAndKey {
                keys.push(key);
            }
        }
        (certificates, keys)
    }

    fn leaves(
        &self,
        founded: &[AuthorityStep],
        force: bool,
        notes: &mut Vec<String>,
    ) -> Result<Vec<SigningStep>, PlanError> {
        let mut leaves = Vec::new();
        let known = self.present.authorities.iter();
        let authorities: BTreeMap<Authority, Certificate> = known
            .map(|(authority, known)| (*authority, known.certificate.clone()))
            .collect();
        let topology = Topology::default();
        let around = Surroundings {
            registry_pairs: None,
            cluster: self.cluster,
            topology: &topology,
            pki_dir: self.out,
            owner: None,
            authorities: &authorities,
            resolve: None,
        };
        for node in &self.inventory.nodes {
            let profiles = self.profiles(node);
            if profiles.is_empty() {
                continue;
            }
            let request = IssueRequest {
                profiles,
                node: node.name.clone(),
                ..IssueRequest::default()
            };
            let options = Options {
                all: false,
                key: None,
                validity: None,
                request: None,
                destination: Destination::Out(self.out.to_path_buf()),
                force,
                now: self.now,
            };
            let plan = issue(&request, &options, &around)?;
            for note in plan.notes {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            leaves.extend(plan.steps);
        }
        for leaf in &mut leaves {
            end_with(leaf, founded);
        }
        Ok(leaves)
    }

    /// kubeadm makes super-admin.conf on the first master alone.
    fn profiles(&self, node: &crate::inventory::Node) -> Vec<Profile> {
        if !node.roles.iter().any(|role| *role != Role::LoadBalancer) {
            return Vec::new();
        }
        let first = self.inventory.nodes_with(Role::ControlPlane).next();
        let is_first = first.is_some_and(|first| first.name == node.name);
        let mut profiles = every_profile(self.cluster, &node.name, version(self.cluster));
        profiles.retain(|profile| *profile != Profile::SuperAdminConf || is_first);
        profiles
    }

    fn key(&self) -> KeyAlgorithm {
        self.cluster.key.unwrap_or(KeyAlgorithm::Rsa2048)
    }

    fn next(&self) -> Vec<String> {
        let nodes = self
            .inventory
            .nodes
            .iter()
            .filter(|node| !self.profiles(node).is_empty());
        nodes
            .map(|node| {
                let tree = self.out.join(&node.name);
                format!(
                    "copy {}/. onto / of {}, keeping modes",
                    tree.display(),
                    node.name
                )
            })
            .collect()
    }
}

/// A leaf under a CA that is made in the same run ends with it.
fn end_with(leaf: &mut SigningStep, founded: &[AuthorityStep]) {
    let Some(authority) = founded.iter().find(|step| step.authority == leaf.authority) else {
        return;
    };
    let end = authority.validity.not_after;
    if leaf.validity.not_after > end {
        leaf.validity.cut_short_from = Some(leaf.validity.not_after);
        leaf.validity.not_after = end;
    }
}

/// Which nodes hold which CA: every node trusts the cluster's, masters and etcd members know etcd's, masters know the
/// front proxy's. Only masters can sign.
fn holder(node: &crate::inventory::Node, authority: Authority) -> Option<Holder> {
    if node.has(Role::ControlPlane) {
        return Some(Holder::CertificateAndKey);
    }
    match authority {
        Authority::Cluster => {
            (node.has(Role::Worker) || node.has(Role::Etcd)).then_some(Holder::Certificate)
        }
        Authority::Etcd => node.has(Role::Etcd).then_some(Holder::Certificate),
        Authority::FrontProxy => None,
    }
}
