//! How many edges of each kind a healthy cluster has, and that docs/edges.md explains every one of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by unwrapping"
)]

#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "shared by several tests"
)]
#[path = "harbor/mod.rs"]
mod harbor;
#[path = "edges/kinds.rs"]
mod kinds;
#[path = "edges/registries.rs"]
mod registries;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;

use kinds::KINDS;
use kinds::Size;
use pki_core::apply;
use pki_core::apply::InitOptions;
use pki_core::apply::Means;
use pki_core::audit;
use pki_core::checks::Settings;
use pki_core::inventory;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::place::Place;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use time::OffsetDateTime;
use time::macros::datetime;

#[test]
fn a_cluster_made_by_init_has_every_edge_and_no_other() {
    for (masters, workers) in [(1, 0), (3, 0), (3, 2), (5, 3)] {
        let size = Size {
            masters,
            workers,
            kube_proxy: 0,
        };
        assert_eq!(counted(&size), size.expected(), "{size:?}");
    }
}

#[test]
fn every_kind_is_explained() {
    for (kube_proxy, total) in [(0, 84), (1, 93)] {
        let three = Size {
            masters: 3,
            workers: 0,
            kube_proxy,
        };
        assert_eq!(three.expected().values().sum::<usize>(), total);
        assert!(PAGE.contains(&total.to_string()));
    }
    for kind in KINDS {
        let row = format!("| `{}` | `{}` | {} |", kind.client, kind.server, kind.count);
        assert!(PAGE.contains(&row), "docs/edges.md has no row `{row}`");
    }
}

fn counted(size: &Size) -> BTreeMap<String, usize> {
    let text = described(size);
    let inventory = inventory::parse(&text, &Place::file("hapki.yaml")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let options = InitOptions {
        inventory: &inventory,
        out: directory.path(),
        force: false,
    };
    let mut means = Means {
        now: NOW,
        keys: &mut FreshKeys {
            threads: NonZeroUsize::MIN,
        },
        serials: &mut RandomSerials,
        dry_run: false,
        recovered: Vec::new(),
    };
    apply::init(&options, &mut means).unwrap();
    let arguments = [PathArgument::from(
        Path::new(directory.path()).to_path_buf(),
    )];
    let audit = audit::audit(
        &arguments,
        Options { siblings: true },
        Some(&inventory),
        NOW,
        &Settings::default(),
    )
    .unwrap();
    assert_eq!(audit.judged.topology.unjudged, []);
    let mut counts = BTreeMap::new();
    for (edge, verdict) in audit.judged.judged_edges() {
        assert!(verdict.ok, "{} -> {}", edge.client, edge.server);
        let kind = format!("{} -> {}", edge.client.name, edge.server.name);
        *counts.entry(kind).or_default() += 1;
    }
    counts
}

/// Masters with etcd members, workers, and a balancer of its own address before the masters.
fn described(size: &Size) -> String {
    let mut text = String::from(
        "apiVersion: hapki.dev/v1\nkind: Cluster\nkubernetes: { version: \"1.34\", serviceSubnet: 10.96.0.0/12, \
         controlPlaneEndpoint: \"10.27.52.100:6443\" }\ncertificates: { key: ecdsa-p256 }\nnodes:\n",
    );
    for number in 1..=size.masters {
        writeln!(
            text,
            "  - {{ name: m{number}, addresses: [10.27.53.{number}], roles: [control-plane, etcd] }}"
        )
        .unwrap();
    }
    for number in 1..=size.workers {
        writeln!(
            text,
            "  - {{ name: w{number}, addresses: [10.27.54.{number}], roles: [worker] }}"
        )
        .unwrap();
    }
    let backends: Vec<String> = (1..=size.masters).map(|n| format!("m{n}")).collect();
    let backends = backends.join(", ");
    writeln!(
        text,
        "loadBalancers:\n  - {{ address: 10.27.52.100, listen: 6443, backends: [{backends}] }}"
    )
    .unwrap();
    text
}

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
const PAGE: &str = include_str!("../docs/edges.md");
