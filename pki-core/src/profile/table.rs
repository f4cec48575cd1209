//! The rows. Names, groups and paths are kubeadm's: cmd/kubeadm/app/phases/certs/certlist.go,
//! cmd/kubeadm/app/phases/kubeconfig/kubeconfig.go and cmd/kubeadm/app/constants/constants.go, v1.28 to v1.37.

use crate::profile::Authority;
use crate::profile::CommonName;
use crate::profile::Groups;
use crate::profile::KubernetesVersion;
use crate::profile::Output;
use crate::profile::Profile;
use crate::profile::Row;
use crate::profile::SanRule;
use crate::profile::ServerRule;
use crate::x509::certificate::ExtendedKeyUsage;

const OLDEST: KubernetesVersion = KubernetesVersion::OLDEST;
const V1_29: KubernetesVersion = KubernetesVersion::new(1, 29);
const V1_37: KubernetesVersion = KubernetesVersion::new(1, 37);

const SERVER: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ServerAuth];
const CLIENT: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ClientAuth];
const BOTH: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];

const NO_GROUPS: &[Groups] = &[];
const NODES: &[Groups] = &[Groups::from(OLDEST, &["system:nodes"])];
const MASTERS: &[Groups] = &[Groups::from(OLDEST, &["system:masters"])];
/// etcd knows no groups; kubeadm wrote one until 1.29 all the same.
const MASTERS_UNTIL_1_29: &[Groups] = &[
    Groups::from(OLDEST, &["system:masters"]),
    Groups::from(V1_29, &[]),
];
const ADMINS_FROM_1_29: &[Groups] = &[
    Groups::from(OLDEST, &["system:masters"]),
    Groups::from(V1_29, &["kubeadm:cluster-admins"]),
];
/// 1.37 binds the user to the ClusterRole system:kubelet-api-admin instead.
const ADMINS_FROM_1_29_UNTIL_1_37: &[Groups] = &[
    Groups::from(OLDEST, &["system:masters"]),
    Groups::from(V1_29, &["kubeadm:cluster-admins"]),
    Groups::from(V1_37, &[]),
];

/// In the order in which kubeadm makes them; what kubeadm does not make comes last.
pub(super) static TABLE: &[Row] = &[
    Row {
        profile: Profile::Apiserver,
        name: "apiserver",
        authority: Authority::Cluster,
        output: Output::Pair { base: "apiserver" },
        sans: SanRule::Apiserver,
        usages: SERVER,
        common_name: CommonName::Fixed("kube-apiserver"),
        groups: NO_GROUPS,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::ApiserverKubeletClient,
        name: "apiserver-kubelet-client",
        authority: Authority::Cluster,
        output: Output::Pair {
            base: "apiserver-kubelet-client",
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("kube-apiserver-kubelet-client"),
        groups: ADMINS_FROM_1_29_UNTIL_1_37,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::FrontProxyClient,
        name: "front-proxy-client",
        authority: Authority::FrontProxy,
        output: Output::Pair {
            base: "front-proxy-client",
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("front-proxy-client"),
        groups: NO_GROUPS,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::EtcdServer,
        name: "etcd-server",
        authority: Authority::Etcd,
        output: Output::Pair {
            base: "etcd/server",
        },
        sans: SanRule::Etcd,
        usages: BOTH,
        common_name: CommonName::Node,
        groups: NO_GROUPS,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::EtcdPeer,
        name: "etcd-peer",
        authority: Authority::Etcd,
        output: Output::Pair { base: "etcd/peer" },
        sans: SanRule::Etcd,
        usages: BOTH,
        common_name: CommonName::Node,
        groups: NO_GROUPS,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::EtcdHealthcheckClient,
        name: "etcd-healthcheck-client",
        authority: Authority::Etcd,
        output: Output::Pair {
            base: "etcd/healthcheck-client",
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("kube-etcd-healthcheck-client"),
        groups: MASTERS_UNTIL_1_29,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::ApiserverEtcdClient,
        name: "apiserver-etcd-client",
        authority: Authority::Etcd,
        output: Output::Pair {
            base: "apiserver-etcd-client",
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("kube-apiserver-etcd-client"),
        groups: MASTERS_UNTIL_1_29,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::AdminConf,
        name: "admin.conf",
        authority: Authority::Cluster,
        output: Output::Kubeconfig {
            file: "admin.conf",
            server: ServerRule::ControlPlaneEndpoint,
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("kubernetes-admin"),
        groups: ADMINS_FROM_1_29,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::SuperAdminConf,
        name: "super-admin.conf",
        authority: Authority::Cluster,
        output: Output::Kubeconfig {
            file: "super-admin.conf",
            server: ServerRule::ControlPlaneEndpoint,
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("kubernetes-super-admin"),
        groups: MASTERS,
        since: V1_29,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::ControllerManagerConf,
        name: "controller-manager.conf",
        authority: Authority::Cluster,
        output: Output::Kubeconfig {
            file: "controller-manager.conf",
            server: ServerRule::Local,
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("system:kube-controller-manager"),
        groups: NO_GROUPS,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::SchedulerConf,
        name: "scheduler.conf",
        authority: Authority::Cluster,
        output: Output::Kubeconfig {
            file: "scheduler.conf",
            server: ServerRule::Local,
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::Fixed("system:kube-scheduler"),
        groups: NO_GROUPS,
        since: OLDEST,
        by_kubeadm: true,
    },
    Row {
        profile: Profile::KubeletConf,
        name: "kubelet.conf",
        authority: Authority::Cluster,
        output: Output::Kubeconfig {
            file: "kubelet.conf",
            server: ServerRule::LocalOnMasters,
        },
        sans: SanRule::None,
        usages: CLIENT,
        common_name: CommonName::SystemNode,
        groups: NODES,
        since: OLDEST,
        by_kubeadm: true,
    },
    // Subject as the signer kubernetes.io/kubelet-serving demands it
    // (kubernetes.io, Certificate Signing Requests, Kubernetes signers).
    Row {
        profile: Profile::KubeletServer,
        name: "kubelet-server",
        authority: Authority::Cluster,
        output: Output::Pair {
            base: "kubelet-server",
        },
        sans: SanRule::Kubelet,
        usages: SERVER,
        common_name: CommonName::SystemNode,
        groups: NODES,
        since: OLDEST,
        by_kubeadm: false,
    },
    Row {
        profile: Profile::Registry,
        name: "registry",
        authority: Authority::Cluster,
        output: Output::Pair { base: "registry" },
        sans: SanRule::Registry,
        usages: SERVER,
        common_name: CommonName::Node,
        groups: NO_GROUPS,
        since: OLDEST,
        by_kubeadm: false,
    },
];
