//! `hapki issue harbor-internal`: what Harbor's containers show each other, as `prepare` wants it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use crate::cluster::digest;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;

const BASES: [&str; 12] = [
    "harbor_internal_ca",
    "proxy",
    "portal",
    "core",
    "job_service",
    "registry",
    "registryctl",
    "trivy_adapter",
    "harbor_db",
    "notary_server",
    "notary_signer",
    "chartmuseum",
];

#[test]
fn one_command_makes_the_whole_set_with_the_bits_that_prepare_asks_for() {
    let directory = tempfile::tempdir().unwrap();
    let output = issue(directory.path(), &["--out", "tls", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let answer = json(&output);
    assert_eq!(answer["schema"], "hapki.issue/v1");
    let pairs = answer["pairs"].as_array().unwrap();
    let names: Vec<&str> = pairs
        .iter()
        .map(|pair| pair["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, BASES);
    for base in BASES {
        let [key, certificate] =
            ["key", "crt"].map(|ending| directory.path().join(format!("tls/{base}.{ending}")));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&key), mode(&certificate)), (0o600, 0o644), "{base}");
        let text = fs::read_to_string(&key).unwrap();
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{base}");
        let text = fs::read_to_string(&certificate).unwrap();
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 1, "{base}");
    }
    // As core dials the registry, and nginx core.
    for (base, host) in [
        ("registry", "registry"),
        ("job_service", "jobservice"),
        ("harbor_db", "postgresql"),
    ] {
        let verified = hapki_in(directory.path())
            .args([
                "verify",
                &format!("tls/{base}.crt"),
                "--roots",
                "tls/harbor_internal_ca.crt",
            ])
            .args(["--host", host, "--at", "2027-06-01T00:00:00Z"])
            .output()
            .unwrap();
        assert_eq!(code(&verified), 0, "{base}");
    }
}

#[test]
fn what_is_there_stays_unless_forced_and_what_cannot_be_meant_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(code(&issue(directory.path(), &["--out", "tls"])), 0);
    let before = digest(directory.path());
    for (more, says) in [
        (&["--out", "tls"][..], "harbor_internal_ca.key"),
        (&[], "into a directory"),
        (&["registry", "--out", "tls"], "by itself"),
        (&["--out", "other", "--key", "ed25519"], "ed25519"),
    ] {
        let output = issue(directory.path(), more);
        assert_eq!(code(&output), 2, "{more:?}");
        assert!(
            stderr(&output).contains(says),
            "{more:?}: {}",
            stderr(&output)
        );
    }
    let dry = issue(directory.path(), &["--out", "other", "--dry-run"]);
    assert_eq!(code(&dry), 0, "{}", stderr(&dry));
    assert_eq!(digest(directory.path()), before);
    assert_eq!(
        code(&issue(directory.path(), &["--out", "tls", "--force"])),
        0
    );
    assert_ne!(digest(directory.path()), before);
}

#[test]
fn a_node_is_asked_for_where_one_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let output = hapki_in(directory.path())
        .args(["issue", "apiserver"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("--node is missing"),
        "{}",
        stderr(&output)
    );
}

fn issue(directory: &Path, more: &[&str]) -> Output {
    let mut command = hapki_in(directory);
    command.args(["issue", "harbor-internal", "--at", "2027-05-01T00:00:00Z"]);
    if !more.contains(&"--key") {
        command.args(["--key", "ecdsa-p256"]);
    }
    command.args(more).output().unwrap()
}
