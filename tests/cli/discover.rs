//! `hapki discover`: the inventory of a cluster that exists.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::cluster::Cluster;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

#[test]
fn what_it_writes_is_an_inventory_with_its_sources() {
    let directory = masters();
    let output = discover(directory.path(), &["trees"]);
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let text = stdout(&output);
    for wanted in [
        "  version: \"1.34\" # /etc/kubernetes/manifests/kube-apiserver.yaml:8 on emei, image; 1 more\n",
        "  serviceSubnet: \"172.30.0.0/16,fd00:30::/112\" # /cluster/kubeadm-config.yaml:10, serviceSubnet; 1 more\n",
        "  # but 172.31.0.0/16 by /etc/kubernetes/manifests/kube-apiserver.yaml:12 on wudang, --service-cluster-ip-range\n",
        "  dnsDomain: wulin.internal # /cluster/kubeadm-config.yaml:11, dnsDomain\n",
        "  controlPlaneEndpoint: \"lb.wulin.internal:8443\" # /cluster/kubeadm-config.yaml:8, controlPlaneEndpoint; 1 more\n",
        "  # certSANs: []",
        "  - name: emei # ",
        "      - \"fd00::72\" # /etc/kubernetes/manifests/kube-apiserver.yaml:11 on emei, --advertise-address\n",
        "      - control-plane # /etc/kubernetes/manifests/kube-apiserver.yaml on emei, kube-apiserver\n",
        "      - load-balancer # /etc/haproxy/haproxy.cfg:4 on emei, haproxy\n",
        "    bindPort: 7443 # /etc/kubernetes/manifests/kube-apiserver.yaml:13 on emei, --secure-port\n",
        "    listen: 8443 # /etc/haproxy/haproxy.cfg:4 on emei, listen\n",
        "      - lb.wulin.internal # /etc/kubernetes/admin.conf:7 on emei, dialled; nothing else listens on this port\n",
        "      - wudang # /etc/haproxy/haproxy.cfg:8 on emei, backend\n",
        "  external:\n    endpoints:\n      - \"https://10.0.0.5:2379\" # ",
        "    caFile: /etc/etcd/ca.crt # ",
        "# registries: [] # no registry is among the files\n",
    ] {
        let wanted = wanted.replace("/cluster/", &format!("{}/trees/cluster/", here(&directory)));
        assert!(text.contains(&wanted), "{wanted:?} is not in\n{text}");
    }
    fs::write(directory.path().join("hapki.yaml"), &text).unwrap();
    let audit = hapki_in(directory.path())
        .args(["audit", "--inventory=hapki.yaml", "trees"])
        .output()
        .unwrap();
    assert_eq!(code(&audit), 1, "{}", stderr(&audit));
}

#[test]
fn json_has_the_inventory_in_its_own_keys_and_every_source() {
    let directory = masters();
    let answer = json(&discover(directory.path(), &["trees", "--format=json"]));
    assert_eq!(answer["schema"], "hapki.discover/v1");
    let inventory = &answer["inventory"];
    assert_eq!(inventory["nodes"][0]["name"], "emei");
    assert_eq!(inventory["nodes"][0]["bindPort"], 7443);
    assert_eq!(inventory["loadBalancers"][0]["backends"][1], "wudang");
    let sources = answer["sources"].as_array().unwrap();
    let of = |key: &str| sources.iter().find(|source| source["key"] == key).unwrap();
    let subnet = of("kubernetes.serviceSubnet");
    assert_eq!(subnet["against"][0]["value"], "172.31.0.0/16");
    assert_eq!(subnet["against"][0]["node"], "wudang");
    assert_eq!(of("nodes[1].addresses[0]")["from"][0]["line"], 11);
    let missing = answer["missing"].as_array().unwrap();
    assert!(missing.iter().any(|missing| missing["key"] == "registries"));
}

#[test]
fn a_file_that_is_there_is_kept() {
    let cluster = Cluster::new();
    let before = fs::read(cluster.directory().join("hapki.yaml")).unwrap();
    let output = discover(cluster.directory(), &["trees", "--out=hapki.yaml"]);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    assert!(
        stderr(&output).contains("hapki.yaml"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        fs::read(cluster.directory().join("hapki.yaml")).unwrap(),
        before
    );

    let output = discover(
        cluster.directory(),
        &["trees", "--out=new.yaml", "--dry-run"],
    );
    assert!(stdout(&output).starts_with("# By the files of shaolin, wudang.\n"));
    assert!(!cluster.directory().join("new.yaml").exists());

    let output = discover(
        cluster.directory(),
        &["trees", "--out=hapki.yaml", "--force"],
    );
    assert_eq!(
        (
            code(&output),
            stdout(&output).as_str(),
            stderr(&output).as_str()
        ),
        (0, "hapki.yaml is written\n", "")
    );
    let text = fs::read_to_string(cluster.directory().join("hapki.yaml")).unwrap();
    assert!(text.contains("  controlPlaneEndpoint: \"kubernetes.default.svc:8443\" # "));
    assert!(text.contains("  key: ecdsa-p256 # "), "{text}");
    let audit = hapki_in(cluster.directory())
        .args(["audit", "trees", "--fail-on=warning"])
        .output()
        .unwrap();
    assert_eq!(code(&audit), 0, "{}", stdout(&audit));
}

#[test]
fn what_tells_of_no_node_is_refused() {
    let cluster = Cluster::new();
    for path in ["nowhere", "trees/shaolin/etc/kubernetes/pki/ca.crt"] {
        let output = discover(cluster.directory(), &[path]);
        assert_eq!(
            (code(&output), stdout(&output)),
            (2, String::new()),
            "{path}"
        );
        assert!(
            stderr(&output).contains("hint: give a node's"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn what_could_not_be_read_is_said() {
    let directory = masters();
    let manifest = directory
        .path()
        .join("trees/wudang/etc/kubernetes/manifests/etcd.yaml");
    fs::write(manifest, "a: [").unwrap();
    let output = discover(directory.path(), &["trees"]);
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("etcd.yaml"), "{}", stderr(&output));
}

/// The address that keepalived moves is the balancer's, and no node's.
#[test]
fn a_balancer_behind_an_address_that_moves_has_that_address() {
    let directory = masters();
    let keepalived = directory.path().join("trees/emei/etc/keepalived");
    fs::create_dir_all(&keepalived).unwrap();
    fs::write(
        keepalived.join("keepalived.conf"),
        "vrrp_instance a {\n virtual_ipaddress {\n  fd00::100/64 dev eth0\n }\n}\n",
    )
    .unwrap();
    let text = stdout(&discover(directory.path(), &["trees"]));
    let wanted = "  - address: \"fd00::100\" # /etc/keepalived/keepalived.conf:3 on emei, virtual address\n    listen: 8443 # ";
    assert!(text.contains(wanted), "{text}");
}

/// Two masters with an etcd elsewhere; one of them runs HAProxy, and the other was told another service network.
fn masters() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = directory.path().join("trees").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let emei = MANIFEST
        .replace("ADDRESS", "fd00::72")
        .replace("SUBNET", "172.30.0.0/16,fd00:30::/112");
    write("emei/etc/kubernetes/manifests/kube-apiserver.yaml", &emei);
    let wudang = MANIFEST
        .replace("ADDRESS", "fd00::208")
        .replace("SUBNET", "172.31.0.0/16");
    write(
        "wudang/etc/kubernetes/manifests/kube-apiserver.yaml",
        &wudang,
    );
    write("emei/etc/haproxy/haproxy.cfg", HAPROXY);
    write("emei/etc/kubernetes/admin.conf", KUBECONFIG);
    write("cluster/kubeadm-config.yaml", CONFIG_MAP);
    directory
}

fn discover(directory: &Path, args: &[&str]) -> Output {
    let mut command = hapki_in(directory);
    command.arg("discover").args(args).output().unwrap()
}

fn here(directory: &tempfile::TempDir) -> String {
    fs::canonicalize(directory.path())
        .unwrap()
        .display()
        .to_string()
}

const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: kube-apiserver, namespace: kube-system }
spec:
  hostNetwork: true
  containers:
  - name: kube-apiserver
    image: registry.k8s.io/kube-apiserver:v1.34.4
    command: [kube-apiserver]
    args:
    - --advertise-address=ADDRESS
    - --service-cluster-ip-range=SUBNET
    - --secure-port=7443
    - --etcd-servers=https://10.0.0.5:2379
    - --etcd-cafile=/etc/etcd/ca.crt
";
const HAPROXY: &str = "\
defaults
  mode tcp
frontend apiservers
  bind *:8443
  default_backend masters
backend masters
  server one [fd00::72]:7443
  server two [fd00::208]:7443
";
const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: admin
clusters:
- name: wulin
  cluster:
    server: https://lb.wulin.internal:8443
contexts:
- { name: admin, context: { cluster: wulin, user: admin } }
users:
- { name: admin, user: {} }
";
const CONFIG_MAP: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: kubeadm-config, namespace: kube-system }
data:
  ClusterConfiguration: |
    apiVersion: kubeadm.k8s.io/v1beta4
    kind: ClusterConfiguration
    controlPlaneEndpoint: lb.wulin.internal:8443
    networking:
      serviceSubnet: 172.30.0.0/16,fd00:30::/112
      dnsDomain: wulin.internal
";
