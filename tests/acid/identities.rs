//! The trust that no serving certificate shows: client certificates on etcd and the kubelet, front proxies, tokens.

use std::fs;

use crate::cluster::Cluster;
use crate::cluster::NODES;
use crate::cluster::Node;
use crate::peers;

/// `etcdctl endpoint health` with each node's health-check certificate, against all members.
pub fn assert_etcdctl_reaches_every_member(cluster: &Cluster) {
    let members = NODES
        .map(|node| format!("https://{}:2379", node.address))
        .join(",");
    for node in &NODES {
        let pki = cluster.pki(node).join("etcd");
        let mut command = peers::peer("etcdctl", ["endpoint", "health", "--endpoints", &members]);
        command.arg("--cacert").arg(pki.join("ca.crt"));
        command
            .arg("--cert")
            .arg(pki.join("healthcheck-client.crt"));
        command.arg("--key").arg(pki.join("healthcheck-client.key"));
        peers::must(command.env("ETCDCTL_API", "3"));
    }
}

/// A token signed on each master is taken by every other: they share the service-account pair.
pub fn assert_tokens_hold_everywhere(cluster: &Cluster) {
    for signer in &NODES {
        let token = as_super_admin(cluster, signer, &["create", "token", ACCOUNT]);
        for verifier in &NODES {
            let said = cluster.kubectl(
                verifier,
                &[
                    "--kubeconfig=/dev/null",
                    &format!(
                        "--certificate-authority={}",
                        cluster.pki(verifier).join("ca.crt").display()
                    ),
                    &format!("--server={}", local(verifier)),
                    &format!("--token={}", token.trim()),
                    "auth",
                    "whoami",
                    "--output=jsonpath={.status.userInfo.username}",
                ],
            );
            let user = format!("system:serviceaccount:default:{ACCOUNT}");
            assert_eq!(
                said.stdout,
                user,
                "{} -> {}: {}",
                signer.name,
                verifier.name,
                said.report()
            );
        }
    }
}

/// Each master's front-proxy certificate may speak for a user on every master.
pub fn assert_front_proxies_are_believed(cluster: &Cluster) {
    for (proxy, server) in pairs() {
        let pki = cluster.pki(proxy);
        let url = format!("{}/api/v1/namespaces", local(server));
        let mut get = peers::peer(
            "gocheck",
            ["get", "--header", "X-Remote-User: monk", "--url", &url],
        );
        get.arg("--roots").arg(pki.join("ca.crt"));
        get.arg("--cert").arg(pki.join("front-proxy-client.crt"));
        get.arg("--key").arg(pki.join("front-proxy-client.key"));
        let answer = peers::json(&get);
        let body = answer["body"].as_str().unwrap_or_default();
        assert!(
            body.contains(r#"User \"monk\" cannot list"#),
            "{} -> {}: {answer}",
            proxy.name,
            server.name
        );
    }
}

/// Each apiserver is known to every kubelet by its client certificate. The kubelets are stand-ins that ask for it as a
/// kubelet does, and answer with the name they have found in it.
pub fn assert_kubelets_know_the_apiservers(cluster: &mut Cluster) {
    as_super_admin(cluster, &NODES[0], &["create", "serviceaccount", ACCOUNT]);
    for node in &NODES {
        let pki = cluster.pki(node);
        let mut kubelet = peers::peer(
            "gocheck",
            ["serve", "--addr", &format!("{}:10250", node.address)],
        );
        kubelet
            .arg("--cert")
            .arg(pki.join("apiserver.crt"))
            .arg("--key")
            .arg(pki.join("apiserver.key"));
        kubelet.arg("--client-ca").arg(pki.join("ca.crt"));
        cluster.spawn(&format!("kubelet-{}", node.name), &kubelet);
        register(cluster, node);
    }
    for (apiserver, kubelet) in pairs() {
        let log = as_super_admin(cluster, apiserver, &["logs", kubelet.name]);
        assert_eq!(
            log, "kube-apiserver-kubelet-client\n",
            "{} -> {}",
            apiserver.name, kubelet.name
        );
    }
}

/// A node with an address, and a pod on it whose log can be asked for.
fn register(cluster: &Cluster, node: &Node) {
    let Node { name, address } = node;
    let text = format!(
        "{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}}}\n---\n\
         {{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{nodeName: {name}, \
         containers: [{{name: c, image: none}}]}}}}\n"
    );
    let file = cluster.trees.join(format!("{name}-objects.yaml"));
    fs::write(&file, text).unwrap();
    as_super_admin(
        cluster,
        node,
        &["create", "--filename", file.to_str().unwrap()],
    );
    fs::remove_file(file).unwrap();
    let status = format!(
        r#"{{"status":{{"addresses":[{{"type":"InternalIP","address":"{address}"}}],"daemonEndpoints":{{"kubeletEndpoint":{{"Port":10250}}}}}}}}"#
    );
    as_super_admin(
        cluster,
        node,
        &[
            "patch",
            "node",
            name,
            "--subresource=status",
            "--type=merge",
            "--patch",
            &status,
        ],
    );
}

/// `kubectl` with super-admin.conf, which only the first master has, at the apiserver of `node`.
pub fn as_super_admin(cluster: &Cluster, node: &Node, args: &[&str]) -> String {
    let server = format!("--server={}", local(node));
    let said = cluster.kubectl_with(
        &NODES[0],
        "super-admin.conf",
        &[&[server.as_str()], args].concat(),
    );
    assert!(said.ok, "{}", said.report());
    said.stdout
}

/// Where a node's own apiserver listens.
pub fn local(node: &Node) -> String {
    format!("https://{}:6443", node.address)
}

fn pairs() -> impl Iterator<Item = (&'static Node, &'static Node)> {
    NODES
        .iter()
        .flat_map(|one| NODES.iter().map(move |other| (one, other)))
}

/// Pods run as it, and tokens are signed for it; the controller that would create it does not run here.
pub const ACCOUNT: &str = "default";
