//! `hapki issue registry`: the names that a registry's files, its inventory and those who dial it tell, and where its
//! certificate and its authority go.

use std::process::Output;

use super::CERTS;
use super::Harbor;
use super::INVENTORY;
use super::errors;
use crate::cluster::digest;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;

#[test]
fn what_a_harbor_is_reached_by_is_derived_and_installed_where_it_says() {
    let harbor = Harbor::with(&["old.internal"]);
    harbor.write("hapki.yaml", INVENTORY);
    harbor.trusting_node("hub.tonybai.com:8989");
    let paths = ["node1=node1", "client=client"];
    assert!(errors(&harbor.audited(&paths)).contains(&"name-mismatch".to_owned()));
    let output = issue(
        &harbor,
        "node1",
        &[
            "--registry",
            "node1=node1",
            "--registry",
            "client=client",
            "--install",
        ],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let answer = json(&output);
    let issued = &answer["issued"][0];
    assert_eq!(
        issued["sans"]["dns"],
        serde_json::json!(["hub.tonybai.com", "node1"])
    );
    assert_eq!(issued["sans"]["ip"], serde_json::json!(["10.47.217.91"]));
    let certificate = format!("node1/{CERTS}/server.crt");
    assert_eq!(issued["certificate"], certificate.as_str());
    assert_eq!(errors(&harbor.audited(&paths)), Vec::<String>::new());
    let next = answer["next"].to_string();
    for told in [
        "/etc/docker/certs.d/hub.tonybai.com:8989/ca.crt",
        "/etc/containerd/certs.d/10.47.217.91:8060/hosts.toml",
    ] {
        assert!(next.contains(told), "{told}: {next}");
    }
}

#[test]
fn each_name_says_which_file_it_is_from() {
    let harbor = Harbor::with(&["old.internal"]);
    harbor.write(
        "hapki.yaml",
        "apiVersion: hapki.dev/v1\nkind: Cluster\nnodes: [{ name: node1, addresses: [10.47.217.91], roles: [worker] }]\n",
    );
    harbor.trusting_node("reg.internal:8060");
    harbor.write("client/etc/hosts", "10.47.217.91 reg.internal\n");
    let given = ["--registry", "node1", "--registry", "client"];
    let answer = json(&issue(&harbor, "hub", &given));
    let sources = answer["issued"][0]["san_sources"].as_array().unwrap();
    let told: Vec<String> = sources
        .iter()
        .map(|source| {
            format!(
                "{}: {}",
                source["san"].as_str().unwrap(),
                source["from"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "hub: --node",
            "reg.internal: dialled by docker@client in client/etc/docker/certs.d/reg.internal:8060",
            "10.47.217.91: its own URL in node1/opt/harbor/harbor.cfg:2",
        ]
    );
}

/// What `--out` writes for clients makes docker and containerd trust the registry.
#[test]
fn the_tree_for_clients_is_what_docker_and_containerd_read() {
    let harbor = Harbor::with(&["old.internal"]);
    harbor.write("hapki.yaml", INVENTORY);
    let output = issue(
        &harbor,
        "node1",
        &["--registry", "node1=node1", "--out", "out"],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for file in ["server.crt", "server.key"] {
        let copied = harbor.path(&format!("out/node1/{CERTS}")).join(file);
        std::fs::copy(copied, harbor.path("node1").join(CERTS).join(file)).unwrap();
    }
    let report = harbor.audited(&["node1=node1", "client=out/registry-clients"]);
    let edges = report["edges"].as_array().unwrap();
    for client in ["docker@client", "containerd@client"] {
        let of_client = edges.iter().filter(|edge| edge["client"] == client);
        let dialled: Vec<&str> = of_client
            .map(|edge| {
                assert_eq!(edge["ok"], true, "{edge:#}");
                edge["dials"].as_str().unwrap()
            })
            .collect();
        assert!(
            dialled.contains(&"https://hub.tonybai.com:8989"),
            "{client}: {report:#}"
        );
    }
}

#[test]
fn what_cannot_be_meant_is_refused_and_nothing_is_written() {
    let harbor = Harbor::with(&["old.internal"]);
    harbor.write("hapki.yaml", INVENTORY);
    harbor.write("empty/readme", "");
    let before = digest(harbor.directory.path());
    for (given, says) in [
        (
            &["--registry", "empty"][..],
            "empty holds neither a Harbor nor a registry",
        ),
        (
            &["--registry", "nowhere"],
            "nowhere holds neither a Harbor nor a registry",
        ),
        (
            &[
                "--registry",
                "node1=node1",
                "--registry",
                "node2=node2",
                "--install",
            ],
            "hub.tonybai.com is several installations, each with files of its own: node1, node2",
        ),
    ] {
        let output = issue(&harbor, "hub.tonybai.com", given);
        assert_eq!(code(&output), 2, "{given:?}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    assert_eq!(digest(harbor.directory.path()), before);
}

fn issue(harbor: &Harbor, node: &str, more: &[&str]) -> Output {
    let ca = format!("node1/{CERTS}/ca.crt");
    hapki_in(harbor.directory.path())
        .args(["issue", "registry", "--node", node, "--ca-cert", &ca])
        .args([
            "--pki-dir",
            "pki",
            "--key",
            "ecdsa-p256",
            "--format",
            "json",
        ])
        .args(["--at", "2027-06-01T00:00:00Z"])
        .args(more)
        .output()
        .unwrap()
}
