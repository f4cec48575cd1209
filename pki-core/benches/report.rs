//! What writing a report costs: 20,000 edges, one in ten refused, and 5,000 certificates, in every format.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up fails"
)]

use std::hint::black_box;
use std::path::PathBuf;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use pki_core::audit::Audit;
use pki_core::finding::Finding;
use pki_core::finding::Severity;
use pki_core::judge;
use pki_core::judge::JudgedEdge;
use pki_core::place::Place;
use pki_core::profile::Profile;
use pki_core::report::json;
use pki_core::report::junit;
use pki_core::report::plain;
use pki_core::report::plain::Style;
use pki_core::report::prometheus;
use pki_core::report::sarif;
use pki_core::topology::Circumstances;
use pki_core::topology::Component;
use pki_core::topology::Edge;
use pki_core::topology::EdgeKind;
use pki_core::topology::Holding;
use pki_core::topology::Role;
use pki_core::topology::Shown;
use pki_core::topology::Topology;
use pki_core::topology::Trust;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::template::Template;
use time::macros::datetime;

const EDGES: usize = 20_000;
const CERTIFICATES: u16 = 5_000;
const SAYS: &str = "x509: certificate has expired or is not yet valid: current time \
     2026-02-01T00:00:00Z is after 2026-01-01T00:00:00Z";

fn formats(criterion: &mut Criterion) {
    let audit = audit();
    let (judged, findings) = (&audit.judged, &audit.findings);
    let context = sarif::Context {
        version: "1.0.0",
        directory: None,
    };
    let mut group = criterion.benchmark_group("report of 20,000 edges");
    group.throughput(Throughput::Elements(EDGES as u64));
    group.sample_size(10);
    group.bench_function("human", |bencher| {
        bencher.iter(|| black_box(plain::audit(judged, findings, &[], 80, Style::NONE)));
    });
    group.bench_function("json", |bencher| {
        bencher.iter(|| black_box(json::audit(judged, findings, &[])));
    });
    group.bench_function("sarif", |bencher| {
        bencher.iter(|| black_box(sarif::audit(&audit, &context)));
    });
    group.bench_function("junit", |bencher| {
        bencher.iter(|| black_box(junit::audit(&audit, Severity::Error)));
    });
    group.bench_function("prometheus", |bencher| {
        bencher.iter(|| black_box(prometheus::audit(&audit)));
    });
    group.finish();
}

fn audit() -> Audit {
    let edges: Vec<Edge> = (0..EDGES).map(edge).collect();
    let mut cause = Finding::new(
        "expired",
        Severity::Error,
        place("node-0", "/etc/kubernetes/pki/ca.crt"),
        "the authority has expired",
    );
    let refused = edges.iter().step_by(10);
    cause.edges = refused.map(|edge| edge.id.clone()).collect();
    let mut findings = vec![cause];
    findings.extend((0..1_000).map(|node| {
        let mut finding = Finding::new(
            "expires-soon",
            Severity::Warning,
            place(
                &format!("node-{node}"),
                "/var/lib/kubelet/pki/kubelet-client-current.pem",
            ),
            "the certificate expires soon",
        );
        finding.edges = vec![format!("e{node}")];
        finding
    }));
    let topology = Topology {
        edges,
        holdings: holdings(),
        ..Topology::default()
    };
    let mut judged = judge::judge(topology, datetime!(2026-02-01 0:00 UTC));
    judged.edges = (0..EDGES).map(judged_edge).collect();
    Audit {
        judged,
        findings,
        ignored: Vec::new(),
    }
}

fn edge(index: usize) -> Edge {
    let node = format!("node-{}", index % 1_000);
    let kubeconfig = place(&node, "/etc/kubernetes/kubelet.conf");
    Edge {
        id: format!("e{index}"),
        kind: EdgeKind::Tls,
        client: Component {
            name: "kubelet".to_owned(),
            node,
        },
        server: Component {
            name: "kube-apiserver".to_owned(),
            node: format!("master-{}", index / 1_000),
        },
        dials: Some(format!("https://10.0.{}.1:6443", index / 1_000)),
        name: None,
        asks_for: None,
        unverified: None,
        via: None,
        told_at: kubeconfig.clone(),
        shown: Shown {
            place: kubeconfig.clone(),
            chain: Vec::new(),
        },
        trusts: Trust {
            place: kubeconfig,
            roots: Vec::new(),
        },
        client_shows: None,
        source: None,
        circumstances: Circumstances::default(),
        token: None,
        allowed_names: None,
        client_takes: None,
    }
}

fn judged_edge(index: usize) -> JudgedEdge {
    let ok = !index.is_multiple_of(10);
    JudgedEdge {
        edge: index,
        ok,
        says: (!ok).then(|| SAYS.to_owned()),
        prints: (!ok).then(|| format!("Unable to connect to the server: {SAYS}")),
        server_says: None,
        masked: Vec::new(),
        faults: Vec::new(),
    }
}

fn holdings() -> Vec<Holding> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let holding = |number: u16| Holding {
        role: Some(Role::Profile(Profile::KubeletConf)),
        place: place(
            &format!("node-{number}"),
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
        ),
        index: 0,
        used: true,
        embedded: None,
        certificate: certificate(&key, number),
    };
    (1..=CERTIFICATES).map(holding).collect()
}

fn certificate(key: &PrivateKey, number: u16) -> Certificate {
    let template = Template {
        serial: [&[1], &number.to_be_bytes()[..]].concat(),
        issuer: DistinguishedName::new("kubernetes", &[]),
        subject: DistinguishedName::new(
            &format!("system:node:node-{number}"),
            &["system:nodes".to_owned()],
        ),
        not_before: datetime!(2025-06-01 0:00 UTC),
        not_after: datetime!(2026-06-01 0:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: None,
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: None,
        authority_key_id: None,
    };
    template.sign(key).unwrap()
}

fn place(node: &str, path: &str) -> Place {
    Place {
        node: node.to_owned(),
        path: PathBuf::from(path),
        read_from: PathBuf::from(format!("/srv/trees/{node}{path}")),
        line: None,
    }
}

criterion_group!(benches, formats);
criterion_main!(benches);
