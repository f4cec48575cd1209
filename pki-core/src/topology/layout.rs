//! What kubeadm's layout and the flags of the components make of a file: its role, its partner, who uses it.

use std::path::Path;

use crate::profile;
use crate::profile::Authority;
use crate::profile::Output;
use crate::profile::Profile;
use crate::topology::holding::Role;

/// A flag that gives a certificate its role, and the flag that names its key.
pub(super) struct RoleFlag {
    pub(super) program: &'static str,
    pub(super) certificate: &'static str,
    pub(super) key: Option<&'static str>,
    /// `None` for what no profile and no authority of the cluster is.
    pub(super) role: Option<Role>,
}

/// The flags that give a static pod a certificate of that profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairFlags {
    /// The program that runs in the pod: `kube-apiserver`.
    pub program: &'static str,
    /// The flag that names the certificate, without dashes: `tls-cert-file`.
    pub certificate: &'static str,
    /// The flag that names its key.
    pub key: &'static str,
}

/// Which flags give a static pod its certificate of `profile`; `None` for what no flag names.
pub fn pair_flags(profile: Profile) -> Option<PairFlags> {
    let row = ROLE_FLAGS
        .iter()
        .find(|row| row.role == Some(Role::Profile(profile)))?;
    Some(PairFlags {
        program: row.program,
        certificate: row.certificate,
        key: row.key?,
    })
}

/// The role of a file below the PKI directory by its name, `etcd/server.crt`.
pub(super) fn role_of(below: &Path) -> Option<Role> {
    let below = below.to_str()?.strip_suffix(".crt")?;
    let authority = Authority::ALL
        .into_iter()
        .find(|authority| authority.base() == below);
    if let Some(authority) = authority {
        return Some(Role::Authority(authority));
    }
    profile::table().iter().find_map(|row| match row.output {
        Output::Pair { base } if base == below && row.by_kubeadm => {
            Some(Role::Profile(row.profile))
        }
        _ => None,
    })
}

/// The profile that issues a kubeconfig of that name.
pub(super) fn kubeconfig_profile(name: &str) -> Option<Profile> {
    profile::table().iter().find_map(|row| match row.output {
        Output::Kubeconfig { file, .. } if file == name => Some(row.profile),
        _ => None,
    })
}

/// Who uses a certificate of that role where nothing but the layout says so.
pub(super) fn user_of(role: Role) -> &'static str {
    match role {
        Role::Profile(Profile::EtcdServer | Profile::EtcdPeer)
        | Role::Authority(Authority::Etcd) => "etcd",
        Role::Profile(Profile::EtcdHealthcheckClient) => "etcdctl",
        Role::Profile(Profile::KubeletServer | Profile::KubeletConf) => "kubelet",
        Role::Authority(Authority::Cluster) => "kube-controller-manager",
        Role::Profile(_) | Role::Authority(Authority::FrontProxy) => "kube-apiserver",
        // The layout has none.
        Role::Balancer => "balancer",
    }
}

const fn leaf(
    program: &'static str,
    [certificate, key]: [&'static str; 2],
    profile: Profile,
) -> RoleFlag {
    RoleFlag {
        program,
        certificate,
        key: Some(key),
        role: Some(Role::Profile(profile)),
    }
}

/// A pair of some other authority, or of none that a role could tell.
const fn pair(program: &'static str, [certificate, key]: [&'static str; 2]) -> RoleFlag {
    RoleFlag {
        program,
        certificate,
        key: Some(key),
        role: None,
    }
}

const fn roots(program: &'static str, certificate: &'static str, authority: Authority) -> RoleFlag {
    RoleFlag {
        program,
        certificate,
        key: None,
        role: Some(Role::Authority(authority)),
    }
}

/// Authorities that need not be the cluster's.
const fn strangers(program: &'static str, certificate: &'static str) -> RoleFlag {
    RoleFlag {
        program,
        certificate,
        key: None,
        role: None,
    }
}

/// In the order in which a file that several flags name takes its role.
pub(super) const ROLE_FLAGS: &[RoleFlag] = &[
    leaf(
        "kube-apiserver",
        ["tls-cert-file", "tls-private-key-file"],
        Profile::Apiserver,
    ),
    leaf(
        "kube-apiserver",
        ["etcd-certfile", "etcd-keyfile"],
        Profile::ApiserverEtcdClient,
    ),
    leaf(
        "kube-apiserver",
        ["kubelet-client-certificate", "kubelet-client-key"],
        Profile::ApiserverKubeletClient,
    ),
    leaf(
        "kube-apiserver",
        ["proxy-client-cert-file", "proxy-client-key-file"],
        Profile::FrontProxyClient,
    ),
    leaf("etcd", ["cert-file", "key-file"], Profile::EtcdServer),
    leaf(
        "etcd",
        ["peer-cert-file", "peer-key-file"],
        Profile::EtcdPeer,
    ),
    RoleFlag {
        program: "kube-controller-manager",
        certificate: "cluster-signing-cert-file",
        key: Some("cluster-signing-key-file"),
        role: Some(Role::Authority(Authority::Cluster)),
    },
    roots("kube-apiserver", "client-ca-file", Authority::Cluster),
    roots(
        "kube-apiserver",
        "kubelet-certificate-authority",
        Authority::Cluster,
    ),
    roots(
        "kube-controller-manager",
        "root-ca-file",
        Authority::Cluster,
    ),
    roots(
        "kube-controller-manager",
        "client-ca-file",
        Authority::Cluster,
    ),
    roots("kube-scheduler", "client-ca-file", Authority::Cluster),
    roots("kube-apiserver", "etcd-cafile", Authority::Etcd),
    roots("etcd", "trusted-ca-file", Authority::Etcd),
    roots("etcd", "peer-trusted-ca-file", Authority::Etcd),
    roots(
        "kube-apiserver",
        "requestheader-client-ca-file",
        Authority::FrontProxy,
    ),
    roots(
        "kube-controller-manager",
        "requestheader-client-ca-file",
        Authority::FrontProxy,
    ),
    roots(
        "kube-scheduler",
        "requestheader-client-ca-file",
        Authority::FrontProxy,
    ),
    pair(
        "kube-controller-manager",
        [
            "cluster-signing-kubelet-serving-cert-file",
            "cluster-signing-kubelet-serving-key-file",
        ],
    ),
    pair(
        "kube-controller-manager",
        [
            "cluster-signing-kubelet-client-cert-file",
            "cluster-signing-kubelet-client-key-file",
        ],
    ),
    pair(
        "kube-controller-manager",
        [
            "cluster-signing-kube-apiserver-client-cert-file",
            "cluster-signing-kube-apiserver-client-key-file",
        ],
    ),
    pair(
        "kube-controller-manager",
        [
            "cluster-signing-legacy-unknown-cert-file",
            "cluster-signing-legacy-unknown-key-file",
        ],
    ),
    pair("etcd", ["client-cert-file", "client-key-file"]),
    pair("etcd", ["peer-client-cert-file", "peer-client-key-file"]),
    strangers("kube-apiserver", "peer-ca-file"),
    strangers("kube-apiserver", "oidc-ca-file"),
];
