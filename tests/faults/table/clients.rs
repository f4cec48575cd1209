//! Who the client is: what apiservers and kubelets make of its certificate, and what its kubeconfig says.

use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::name::DistinguishedName;

use crate::faults::forge::Signer;
use crate::faults::forge::as_it_is;
use crate::faults::forge::common_name;
use crate::faults::forge::expired;
use crate::faults::forge::not_yet_valid;
use crate::faults::forge::usages;
use crate::faults::forge::without_usages;
use crate::faults::row::Edges;
use crate::faults::row::Row;
use crate::faults::row::SOUND;

pub const ROWS: &[Row] = &[
    Row {
        name: "kubeconfig: expired",
        make: |trees| trees.sign("wudang", "admin.conf", expired),
        findings: &["error expired wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is after 2025-03-01T08:00:00Z",
        ),
        ..SOUND
    },
    Row {
        name: "kubeconfig: not yet valid",
        make: |trees| trees.sign("wudang", "admin.conf", not_yet_valid),
        findings: &["error not-yet-valid wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is before 2035-01-01T00:00:00Z",
        ),
        ..SOUND
    },
    Row {
        name: "kubeconfig: for servers only",
        make: |trees| {
            trees.sign(
                "wudang",
                "admin.conf",
                usages(&[ExtendedKeyUsage::ServerAuth]),
            )
        },
        findings: &["error client-auth-missing wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some("x509: certificate specifies an incompatible key usage"),
        ..SOUND
    },
    Row {
        name: "kubeconfig: signed with SHA-1",
        needs_rsa: true,
        make: |trees| trees.mark_sha1("wudang", "admin.conf"),
        findings: &["error weak-signature wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some(
            r#"x509: certificate signed by unknown authority (possibly because of "x509: cannot verify signature: insecure algorithm SHA1-RSA" while trying to verify candidate authority certificate "kubernetes")"#,
        ),
    },
    Row {
        name: "kubeconfig: no usage",
        make: |trees| trees.sign("wudang", "admin.conf", without_usages),
        findings: &["warning usage-absent wudang /etc/kubernetes/admin.conf"],
        ..SOUND
    },
    Row {
        name: "kubeconfig: trusts another cluster's authority of the same name",
        make: |trees| trees.trust_stranger("wudang", "admin.conf"),
        findings: &["error same-name-other-ca wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some(
            r#"x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "kubernetes")"#,
        ),
        prints: Some("Unable to connect to the server: tls: failed to verify certificate: {says}"),
        ..SOUND
    },
    Row {
        name: "kubeconfig: no organization",
        make: |trees| {
            trees.sign("wudang", "admin.conf", |template| {
                template.subject = DistinguishedName::new("kubernetes-admin", &[]);
            })
        },
        findings: &["error organization-unexpected wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some(
            r#"namespaces is forbidden: User "kubernetes-admin" cannot list resource "namespaces" in API group "" at the cluster scope"#,
        ),
        prints: Some("Error from server (Forbidden): {says}"),
        ..SOUND
    },
    Row {
        name: "scheduler: expired",
        make: |trees| trees.sign("wudang", "scheduler.conf", expired),
        findings: &["error expired wudang /etc/kubernetes/scheduler.conf"],
        edges: Edges::These(&["kube-scheduler@wudang -> kube-apiserver@wudang"]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("failed to list *v1.Node: Unauthorized"),
        server_says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is after 2025-03-01T08:00:00Z",
        ),
        ..SOUND
    },
    Row {
        name: "scheduler: a comma in its common name",
        make: |trees| {
            trees.sign(
                "wudang",
                "scheduler.conf",
                common_name("system:kube-scheduler,"),
            )
        },
        findings: &["error malformed-common-name wudang /etc/kubernetes/scheduler.conf"],
        edges: Edges::These(&["kube-scheduler@wudang -> kube-apiserver@wudang"]),
        says: Some(
            r#"pods is forbidden: User "system:kube-scheduler," cannot list resource "pods" in API group "" at the cluster scope"#,
        ),
        prints: Some("failed to list *v1.Pod: {says}"),
        ..SOUND
    },
    Row {
        name: "controller-manager: expired",
        make: |trees| trees.sign("wudang", "controller-manager.conf", expired),
        findings: &["error expired wudang /etc/kubernetes/controller-manager.conf"],
        edges: Edges::These(&["kube-controller-manager@wudang -> kube-apiserver@wudang"]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some(
            "error retrieving resource lock kube-system/kube-controller-manager: Unauthorized",
        ),
        server_says: Some(
            "x509: certificate has expired or is not yet valid: current time {now} is after 2025-03-01T08:00:00Z",
        ),
        ..SOUND
    },
    Row {
        name: "controller-manager: not its own user",
        make: |trees| {
            trees.sign(
                "wudang",
                "controller-manager.conf",
                common_name("controller-manager"),
            )
        },
        findings: &["error malformed-common-name wudang /etc/kubernetes/controller-manager.conf"],
        edges: Edges::These(&["kube-controller-manager@wudang -> kube-apiserver@wudang"]),
        says: Some(
            r#"leases.coordination.k8s.io "kube-controller-manager" is forbidden: User "controller-manager" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "kube-system""#,
        ),
        prints: Some("error retrieving resource lock kube-system/kube-controller-manager: {says}"),
        ..SOUND
    },
    Row {
        name: "kubelet: another node's",
        make: |trees| {
            let kubeconfig = "/etc/kubernetes/kubelet.conf";
            trees.copy("shaolin", "wudang", kubeconfig);
            trees.edit("wudang", kubeconfig, "{shaolin}", "{wudang}");
        },
        findings: &[
            "error node-identity-mismatch wudang /etc/kubernetes/kubelet.conf",
            "warning key-shared-by-nodes wudang /etc/kubernetes/kubelet.conf",
        ],
        edges: Edges::These(&["kubelet@wudang -> kube-apiserver@wudang"]),
        says: Some(
            r#"nodes "wudang" is forbidden: User "system:node:shaolin" cannot list resource "nodes" in API group "" at the cluster scope: node 'shaolin' cannot read 'wudang', only its own Node object"#,
        ),
        prints: Some("failed to list *v1.Node: {says}"),
        ..SOUND
    },
    Row {
        name: "apiserver-kubelet-client: from another authority",
        make: |trees| {
            let client = "apiserver-kubelet-client";
            trees.sign_by(Signer::Named("kubernetes-old"), "wudang", client, as_it_is);
        },
        findings: &[
            "error unknown-authority wudang /etc/kubernetes/pki/apiserver-kubelet-client.crt",
        ],
        edges: Edges::These(&[
            "kube-apiserver@wudang -> kubelet@shaolin",
            "kube-apiserver@wudang -> kubelet@wudang",
            "kube-apiserver@wudang -> kubelet@emei",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some(
            "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
        ),
        server_says: Some("x509: certificate signed by unknown authority"),
        ..SOUND
    },
    Row {
        name: "kubeconfig: verification is off",
        make: |trees| trees.skip_verification("wudang", "admin.conf", false),
        findings: &["warning verification-disabled wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        ..SOUND
    },
    Row {
        name: "kubeconfig: verification is off beside an authority",
        make: |trees| trees.skip_verification("wudang", "admin.conf", true),
        findings: &["error verification-disabled wudang /etc/kubernetes/admin.conf"],
        edges: Edges::These(&[
            "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
            "kubeconfig:admin.conf@wudang -> kube-apiserver@emei",
        ]),
        says: Some("specifying a root certificates file with the insecure flag is not allowed"),
        prints: Some("error: {says}"),
        ..SOUND
    },
];
