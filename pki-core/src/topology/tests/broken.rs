//! Files that cannot be used.

use std::fs;

use super::cluster::Cluster;
use super::edge;
use crate::facts::Broken;

fn told(broken: &[Broken]) -> Vec<String> {
    let mut told: Vec<String> = broken
        .iter()
        .filter(|broken| broken.told_at.is_some())
        .map(|broken| format!("{} {}", broken.place.path.display(), broken.problem))
        .collect();
    told.sort();
    told
}

#[test]
fn broken_files_are_facts() {
    let cluster = Cluster::seed();
    let pki = cluster.file("wudang", "etc/kubernetes/pki");
    fs::remove_file(pki.join("apiserver.key")).unwrap();
    fs::remove_file(pki.join("front-proxy-ca.crt")).unwrap();
    fs::create_dir(pki.join("front-proxy-ca.crt")).unwrap();
    let text = fs::read_to_string(pki.join("apiserver.crt")).unwrap();
    fs::write(pki.join("apiserver.crt"), &text[..text.len() / 2]).unwrap();
    cluster.edit(
        "wudang",
        "etc/kubernetes/admin.conf",
        "clusters:\n",
        "clusters: {\n",
    );
    cluster.edit(
        "wudang",
        "etc/kubernetes/scheduler.conf",
        "client-key-data: ",
        "client-key-data: _",
    );
    let topology = cluster.read();
    let mut problems: Vec<String> = topology
        .broken
        .iter()
        .map(|broken| {
            format!(
                "{} {:?} {}",
                broken.place.path.display(),
                broken.kind,
                broken.told_at.is_some()
            )
        })
        .collect();
    problems.sort();
    assert_eq!(
        problems,
        [
            "/etc/kubernetes/admin.conf Malformed false",
            "/etc/kubernetes/pki/apiserver.crt Malformed true",
            "/etc/kubernetes/pki/apiserver.key Missing true",
            "/etc/kubernetes/pki/front-proxy-ca.crt Unreadable true",
            "/etc/kubernetes/scheduler.conf Malformed false",
        ],
        "{:#?}",
        topology.broken
    );
    let edge = edge(&topology, "kubelet@wudang");
    assert!(edge.shown.chain.is_empty());
}

#[test]
fn an_encrypted_key_is_of_no_use_to_who_is_told_to_use_it() {
    let cluster = Cluster::seed();
    let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n";
    cluster.pem("emei", "apiserver.key", encrypted);
    cluster.pem("wudang", "apiserver.key", encrypted);
    assert_eq!(
        told(&cluster.read().broken),
        [
            "/etc/kubernetes/pki/apiserver.key cannot be used: the key is encrypted (legacy PEM encryption), and no component asks for a passphrase"
        ],
    );
}
