use std::path::PathBuf;

use time::Duration;

use crate::inventory::KubernetesVersion;
use crate::inventory::Role;
use crate::inventory::tests::HEAD;
use crate::inventory::tests::ip;
use crate::inventory::tests::read;
use crate::inventory::tests::sans;
use crate::inventory::tests::says;
use crate::x509::key::KeyAlgorithm;

/// As a file for `kubeadm init` and two for `kubeadm join`, put together.
const THREE_NODES: &str = "apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration:
  name: Shaolin
  criSocket: unix:///run/containerd/containerd.sock
  taints: null
localAPIEndpoint:
  advertiseAddress: 10.27.53.32
  bindPort: 6443
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: wulin
kubernetesVersion: v1.34.4
controlPlaneEndpoint: kubernetes.default.svc:8443
networking: { serviceSubnet: 10.96.0.0/12, podSubnet: 10.244.0.0/16, dnsDomain: cluster.local }
apiServer:
  certSANs: [10.27.52.72, lb.example.com]
  extraArgs: [ { name: v, value: '4' } ]
encryptionAlgorithm: ECDSA-P256
certificateValidityPeriod: 8760h0m0s
caCertificateValidityPeriod: 87600h0m0s
etcd:
  local: { dataDir: /var/lib/etcd, serverCertSANs: [etcd.example.com], peerCertSANs: [10.9.9.9] }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterDNS: [10.96.0.10]
--- # the second master
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { name: wudang }
discovery: { bootstrapToken: { token: abcdef.0123456789abcdef, apiServerEndpoint: 10.27.53.32:6443 } }
controlPlane: { localAPIEndpoint: { advertiseAddress: 10.24.138.208, bindPort: 7443 } }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { name: worker1 }
";

#[test]
fn kubeadm_documents_make_the_same_inventory() {
    let inventory = read(THREE_NODES);
    assert_eq!(inventory.name.as_deref(), Some("wulin"));
    assert_eq!(
        inventory.kubernetes.version,
        Some(KubernetesVersion::new(1, 34))
    );
    assert_eq!(inventory.kubernetes.service_addresses(), [ip("10.96.0.1")]);
    assert_eq!(
        sans(&inventory.kubernetes.cert_sans),
        ["10.27.52.72", "lb.example.com"]
    );
    assert_eq!(inventory.certificates.key, Some(KeyAlgorithm::EcdsaP256));
    assert_eq!(inventory.certificates.validity, Some(Duration::days(365)));
    assert_eq!(
        inventory.certificates.ca_validity,
        Some(Duration::days(3650))
    );
    assert_eq!(sans(&inventory.etcd.server_cert_sans), ["etcd.example.com"]);
    assert_eq!(sans(&inventory.etcd.peer_cert_sans), ["10.9.9.9"]);
    let nodes: Vec<_> = inventory
        .nodes
        .iter()
        .map(|node| {
            (
                node.name.as_str(),
                node.address(),
                node.bind_port,
                node.roles.clone(),
                node.place.line,
            )
        })
        .collect();
    assert_eq!(
        nodes,
        [
            (
                "shaolin",
                Some(ip("10.27.53.32")),
                6443,
                vec![Role::ControlPlane, Role::Etcd],
                Some(4)
            ),
            (
                "wudang",
                Some(ip("10.24.138.208")),
                7443,
                vec![Role::ControlPlane, Role::Etcd],
                Some(32)
            ),
            ("worker1", None, 6443, vec![Role::Worker], Some(38)),
        ]
    );
}

#[test]
fn kubeadm_with_an_external_etcd() {
    let inventory = read(
        "apiVersion: kubeadm.k8s.io/v1
kind: ClusterConfiguration
kubernetesVersion: stable-1.36
etcd:
  external:
    endpoints: ['https://10.0.0.5:2379']
    httpEndpoints: ['https://10.0.0.5:2381']
    caFile: /etc/etcd/ca.crt
    certFile: ''
    keyFile: ''
networking: {}
---
apiVersion: kubeadm.k8s.io/v1
kind: InitConfiguration
nodeRegistration: { name: a }
localAPIEndpoint: { advertiseAddress: 0.0.0.0 }
",
    );
    assert_eq!(
        inventory.kubernetes.version,
        Some(KubernetesVersion::new(1, 36))
    );
    let a = inventory.node("a").unwrap();
    assert_eq!(
        (a.roles.as_slice(), a.address()),
        ([Role::ControlPlane].as_slice(), None)
    );
    let external = inventory.etcd.external.unwrap();
    assert_eq!(
        (external.ca_file, external.cert_file),
        (Some(PathBuf::from("/etc/etcd/ca.crt")), None)
    );
}

#[test]
fn kubeadm_documents_that_cannot_be() {
    let cluster = |entry: &str| {
        format!("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n{entry}\n")
    };
    says(
        &cluster("apiServer: { certSans: [a] }"),
        "hapki.yaml:3: `certSans` is not a key that is known here",
    );
    says(
        &cluster("encryptionAlgorithm: RSA"),
        "hapki.yaml:3: `RSA` is not an encryption algorithm of kubeadm",
    );
    says(
        &cluster("certificateValidityPeriod: 365d"),
        "hapki.yaml:3: `365d` is not a duration",
    );
    says(
        &cluster("kubernetesVersion: newest"),
        "hapki.yaml:3: `newest` is not a Kubernetes version",
    );
    says(
        &format!("{}---\n{}", cluster(""), cluster("")),
        "hapki.yaml:5: a second ClusterConfiguration begins here",
    );
    says(
        "apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\n",
        "hapki.yaml:1: apiVersion `kubeadm.k8s.io/v1beta2` is not read",
    );
    says(
        &format!("{HEAD}---\n{}", cluster("")),
        "hapki.yaml:4: a second document begins here; one file describes one cluster",
    );
}
