//! The same cluster told otherwise: by systemd units and environment files, or by no more than `hapki init` writes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pki_core::audit::Audit;

use crate::case::Case;
use crate::cluster;

const MANIFESTS: &str = "etc/kubernetes/manifests";

/// Units in the place of static pods, and etcd told by variables, as kubespray has it: every edge is the same.
#[test]
fn units_say_what_manifests_say() {
    let directory = tempfile::tempdir().unwrap();
    let case: Case = toml::from_str("").unwrap();
    cluster::write(&case, directory.path());
    let by_manifests = told(&crate::audited(&case, directory.path()));
    for (node, _) in cluster::NODES {
        let root = directory.path().join(node);
        for program in [
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
        ] {
            let command = command(&root, program);
            let unit = format!(
                "[Service]\nEnvironment=UNUSED=x\nExecStart=/usr/local/bin/{}\n",
                command.join(" \\\n  ")
            );
            put(
                &root,
                &format!("etc/systemd/system/{program}.service"),
                &unit,
            );
        }
        let mut variables = String::new();
        for flag in &command(&root, "etcd")[1..] {
            let (name, value) = flag.trim_start_matches('-').split_once('=').unwrap();
            let name = name.to_ascii_uppercase().replace('-', "_");
            writeln!(variables, "ETCD_{name}={value}").unwrap();
        }
        let (file, named) = match node {
            "shaolin" => ("etc/etcd.env", "/etc/etcd.env"),
            _ => ("etc/etcd.d/10.env", "/etc/etcd.d/*.env"),
        };
        put(&root, file, &variables);
        let unit = format!("[Service]\nEnvironmentFile={named}\nExecStart=/usr/local/bin/etcd\n");
        put(&root, "etc/systemd/system/etcd.service", &unit);
        fs::remove_dir_all(root.join(MANIFESTS)).unwrap();
    }
    let audit = crate::audited(&case, directory.path());
    assert_eq!(told(&audit), by_manifests);
    let dialled = audit
        .judged
        .topology
        .edges
        .iter()
        .find(|edge| edge.client.name == "kube-apiserver" && edge.server.name == "etcd");
    let told_at = &dialled.unwrap().told_at;
    assert!(told_at.path.ends_with("system/kube-apiserver.service"));
    let text = fs::read_to_string(&told_at.read_from).unwrap();
    let line = text.lines().nth(told_at.line.unwrap() as usize - 1);
    assert_eq!(
        line.unwrap().trim(),
        "--etcd-servers=https://127.0.0.1:2379 \\"
    );
}

/// Neither manifests nor hosts files nor an inventory: each node's own kubeconfigs tell its address.
#[test]
fn a_bare_tree_tells_its_addresses() {
    let directory = tempfile::tempdir().unwrap();
    let case: Case = toml::from_str("").unwrap();
    cluster::write(&case, directory.path());
    for (node, _) in cluster::NODES {
        let root = directory.path().join(node);
        fs::remove_dir_all(root.join(MANIFESTS)).unwrap();
        fs::remove_file(root.join("etc/hosts")).unwrap();
    }
    let judged = crate::audited(&case, directory.path()).judged;
    for (name, address) in cluster::NODES {
        let node = judged.topology.node(name).unwrap();
        assert_eq!(node.address, address.parse().ok());
    }
    assert_eq!(judged.topology.unjudged, []);
    let peers = judged
        .judged_edges()
        .filter(|(edge, verdict)| edge.server.name == "etcd-peer" && verdict.ok);
    assert_eq!(peers.count(), 2);
}

/// Who dials whom by what, what is shown and trusted, and whether it holds; every finding.
fn told(audit: &Audit) -> Vec<String> {
    let edges = audit.judged.judged_edges().map(|(edge, verdict)| {
        let trusts = (!edge.trusts.roots.is_empty()).then_some(&edge.trusts.place);
        format!(
            "{} -> {} {:?} {} {trusts:?} {}",
            edge.client, edge.server, edge.dials, edge.shown.place, verdict.ok
        )
    });
    let findings = audit.findings.iter().map(|finding| {
        let node = &finding.place.node;
        format!("{} {} {node}", finding.severity, finding.rule)
    });
    let mut told: Vec<String> = edges.chain(findings).collect();
    told.sort();
    told
}

fn command(root: &Path, program: &str) -> Vec<String> {
    let text = fs::read_to_string(root.join(MANIFESTS).join(format!("{program}.yaml"))).unwrap();
    let lines = text.lines().skip_while(|line| !line.ends_with("command:"));
    let words = lines.skip(1).map_while(|line| line.strip_prefix("    - "));
    words.map(str::to_owned).collect()
}

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
