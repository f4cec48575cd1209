//! Keys and certificates that do not belong together, and who may read them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::faults::row::Edges;
use crate::faults::row::Row;
use crate::faults::row::SOUND;
use crate::faults::trees;
use crate::faults::trees::PKI;

pub const ROWS: &[Row] = &[
    Row {
        name: "apiserver: another key",
        make: |trees| trees.replace_key("wudang", "apiserver"),
        findings: &["error key-mismatch wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some("dial tcp {wudang}:6443: connect: connection refused"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": {says}"#,
        ),
        server_says: Some("tls: private key does not match public key"),
        ..SOUND
    },
    Row {
        name: "etcd: a peer with another key",
        make: |trees| trees.replace_key("wudang", "etcd/peer"),
        findings: &["error key-mismatch wudang /etc/kubernetes/pki/etcd/peer.crt"],
        edges: Edges::These(&[
            "etcd@wudang -> etcd-peer@shaolin",
            "etcd@shaolin -> etcd-peer@wudang",
            "etcd@wudang -> etcd-peer@emei",
            "etcd@emei -> etcd-peer@wudang",
        ]),
        says: Some("tls: private key does not match public key"),
        prints: Some("tls: private key does not match public key"),
        ..SOUND
    },
    Row {
        name: "apiserver: its certificate is not there",
        make: |trees| trees.remove("wudang", &format!("{PKI}/apiserver.crt")),
        findings: &["error file-missing wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some("dial tcp {wudang}:6443: connect: connection refused"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": {says}"#,
        ),
        server_says: Some("open /etc/kubernetes/pki/apiserver.crt: no such file or directory"),
        ..SOUND
    },
    Row {
        name: "apiserver: its key is not there",
        make: |trees| trees.remove("wudang", &format!("{PKI}/apiserver.key")),
        findings: &["error key-missing wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some("dial tcp {wudang}:6443: connect: connection refused"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": {says}"#,
        ),
        server_says: Some("open /etc/kubernetes/pki/apiserver.key: no such file or directory"),
        ..SOUND
    },
    Row {
        name: "apiserver: its etcd client with another key",
        make: |trees| trees.replace_key("wudang", "apiserver-etcd-client"),
        findings: &["error key-mismatch wudang /etc/kubernetes/pki/apiserver-etcd-client.crt"],
        edges: Edges::These(&["kube-apiserver@wudang -> etcd@wudang"]),
        says: Some("tls: private key does not match public key"),
        prints: Some("tls: private key does not match public key"),
        ..SOUND
    },
    Row {
        name: "etcd: its authority is not there",
        make: |trees| trees.remove("wudang", &format!("{PKI}/etcd/ca.crt")),
        findings: &["error file-missing wudang /etc/kubernetes/pki/etcd/ca.crt"],
        edges: Edges::Many(10, "etcd@wudang -> etcd-peer@shaolin"),
        says: Some("open /etc/kubernetes/pki/etcd/ca.crt: no such file or directory"),
        prints: Some("open /etc/kubernetes/pki/etcd/ca.crt: no such file or directory"),
        ..SOUND
    },
    Row {
        name: "kubeconfig: another key",
        make: |trees| trees.replace_embedded_key("wudang", "admin.conf"),
        findings: &["error key-mismatch wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some("tls: private key does not match public key"),
        prints: Some("error: {says}"),
        ..SOUND
    },
    Row {
        name: "scheduler: another key",
        make: |trees| trees.replace_embedded_key("wudang", "scheduler.conf"),
        findings: &["error key-mismatch wudang /etc/kubernetes/scheduler.conf"],
        edges: Edges::These(&["kube-scheduler@wudang -> kube-apiserver@wudang"]),
        says: Some("tls: private key does not match public key"),
        prints: Some("tls: private key does not match public key"),
        ..SOUND
    },
    Row {
        name: "kubeconfig: its authority is not there",
        make: |trees| {
            let roots = STANDARD.encode(trees::read(&trees.pki("wudang", "ca.crt")));
            let data = format!("certificate-authority-data: {roots}");
            let file = "certificate-authority: /etc/kubernetes/pki/old.crt";
            trees.edit("wudang", "/etc/kubernetes/admin.conf", &data, file);
        },
        findings: &["error file-missing wudang /etc/kubernetes/pki/old.crt"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some("open /etc/kubernetes/pki/old.crt: no such file or directory"),
        ..SOUND
    },
    Row {
        name: "a key that everyone may read",
        make: |trees| trees.set_mode("wudang", &format!("{PKI}/apiserver.key"), 0o644),
        findings: &["warning key-permissions wudang /etc/kubernetes/pki/apiserver.key"],
        ..SOUND
    },
];
