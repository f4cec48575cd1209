//! Three masters as `hapki init` and kubeadm leave them, a balancer before them.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use pki_core::apply;
use pki_core::apply::InitOptions;
use pki_core::apply::Means;
use pki_core::inventory;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::place::Place;
use pki_core::x509::key::KeyAlgorithm;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::faults::trees;
use crate::faults::trees::Trees;

/// Makes everything anew; keys are of one kind.
pub fn make(root: &Path, key: KeyAlgorithm) -> Trees {
    let text = include_str!("hapki.yaml").replace("{key}", &key.to_string());
    let inventory = inventory::parse(&text, &Place::file("hapki.yaml")).unwrap();
    let options = InitOptions {
        inventory: &inventory,
        out: root,
        force: false,
    };
    let mut means = Means {
        now: datetime!(2026-05-01 0:00 UTC),
        keys: &mut FreshKeys {
            threads: NonZeroUsize::MIN,
        },
        serials: &mut RandomSerials,
        dry_run: false,
        recovered: Vec::new(),
    };
    apply::init(&options, &mut means).unwrap();
    let trees = Trees {
        root: root.to_owned(),
        nodes: NODES,
    };
    for (node, address) in NODES {
        copy_base(&trees, node, address);
        let hosts = "127.0.0.1 localhost\n{shaolin} shaolin\n{wudang} wudang\n{emei} emei kubernetes.default.svc\n";
        trees::put(&trees.file(node, "/etc/hosts"), &trees.filled(hosts), 0o644);
    }
    let balancer = trees.filled(include_str!("nginx.conf"));
    trees::put(
        &trees.file("emei", "/etc/nginx/nginx.conf"),
        &balancer,
        0o644,
    );
    trees
}

/// When the audits are made.
pub fn now() -> OffsetDateTime {
    datetime!(2026-06-01 0:00 UTC)
}

/// kubeadm's manifests, which the cases have too.
fn copy_base(trees: &Trees, node: &str, address: &str) {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases/base");
    let members = NODES.map(|(node, address)| format!("{node}=https://{address}:2380"));
    for file in BASE {
        let text = fs::read_to_string(base.join(file)).unwrap();
        let text = text
            .replace("{{node}}", node)
            .replace("{{address}}", address)
            .replace("{{initial-cluster}}", &members.join(","));
        trees::put(&trees.file(node, file), &text, 0o644);
    }
}

const NODES: [(&str, &str); 3] = [
    ("shaolin", "10.27.53.32"),
    ("wudang", "10.24.138.208"),
    ("emei", "10.27.52.72"),
];

const BASE: [&str; 5] = [
    "etc/kubernetes/manifests/etcd.yaml",
    "etc/kubernetes/manifests/kube-apiserver.yaml",
    "etc/kubernetes/manifests/kube-controller-manager.yaml",
    "etc/kubernetes/manifests/kube-scheduler.yaml",
    "var/lib/kubelet/config.yaml",
];
