//! What reading a certificate costs beside what reading its file alone costs: `raw` is the bound.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up fails"
)]

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use pki_core::x509::certificate;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::template::Template;
use time::macros::datetime;

const COUNT: u32 = 1000;

fn parse(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let paths: Vec<PathBuf> = (0..COUNT)
        .map(|number| {
            let path = directory.path().join(format!("{number}.crt"));
            fs::write(&path, leaf(&key, number).to_pem()).unwrap();
            path
        })
        .collect();

    let mut group = criterion.benchmark_group("certificates");
    group.throughput(Throughput::Elements(u64::from(COUNT)));
    group.bench_function("raw read", |bencher| {
        bencher.iter(|| {
            paths
                .iter()
                .map(|path| fs::read(path).unwrap().len())
                .sum::<usize>()
        });
    });
    group.bench_function("read and parse", |bencher| {
        bencher.iter(|| {
            for path in &paths {
                black_box(certificate::read(&fs::read(path).unwrap()));
            }
        });
    });
    let leaf = leaf(&key, 0);
    group.throughput(Throughput::Elements(1));
    group.bench_function("verify one signature", |bencher| {
        bencher.iter(|| assert!(leaf.is_signed_by(key.public_key())));
    });
    group.finish();
}

fn leaf(key: &PrivateKey, number: u32) -> Certificate {
    let names = [
        "wudang",
        "kubernetes",
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        "10.24.138.208",
    ];
    let template = Template {
        serial: [vec![1], number.to_be_bytes().to_vec()].concat(),
        issuer: DistinguishedName::new("kubernetes", &[]),
        subject: DistinguishedName::new("kube-apiserver", &[]),
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2027-01-01 0:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: None,
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: vec![ExtendedKeyUsage::ServerAuth],
        subject_alt_names: names.map(|name| name.parse().unwrap()).to_vec(),
        subject_key_id: None,
        authority_key_id: Some(vec![7; 20]),
    };
    template.sign(key).unwrap()
}

criterion_group!(benches, parse);
criterion_main!(benches);
