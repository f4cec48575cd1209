//! Members of etcd that have a network of their own.

use super::cluster::Cluster;
use super::cluster::make;

#[test]
fn a_peer_comes_from_the_address_that_it_announces_to_peers() {
    let cluster = Cluster::seed();
    let ca = make("etcd-ca", &[], None);
    for (node, announced) in [("wudang", "192.168.7.2"), ("emei", "192.168.7.3")] {
        cluster.pem(node, "etcd/ca.crt", &ca.certificate.to_pem());
        cluster.pair(node, "etcd/peer", &make(node, &[announced], Some(&ca)));
        let manifest = "etc/kubernetes/manifests/etcd.yaml";
        for (own, other) in [
            ("http://10.24.138.208:2380", "https://192.168.7.2:2380"),
            ("http://10.27.52.72:2380", "https://192.168.7.3:2380"),
        ] {
            cluster.edit(node, manifest, own, other);
        }
        let pki = "/etc/kubernetes/pki/etcd";
        let flags = format!(
            "    - --peer-cert-file={pki}/peer.crt\n    - --peer-key-file={pki}/peer.key\n    - --peer-trusted-ca-file={pki}/ca.crt\n    - --data-dir="
        );
        cluster.edit(node, manifest, "    - --data-dir=", &flags);
    }
    let topology = cluster.read();
    let edges = topology.edges.iter();
    let sources: Vec<String> = edges
        .filter(|edge| edge.server.name == "etcd-peer")
        .map(|edge| {
            let source = edge.source.as_ref().unwrap();
            format!("{} from {}", edge.client, source.address)
        })
        .collect();
    assert!(
        sources.contains(&"etcd@wudang from 192.168.7.2".to_owned()),
        "{sources:?}"
    );
    assert_ne!(
        topology.node("wudang").and_then(|node| node.address),
        "192.168.7.2".parse().ok()
    );
}
