//! Three masters on what `hapki init` wrote; then the field report's fault, foretold, shown and mended.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::cluster::BALANCER_NAME;
use crate::cluster::BALANCER_PORT;
use crate::cluster::Cluster;
use crate::cluster::LOCAL_ADMIN;
use crate::cluster::NODES;
use crate::cluster::Node;
use crate::identities;
use crate::inventory;
use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn three_masters_and_a_balancer_serve_and_the_foretold_fault_is_mended() {
    let work = peers::scratch("control-plane");
    let addresses: Vec<(&str, &str)> = NODES.iter().map(|n| (n.name, n.address)).collect();
    let endpoint = format!("{BALANCER_NAME}:{BALANCER_PORT}");
    let inventory = inventory::write(&work, &addresses, &endpoint, "rsa-2048");
    let trees = inventory::init(&work, &inventory);
    let mut cluster = Cluster::start(&trees, &work);

    assert_every_route_answers(&cluster);
    identities::assert_etcdctl_reaches_every_member(&cluster);
    identities::assert_front_proxies_are_believed(&cluster);
    identities::assert_kubelets_know_the_apiservers(&mut cluster);
    identities::assert_tokens_hold_everywhere(&cluster);
    assert_no_edge_refused(&cluster, &NODES[1]);
    let [shaolin, wudang, _] = &NODES;
    copy_serving_pair(&cluster, shaolin, wudang);

    let audit = audit(&cluster, wudang);
    let edge = edge(&audit, &format!("kubeconfig:{LOCAL_ADMIN}@wudang"));
    let foretold = edge["prints"]
        .as_str()
        .expect("a refused edge has `prints`")
        .to_owned();
    assert_eq!(edge["says"], says(shaolin, wudang));
    let printed = wait_for(
        &cluster,
        "wudang's apiserver to show shaolin's certificate",
        || readyz(&cluster, wudang).err(),
    );
    assert_eq!(
        printed, foretold,
        "what kubectl printed, and what the audit had said it would print"
    );

    run_remedy(&audit, &edge["id"], &work.join("trees"));
    let id = &edge["id"];
    println!("{id}: {foretold}");
    wait_for(
        &cluster,
        "wudang's apiserver to show its new certificate",
        || readyz(&cluster, wudang).ok(),
    );
    assert_no_edge_refused(&cluster, wudang);
    assert_every_route_answers(&cluster);
}

/// A hundred requests, none of which may fail: to each master at its own address, and through the balancer by name.
fn assert_every_route_answers(cluster: &Cluster) {
    for round in 0..REQUESTS / 4 {
        for node in &NODES {
            if let Err(line) = readyz(cluster, node) {
                cluster.fail(&format!("request {round} to {}: {line}", node.name));
            }
        }
        let asking = &NODES[round % NODES.len()];
        let said = cluster.kubectl_with(asking, "admin.conf", &["get", "--raw", "/readyz"]);
        if !said.ok || said.stdout != "ok" {
            cluster.fail(&format!(
                "request {round} through the balancer: {}",
                said.report()
            ));
        }
    }
}

/// The answer of a node's apiserver at the node's address, or the line that kubectl printed.
fn readyz(cluster: &Cluster, node: &Node) -> Result<(), String> {
    let said = cluster.kubectl_with(node, LOCAL_ADMIN, &["get", "--raw", "/readyz"]);
    if said.ok && said.stdout == "ok" {
        Ok(())
    } else {
        Err(said.stderr.trim().to_owned())
    }
}

fn copy_serving_pair(cluster: &Cluster, from: &Node, to: &Node) {
    for file in ["apiserver.key", "apiserver.crt"] {
        let place = Path::new("etc/kubernetes/pki").join(file);
        fs::copy(
            cluster.trees.join(from.name).join(&place),
            cluster.trees.join(to.name).join(&place),
        )
        .unwrap();
    }
}

fn audit(cluster: &Cluster, node: &Node) -> Value {
    let mut command = peers::hapki(["audit", "--format", "json"]);
    peers::json(command.arg(cluster.trees.join(node.name)))
}

#[track_caller]
fn assert_no_edge_refused(cluster: &Cluster, node: &Node) {
    let audit = audit(cluster, node);
    let edges = audit["edges"].as_array().unwrap();
    let refused: Vec<&Value> = edges.iter().filter(|edge| edge["ok"] == false).collect();
    assert!(
        refused.is_empty(),
        "these connections work, and the audit refuses them: {refused:#?}"
    );
    assert!(!edges.is_empty(), "the audit sees no connection at all");
}

#[track_caller]
fn edge<'a>(audit: &'a Value, client: &str) -> &'a Value {
    let edges = audit["edges"].as_array().unwrap();
    edges
        .iter()
        .find(|edge| edge["client"] == client && edge["ok"] == false)
        .unwrap_or_else(|| panic!("no refused edge of {client} in {edges:#?}"))
}

fn says(holder: &Node, dialled: &Node) -> String {
    format!(
        "x509: certificate is valid for 10.96.0.1, {}, not {}",
        holder.address, dialled.address
    )
}

/// Runs, as a user would by pasting it, the command of the finding that explains the edge. No inventory lies in the
/// directory: the tree itself must tell the node's address.
fn run_remedy(audit: &Value, edge: &Value, directory: &Path) {
    let findings = audit["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| {
            finding["edges"]
                .as_array()
                .is_some_and(|edges| edges.contains(edge))
        })
        .unwrap_or_else(|| panic!("no finding names edge {edge}: {findings:#?}"));
    let remedy = finding["remedy"]["command"]
        .as_str()
        .unwrap_or_else(|| panic!("no remedy in {finding:#}"));
    println!("remedy: {remedy}");
    let binary = peers::hapki_binary();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::iter::once(binary.parent().unwrap().to_owned()).chain(std::env::split_paths(&path));
    let mut shell = Command::new(peers::find("sh"));
    shell
        .args(["-c", remedy])
        .env("PATH", std::env::join_paths(path).unwrap())
        .current_dir(directory);
    println!("{}", peers::must(&shell));
}

/// Asks until there is an answer; the apiserver watches its files and looks at them once a minute besides.
fn wait_for<T>(cluster: &Cluster, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            println!("{what}: after {:.1} s", start.elapsed().as_secs_f32());
            return answer;
        }
        if start.elapsed() > RELOAD_WITHIN {
            cluster.fail(&format!(
                "waited {} s in vain for {what}",
                RELOAD_WITHIN.as_secs()
            ));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

const REQUESTS: usize = 100;
const RELOAD_WITHIN: Duration = Duration::from_secs(120);
