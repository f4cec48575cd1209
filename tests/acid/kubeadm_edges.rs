//! Three masters that kubeadm made: every edge that docs/edges.md explains is there, holds, and no other; nothing is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::kinds::Size;
use crate::kubeadm;
use crate::kubeadm::Config;
use crate::kubeadm_first::embedded_certificate;
use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn a_cluster_made_by_kubeadm_has_every_edge_and_no_other() {
    let work = peers::scratch("kubeadm-edges");
    let cluster = work.join("cluster");
    for (node, address) in NODES {
        master(&cluster, node, address, &work);
    }
    let nginx = include_str!("../../fixtures/seed/kubernetes/steps/emei/etc/nginx/nginx.conf");
    fs::create_dir_all(cluster.join("emei/etc/nginx")).unwrap();
    fs::write(cluster.join("emei/etc/nginx/nginx.conf"), nginx).unwrap();
    let objects = kubeadm::must(
        &cluster.join("shaolin"),
        &[
            "init",
            "phase",
            "addon",
            "kube-proxy",
            "--print-manifest",
            "--config",
            "/kubeadm.yaml",
        ],
    );
    fs::create_dir_all(cluster.join("cluster")).unwrap();
    fs::write(cluster.join("cluster/kube-proxy.yaml"), objects).unwrap();

    let mut audit = peers::hapki(["audit", "--format", "json"]);
    let report = peers::json(audit.arg(&cluster));
    let summary = &report["summary"]["findings"];
    assert_eq!(
        (&summary["error"], &summary["warning"]),
        (&Value::from(0), &Value::from(0)),
        "{:#}",
        report["findings"]
    );
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for edge in report["edges"].as_array().unwrap() {
        assert_eq!(edge["ok"], true, "{edge}");
        let name = |end: &str| {
            let component = edge[end].as_str().unwrap();
            component.split_once('@').unwrap().0.to_owned()
        };
        let kind = format!("{} -> {}", name("client"), name("server"));
        *counts.entry(kind).or_default() += 1;
    }
    let size = Size {
        masters: NODES.len(),
        workers: 0,
        kube_proxy: 1,
    };
    assert_eq!(counts, size.expected(), "{:#}", report["unjudged"]);
}

/// The phases of `kubeadm init`, and those of `kubeadm join` on paper: what the first master shares is copied.
fn master(cluster: &Path, node: &str, address: &str, work: &Path) {
    let tree = cluster.join(node);
    kubeadm::configure(
        &tree,
        &Config {
            node,
            address,
            algorithm: "ECDSA-P256",
            endpoint: "kubernetes.default.svc:8443",
        },
    );
    let etc = tree.join("etc/kubernetes");
    let (first, _) = NODES[0];
    if node != first {
        let shared = cluster.join(first).join("etc/kubernetes/pki");
        fs::create_dir_all(etc.join("pki/etcd")).unwrap();
        for file in SHARED {
            fs::copy(shared.join(file), etc.join("pki").join(file)).unwrap();
        }
    }
    for phase in [
        "certs all",
        "kubeconfig all",
        "control-plane all",
        "etcd local",
    ] {
        let words = ["init", "phase"].into_iter().chain(phase.split(' '));
        let args: Vec<&str> = words.chain(["--config", "/kubeadm.yaml"]).collect();
        kubeadm::must(&tree, &args);
    }
    if node != first {
        fs::remove_file(etc.join("super-admin.conf")).unwrap();
    }
    let hosts = "127.0.0.1 localhost\n10.27.53.32 shaolin\n10.24.138.208 wudang\n10.27.52.72 emei kubernetes.default.svc\n";
    fs::write(tree.join("etc/hosts"), hosts).unwrap();
    kubelet(&tree, work);
}

/// What `kubeadm init phase kubelet-start` and `kubelet-finalize` write and the kubelet does with it.
fn kubelet(tree: &Path, work: &Path) {
    let conf = tree.join("etc/kubernetes/kubelet.conf");
    let certificate = fs::read_to_string(embedded_certificate(&conf, work)).unwrap();
    let text = fs::read_to_string(&conf).unwrap();
    let line = |name: &str| {
        let mut lines = text.lines().map(str::trim);
        lines
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    let encoded = line("client-key-data: ");
    let encoded = encoded.split_once(' ').unwrap().1;
    let packed = work.join("kubelet.key.base64");
    fs::write(&packed, encoded).unwrap();
    let key = peers::must(peers::peer("openssl", ["base64", "-d", "-A", "-in"]).arg(&packed));
    let pki = tree.join("var/lib/kubelet/pki");
    fs::create_dir_all(&pki).unwrap();
    let current = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    put_private(&tree.join(&current[1..]), &format!("{certificate}{key}"));
    let mut rotating = String::new();
    for kept in text.lines() {
        let name = kept.trim().split(':').next().unwrap();
        rotating += &match name {
            "client-certificate-data" => format!("    client-certificate: {current}\n"),
            "client-key-data" => format!("    client-key: {current}\n"),
            _ => format!("{kept}\n"),
        };
    }
    put_private(&conf, &rotating);
    let config = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  anonymous:\n    \
                  enabled: false\n  x509:\n    clientCAFile: /etc/kubernetes/pki/ca.crt\nclusterDomain: cluster.local\n\
                  rotateCertificates: true\n";
    fs::write(tree.join("var/lib/kubelet/config.yaml"), config).unwrap();
}

fn put_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

const NODES: [(&str, &str); 3] = [
    ("shaolin", "10.27.53.32"),
    ("wudang", "10.24.138.208"),
    ("emei", "10.27.52.72"),
];

/// What `kubeadm init --upload-certs` hands to who joins.
const SHARED: [&str; 8] = [
    "ca.crt",
    "ca.key",
    "etcd/ca.crt",
    "etcd/ca.key",
    "front-proxy-ca.crt",
    "front-proxy-ca.key",
    "sa.key",
    "sa.pub",
];
