//! What a certificate costs beside what its key and its signature alone cost: `raw` is the bound, `issue` is hapki.
//!
//! `issue` makes the key, draws the serial, encodes and signs, and writes both as PEM into a bundle. RSA keys take a
//! random time to find: compare means, and only of many.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up fails"
)]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Duration as Elapsed;

use criterion::Criterion;
use criterion::SamplingMode;
use criterion::criterion_group;
use criterion::criterion_main;
use pki_core::bundle::Existing;
use pki_core::issue;
use pki_core::issue::Authorities;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::issue::Work;
use pki_core::plan::AuthorityStep;
use pki_core::plan::PlannedSan;
use pki_core::plan::SanSource;
use pki_core::plan::SigningStep;
use pki_core::plan::StepKey;
use pki_core::plan::Target;
use pki_core::plan::Validity;
use pki_core::profile::Authority;
use pki_core::profile::KubernetesVersion;
use pki_core::profile::Profile;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use ring::signature::EcdsaKeyPair;
use time::Duration;
use time::macros::datetime;

fn p256(criterion: &mut Criterion) {
    let random = SystemRandom::new();
    let scheme = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let fresh = || EcdsaKeyPair::generate_pkcs8(scheme, &random).unwrap();
    let ca = EcdsaKeyPair::from_pkcs8(scheme, fresh().as_ref(), &random).unwrap();
    let message = [7; 450];

    let mut group = criterion.benchmark_group("p256");
    group.bench_function("raw key and signature", |bencher| {
        bencher.iter(|| {
            (
                black_box(fresh()),
                black_box(ca.sign(&random, &message).unwrap()),
            )
        });
    });
    bench_issue(&mut group, KeyAlgorithm::EcdsaP256);
    group.finish();
}

fn rsa(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rsa-2048");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(100)
        .measurement_time(Elapsed::from_secs(10));
    group.bench_function("raw key", |bencher| {
        bencher.iter(|| black_box(PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap()));
    });
    bench_issue(&mut group, KeyAlgorithm::Rsa2048);
    group.finish();
}

fn bench_issue(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    algorithm: KeyAlgorithm,
) {
    let authorities = authorities(algorithm);
    let steps = [step(algorithm)];
    let work = Work {
        steps: &steps,
        ..Work::default()
    };
    group.bench_function("issue", |bencher| {
        bencher.iter(|| {
            black_box(
                issue::carry_out(&work, &authorities, &mut keys(), &mut RandomSerials).unwrap(),
            )
        });
    });
}

fn authorities(key: KeyAlgorithm) -> Authorities {
    let founding = [AuthorityStep {
        authority: Authority::Cluster,
        subject: Authority::Cluster.subject(),
        sans: Vec::new(),
        key,
        validity: validity(3650),
        certificates: vec!["ca.crt".into()],
        keys: vec!["ca.key".into()],
    }];
    let work = Work {
        authorities: &founding,
        ..Work::default()
    };
    issue::carry_out(&work, &Authorities::new(), &mut keys(), &mut RandomSerials)
        .unwrap()
        .founded
}

fn step(key: KeyAlgorithm) -> SigningStep {
    let names = [
        "wudang",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        "10.24.138.208",
    ];
    let sans = names.map(|name| PlannedSan {
        san: name.parse().unwrap(),
        from: SanSource::Profile,
    });
    let profile = Profile::Apiserver;
    SigningStep {
        profile,
        node: "wudang".into(),
        subject: profile.subject("wudang", KubernetesVersion::new(1, 34)),
        authority: Authority::Cluster,
        usages: profile.row().usages.to_vec(),
        sans: sans.to_vec(),
        not_taken: Vec::new(),
        key: StepKey::Generate(key),
        validity: validity(365),
        target: Target::Pair {
            certificate: "apiserver.crt".into(),
            key: Some("apiserver.key".into()),
        },
        existing: Existing::Refuse,
    }
}

fn keys() -> FreshKeys {
    FreshKeys {
        threads: NonZeroUsize::MIN,
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

criterion_group!(benches, p256, rsa);
criterion_main!(benches);
