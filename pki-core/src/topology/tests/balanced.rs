//! The report's cluster with its balancer on emei: nginx, haproxy, or one that only the inventory tells of.

use std::fs;

use super::cluster::Cluster;
use super::cluster::make;
use crate::facts;
use crate::place::Place;
use crate::source;
use crate::source::Options;
use crate::source::PathArgument;
use crate::topology::Role;
use crate::topology::Topology;
use crate::topology::derive;

const BY_NAME: &str = "https://kubernetes.default.svc:8443";

fn edges<'t>(topology: &'t Topology, client: &str) -> Vec<(String, Option<&'t str>, &'t str)> {
    let of_client = topology
        .edges
        .iter()
        .filter(|edge| edge.client.to_string() == client);
    let mut edges: Vec<_> = of_client
        .map(|edge| {
            let asks_for = edge.asks_for.as_deref().unwrap_or_default();
            (edge.server.to_string(), edge.via.as_deref(), asks_for)
        })
        .collect();
    edges.sort();
    edges
}

fn to_all<'t>(via: &'t str, name: &'t str) -> Vec<(String, Option<&'t str>, &'t str)> {
    ["emei", "shaolin", "wudang"]
        .map(|node| (format!("kube-apiserver@{node}"), Some(via), name))
        .to_vec()
}

fn write(cluster: &Cluster, path: &str, text: &str) {
    let path = cluster.file("emei", path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn each_backend_is_an_edge_that_shows_its_own_certificate() {
    let topology = Cluster::seed().read();
    assert_eq!(
        edges(&topology, "kubeconfig:admin-lb.conf@emei"),
        to_all("nginx@emei:8443", "10.27.52.72")
    );
    let shown: Vec<_> = topology
        .edges
        .iter()
        .filter(|edge| edge.via.is_some())
        .map(|edge| (edge.shown.place.node.as_str(), edge.told_at.line))
        .collect();
    assert_eq!(
        shown,
        [("shaolin", Some(5)), ("wudang", Some(5)), ("emei", Some(5))]
    );
}

/// The name stays the one that is dialled, and only the nodes whose hosts file knows it get there.
#[test]
fn a_name_leads_through_the_hosts_file_of_that_node() {
    let cluster = Cluster::seed();
    for node in ["shaolin", "wudang"] {
        let from = match node {
            "shaolin" => "https://10.27.53.32:6443",
            _ => "https://10.24.138.208:6443",
        };
        cluster.edit(node, "etc/kubernetes/kubelet.conf", from, BY_NAME);
    }
    let topology = cluster.read();
    assert_eq!(
        edges(&topology, "kubelet@wudang"),
        to_all("nginx@emei:8443", "kubernetes.default.svc")
    );
    assert_eq!(edges(&topology, "kubelet@shaolin"), []);
    let unjudged = topology.unjudged.iter();
    let why = unjudged.map(|unjudged| unjudged.why.as_str());
    assert!(
        why.into_iter()
            .any(|why| why.contains("nor in the hosts file of shaolin"))
    );
}

#[test]
fn haproxy_balances_as_nginx_does() {
    let cluster = Cluster::seed();
    fs::remove_dir_all(cluster.file("emei", "etc/nginx")).unwrap();
    let text = "frontend f\n bind :8443\n default_backend b\nbackend b\n server s shaolin:6443\n server w wudang:6443\n server e emei:6443\n server gone 10.9.9.9:6443\n";
    write(&cluster, "etc/haproxy/haproxy.cfg", text);
    let topology = cluster.read();
    assert_eq!(
        edges(&topology, "kubeconfig:admin-lb.conf@emei"),
        to_all("haproxy@emei:8443", "10.27.52.72")
    );
    let why: Vec<&str> = topology
        .unjudged
        .iter()
        .map(|unjudged| unjudged.why.as_str())
        .filter(|why| why.contains("haproxy"))
        .collect();
    assert_eq!(
        why,
        [
            "through haproxy@emei:8443 to 10.9.9.9:6443: 10.9.9.9 is no address of a node that was given"
        ]
    );
}

#[test]
fn where_tls_ends_the_balancers_certificate_is_shown() {
    let cluster = Cluster::seed();
    let lb = make("lb", &["10.27.52.72"], Some(&cluster.ca));
    cluster.pair("emei", "lb", &lb);
    let text = "http { upstream m { server shaolin:6443; } server { listen 8443 ssl; ssl_certificate /etc/kubernetes/pki/lb.crt; ssl_certificate_key /etc/kubernetes/pki/lb.key; location / { proxy_pass https://m; proxy_ssl_verify on; proxy_ssl_name kubernetes; proxy_ssl_trusted_certificate /etc/kubernetes/pki/ca.crt; } } }";
    write(&cluster, "etc/nginx/nginx.conf", text);
    let topology = cluster.read();
    let through = topology
        .edges
        .iter()
        .find(|edge| edge.via.is_some())
        .unwrap();
    assert_eq!(through.server.to_string(), "kube-apiserver@shaolin");
    let own = topology
        .holdings
        .iter()
        .find(|holding| holding.place.path.ends_with("lb.crt"))
        .unwrap();
    assert_eq!((own.role, own.used), (Some(Role::Balancer), true));
    assert!(through.shown.place.path.ends_with("lb.crt"));
    assert_eq!(
        edges(&topology, "nginx@emei"),
        [("kube-apiserver@shaolin".to_owned(), None, "kubernetes")]
    );
    assert!(
        topology
            .pairs
            .iter()
            .any(|pair| pair.user.to_string() == "nginx@emei")
    );
}

/// Two servers of one nginx may allow chains of different lengths.
#[test]
fn each_backend_is_verified_to_the_depth_that_its_own_server_tells() {
    let cluster = Cluster::seed();
    let lb = make("lb", &["10.27.52.72"], Some(&cluster.ca));
    cluster.pair("emei", "lb", &lb);
    let server = |port: u16, backend: &str, depth: &str| {
        format!(
            "server {{ listen {port} ssl; ssl_certificate /etc/kubernetes/pki/lb.crt; ssl_certificate_key /etc/kubernetes/pki/lb.key; location / {{ proxy_pass https://{backend}:6443; proxy_ssl_verify on; proxy_ssl_trusted_certificate /etc/kubernetes/pki/ca.crt; {depth} }} }}"
        )
    };
    let first = server(8443, "shaolin", "proxy_ssl_verify_depth 3;");
    let second = server(8444, "wudang", "");
    let third = server(8445, "emei", "proxy_ssl_verify_depth 0;");
    let text = format!("http {{ {first} {second} {third} }}");
    write(&cluster, "etc/nginx/nginx.conf", &text);
    let topology = cluster.read();
    let from_nginx = topology
        .edges
        .iter()
        .filter(|edge| edge.client.name == "nginx");
    let depths: Vec<_> = from_nginx
        .map(|edge| (edge.server.node.as_str(), edge.circumstances.verify_depth))
        .collect();
    assert_eq!(
        depths,
        [("shaolin", Some(3)), ("wudang", None), ("emei", Some(0))]
    );
}

#[test]
fn the_inventory_tells_of_balancers_that_no_file_does() {
    let cluster = Cluster::seed();
    fs::remove_dir_all(cluster.file("emei", "etc/nginx")).unwrap();
    cluster.edit(
        "wudang",
        "etc/kubernetes/kubelet.conf",
        "https://10.24.138.208:6443",
        BY_NAME,
    );
    cluster.edit(
        "shaolin",
        "etc/kubernetes/kubelet.conf",
        "10.27.53.32:6443",
        "10.27.52.100:9443",
    );
    let text = format!(
        "{}  - {{ address: 10.27.52.100, listen: 9443, names: [api.wulin.internal], backends: [shaolin] }}\n",
        include_str!("../../../../fixtures/seed/kubernetes/hapki.yaml")
    );
    let inventory = crate::inventory::parse(&text, &Place::file("hapki.yaml")).unwrap();
    let path = PathArgument::from(cluster.directory.path().to_path_buf());
    let trees = source::open(&[path], Options { siblings: true }).unwrap();
    let topology = derive(&facts::gather(&trees), Some(&inventory));
    assert_eq!(
        edges(&topology, "kubelet@wudang"),
        to_all("load-balancer@emei:8443", "kubernetes.default.svc")
    );
    assert_eq!(
        edges(&topology, "kubelet@shaolin"),
        [(
            "kube-apiserver@shaolin".to_owned(),
            Some("load-balancer@10.27.52.100:9443"),
            "10.27.52.100"
        )]
    );
}
