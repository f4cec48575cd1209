//! What auditing one node costs beside what reading its files alone costs: `raw read` is one bound, and every signature
//! that has to be verified adds what benches/parse.rs calls `verify one signature`.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up fails"
)]

use std::fs;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::path::PathBuf;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use pki_core::audit;
use pki_core::bundle::Existing;
use pki_core::checks;
use pki_core::issue;
use pki_core::issue::Authorities;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::issue::Work;
use pki_core::plan::AuthorityStep;
use pki_core::plan::KubeconfigStep;
use pki_core::plan::PlannedSan;
use pki_core::plan::SanSource;
use pki_core::plan::ServiceAccountStep;
use pki_core::plan::SigningStep;
use pki_core::plan::StepKey;
use pki_core::plan::Target;
use pki_core::plan::Validity;
use pki_core::profile;
use pki_core::profile::Authority;
use pki_core::profile::KubernetesVersion;
use pki_core::profile::Output;
use pki_core::profile::Row;
use pki_core::profile::SanRule;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use pki_core::write;
use pki_core::x509::key::KeyAlgorithm;
use time::Duration;
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-02-01 0:00 UTC);
const KEY: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

fn one_node(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let files = write_node(&directory.path().join("etc/kubernetes"));
    let argument = PathArgument {
        name: None,
        path: directory.path().join("etc/kubernetes"),
    };
    let settings = checks::Settings {
        expires_within: Duration::days(30),
        ignores: Vec::new(),
    };
    let run = || {
        let arguments = std::slice::from_ref(&argument);
        audit::audit(arguments, Options { siblings: true }, None, NOW, &settings).unwrap()
    };
    assert!(!run().judged.edges.is_empty(), "there is nothing to judge");

    let mut group = criterion.benchmark_group("one node");
    group.bench_function("raw read", |bencher| {
        bencher.iter(|| {
            files
                .iter()
                .map(|path| fs::read(path).unwrap().len())
                .sum::<usize>()
        });
    });
    group.bench_function("audit", |bencher| bencher.iter(|| black_box(run())));
    group.finish();
}

/// A master as kubeadm leaves it; returns its files.
fn write_node(root: &Path) -> Vec<PathBuf> {
    let pki = root.join("pki");
    let authorities = Authority::ALL.map(|authority| AuthorityStep {
        authority,
        subject: authority.subject(),
        sans: vec![authority.common_name().parse().unwrap()],
        key: KEY,
        validity: validity(3650),
        certificates: vec![pki.join(format!("{}.crt", authority.base()))],
        keys: vec![pki.join(format!("{}.key", authority.base()))],
    });
    let service_account = ServiceAccountStep {
        key: KEY,
        private: vec![pki.join("sa.key")],
        public: vec![pki.join("sa.pub")],
    };
    let rows = profile::table().iter().filter(|row| row.by_kubeadm);
    let steps: Vec<SigningStep> = rows.map(|row| step(row, root)).collect();
    let work = Work {
        authorities: &authorities,
        service_account: Some(&service_account),
        steps: &steps,
    };
    let mut keys = FreshKeys {
        threads: NonZeroUsize::MIN,
    };
    let issued =
        issue::carry_out(&work, &Authorities::new(), &mut keys, &mut RandomSerials).unwrap();
    let settings = write::Settings {
        now: NOW,
        state_dirs: Vec::new(),
    };
    let written = write::write(&issued.bundle, &settings).unwrap();
    let manifest = root.join("manifests/kube-apiserver.yaml");
    fs::create_dir(root.join("manifests")).unwrap();
    fs::write(&manifest, MANIFEST).unwrap();
    written
        .files
        .into_iter()
        .map(|file| file.path)
        .chain([manifest])
        .collect()
}

fn step(row: &Row, root: &Path) -> SigningStep {
    let names: &[&str] = match row.sans {
        SanRule::None => &[],
        SanRule::Etcd => &["localhost", "wudang", "10.24.138.208", "127.0.0.1", "::1"],
        _ => &[
            "kubernetes",
            "kubernetes.default.svc.cluster.local",
            "wudang",
            "10.96.0.1",
            "10.24.138.208",
        ],
    };
    let sans = names.iter().map(|name| PlannedSan {
        san: name.parse().unwrap(),
        from: SanSource::Profile,
    });
    let target = match row.output {
        Output::Pair { base } => Target::Pair {
            certificate: root.join("pki").join(format!("{base}.crt")),
            key: Some(root.join("pki").join(format!("{base}.key"))),
        },
        Output::Kubeconfig { file, .. } => Target::Kubeconfig(KubeconfigStep {
            path: root.join(file),
            server: "https://10.24.138.208:6443".into(),
            cluster: "kubernetes".into(),
            user: row.common_name("wudang"),
        }),
    };
    SigningStep {
        profile: row.profile,
        node: "wudang".into(),
        subject: row.profile.subject("wudang", KubernetesVersion::new(1, 34)),
        authority: row.authority,
        usages: row.usages.to_vec(),
        sans: sans.collect(),
        not_taken: Vec::new(),
        key: StepKey::Generate(KEY),
        validity: validity(365),
        target,
        existing: Existing::Refuse,
    }
}

fn validity(days: i64) -> Validity {
    let not_before = datetime!(2026-01-01 0:00 UTC);
    Validity {
        not_before,
        not_after: not_before + Duration::days(days),
        cut_short_from: None,
    }
}

const MANIFEST: &str = "apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --advertise-address=10.24.138.208
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt
    - --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt
    - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key
    - --etcd-servers=https://127.0.0.1:2379
    - --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt
    - --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key
    - --proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt
    - --proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key
    - --requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt
    - --secure-port=6443
    - --service-account-key-file=/etc/kubernetes/pki/sa.pub
    - --service-account-signing-key-file=/etc/kubernetes/pki/sa.key
    - --service-cluster-ip-range=10.96.0.0/12
    - --tls-cert-file=/etc/kubernetes/pki/apiserver.crt
    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key
";

criterion_group!(benches, one_node);
criterion_main!(benches);
