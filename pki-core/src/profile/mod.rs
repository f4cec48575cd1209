//! ONE table: which certificate or kubeconfig has which subject, usages, names, signer and path, by Kubernetes version.
//! `issue` and `audit` both read it, so they cannot disagree.
//!
//! Source: kubeadm, cmd/kubeadm/app/phases/certs/certlist.go and phases/kubeconfig/kubeconfig.go, v1.28 to v1.37.

mod table;

use std::fmt;
use std::str::FromStr;

pub use crate::inventory::KubernetesVersion;
pub use crate::inventory::VersionError;

use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::name::DistinguishedName;

/// Something hapki can issue, by the name kubeadm gives it (`hapki issue PROFILE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// `apiserver`: the serving certificate of kube-apiserver.
    Apiserver,
    /// `apiserver-kubelet-client`.
    ApiserverKubeletClient,
    /// `apiserver-etcd-client`.
    ApiserverEtcdClient,
    /// `front-proxy-client`.
    FrontProxyClient,
    /// `etcd-server`.
    EtcdServer,
    /// `etcd-peer`.
    EtcdPeer,
    /// `etcd-healthcheck-client`.
    EtcdHealthcheckClient,
    /// `kubelet-server`: the kubelet's serving certificate, which kubeadm does not make.
    KubeletServer,
    /// `registry`: the serving certificate of a registry.
    Registry,
    /// `admin.conf`.
    AdminConf,
    /// `super-admin.conf`, from Kubernetes 1.29 on.
    SuperAdminConf,
    /// `controller-manager.conf`.
    ControllerManagerConf,
    /// `scheduler.conf`.
    SchedulerConf,
    /// `kubelet.conf`.
    KubeletConf,
}

/// A certificate authority of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Authority {
    /// `ca`, CN=kubernetes.
    Cluster,
    /// `etcd/ca`, CN=etcd-ca.
    Etcd,
    /// `front-proxy-ca`.
    FrontProxy,
}

/// Which names a certificate must carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SanRule {
    /// None: a client certificate.
    None,
    /// Node name, the four kubernetes names, first service address, node address, every name it is dialled by.
    Apiserver,
    /// Node name, localhost, node address, 127.0.0.1, ::1.
    Etcd,
    /// Node name and node addresses.
    Kubelet,
    /// Every host the registry is dialled by, and its realm's.
    Registry,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// `<base>.crt` and `<base>.key` below the PKI directory.
    Pair {
        /// `apiserver`, `etcd/server`.
        base: &'static str,
    },
    /// A kubeconfig with embedded data, in /etc/kubernetes.
    Kubeconfig {
        /// `admin.conf`.
        file: &'static str,
        /// Which apiserver it dials.
        server: ServerRule,
    },
}

/// Which apiserver a kubeconfig dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerRule {
    /// The control plane endpoint; the node's own apiserver where there is none.
    ControlPlaneEndpoint,
    /// The node's own apiserver.
    Local,
    /// The node's own apiserver where it runs one (from 1.33 on, kubeadm's ControlPlaneKubeletLocalMode), the control
    /// plane endpoint elsewhere.
    LocalOnMasters,
}

/// The common name of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommonName {
    /// The same on every node.
    Fixed(&'static str),
    /// The node's name (for `registry`: the registry's).
    Node,
    /// `system:node:<node>`: the user that the node authorizer knows the kubelet by.
    SystemNode,
}

/// Organizations (Kubernetes: groups) from a release on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    /// The first release that has them.
    pub since: KubernetesVersion,
    /// The organizations, in order.
    pub names: &'static [&'static str],
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub profile: Profile,
    /// The name on the command line.
    pub name: &'static str,
    /// Who signs it.
    pub authority: Authority,
    /// What is written.
    pub output: Output,
    /// Which names it carries.
    pub sans: SanRule,
    /// serverAuth, clientAuth or both.
    pub usages: &'static [ExtendedKeyUsage],
    /// The common name of the subject.
    pub common_name: CommonName,
    /// The organizations of the subject; the last entry whose release is reached holds, none where there is no entry.
    pub groups: &'static [Groups],
    /// The first release that has this profile at all.
    pub since: KubernetesVersion,
    /// Whether kubeadm makes it: what `all` stands for on a control plane node.
    pub by_kubeadm: bool,
}

/// The table.
pub fn table() -> &'static [Row] {
    table::TABLE
}

impl Groups {
    const fn from(since: KubernetesVersion, names: &'static [&'static str]) -> Self {
        Self { since, names }
    }
}

impl Row {
    /// The common name on `node`.
    pub fn common_name(&self, node: &str) -> String {
        match self.common_name {
            CommonName::Fixed(name) => name.to_owned(),
            CommonName::Node => node.to_owned(),
            CommonName::SystemNode => format!("system:node:{node}"),
        }
    }

    /// The organizations in `version`.
    pub fn organizations(&self, version: KubernetesVersion) -> &'static [&'static str] {
        let version = version.in_table();
        self.groups
            .iter()
            .rev()
            .find(|groups| groups.since <= version)
            .map_or(&[], |groups| groups.names)
    }

    /// Whether `version` has this profile: `super-admin.conf` does not exist before 1.29.
    pub fn exists_in(&self, version: KubernetesVersion) -> bool {
        self.since <= version.in_table()
    }
}

impl ServerRule {
    /// Whether the node's own apiserver is dialled rather than the control plane endpoint. `master` says that the
    /// node runs an apiserver. Where the cluster has no control plane endpoint, a master dials itself by every rule.
    pub fn is_local(self, master: bool, version: KubernetesVersion) -> bool {
        match self {
            Self::ControlPlaneEndpoint => false,
            Self::Local => true,
            Self::LocalOnMasters => master && version.in_table() >= KUBELET_LOCAL_SINCE,
        }
    }
}

impl Profile {
    /// Its row.
    pub fn row(self) -> &'static Row {
        #[allow(
            clippy::expect_used,
            reason = "every profile has a row: tests::every_profile_has_one_row"
        )]
        table()
            .iter()
            .find(|row| row.profile == self)
            .expect("every profile has a row")
    }

    /// The subject it has on `node` in `version`.
    pub fn subject(self, node: &str, version: KubernetesVersion) -> DistinguishedName {
        let row = self.row();
        let organizations: Vec<String> = row
            .organizations(version)
            .iter()
            .map(|&name| name.to_owned())
            .collect();
        DistinguishedName::new(&row.common_name(node), &organizations)
    }
}

impl FromStr for Profile {
    type Err = String;

    /// The name on the command line, as [`Row::name`] has it.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = table().iter().find(|row| row.name == text);
        found.map(|row| row.profile).ok_or_else(|| {
            let names: Vec<&str> = table().iter().map(|row| row.name).collect();
            format!(
                "`{text}` is not a profile; the profiles are {}",
                names.join(", ")
            )
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().name)
    }
}

impl Authority {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Etcd, Self::FrontProxy];

    /// `<base>.crt` and `<base>.key` below the PKI directory.
    pub fn base(self) -> &'static str {
        match self {
            Self::Cluster => "ca",
            Self::Etcd => "etcd/ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }

    /// The common name that kubeadm gives it, and its only DNS name. No verifier requires it: an existing CA may be
    /// called anything.
    pub fn common_name(self) -> &'static str {
        match self {
            Self::Cluster => "kubernetes",
            Self::Etcd => "etcd-ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }

    /// The subject it has when hapki makes it.
    pub fn subject(self) -> DistinguishedName {
        DistinguishedName::new(self.common_name(), &[])
    }
}

impl fmt::Display for Authority {
    /// The name kubeadm gives it: `ca`, `etcd-ca`, `front-proxy-ca`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster => "ca",
            Self::Etcd => "etcd-ca",
            Self::FrontProxy => "front-proxy-ca",
        })
    }
}

/// ControlPlaneKubeletLocalMode is on by default from here (cmd/kubeadm/app/features/features.go).
const KUBELET_LOCAL_SINCE: KubernetesVersion = KubernetesVersion::new(1, 33);

#[cfg(test)]
mod tests;
