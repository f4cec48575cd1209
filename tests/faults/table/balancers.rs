//! What a balancer that ends TLS makes of its backends.

use crate::faults::forge::Signer;
use crate::faults::forge::as_it_is;
use crate::faults::forge::expired;
use crate::faults::row::Edges;
use crate::faults::row::Row;
use crate::faults::row::SOUND;
use crate::faults::trees;
use crate::faults::trees::Trees;

pub const ROWS: &[Row] = &[
    Row {
        name: "haproxy: a backend has expired",
        make: |trees| {
            haproxy(trees, "");
            trees.sign("wudang", "apiserver", expired);
        },
        findings: &[
            "error expired wudang /etc/kubernetes/pki/apiserver.crt",
            "warning tls-terminated-at-balancer emei /etc/haproxy/haproxy.cfg",
        ],
        edges: Edges::To(
            "kube-apiserver@wudang",
            14,
            "haproxy@emei -> kube-apiserver@wudang",
        ),
        says: Some(r#"Layer6 invalid response, info: "SSL handshake failure""#),
        prints: Some("{says}"),
        ..SOUND
    },
    Row {
        name: "haproxy: a backend is of another cluster",
        make: |trees| {
            haproxy(trees, "");
            trees.sign_by(Signer::Stranger, "wudang", "apiserver", as_it_is);
        },
        findings: &[
            "error same-name-other-ca wudang /etc/kubernetes/pki/apiserver.crt",
            "warning tls-terminated-at-balancer emei /etc/haproxy/haproxy.cfg",
        ],
        edges: Edges::To(
            "kube-apiserver@wudang",
            14,
            "haproxy@emei -> kube-apiserver@wudang",
        ),
        says: Some(r#"Layer6 invalid response, info: "SSL handshake failure""#),
        prints: Some("{says}"),
        ..SOUND
    },
    Row {
        name: "haproxy: verifyhost is no name of the backends",
        make: |trees| haproxy(trees, " verifyhost lb.wulin.internal"),
        findings: &[
            "error name-mismatch emei /etc/kubernetes/pki/apiserver.crt",
            "error name-mismatch shaolin /etc/kubernetes/pki/apiserver.crt",
            "error name-mismatch wudang /etc/kubernetes/pki/apiserver.crt",
            "warning tls-terminated-at-balancer emei /etc/haproxy/haproxy.cfg",
        ],
        edges: Edges::These(&["haproxy@emei -> kube-apiserver@emei"]),
        says: Some(
            r#"Layer6 invalid response, info: "Server presented an SSL certificate different from the configured one""#,
        ),
        prints: Some("{says}"),
        ..SOUND
    },
];

/// A balancer on emei that nobody dials yet.
fn haproxy(trees: &Trees, more: &str) {
    let pair = ["crt", "key"]
        .map(|ending| trees::read(&trees.pki("emei", &format!("apiserver.{ending}"))));
    trees.write("emei", "/etc/haproxy/haproxy.pem", &pair.concat(), 0o600);
    let servers: String = trees
        .nodes
        .iter()
        .map(|(name, address)| {
            format!(
                "    server {name} {address}:6443 check ssl verify required ca-file /etc/kubernetes/pki/ca.crt{more}\n"
            )
        })
        .collect();
    let text = format!("{CONFIGURATION}{servers}");
    trees.write("emei", "/etc/haproxy/haproxy.cfg", &text, 0o644);
}

const CONFIGURATION: &str = "\
global
    log stdout format raw local0
defaults
    log global
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend apiserver
    bind {emei}:9443 ssl crt /etc/haproxy/haproxy.pem
    default_backend apiserver
backend apiserver
";
