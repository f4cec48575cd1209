//! Every kind of edge of a cluster as kubeadm makes it, and how many of each there are.

use std::collections::BTreeMap;

/// A cluster of n masters, each with an etcd member beside it, and m workers, behind one balancer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) masters: usize,
    pub(crate) workers: usize,
    /// 1 where kube-proxy's ConfigMap is given, 0 otherwise.
    pub(crate) kube_proxy: usize,
}

pub(crate) struct Kind {
    pub(crate) client: &'static str,
    pub(crate) server: &'static str,
    /// As docs/edges.md has it.
    #[allow(dead_code, reason = "the test with kubeadm does not read the page")]
    pub(crate) count: &'static str,
    number: fn(n: usize, m: usize) -> usize,
}

impl Size {
    /// How many there are of each kind, those that there are none of left out.
    pub(crate) fn expected(&self) -> BTreeMap<String, usize> {
        let Self {
            masters, workers, ..
        } = *self;
        let counted = |kind: &Kind| {
            let given = if kind.client == "kube-proxy" {
                self.kube_proxy
            } else {
                1
            };
            let name = format!("{} -> {}", kind.client, kind.server);
            (name, given * (kind.number)(masters, workers))
        };
        let counts = KINDS.iter().map(counted);
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

const fn kind(
    client: &'static str,
    server: &'static str,
    count: &'static str,
    number: fn(usize, usize) -> usize,
) -> Kind {
    Kind {
        client,
        server,
        count,
        number,
    }
}

pub(crate) const KINDS: &[Kind] = &[
    kind("kubelet", "kube-apiserver", "n + m n", |n, m| n + m * n),
    kind("kube-controller-manager", "kube-apiserver", "n", |n, _| n),
    kind("kube-scheduler", "kube-apiserver", "n", |n, _| n),
    kind("kubeconfig:admin.conf", "kube-apiserver", "n n", |n, _| {
        n * n
    }),
    kind(
        "kubeconfig:super-admin.conf",
        "kube-apiserver",
        "n",
        |n, _| n,
    ),
    kind("kube-proxy", "kube-apiserver", "(n + m) n", |n, m| {
        (n + m) * n
    }),
    kind("pod", "kube-apiserver", "2 (n + m) n", |n, m| {
        2 * (n + m) * n
    }),
    kind("kube-apiserver", "etcd", "n", |n, _| n),
    kind("kube-apiserver", "kubelet", "n (n + m)", |n, m| n * (n + m)),
    kind("etcd", "etcd-peer", "n (n - 1)", |n, _| n * (n - 1)),
    kind("etcdctl", "etcd", "n n", |n, _| n * n),
    kind("service-account", "kube-apiserver", "n n", |n, _| n * n),
    kind("front-proxy", "requestheader", "n n", |n, _| n * n),
];
