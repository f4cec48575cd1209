//! What all masters have to share: the service-account pair, the front proxy's authority.

use pki_core::profile::Authority;

use crate::faults::forge::as_it_is;
use crate::faults::row::Edges;
use crate::faults::row::Row;
use crate::faults::row::SOUND;

pub const ROWS: &[Row] = &[
    Row {
        name: "service accounts: a pair of its own",
        make: |trees| trees.replace_service_account("wudang", &["sa.key", "sa.pub"]),
        findings: &["error service-account-key-differs wudang /etc/kubernetes/pki/sa.key"],
        edges: Edges::These(&[
            "service-account@shaolin -> kube-apiserver@wudang",
            "service-account@wudang -> kube-apiserver@shaolin",
            "service-account@wudang -> kube-apiserver@emei",
            "service-account@emei -> kube-apiserver@wudang",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some("[invalid bearer token, invalid signature, no keys found]"),
        ..SOUND
    },
    Row {
        name: "service accounts: the public half was left behind",
        make: |trees| trees.replace_service_account("wudang", &["sa.pub"]),
        findings: &["error service-account-key-differs wudang /etc/kubernetes/pki/sa.pub"],
        edges: Edges::These(&[
            "service-account@shaolin -> kube-apiserver@wudang",
            "service-account@wudang -> kube-apiserver@wudang",
            "service-account@emei -> kube-apiserver@wudang",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some("[invalid bearer token, invalid signature, no keys found]"),
        ..SOUND
    },
    Row {
        name: "service accounts: the private half alone is new",
        make: |trees| trees.replace_service_account("wudang", &["sa.key"]),
        findings: &["error service-account-key-differs wudang /etc/kubernetes/pki/sa.key"],
        edges: Edges::These(&[
            "service-account@wudang -> kube-apiserver@shaolin",
            "service-account@wudang -> kube-apiserver@wudang",
            "service-account@wudang -> kube-apiserver@emei",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some("[invalid bearer token, invalid signature, no keys found]"),
        ..SOUND
    },
    Row {
        name: "front proxy: an authority of its own",
        make: |trees| {
            trees.found_anew(&["wudang"], Authority::FrontProxy);
            trees.sign("wudang", "front-proxy-client", as_it_is);
        },
        findings: &[
            "error front-proxy-mismatch wudang /etc/kubernetes/pki/front-proxy-ca.crt",
            "warning shared-ca-differs wudang /etc/kubernetes/pki/front-proxy-ca.crt",
        ],
        edges: Edges::These(&[
            "front-proxy@shaolin -> requestheader@wudang",
            "front-proxy@wudang -> requestheader@shaolin",
            "front-proxy@wudang -> requestheader@emei",
            "front-proxy@emei -> requestheader@wudang",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some(
            r#"x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "front-proxy-ca")"#,
        ),
        ..SOUND
    },
    Row {
        name: "front proxy: its name is not allowed",
        make: |trees| {
            let flag = "--requestheader-allowed-names=";
            let from = format!("{flag}front-proxy-client");
            trees.edit("wudang", APISERVER, &from, &format!("{flag}aggregator"));
        },
        findings: &[
            "error requestheader-name-not-allowed emei /etc/kubernetes/pki/front-proxy-client.crt",
            "error requestheader-name-not-allowed shaolin /etc/kubernetes/pki/front-proxy-client.crt",
            "error requestheader-name-not-allowed wudang /etc/kubernetes/pki/front-proxy-client.crt",
        ],
        edges: Edges::These(&["front-proxy@emei -> requestheader@wudang"]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some("x509: subject with cn=front-proxy-client is not in the allowed list"),
        ..SOUND
    },
    Row {
        name: "service accounts: an issuer of its own",
        make: |trees| {
            let (from, to) = ("svc.cluster.local", "svc.wudang.local");
            trees.edit("wudang", APISERVER, from, to);
        },
        findings: &[
            "error token-issuer-mismatch wudang /etc/kubernetes/manifests/kube-apiserver.yaml",
        ],
        edges: Edges::These(&[
            "service-account@shaolin -> kube-apiserver@wudang",
            "service-account@wudang -> kube-apiserver@shaolin",
            "service-account@wudang -> kube-apiserver@emei",
            "service-account@emei -> kube-apiserver@wudang",
        ]),
        says: Some("error: You must be logged in to the server (Unauthorized)"),
        prints: Some("error: You must be logged in to the server (Unauthorized)"),
        server_says: Some("invalid bearer token"),
        ..SOUND
    },
];

const APISERVER: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";
