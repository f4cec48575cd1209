//! The field report's cluster, with keys made here, read from a directory.

mod balanced;
mod broken;
mod cluster;
mod moving;
mod peers;

use std::fs;
use std::path::Path;

use self::cluster::Cluster;
use self::cluster::make;
use self::cluster::read;
use super::*;
use crate::profile::Authority;
use crate::profile::Profile;

fn edge<'t>(topology: &'t Topology, client: &str) -> &'t Edge {
    let found = topology
        .edges
        .iter()
        .find(|edge| edge.client.to_string() == client);
    found.unwrap_or_else(|| panic!("no edge of {client}: {:?}", topology.unjudged))
}

fn server(topology: &Topology, client: &str) -> String {
    edge(topology, client).server.to_string()
}

fn why<'t>(topology: &'t Topology, client: &str) -> &'t str {
    let found = topology
        .unjudged
        .iter()
        .find(|u| u.client.to_string() == client);
    &found.unwrap_or_else(|| panic!("{client} is judged")).why
}

#[test]
fn the_kubelet_of_wudang_is_shown_what_was_copied_from_shaolin() {
    let topology = Cluster::seed().read();
    let names: Vec<&str> = topology
        .nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(names, ["emei", "shaolin", "wudang"]);
    let edge = edge(&topology, "kubelet@wudang");
    assert_eq!(edge.server.to_string(), "kube-apiserver@wudang");
    assert_eq!(edge.dials.as_deref(), Some("https://10.24.138.208:6443"));
    assert_eq!(edge.asks_for.as_deref(), Some("10.24.138.208"));
    assert_eq!(edge.told_at.line, Some(5));
    assert_eq!(edge.told_at.path, Path::new("/etc/kubernetes/kubelet.conf"));
    assert_eq!(
        edge.shown.place.path,
        Path::new("/etc/kubernetes/pki/apiserver.crt")
    );
    let sans = edge.shown.chain[0]
        .extensions()
        .subject_alt_names
        .as_ref()
        .unwrap();
    assert_eq!(sans.len(), 3);
    assert_eq!(
        edge.trusts.roots[0].subject().common_name(),
        Some("kubernetes")
    );
    let (shown, trust) = edge.client_shows.as_ref().unwrap();
    assert_eq!(
        shown.chain[0].subject().common_name(),
        Some("system:node:wudang")
    );
    assert_eq!(trust.place.path, Path::new("/etc/kubernetes/pki/ca.crt"));
    assert_eq!(trust.place.node, "wudang");
}

#[test]
fn manifests_and_kubeconfigs_lead_where_they_point() {
    let topology = Cluster::seed().read();
    assert_eq!(
        server(&topology, "kube-controller-manager@wudang"),
        "kube-apiserver@shaolin"
    );
    assert_eq!(
        server(&topology, "kube-scheduler@emei"),
        "kube-apiserver@shaolin"
    );
    assert_eq!(
        server(&topology, "kubeconfig:admin.conf@wudang"),
        "kube-apiserver@shaolin"
    );
    let emei = edge(&topology, "kubelet@emei");
    assert_eq!(
        emei.shown.place.path,
        Path::new("/etc/kubernetes/pki/apiserver-emei.crt")
    );
    let unused: Vec<_> = topology
        .holdings
        .iter()
        .filter(|holding| !holding.used)
        .collect();
    assert_eq!(unused.len(), 1, "{unused:?}");
    assert_eq!(unused[0].place.node, "emei");
    assert_eq!(
        unused[0].place.path,
        Path::new("/etc/kubernetes/pki/apiserver.crt")
    );
    let serving = |node: &str| {
        let role = Some(Role::Profile(Profile::Apiserver));
        let mut held = topology
            .holdings
            .iter()
            .filter(|h| h.place.node == node && h.used);
        held.find(|holding| holding.role == role)
            .unwrap()
            .place
            .path
            .clone()
    };
    assert_eq!(
        serving("emei"),
        Path::new("/etc/kubernetes/pki/apiserver-emei.crt")
    );
    assert_eq!(
        serving("wudang"),
        Path::new("/etc/kubernetes/pki/apiserver.crt")
    );
    assert!(topology.broken.is_empty(), "{:?}", topology.broken);
}

#[test]
fn what_cannot_be_followed_is_said() {
    let topology = Cluster::seed().read();
    assert_eq!(
        why(&topology, "kube-apiserver@wudang"),
        "it is dialled without TLS"
    );
    let dialled = topology.dialled.iter().find(|d| d.port == 8443).unwrap();
    assert_eq!(dialled.name.to_string(), "10.27.52.72");
    let cluster = Cluster::seed();
    std::fs::remove_dir_all(cluster.file("emei", "etc/nginx")).unwrap();
    let topology = cluster.read();
    let why_balancer = why(&topology, "kubeconfig:admin-lb.conf@emei");
    assert!(why_balancer.contains("port 8443 of emei"), "{why_balancer}");
}

#[test]
fn nodes_know_addresses_releases_and_pairs() {
    let topology = Cluster::seed().read();
    let wudang = topology.node("wudang").unwrap();
    assert_eq!(wudang.address, Some([10, 24, 138, 208].into()));
    assert_eq!(wudang.version.unwrap().to_string(), "1.6");
    assert_eq!(wudang.names.len(), 3);
    assert!(wudang.names.iter().all(|claim| claim.value == "wudang"));
    let apiserver = wudang.apiserver.as_ref().unwrap();
    assert_eq!(
        apiserver.service_addresses,
        [std::net::IpAddr::from([10, 96, 0, 1])]
    );
    assert!(wudang.pki_dir.ends_with("wudang/etc/kubernetes/pki"));
    let pairs = topology
        .pairs
        .iter()
        .filter(|pair| pair.user.node == "wudang");
    let mut users: Vec<String> = pairs
        .map(|pair| {
            format!(
                "{} {}",
                pair.user.name,
                pair.certificate.path.file_name().unwrap().display()
            )
        })
        .collect();
    users.sort();
    assert_eq!(
        users,
        [
            "kube-apiserver apiserver-kubelet-client.crt",
            "kube-apiserver apiserver.crt",
            "kube-controller-manager ca.crt",
            "kube-controller-manager controller-manager.conf",
            "kube-scheduler scheduler.conf",
            "kubeconfig:admin.conf admin.conf",
            "kubelet kubelet.conf",
        ]
    );
    let keys = topology
        .keys
        .iter()
        .filter(|key| key.place.node == "wudang");
    assert!(
        keys.clone()
            .all(|key| key.key.is_ok() && key.mode.is_some())
    );
    assert_eq!(keys.count(), 8);
}

#[test]
fn a_name_is_followed_by_the_hosts_file_of_who_dials_it() {
    let cluster = Cluster::seed();
    for node in ["wudang", "shaolin"] {
        let to = "https://kubernetes.default.svc:6443";
        let path = "etc/kubernetes/admin.conf";
        cluster.edit(node, path, "https://10.27.53.32:6443", to);
    }
    let topology = cluster.read();
    assert_eq!(
        server(&topology, "kubeconfig:admin.conf@wudang"),
        "kube-apiserver@emei"
    );
    let name = edge(&topology, "kubeconfig:admin.conf@wudang")
        .name
        .clone()
        .unwrap();
    assert_eq!(name.to_string(), "kubernetes.default.svc");
    assert_eq!(
        why(&topology, "kubeconfig:admin.conf@shaolin"),
        "kubernetes.default.svc is neither a node's name nor in the hosts file of shaolin"
    );
}

#[test]
fn tls_server_name_and_loopback() {
    let cluster = Cluster::seed();
    let path = "etc/kubernetes/admin.conf";
    let to =
        "https://127.0.0.1:6443\n    tls-server-name: shaolin\n    insecure-skip-tls-verify: true";
    cluster.edit("wudang", path, "https://10.27.53.32:6443", to);
    let topology = cluster.read();
    let edge = edge(&topology, "kubeconfig:admin.conf@wudang");
    assert_eq!(edge.server.to_string(), "kube-apiserver@wudang");
    assert_eq!(edge.asks_for.as_deref(), Some("shaolin"));
    assert_eq!(edge.unverified.as_ref().unwrap().line, Some(7));
}

#[test]
fn etcd_is_dialled_over_tls() {
    let cluster = Cluster::seed();
    let etcd_ca = make("etcd-ca", &[], None);
    cluster.pem("wudang", "etcd/ca.crt", &etcd_ca.certificate.to_pem());
    cluster.pair(
        "wudang",
        "etcd/server",
        &make("wudang", &["127.0.0.1"], Some(&etcd_ca)),
    );
    cluster.pair(
        "wudang",
        "apiserver-etcd-client",
        &make("client", &[], Some(&etcd_ca)),
    );
    let manifests = "etc/kubernetes/manifests";
    cluster.edit(
        "wudang",
        &format!("{manifests}/etcd.yaml"),
        "    - --data-dir=",
        "    - --cert-file=/pki/server.crt\n    - --key-file=/pki/server.key\n    - --trusted-ca-file=/pki/ca.crt\n    - --data-dir=",
    );
    cluster.edit(
        "wudang",
        &format!("{manifests}/etcd.yaml"),
        "    volumeMounts:\n",
        "    volumeMounts:\n    - mountPath: /pki\n      name: pki\n",
    );
    cluster.edit(
        "wudang",
        &format!("{manifests}/etcd.yaml"),
        "  volumes:\n",
        "  volumes:\n  - hostPath:\n      path: /etc/kubernetes/pki/etcd\n    name: pki\n",
    );
    cluster.edit(
        "wudang",
        &format!("{manifests}/kube-apiserver.yaml"),
        "--etcd-servers=http://127.0.0.1:2379",
        "--etcd-servers=https://127.0.0.1:2379\n    - --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt\n    - --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt\n    - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key",
    );
    let topology = cluster.read();
    let edge = edge(&topology, "kube-apiserver@wudang");
    assert_eq!(edge.server.to_string(), "etcd@wudang");
    assert_eq!(
        edge.shown.place.path,
        Path::new("/etc/kubernetes/pki/etcd/server.crt")
    );
    let (_, trust) = edge.client_shows.as_ref().unwrap();
    assert_eq!(trust.roots[0].subject().common_name(), Some("etcd-ca"));
    let role = Role::Authority(Authority::Etcd);
    assert!(
        topology
            .holdings
            .iter()
            .any(|holding| holding.role == Some(role))
    );
}

#[test]
fn a_node_whose_files_disagree_yields_its_name() {
    let cluster = Cluster::seed();
    fs::remove_file(cluster.file("emei", "etc/kubernetes/manifests/etcd.yaml")).unwrap();
    let shaolin = cluster.file("shaolin", "etc/kubernetes/kubelet.conf");
    fs::copy(shaolin, cluster.file("emei", "etc/kubernetes/kubelet.conf")).unwrap();
    let topology = cluster.read();
    let emei = topology.node("emei").unwrap();
    let names: Vec<&str> = emei
        .names
        .iter()
        .map(|claim| claim.value.as_str())
        .collect();
    assert_eq!(names, ["shaolin", "emei"]);
    assert_eq!(emei.names[0].place.line, Some(18));
}

#[test]
fn an_advertised_address_that_is_anothers_is_not_believed() {
    let cluster = Cluster::seed();
    let path = "etc/kubernetes/manifests/kube-apiserver.yaml";
    cluster.edit(
        "wudang",
        path,
        "--advertise-address=10.24.138.208",
        "--advertise-address=10.27.53.32",
    );
    let topology = cluster.read();
    let wudang = topology.node("wudang").unwrap();
    assert_eq!(wudang.address, Some([10, 24, 138, 208].into()));
    assert_eq!(server(&topology, "kubelet@wudang"), "kube-apiserver@wudang");
    assert_eq!(
        server(&topology, "kubelet@shaolin"),
        "kube-apiserver@shaolin"
    );
}

#[test]
fn the_pki_directory_brings_its_node() {
    let cluster = Cluster::seed();
    let pki = cluster.file("wudang", "etc/kubernetes/pki");
    let topology = read(std::slice::from_ref(&pki), true);
    assert_eq!(topology.nodes.len(), 1);
    assert_eq!(server(&topology, "kubelet@wudang"), "kube-apiserver@wudang");
    assert_eq!(topology.nodes[0].pki_dir, pki);
    let alone = read(&[pki], false);
    assert!(alone.kubeconfigs.is_empty());
    let tokens = alone.edges.iter().filter(|edge| edge.token.is_some());
    assert_eq!((tokens.count(), alone.edges.len()), (1, 1));
    assert_eq!(alone.holdings.len(), 4);
    assert_eq!(alone.nodes[0].name, "wudang");
}

#[test]
fn a_kubeconfig_alone_and_a_certificate_alone() {
    let cluster = Cluster::seed();
    let topology = read(
        &[cluster.file("wudang", "etc/kubernetes/kubelet.conf")],
        true,
    );
    assert_eq!(topology.holdings.len(), 2);
    assert_eq!(topology.nodes[0].name, "wudang");
    assert!(topology.edges.is_empty());
    let topology = read(
        &[cluster.file("emei", "etc/kubernetes/pki/apiserver-emei.crt")],
        true,
    );
    assert_eq!(topology.holdings.len(), 1);
    assert!(topology.pairs.is_empty());
    assert_eq!(topology.nodes[0].name, "emei");
}

#[test]
fn certificates_are_parsed_once_and_place_is_kept() {
    let topology = Cluster::seed().read();
    let cas = topology
        .holdings
        .iter()
        .filter(|holding| holding.certificate.subject().common_name() == Some("kubernetes"));
    let places: std::collections::BTreeSet<_> = cas.map(|holding| holding.place.clone()).collect();
    assert_eq!(places.len(), 16, "{places:#?}");
    assert!(places.iter().all(|place| !place.node.is_empty()));
}

#[test]
fn pairs_edges_and_holdings_name_one_place_alike() {
    let topology = Cluster::seed().read();
    assert!(topology.pairs.len() > 20);
    for pair in &topology.pairs {
        let mut holdings = topology.holdings.iter();
        let held = holdings.any(|h| h.index == 0 && h.place == pair.certificate);
        assert!(held, "{:?}", pair.certificate);
        let keyed = topology.keys.iter().any(|key| key.place == pair.key);
        assert!(keyed, "{:?}", pair.key);
    }
    assert!(topology.edges.len() > 10);
    let verified = topology
        .edges
        .iter()
        .filter(|edge| edge.unverified.is_none());
    for (edge, shows) in verified.filter_map(|edge| Some((edge, edge.client_shows.as_ref()?))) {
        let (client, client_trust) = shows;
        for place in [
            &edge.shown.place,
            &edge.trusts.place,
            &client.place,
            &client_trust.place,
        ] {
            let held = topology.holdings.iter().any(|h| h.place == *place);
            assert!(held, "{place:?}");
        }
    }
}

#[test]
fn the_second_certificate_of_a_bundle_has_its_line() {
    let cluster = Cluster::seed();
    let old = make("kubernetes", &[], None);
    let bundle = cluster.ca.certificate.to_pem() + &old.certificate.to_pem();
    cluster.pem("wudang", "ca.crt", &bundle);
    let topology = cluster.read();
    let mut lines = topology
        .holdings
        .iter()
        .filter(|h| h.place.node == "wudang" && h.place.path.ends_with("pki/ca.crt"));
    assert_eq!(lines.next().unwrap().place.line, None);
    let second = lines.next().unwrap();
    assert!(second.place.line > Some(5) && second.index == 1);
    assert_eq!(second.role, Some(Role::Authority(Authority::Cluster)));
    assert_eq!(
        edge(&topology, "kubelet@wudang")
            .client_shows
            .as_ref()
            .unwrap()
            .1
            .roots
            .len(),
        2
    );
}

#[test]
fn a_copy_may_lie_in_a_directory_of_any_name() {
    let cluster = Cluster::seed();
    fs::rename(cluster.root("wudang"), cluster.root("copy")).unwrap();
    let topology = read(&[cluster.root("copy")], true);
    assert_eq!(topology.nodes[0].name, "wudang");
    assert!(
        topology.nodes[0]
            .names
            .iter()
            .all(|claim| claim.value == "wudang")
    );
    fs::rename(cluster.root("emei"), cluster.root("wudang")).unwrap();
    let topology = read(&[cluster.root("wudang")], true);
    let names: Vec<&str> = topology.nodes[0]
        .names
        .iter()
        .map(|claim| claim.value.as_str())
        .collect();
    assert_eq!(names, ["emei", "emei", "wudang"]);
}
