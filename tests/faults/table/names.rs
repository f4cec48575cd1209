//! The name or address that a client dials, and the names in the certificate that it is shown.

use crate::faults::forge::common_name;
use crate::faults::forge::names;
use crate::faults::forge::without;
use crate::faults::row::Edges;
use crate::faults::row::Row;
use crate::faults::row::SOUND;
use crate::faults::trees::PKI;

pub const ROWS: &[Row] = &[
    Row {
        name: "apiserver: another master's pair",
        make: |trees| {
            for file in ["apiserver.crt", "apiserver.key"] {
                trees.copy("shaolin", "wudang", &format!("{PKI}/{file}"));
            }
        },
        findings: &[
            "error name-mismatch wudang /etc/kubernetes/pki/apiserver.crt",
            "warning key-shared-by-nodes wudang /etc/kubernetes/pki/apiserver.crt",
        ],
        edges: Edges::These(&[
            "kube-scheduler@wudang -> kube-apiserver@wudang",
            "kube-controller-manager@wudang -> kube-apiserver@wudang",
            "kubelet@wudang -> kube-apiserver@wudang",
        ]),
        says: Some("x509: certificate is valid for 10.96.0.1, {shaolin}, not {wudang}"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: the balancer is dialled by its address",
        make: |trees| trees.edit("wudang", ADMIN, BALANCER, "https://{emei}:8443"),
        findings: &[
            "error name-mismatch shaolin /etc/kubernetes/pki/apiserver.crt",
            "error name-mismatch wudang /etc/kubernetes/pki/apiserver.crt",
        ],
        edges: Edges::These(&["kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin"]),
        says: Some("x509: certificate is valid for 10.96.0.1, {shaolin}, not {emei}"),
        prints: Some("Unable to connect to the server: tls: failed to verify certificate: {says}"),
        ..SOUND
    },
    Row {
        name: "apiserver: the balancer's name is missing",
        make: |trees| trees.sign("wudang", "apiserver", without(&["kubernetes.default.svc"])),
        findings: &["error name-mismatch wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@shaolin -> kube-apiserver@wudang",
            "kubeconfig:super-admin.conf@shaolin -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@emei -> kube-apiserver@wudang",
            "pod@shaolin -> kube-apiserver@wudang",
            "pod@wudang -> kube-apiserver@wudang",
            "pod@emei -> kube-apiserver@wudang",
        ]),
        says: Some(
            "x509: certificate is valid for kubernetes, kubernetes.default, kubernetes.default.svc.cluster.local, wudang, not kubernetes.default.svc",
        ),
        prints: Some("Unable to connect to the server: tls: failed to verify certificate: {says}"),
        ..SOUND
    },
    Row {
        name: "apiserver: no address among its names",
        make: |trees| trees.sign("wudang", "apiserver", names(NAMES)),
        findings: &["error name-mismatch wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::These(&[
            "kubelet@wudang -> kube-apiserver@wudang",
            "kube-controller-manager@wudang -> kube-apiserver@wudang",
            "kube-scheduler@wudang -> kube-apiserver@wudang",
            "pod@shaolin -> kube-apiserver@wudang",
            "pod@wudang -> kube-apiserver@wudang",
            "pod@emei -> kube-apiserver@wudang",
        ]),
        says: Some(
            "x509: cannot validate certificate for {wudang} because it doesn't contain any IP SANs",
        ),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?fieldSelector=metadata.name%3Dwudang&limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: no names at all",
        make: |trees| trees.sign("wudang", "apiserver", names(&[])),
        findings: &["error common-name-only wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-controller-manager@wudang -> kube-apiserver@wudang",
        ),
        says: Some(
            "x509: cannot validate certificate for {wudang} because it doesn't contain any IP SANs",
        ),
        prints: Some(
            r#"Get "https://{wudang}:6443/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager?timeout=5s": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: no names, the common name is the one that is dialled",
        make: |trees| {
            trees.sign("wudang", "apiserver", |template| {
                names(&[])(template);
                common_name("kubernetes.default.svc")(template);
            });
        },
        findings: &["error common-name-only wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
        ),
        says: Some("x509: certificate relies on legacy Common Name field, use SANs instead"),
        prints: Some("Unable to connect to the server: tls: failed to verify certificate: {says}"),
        ..SOUND
    },
    Row {
        name: "apiserver: its address written as a DNS name",
        make: |trees| trees.sign_with_address_as_dns_name("wudang", "apiserver"),
        findings: &["error name-mismatch wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::These(&[
            "kubelet@wudang -> kube-apiserver@wudang",
            "kube-controller-manager@wudang -> kube-apiserver@wudang",
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ]),
        says: Some("x509: certificate is valid for 10.96.0.1, not {wudang}"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?fieldSelector=metadata.name%3Dwudang&limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: a comma in its common name",
        make: |trees| trees.sign("wudang", "apiserver", common_name("kube-apiserver,")),
        findings: &["warning malformed-common-name wudang /etc/kubernetes/pki/apiserver.crt"],
        ..SOUND
    },
    Row {
        name: "etcd: its own apiserver's address is missing",
        make: |trees| trees.sign("shaolin", "etcd-server", without(&["127.0.0.1"])),
        findings: &["error name-mismatch shaolin /etc/kubernetes/pki/etcd/server.crt"],
        edges: Edges::These(&["kube-apiserver@shaolin -> etcd@shaolin"]),
        says: Some("x509: certificate is valid for {shaolin}, ::1, not 127.0.0.1"),
        prints: Some(
            r#"connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: {says}""#,
        ),
        ..SOUND
    },
    Row {
        name: "etcd: the node's address is missing",
        make: |trees| {
            let address = trees.filled("{wudang}");
            trees.sign("wudang", "etcd-server", without(&[&address]));
        },
        findings: &["error name-mismatch wudang /etc/kubernetes/pki/etcd/server.crt"],
        edges: Edges::These(&[
            "etcdctl@shaolin -> etcd@wudang",
            "etcdctl@wudang -> etcd@wudang",
            "etcdctl@emei -> etcd@wudang",
        ]),
        says: Some("x509: certificate is valid for 127.0.0.1, ::1, not {wudang}"),
        prints: Some(
            r#"connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: {says}""#,
        ),
        ..SOUND
    },
    Row {
        name: "etcd: a peer without its node's address",
        make: |trees| {
            let address = trees.filled("{wudang}");
            trees.sign("wudang", "etcd-peer", without(&[&address]));
        },
        findings: &["error name-mismatch wudang /etc/kubernetes/pki/etcd/peer.crt"],
        edges: Edges::These(&[
            "etcd@shaolin -> etcd-peer@wudang",
            "etcd@emei -> etcd-peer@wudang",
        ]),
        says: Some("x509: certificate is valid for 127.0.0.1, ::1, not {wudang}"),
        prints: Some("tls: failed to verify certificate: {says}"),
        ..SOUND
    },
    Row {
        name: "kubeconfig: tls-server-name is a name of the certificate",
        make: |trees| {
            let dialled = "https://{emei}:8443\n    tls-server-name: kubernetes";
            trees.edit("wudang", ADMIN, BALANCER, dialled);
        },
        ..SOUND
    },
];

const ADMIN: &str = "/etc/kubernetes/admin.conf";
const BALANCER: &str = "https://kubernetes.default.svc:8443";

/// All that kubeadm gives an apiserver but addresses.
const NAMES: &[&str] = &[
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "wudang",
];
