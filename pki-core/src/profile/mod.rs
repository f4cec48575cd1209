//! ONE table: which certificate or kubeconfig has which subject, usages, names, signer and path, by Kubernetes version.
//! `issue` and `audit` both read it, so they cannot disagree.
//!
//! Source: kubeadm, cmd/kubeadm/app/phases/certs/certlist.go and phases/kubeconfig/kubeconfig.go, v1.28 to v1.37.

use std::fmt;
use std::str::FromStr;

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

/// A Kubernetes minor release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KubernetesVersion {
    /// 1.
    pub major: u16,
    /// 34.
    pub minor: u16,
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
    },
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
}

/// The table.
pub fn table() -> &'static [Row] {
    todo!()
}

impl Profile {
    /// Its row.
    pub fn row(self) -> &'static Row {
        todo!()
    }

    /// The subject it has on `node` in `version`.
    pub fn subject(self, node: &str, version: KubernetesVersion) -> DistinguishedName {
        todo!()
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        todo!()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().name)
    }
}
