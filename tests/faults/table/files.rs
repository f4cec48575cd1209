//! Keys and certificates that do not belong together, and who may read them.

use crate::faults::row::Edges;
use crate::faults::row::Row;
use crate::faults::row::SOUND;
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
        name: "a key that everyone may read",
        make: |trees| trees.set_mode("wudang", &format!("{PKI}/apiserver.key"), 0o644),
        findings: &["warning key-permissions wudang /etc/kubernetes/pki/apiserver.key"],
        ..SOUND
    },
];
