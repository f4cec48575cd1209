//! The faults of the table, made under the real components: what those print is what the audit of the very same files
//! foretells. Each connection that is looked at is a row of [`MEASURED`]; faults that nobody minds are in [`ACCEPTED`].

use std::time::Instant;

use serde_json::Value;

use crate::ask;
use crate::ask::Heard;
use crate::ask::What;
use crate::bench::Bench;
use crate::faults::row::Row;
use crate::faults::table;
use crate::same::same;

/// What the audit says of one refused edge.
pub struct Foretold {
    pub says: Option<String>,
    pub prints: Option<String>,
    pub server_says: Option<String>,
}

/// The fault, the refused edge that is looked at, and how its two ends are made to speak.
type Measure = (
    &'static str,
    &'static str,
    fn(&mut Bench, &Foretold) -> Vec<Heard>,
);

/// The fault, and whether the real components go on as before; the error is what they say.
type Acceptance = (&'static str, fn(&mut Bench) -> Result<(), String>);

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn real_components_print_what_the_audit_foretells() {
    let mut bench = Bench::start();
    let mut wrong = 0;
    for (name, edge, ask) in MEASURED {
        let start = Instant::now();
        let audit = make(&mut bench, name);
        let foretold = foretold(&audit, name, edge);
        let heard = ask(&mut bench, &foretold);
        println!("{name}: {edge}, {:.1} s", start.elapsed().as_secs_f32());
        wrong += compare(&bench, &foretold, &heard);
    }
    for (name, is_accepted) in ACCEPTED {
        let start = Instant::now();
        let audit = make(&mut bench, name);
        assert_eq!(audit["summary"]["edges"]["refused"], 0, "{name}: {audit:#}");
        let said = is_accepted(&mut bench);
        println!("{name}: {:.1} s", start.elapsed().as_secs_f32());
        if let Err(said) = said {
            println!("  foretold: accepted\n  printed:  {said}");
            wrong += 1;
        }
    }
    assert_eq!(
        wrong, 0,
        "these are not as foretold; they are printed above"
    );
}

/// Makes a fault on healthy trees, and audits them.
fn make(bench: &mut Bench, name: &str) -> Value {
    bench.heal();
    bench.mark_logs();
    (row(name).make)(&bench.trees);
    bench.audit()
}

fn row(name: &str) -> &'static Row {
    let row = table::rows().find(|row| row.name == name);
    row.unwrap_or_else(|| panic!("no row of the table is called {name}"))
}

fn foretold(audit: &Value, name: &str, edge: &str) -> Foretold {
    let edges = audit["edges"].as_array().unwrap();
    let refused = edges.iter().filter(|edge| edge["ok"] == false);
    let called = |edge: &Value| {
        let [client, server] = ["client", "server"].map(|end| edge[end].as_str().unwrap());
        format!("{client} -> {server}")
    };
    let mut refused = refused.clone();
    let found = refused.find(|found| called(found) == edge);
    let found = found.unwrap_or_else(|| panic!("{name}: {edge} is not refused: {edges:#?}"));
    let text = |key: &str| found[key].as_str().map(str::to_owned);
    Foretold {
        says: text("says"),
        prints: text("prints"),
        server_says: text("server_says"),
    }
}

/// Prints both; the answer is how many differ.
fn compare(bench: &Bench, foretold: &Foretold, heard: &[Heard]) -> usize {
    if heard.is_empty() {
        println!("  nothing was heard of either end");
        return 1;
    }
    let mut wrong = 0;
    let server_was_heard = heard.iter().any(|heard| heard.what == What::ServerSays);
    if foretold.server_says.is_some() != server_was_heard {
        println!(
            "  the server's reason: {:?}, but heard: {server_was_heard}",
            foretold.server_says
        );
        wrong += 1;
    }
    for heard in heard {
        let told = match heard.what {
            What::Says => &foretold.says,
            What::Prints => &foretold.prints,
            What::ServerSays => &foretold.server_says,
        };
        let told = told.as_deref().unwrap_or_default();
        let printed = bench.on_the_node(heard.text.trim());
        let agreement = same(told, &printed, heard.extent);
        println!(
            "  printed:  {printed}\n  foretold: {told}\n  {}",
            agreement.unwrap_or("DIFFERENT")
        );
        wrong += usize::from(agreement.is_none());
    }
    wrong
}

/// Faults that are none to the real components.
const ACCEPTED: &[Acceptance] = &[
    (
        "kubeconfig: tls-server-name is a name of the certificate",
        ask::is_admin_served,
    ),
    ("kubeconfig: verification is off", ask::is_admin_served),
    ("kubeconfig: no usage", ask::is_admin_served),
    ("apiserver: no usage", ask::is_admin_served),
    (
        "apiserver: a comma in its common name",
        ask::is_admin_served,
    ),
    (
        "cluster authority: rotated, with a bundle",
        ask::is_admin_served,
    ),
    ("etcd: a peer without usages", ask::is_member_healthy),
    ("a key that everyone may read", ask::does_apiserver_start),
];

const LOCAL: &str = "kubeconfig:admin-local.conf@wudang -> kube-apiserver@wudang";
const BALANCED: &str = "kubeconfig:admin.conf@wudang -> kube-apiserver@wudang";
const HAPROXY: &str = "haproxy@emei -> kube-apiserver@wudang";
const SCHEDULER: &str = "kube-scheduler@wudang -> kube-apiserver@wudang";
const CONTROLLER_MANAGER: &str = "kube-controller-manager@wudang -> kube-apiserver@wudang";

const MEASURED: &[Measure] = &[
    (
        "apiserver: another master's pair",
        LOCAL,
        ask::local_kubectl,
    ),
    (
        "apiserver: another master's pair",
        SCHEDULER,
        ask::scheduler,
    ),
    (
        "apiserver: another master's pair",
        CONTROLLER_MANAGER,
        ask::controller_manager,
    ),
    (
        "apiserver: the balancer is dialled by its address",
        "kubeconfig:admin.conf@wudang -> kube-apiserver@shaolin",
        ask::balanced_kubectl,
    ),
    (
        "apiserver: the balancer's name is missing",
        BALANCED,
        ask::balanced_kubectl,
    ),
    (
        "apiserver: no address among its names",
        LOCAL,
        ask::local_kubectl,
    ),
    (
        "apiserver: no names at all",
        BALANCED,
        ask::balanced_kubectl,
    ),
    ("apiserver: no names at all", LOCAL, ask::local_kubectl),
    (
        "apiserver: no names, the common name is the one that is dialled",
        BALANCED,
        ask::balanced_kubectl,
    ),
    (
        "apiserver: its address written as a DNS name",
        LOCAL,
        ask::local_kubectl,
    ),
    (
        "etcd: its own apiserver's address is missing",
        "kube-apiserver@shaolin -> etcd@shaolin",
        ask::shaolins_apiserver,
    ),
    (
        "etcd: the node's address is missing",
        "etcdctl@shaolin -> etcd@wudang",
        ask::etcdctl,
    ),
    (
        "etcd: a peer without its node's address",
        "etcd@shaolin -> etcd-peer@wudang",
        ask::shaolins_etcd,
    ),
    (
        "apiserver: signed by another cluster's authority of the same name, RSA",
        LOCAL,
        ask::local_kubectl,
    ),
    (
        "apiserver: signed by an authority of another name",
        SCHEDULER,
        ask::scheduler,
    ),
    (
        "apiserver: the authority's name in other bytes",
        LOCAL,
        ask::local_kubectl,
    ),
    ("apiserver: expired", LOCAL, ask::local_kubectl),
    (
        "apiserver: expired",
        CONTROLLER_MANAGER,
        ask::controller_manager,
    ),
    ("apiserver: not yet valid", LOCAL, ask::local_kubectl),
    (
        "cluster authority: expired",
        BALANCED,
        ask::balanced_kubectl,
    ),
    ("apiserver: for clients only", LOCAL, ask::local_kubectl),
    (
        "etcd: the apiserver's client certificate from another authority",
        "kube-apiserver@wudang -> etcd@wudang",
        ask::wudangs_apiserver,
    ),
    (
        "etcd: a peer that may not be a client",
        "etcd@wudang -> etcd-peer@shaolin",
        ask::wudangs_etcd,
    ),
    ("kubeconfig: expired", BALANCED, ask::refused_kubectl),
    ("kubeconfig: not yet valid", BALANCED, ask::refused_kubectl),
    (
        "kubeconfig: for servers only",
        BALANCED,
        ask::refused_kubectl,
    ),
    (
        "kubeconfig: signed with SHA-1",
        BALANCED,
        ask::refused_kubectl,
    ),
    (
        "kubeconfig: trusts another cluster's authority of the same name",
        BALANCED,
        ask::balanced_kubectl,
    ),
    (
        "kubeconfig: no organization",
        BALANCED,
        ask::forbidden_kubectl,
    ),
    ("scheduler: expired", SCHEDULER, ask::refused_scheduler),
    (
        "scheduler: a comma in its common name",
        SCHEDULER,
        ask::scheduler,
    ),
    (
        "controller-manager: expired",
        CONTROLLER_MANAGER,
        ask::refused_controller_manager,
    ),
    (
        "controller-manager: not its own user",
        CONTROLLER_MANAGER,
        ask::controller_manager,
    ),
    (
        "kubelet: another node's",
        "kubelet@wudang -> kube-apiserver@wudang",
        ask::kubelets_list,
    ),
    (
        "apiserver-kubelet-client: from another authority",
        "kube-apiserver@wudang -> kubelet@shaolin",
        ask::kubectl_logs,
    ),
    (
        "kubeconfig: verification is off beside an authority",
        BALANCED,
        ask::balanced_kubectl,
    ),
    (
        "service accounts: a pair of its own",
        "service-account@shaolin -> kube-apiserver@wudang",
        ask::token_of_shaolin,
    ),
    (
        "service accounts: the public half was left behind",
        "service-account@wudang -> kube-apiserver@wudang",
        ask::token_of_wudang,
    ),
    (
        "front proxy: an authority of its own",
        "front-proxy@shaolin -> requestheader@wudang",
        ask::front_proxy,
    ),
    (
        "apiserver: its certificate is not there",
        LOCAL,
        ask::dead_apiserver,
    ),
    (
        "apiserver: its key is not there",
        LOCAL,
        ask::dead_apiserver,
    ),
    (
        "apiserver: its etcd client with another key",
        "kube-apiserver@wudang -> etcd@wudang",
        ask::starting_apiserver,
    ),
    (
        "etcd: its authority is not there",
        "etcd@wudang -> etcd-peer@shaolin",
        ask::dead_etcd,
    ),
    ("kubeconfig: another key", BALANCED, ask::balanced_kubectl),
    (
        "kubeconfig: its authority is not there",
        BALANCED,
        ask::lost_kubectl,
    ),
    ("scheduler: another key", SCHEDULER, ask::scheduler),
    (
        "etcd: a server from another authority",
        "etcdctl@shaolin -> etcd@wudang",
        ask::etcdctl,
    ),
    (
        "etcd: a peer from another authority",
        "etcd@wudang -> etcd-peer@shaolin",
        ask::wudangs_etcd,
    ),
    (
        "etcd: a peer from another authority",
        "etcd@shaolin -> etcd-peer@wudang",
        ask::shaolins_etcd,
    ),
    (
        "etcd: an expired peer",
        "etcd@wudang -> etcd-peer@shaolin",
        ask::wudangs_etcd,
    ),
    (
        "etcd: the apiserver's client certificate has expired",
        "kube-apiserver@wudang -> etcd@wudang",
        ask::wudangs_apiserver,
    ),
    (
        "front proxy: its name is not allowed",
        "front-proxy@shaolin -> requestheader@wudang",
        ask::front_proxy_at_second,
    ),
    (
        "service accounts: an issuer of its own",
        "service-account@shaolin -> kube-apiserver@wudang",
        ask::token_of_shaolin,
    ),
    ("haproxy: a backend has expired", HAPROXY, ask::haproxy),
    (
        "haproxy: a backend is of another cluster",
        HAPROXY,
        ask::haproxy,
    ),
    (
        "haproxy: verifyhost is no name of the backends",
        HAPROXY,
        ask::haproxy,
    ),
    (
        "etcd: a peer with another key",
        "etcd@wudang -> etcd-peer@shaolin",
        ask::dead_etcd,
    ),
    (
        "etcd: a peer with another key",
        "etcd@shaolin -> etcd-peer@wudang",
        ask::dialler_of_dead_etcd,
    ),
    ("apiserver: another key", LOCAL, ask::dead_apiserver),
];
