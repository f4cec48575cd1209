//! The chain from what a server shows to what its client trusts: signers, dates, usages.

use pki_core::profile::Authority;
use pki_core::x509::certificate::ExtendedKeyUsage;

use crate::faults::forge::Signer;
use crate::faults::forge::as_it_is;
use crate::faults::forge::expired;
use crate::faults::forge::not_yet_valid;
use crate::faults::forge::usages;
use crate::faults::forge::without_usages;
use crate::faults::row::Edges;
use crate::faults::row::Row;
use crate::faults::row::SOUND;

pub const ROWS: &[Row] = &[
    Row {
        name: "apiserver: signed by another cluster's authority of the same name",
        make: |trees| trees.sign_by(Signer::Stranger, "wudang", "apiserver", as_it_is),
        findings: &["error same-name-other-ca wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some(
            r#"x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "kubernetes")"#,
        ),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: signed by another cluster's authority of the same name, RSA",
        needs_rsa: true,
        make: |trees| trees.sign_by(Signer::Stranger, "wudang", "apiserver", as_it_is),
        findings: &["error same-name-other-ca wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some(
            r#"x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "kubernetes")"#,
        ),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: signed by an authority of another name",
        make: |trees| {
            trees.sign_by(
                Signer::Named("kubernetes-old"),
                "wudang",
                "apiserver",
                as_it_is,
            )
        },
        findings: &["error unknown-authority wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some("x509: certificate signed by unknown authority"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: the authority's name in other bytes",
        make: |trees| trees.sign_by(Signer::OwnInUtf8, "wudang", "apiserver", as_it_is),
        findings: &["error unknown-authority wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some("x509: certificate signed by unknown authority"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: expired",
        make: |trees| trees.sign("wudang", "apiserver", expired),
        findings: &["error expired wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is after 2025-03-01T08:00:00Z",
        ),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: not yet valid",
        make: |trees| trees.sign("wudang", "apiserver", not_yet_valid),
        findings: &["error not-yet-valid wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is before 2035-01-01T00:00:00Z",
        ),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "cluster authority: expired",
        make: |trees| trees.sign_authority(Authority::Cluster, expired),
        findings: &["error expired shaolin /etc/kubernetes/pki/ca.crt"],
        edges: Edges::Many(48, "kube-scheduler@shaolin -> kube-apiserver@shaolin"),
        says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is after 2025-03-01T08:00:00Z",
        ),
        prints: Some(
            r#"Get "https://{shaolin}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: for clients only",
        make: |trees| {
            trees.sign(
                "wudang",
                "apiserver",
                usages(&[ExtendedKeyUsage::ClientAuth]),
            )
        },
        findings: &["error server-auth-missing wudang /etc/kubernetes/pki/apiserver.crt"],
        edges: Edges::To(
            "kube-apiserver@wudang",
            13,
            "kube-scheduler@wudang -> kube-apiserver@wudang",
        ),
        says: Some("x509: certificate specifies an incompatible key usage"),
        prints: Some(
            r#"Get "https://{wudang}:6443/api/v1/nodes?limit=500&resourceVersion=0": tls: failed to verify certificate: {says}"#,
        ),
        ..SOUND
    },
    Row {
        name: "apiserver: no usage",
        make: |trees| trees.sign("wudang", "apiserver", without_usages),
        findings: &["warning usage-absent wudang /etc/kubernetes/pki/apiserver.crt"],
        ..SOUND
    },
    Row {
        name: "cluster authority: rotated, with a bundle",
        make: |trees| trees.rotate_with_a_bundle("wudang", "apiserver"),
        ..SOUND
    },
    Row {
        name: "etcd: the apiserver's client certificate from another authority",
        make: |trees| {
            trees.sign_by(
                Signer::Named("kubernetes"),
                "wudang",
                "apiserver-etcd-client",
                as_it_is,
            )
        },
        findings: &["error unknown-authority wudang /etc/kubernetes/pki/apiserver-etcd-client.crt"],
        edges: Edges::These(&["kube-apiserver@wudang -> etcd@wudang"]),
        says: Some("remote error: tls: unknown certificate authority"),
        prints: Some(r#"connection error: desc = "error reading server preface: {says}""#),
        server_says: Some("x509: certificate signed by unknown authority"),
        ..SOUND
    },
    Row {
        name: "etcd: a peer that may not be a client",
        make: |trees| {
            trees.sign(
                "wudang",
                "etcd-peer",
                usages(&[ExtendedKeyUsage::ServerAuth]),
            )
        },
        findings: &["error client-auth-missing wudang /etc/kubernetes/pki/etcd/peer.crt"],
        edges: Edges::These(&[
            "etcd@wudang -> etcd-peer@shaolin",
            "etcd@wudang -> etcd-peer@emei",
        ]),
        says: Some("remote error: tls: bad certificate"),
        prints: Some("remote error: tls: bad certificate"),
        server_says: Some("x509: certificate specifies an incompatible key usage"),
        ..SOUND
    },
    Row {
        name: "etcd: a peer without usages",
        make: |trees| trees.sign("wudang", "etcd-peer", without_usages),
        findings: &["warning usage-absent wudang /etc/kubernetes/pki/etcd/peer.crt"],
        ..SOUND
    },
    Row {
        name: "etcd: a server from another authority",
        make: |trees| trees.sign_by(Signer::Stranger, "wudang", "etcd-server", as_it_is),
        findings: &["error same-name-other-ca wudang /etc/kubernetes/pki/etcd/server.crt"],
        edges: Edges::These(&[
            "etcdctl@shaolin -> etcd@wudang",
            "kube-apiserver@wudang -> etcd@wudang",
            "etcdctl@wudang -> etcd@wudang",
            "etcdctl@emei -> etcd@wudang",
        ]),
        says: Some(
            r#"x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "etcd-ca")"#,
        ),
        prints: Some(
            r#"connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: {says}""#,
        ),
        ..SOUND
    },
    Row {
        name: "etcd: a peer from another authority",
        make: |trees| {
            trees.sign_by(
                Signer::Named("etcd-ca-old"),
                "wudang",
                "etcd-peer",
                as_it_is,
            )
        },
        findings: &["error unknown-authority wudang /etc/kubernetes/pki/etcd/peer.crt"],
        edges: Edges::These(&[
            "etcd@wudang -> etcd-peer@shaolin",
            "etcd@shaolin -> etcd-peer@wudang",
            "etcd@wudang -> etcd-peer@emei",
            "etcd@emei -> etcd-peer@wudang",
        ]),
        says: Some("remote error: tls: unknown certificate authority"),
        prints: Some("remote error: tls: unknown certificate authority"),
        server_says: Some("x509: certificate signed by unknown authority"),
        ..SOUND
    },
    Row {
        name: "etcd: an expired peer",
        make: |trees| trees.sign("wudang", "etcd-peer", expired),
        findings: &["error expired wudang /etc/kubernetes/pki/etcd/peer.crt"],
        edges: Edges::These(&[
            "etcd@wudang -> etcd-peer@shaolin",
            "etcd@shaolin -> etcd-peer@wudang",
            "etcd@wudang -> etcd-peer@emei",
            "etcd@emei -> etcd-peer@wudang",
        ]),
        says: Some("remote error: tls: expired certificate"),
        prints: Some("remote error: tls: expired certificate"),
        server_says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is after 2025-03-01T08:00:00Z",
        ),
        ..SOUND
    },
    Row {
        name: "etcd: the apiserver's client certificate has expired",
        make: |trees| trees.sign("wudang", "apiserver-etcd-client", expired),
        findings: &["error expired wudang /etc/kubernetes/pki/apiserver-etcd-client.crt"],
        edges: Edges::These(&["kube-apiserver@wudang -> etcd@wudang"]),
        says: Some("remote error: tls: expired certificate"),
        prints: Some(r#"connection error: desc = "error reading server preface: {says}""#),
        server_says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is after 2025-03-01T08:00:00Z",
        ),
        ..SOUND
    },
];
