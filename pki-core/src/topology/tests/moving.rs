//! Addresses that move between nodes, balancers behind balancers, and balancers on every worker.

use std::fs;

use super::cluster::Cluster;
use crate::topology::Topology;

const KUBE_VIP: &str = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - args: [manager]\n    image: ghcr.io/kube-vip/kube-vip:v0.8.9\n    env:\n    - {name: cp_enable, value: \"true\"}\n    - {name: address, value: 10.27.52.100}\n";
const KEEPALIVED: &str =
    "vrrp_instance a {\n virtual_ipaddress {\n  10.27.52.100/24 dev eth0\n }\n}\n";
const TO_MASTERS: &str = "stream { upstream m { server 10.27.53.32:6443; server 10.24.138.208:6443; server 10.27.52.72:6443; } server { listen LISTEN; proxy_pass m; } }";

fn write(cluster: &Cluster, node: &str, path: &str, text: &str) {
    let path = cluster.file(node, path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The report's cluster without its balancer, kubectl on emei dialling `url`.
fn dialling(url: &str) -> Cluster {
    let cluster = Cluster::seed();
    fs::remove_dir_all(cluster.file("emei", "etc/nginx")).unwrap();
    let file = "etc/kubernetes/admin-lb.conf";
    cluster.edit("emei", file, "https://10.27.52.72:8443", url);
    cluster
}

/// What kubectl on emei reaches: `server via`.
fn reached(topology: &Topology) -> Vec<String> {
    of(topology, "kubeconfig:admin-lb.conf@emei")
}

fn of(topology: &Topology, client: &str) -> Vec<String> {
    let edges = topology.edges.iter();
    let mut reached: Vec<String> = edges
        .filter(|edge| edge.client.to_string() == client)
        .map(|edge| {
            let via = edge.via.as_deref().unwrap_or("-");
            format!("{} via {via}", edge.server.node)
        })
        .collect();
    reached.sort();
    reached
}

fn why<'t>(topology: &'t Topology, client: &str) -> Vec<&'t str> {
    let unjudged = topology.unjudged.iter();
    unjudged
        .filter(|unjudged| unjudged.client.to_string() == client)
        .map(|unjudged| unjudged.why.as_str())
        .collect()
}

#[test]
fn a_virtual_address_leads_to_the_apiservers_of_the_nodes_that_take_it_over() {
    let cluster = dialling("https://10.27.52.100:6443");
    write(
        &cluster,
        "shaolin",
        "etc/keepalived/keepalived.conf",
        KEEPALIVED,
    );
    let main = "include conf.d/*.conf\nvirtual_server 10.27.52.100 80 {\n}\n";
    write(&cluster, "wudang", "etc/keepalived/keepalived.conf", main);
    write(
        &cluster,
        "wudang",
        "etc/keepalived/conf.d/vip.conf",
        KEEPALIVED,
    );
    let topology = cluster.read();
    let via = "keepalived@10.27.52.100:6443";
    assert_eq!(
        reached(&topology),
        [format!("shaolin via {via}"), format!("wudang via {via}")]
    );
    let addresses: Vec<String> = topology
        .virtual_addresses
        .iter()
        .map(|known| {
            format!(
                "{} {} {}",
                known.component, known.address, known.leads_to_apiservers
            )
        })
        .collect();
    assert_eq!(
        addresses,
        [
            "keepalived@shaolin 10.27.52.100 true",
            "keepalived@wudang 10.27.52.100 true"
        ]
    );
    let notes: Vec<&str> = topology
        .notes
        .iter()
        .map(|note| note.text.as_str())
        .collect();
    assert!(
        notes
            .iter()
            .any(|note| note.contains("virtual_server 10.27.52.100 80")),
        "{notes:?}"
    );
}

#[test]
fn a_virtual_address_leads_to_the_balancers_of_the_nodes_that_take_it_over() {
    for listen in ["8443", "10.27.52.100:8443"] {
        let cluster = dialling("https://10.27.52.100:8443");
        for node in ["shaolin", "wudang"] {
            write(&cluster, node, "etc/keepalived/keepalived.conf", KEEPALIVED);
            let text = TO_MASTERS.replace("LISTEN", listen);
            write(&cluster, node, "etc/nginx/nginx.conf", &text);
        }
        let expected: Vec<String> = ["emei", "shaolin", "wudang"]
            .iter()
            .flat_map(|server| {
                ["shaolin", "wudang"].map(|node| format!("{server} via nginx@{node}:8443"))
            })
            .collect();
        assert_eq!(reached(&cluster.read()), expected, "{listen}");
    }
}

/// An apiserver bound to its own address and a balancer bound to the moving one may have the same port.
#[test]
fn a_balancer_may_have_the_apiservers_port() {
    let cluster = dialling("https://10.27.52.100:6443");
    write(
        &cluster,
        "shaolin",
        "etc/keepalived/keepalived.conf",
        KEEPALIVED,
    );
    let text = TO_MASTERS.replace("LISTEN", "10.27.52.100:6443");
    write(&cluster, "shaolin", "etc/nginx/nginx.conf", &text);
    let topology = cluster.read();
    let expected =
        ["emei", "shaolin", "wudang"].map(|server| format!("{server} via nginx@shaolin:6443"));
    assert_eq!(reached(&topology), expected);
    assert!(
        of(&topology, "kubelet@shaolin")
            .iter()
            .all(|reached| reached.ends_with("via -"))
    );
}

#[test]
fn kube_vip_holds_the_address_or_balances_by_itself() {
    let cluster = dialling("https://10.27.52.100:6443");
    let manifest = "etc/kubernetes/manifests/kube-vip.yaml";
    write(&cluster, "wudang", manifest, KUBE_VIP);
    let via = "kube-vip@10.27.52.100:6443";
    assert_eq!(reached(&cluster.read()), [format!("wudang via {via}")]);
    let balancing = format!("{KUBE_VIP}    - {{name: lb_enable, value: \"true\"}}\n");
    write(&cluster, "wudang", manifest, &balancing);
    write(&cluster, "shaolin", manifest, &balancing);
    let all = ["emei", "shaolin", "wudang"].map(|server| format!("{server} via {via}"));
    assert_eq!(reached(&cluster.read()), all);
    let elsewhere = format!("{balancing}    - {{name: lb_port, value: \"8443\"}}\n");
    write(&cluster, "wudang", manifest, &elsewhere);
    write(&cluster, "shaolin", manifest, &elsewhere);
    let own = ["shaolin", "wudang"].map(|server| format!("{server} via {via}"));
    assert_eq!(
        reached(&cluster.read()),
        own,
        "past the port on which it balances"
    );
}

#[test]
fn where_nothing_listens_at_a_virtual_address_is_said() {
    let cluster = dialling("https://10.27.52.100:9999");
    write(
        &cluster,
        "wudang",
        "etc/keepalived/keepalived.conf",
        KEEPALIVED,
    );
    let topology = cluster.read();
    assert_eq!(
        why(&topology, "kubeconfig:admin-lb.conf@emei"),
        [
            "10.27.52.100 is a virtual address of wudang, and nothing is known to listen on port 9999 there"
        ]
    );
    assert!(
        topology.balancers.is_empty(),
        "an address that nothing dials may be for anything"
    );
}

#[test]
fn a_balancer_behind_a_balancer_is_followed() {
    let cluster = dialling("https://10.27.52.72:8443");
    let first = "stream { upstream h { server 10.27.53.32:9443; server 10.24.138.208:6443; } server { listen 8443; proxy_pass h; } }";
    write(&cluster, "emei", "etc/nginx/nginx.conf", first);
    let second = "listen api\n bind *:9443\n server w 10.24.138.208:6443\n server e 10.27.52.72:6443\n server back 10.27.52.72:8443\n";
    write(&cluster, "shaolin", "etc/haproxy/haproxy.cfg", second);
    let topology = cluster.read();
    let via = "nginx@emei:8443, haproxy@shaolin:9443";
    assert_eq!(
        reached(&topology),
        [
            format!("emei via {via}"),
            "wudang via nginx@emei:8443".to_owned(),
            format!("wudang via {via}"),
        ]
    );
    assert_eq!(
        why(&topology, "kubeconfig:admin-lb.conf@emei"),
        [format!(
            "through {via} to 10.27.52.72:8443: it leads in a circle, back to nginx@emei:8443"
        )]
    );
    let nginx = topology
        .balancers
        .iter()
        .find(|balancer| balancer.label == "nginx@emei:8443")
        .unwrap();
    let further = nginx.backends[0]
        .further
        .iter()
        .map(|server| server.node.as_str());
    assert_eq!(further.collect::<Vec<_>>(), ["wudang", "emei"]);
    assert_eq!(nginx.backends[0].nothing_there, None);
}

/// Where the second ends TLS, its certificate is what the client sees.
#[test]
fn the_balancer_that_ends_tls_shows_its_certificate_through_another() {
    let cluster = dialling("https://10.27.52.72:8443");
    let first = "stream { server { listen 8443; proxy_pass 10.27.53.32:9443; } }";
    write(&cluster, "emei", "etc/nginx/nginx.conf", first);
    let second = "listen api\n mode http\n bind *:9443 ssl crt /etc/kubernetes/pki/apiserver.crt\n server w 10.24.138.208:6443 ssl verify none\n";
    write(&cluster, "shaolin", "etc/haproxy/haproxy.cfg", second);
    let topology = cluster.read();
    let edge = topology
        .edges
        .iter()
        .find(|edge| edge.via.is_some())
        .unwrap();
    assert_eq!(edge.server.node, "wudang");
    assert_eq!(edge.shown.place.node, "shaolin");
    assert!(edge.passes("haproxy@shaolin:9443"));
}

#[test]
fn haproxy_shows_the_first_certificate_of_a_directory() {
    let cluster = dialling("https://10.27.52.72:8443");
    let from = fs::read_to_string(cluster.file("emei", "etc/kubernetes/pki/apiserver.crt"));
    for name in ["b.pem", "a.pem", "a.key"] {
        let path = format!("etc/haproxy/certs/{name}");
        write(&cluster, "emei", &path, from.as_ref().unwrap());
    }
    let haproxy = "listen api\n mode http\n bind :8443 ssl crt /etc/haproxy/certs\n server w 10.24.138.208:6443 ssl verify none\n";
    write(&cluster, "emei", "etc/haproxy/haproxy.cfg", haproxy);
    let topology = cluster.read();
    let edge = topology.edges.iter().find(|edge| edge.via.is_some());
    let shown = &edge.unwrap().shown;
    assert!(shown.place.path.ends_with("certs/a.pem"));
    assert_eq!(shown.chain.len(), 1);
    let notes = topology.notes.iter().map(|note| note.text.as_str());
    let notes: Vec<&str> = notes.filter(|text| text.contains("certs")).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
}

/// kubespray's workers: each has nginx on its own loopback address, and its kubelet dials that.
#[test]
fn every_worker_reaches_the_masters_through_its_own_balancer() {
    let cluster = dialling("https://10.27.52.72:6443");
    for worker in ["huashan", "hengshan"] {
        let kubelet = fs::read_to_string(cluster.file("wudang", "etc/kubernetes/kubelet.conf"))
            .unwrap()
            .replace("https://10.24.138.208:6443", "https://localhost:6443");
        assert!(kubelet.contains("localhost"));
        write(&cluster, worker, "etc/kubernetes/kubelet.conf", &kubelet);
        write(&cluster, worker, "etc/hostname", worker);
        write(&cluster, worker, "etc/hosts", "127.0.0.1 localhost\n");
        let nginx = include_str!("../../../../fixtures/balancers/nginx-proxy.conf");
        write(&cluster, worker, "etc/nginx/nginx.conf", nginx);
    }
    let topology = cluster.read();
    for worker in ["huashan", "hengshan"] {
        let expected =
            ["emei", "shaolin", "wudang"].map(|server| format!("{server} via nginx@{worker}:6443"));
        assert_eq!(of(&topology, &format!("kubelet@{worker}")), expected);
    }
    assert_eq!(why(&topology, "nginx@huashan"), [] as [&str; 0]);
}

/// The name that a client asks for decides where haproxy sends it; who dials an address asks for none.
#[test]
fn conditions_on_the_name_decide_where_a_connection_goes() {
    let haproxy = "frontend tls\n bind :8443\n mode tcp\n tcp-request inspect-delay 5s\n acl api req_ssl_sni -i kubernetes.default.svc\n use_backend masters if api\n use_backend emei if { src 10.0.0.0/8 }\n default_backend apps\nbackend masters\n server s 10.27.53.32:6443\n server w 10.24.138.208:6443\nbackend emei\n server e 10.27.52.72:6443\nbackend apps\n server a 10.9.9.9:443\n";
    let reached_by = |url: &str| {
        let cluster = dialling(url);
        write(&cluster, "emei", "etc/haproxy/haproxy.cfg", haproxy);
        let hosts = "10.27.52.72 emei kubernetes.default.svc\n10.27.53.32 shaolin\n";
        write(&cluster, "emei", "etc/hosts", hosts);
        let topology = cluster.read();
        let unjudged = why(&topology, "kubeconfig:admin-lb.conf@emei").len();
        (reached(&topology), unjudged)
    };
    let via = "via haproxy@emei:8443";
    let by_name = reached_by("https://kubernetes.default.svc:8443");
    assert_eq!(
        by_name,
        (vec![format!("shaolin {via}"), format!("wudang {via}")], 0)
    );
    let by_address = reached_by("https://10.27.52.72:8443");
    assert_eq!(by_address, (vec![format!("emei {via}")], 1));
}

/// Four in a row are followed; the fifth is said.
#[test]
fn balancers_in_a_row_are_followed_up_to_a_depth() {
    let row = |length: u16| {
        let cluster = dialling("https://10.27.52.72:9001");
        let mut servers = String::new();
        for port in 1..=length {
            let next = match port {
                port if port == length => "10.27.53.32:6443".to_owned(),
                port => format!("127.0.0.1:{}", 9001 + port),
            };
            let listen = 9000 + port;
            servers.push_str(&format!(
                "server {{ listen {listen}; proxy_pass {next}; }} "
            ));
        }
        let nginx = format!("stream {{ {servers} }}");
        write(&cluster, "emei", "etc/nginx/nginx.conf", &nginx);
        let topology = cluster.read();
        let unjudged: Vec<String> = why(&topology, "kubeconfig:admin-lb.conf@emei")
            .into_iter()
            .map(str::to_owned)
            .collect();
        (reached(&topology).len(), unjudged)
    };
    assert_eq!(row(4), (1, Vec::new()));
    let (reached, unjudged) = row(5);
    assert_eq!(reached, 0);
    assert!(
        unjudged[0].ends_with("nginx@emei:9005 is the balancer after 4 others"),
        "{unjudged:?}"
    );
}

/// Balancers that all send to each other: many ways, and an end to them.
#[test]
fn a_mesh_of_balancers_comes_to_an_end() {
    let cluster = dialling("https://10.27.52.72:9001");
    let all: String = (9001..9031)
        .map(|port| format!("server 127.0.0.1:{port}; "))
        .collect();
    let servers: String = (9001..9031)
        .map(|port| format!("server {{ listen {port}; proxy_pass all; }} "))
        .collect();
    let nginx = format!("stream {{ upstream all {{ {all} }} {servers} }}");
    write(&cluster, "emei", "etc/nginx/nginx.conf", &nginx);
    let topology = cluster.read();
    let unjudged = why(&topology, "kubeconfig:admin-lb.conf@emei");
    assert!(unjudged.len() < 1000, "{}", unjudged.len());
    assert!(
        unjudged
            .iter()
            .any(|why| why.contains("more ways to apiservers than are followed"))
    );
}
