//! What the stages rest on, done by hand: an apiserver takes tokens of every file that a flag names; and what happens when
//! the old key goes too early, so that it is known that the load would see a refusal.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use pki_core::edit::manifest;

use crate::cluster::Cluster;
use crate::cluster::NODES;
use crate::cluster::Node;
use crate::identities::ACCOUNT;
use crate::identities::as_super_admin;
use crate::peers;
use crate::service_accounts::hold_to_the_end;
use crate::service_accounts::load::Load;
use crate::service_accounts::make_pair;
use crate::service_accounts::old_key;
use crate::service_accounts::refresh;
use crate::service_accounts::start;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn a_key_that_is_trusted_by_a_second_flag_is_taken_and_one_that_goes_early_is_missed() {
    let work = peers::scratch("service-accounts-by-hand");
    let mut cluster = start(&work, |_| {});
    as_super_admin(&cluster, &NODES[0], &["create", "serviceaccount", ACCOUNT]);
    let next = work.join("next");
    fs::create_dir(&next).unwrap();
    make_pair(&next);

    let load = Load::start(&work.join("tokens"), &cluster.pki(&NODES[0]).join("ca.crt"));
    refresh(&cluster, Some(&load));
    for (at, node) in NODES.iter().enumerate() {
        let pki = cluster.pki(node);
        fs::copy(pki.join("sa.key"), old_key(&cluster, node)).unwrap();
        fs::copy(next.join("sa.pub"), pki.join("sa-next.pub")).unwrap();
        let text = fs::read_to_string(file(&cluster, node)).unwrap();
        let edited = manifest::add_flag(&text, "kube-apiserver", FLAG).unwrap();
        fs::write(file(&cluster, node), edited).unwrap();
        load.without(at, || cluster.restart("kube-apiserver", node));
    }
    for (at, node) in NODES.iter().enumerate() {
        fs::copy(next.join("sa.key"), cluster.pki(node).join("sa.key")).unwrap();
        hold_to_the_end(&cluster, node, &load);
        load.without(at, || cluster.restart("kube-apiserver", node));
        refresh(&cluster, Some(&load));
    }
    let answers = load.answers();
    println!("trusted first, then signed with: {answers:?}");
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["200"], "{answers:?}");

    let node = &NODES[0];
    let pki = cluster.pki(node);
    fs::copy(next.join("sa.pub"), pki.join("sa.pub")).unwrap();
    let text = fs::read_to_string(file(&cluster, node)).unwrap();
    let edited = manifest::remove_flag(&text, "kube-apiserver", FLAG).unwrap();
    fs::write(file(&cluster, node), edited).unwrap();
    fs::remove_file(pki.join("sa-next.pub")).unwrap();
    load.without(0, || cluster.restart("kube-apiserver", node));
    // Long enough for every token to have its turn there, and shorter than the last one that is held lives.
    std::thread::sleep(Duration::from_secs(5));
    let answers = load.end();
    println!("and the old key taken away at once: {answers:?}");
    assert!(answers.contains_key("401"), "{answers:?}");
}

fn file(cluster: &Cluster, node: &Node) -> PathBuf {
    cluster.pki(node).join("../manifests/kube-apiserver.yaml")
}

const FLAG: &str = "--service-account-key-file=/etc/kubernetes/pki/sa-next.pub";
