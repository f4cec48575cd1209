//! Tokens of registries, in trees as their installers leave them: every signer against every verifier.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pki_core::audit;
use pki_core::audit::Audit;
use pki_core::checks::Settings;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use pki_core::topology::EdgeKind;
use time::macros::datetime;

use crate::harbor;
use crate::harbor::disk;
use crate::harbor::keys;

fn read(arguments: &[(&str, &Path)]) -> Audit {
    let arguments: Vec<PathArgument> = arguments
        .iter()
        .map(|(name, path)| PathArgument {
            name: (!name.is_empty()).then(|| (*name).to_owned()),
            path: path.to_path_buf(),
        })
        .collect();
    let now = datetime!(2026-06-01 00:00 UTC);
    audit::audit(
        &arguments,
        Options::default(),
        None,
        now,
        &Settings::default(),
    )
    .unwrap()
}

/// Every token edge: who, to whom, what the verifier logs.
fn tokens(audit: &Audit) -> BTreeMap<String, Option<String>> {
    let edges = audit.judged.judged_edges();
    let tokens = edges.filter(|(edge, _)| edge.kind == EdgeKind::Token);
    tokens
        .map(|(edge, verdict)| {
            let name = format!("{} -> {}", edge.client, edge.server);
            assert_eq!(verdict.ok, verdict.says.is_none(), "{name}");
            (name, verdict.server_says.clone())
        })
        .collect()
}

#[test]
fn two_harbors_refuse_each_others_tokens_until_they_share_a_pair() {
    for version in ["1.1.0", "1.6.3", "1.7.5", "1.10.18"] {
        let directory = tempfile::tempdir().unwrap();
        let [one, two] = harbor::two(version, directory.path());
        let before = read(&[("", directory.path())]);
        let tokens_before = tokens(&before);
        assert_eq!(tokens_before.len(), 4, "{version}: {tokens_before:?}");
        let own = &tokens_before["harbor-ui@node1 -> registry@node1"];
        assert_eq!(*own, None, "{version}");
        let crossed = tokens_before["harbor-ui@node1 -> registry@node2"].as_ref();
        let crossed = crossed.unwrap();
        assert!(
            crossed.starts_with("token signed by untrusted key with ID: \""),
            "{version}: {crossed}"
        );
        let (_, verdict) = before
            .judged
            .judged_edges()
            .find(|(edge, verdict)| edge.kind == EdgeKind::Token && !verdict.ok)
            .unwrap();
        assert_eq!(
            verdict.prints.as_deref(),
            Some(
                "Error response from daemon: login attempt to https://hub.wulin.internal/v2/ failed with status: 401 Unauthorized"
            )
        );
        harbor::share(version, &one, &two);
        let after = tokens(&read(&[("", directory.path())]));
        assert!(after.values().all(Option::is_none), "{version}: {after:?}");
    }
}

#[test]
fn cores_of_harbor_2_verify_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = harbor::two("2.12.1", directory.path());
    let before = tokens(&read(&[("", directory.path())]));
    assert_eq!(before.len(), 4, "{before:?}");
    assert_eq!(before["harbor-core@node1 -> harbor-core@node1"], None);
    assert_eq!(
        before["harbor-core@node2 -> harbor-core@node1"].as_deref(),
        Some("parse token error, token signature is invalid: crypto/rsa: verification error")
    );
    harbor::share("2.12.1", &one, &two);
    let after = tokens(&read(&[("", directory.path())]));
    assert!(after.values().all(Option::is_none), "{after:?}");
}

/// The directories alone, each in the copy of its machine's root: /data is the copy's.
#[test]
fn a_directory_in_a_copy_names_what_is_in_the_copy() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = harbor::two("1.10.18", directory.path());
    let (one, two) = (one.join("opt/harbor"), two.join("opt/harbor/harbor.yml"));
    let audit = read(&[("a", &one), ("b", &two)]);
    assert_eq!(tokens(&audit).len(), 4);
    assert!(tokens(&audit)["harbor-ui@a -> registry@b"].is_some());
    let signer = &audit.judged.topology.token_signers[0];
    assert_eq!(
        signer.key.place.path,
        Path::new("/data/secret/core/private_key.pem")
    );
    assert!(signer.key.place.read_from.starts_with(directory.path()));
}

/// Nothing of the machine but the directory: what it names is said to be missing, and nothing is said to be fine.
#[test]
fn what_a_directory_names_and_is_not_there_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let [one, _] = harbor::two("1.10.18", directory.path());
    let alone = directory.path().join("alone");
    fs::rename(one.join("opt/harbor"), &alone).unwrap();
    let yml = disk::read(&alone.join("harbor.yml"));
    let elsewhere = directory.path().join("nowhere");
    let moved = |text: String| text.replace("/data", &elsewhere.to_string_lossy());
    disk::put(&alone.join("harbor.yml"), &moved(yml), 0o644);
    let compose = disk::read(&alone.join("docker-compose.yml"));
    disk::put(&alone.join("docker-compose.yml"), &moved(compose), 0o644);
    let audit = read(&[("a", &alone)]);
    let says = |audit: &Audit| {
        let unjudged = audit.judged.topology.unjudged.iter();
        let why: Vec<String> = unjudged.map(|unjudged| unjudged.why.clone()).collect();
        why.join("\n")
    };
    let paths = ["secret/core/private_key.pem", "secret/registry/root.crt"];
    let paths = paths.map(|name| elsewhere.join(name));
    for path in &paths {
        assert!(
            says(&audit).contains(&*path.to_string_lossy()),
            "{}",
            says(&audit)
        );
    }
    assert!(tokens(&audit).is_empty());

    disk::put(&paths[1], &keys::root(&keys::rsa("node1/0")), 0o600);
    let audit = read(&[("a", &alone)]);
    let broken = &audit.judged.topology.broken;
    assert!(
        broken.iter().any(|broken| broken.place.path == paths[0]),
        "{broken:?}"
    );
    assert!(audit.judged.edges.iter().any(|verdict| !verdict.ok));
}

#[test]
fn a_token_server_is_given_by_its_key() {
    for release in ["2.8.2", "3.1.1"] {
        let directory = tempfile::tempdir().unwrap();
        let roots = harbor::plain::two(release, directory.path());
        let server = directory.path().join("server.pem");
        disk::put(&server, &keys::rsa("node1"), 0o600);
        let audit = read(&[("", &roots[0]), ("", &roots[1]), ("t", &server)]);
        let found = tokens(&audit);
        let own = &found["token-server@t -> registry@node1"];
        if release == "2.8.2" {
            assert_eq!(*own, None);
        } else {
            let says = own.as_ref().unwrap();
            assert!(
                says.starts_with("failed to verify token: token signed by untrusted key with ID: "),
                "{says}"
            );
        }
        assert!(found["token-server@t -> registry@node2"].is_some());
        assert_eq!(found.len(), 2);
    }
}

/// A configuration by itself, as a process is started with it.
#[test]
fn a_lone_configuration_is_a_registry() {
    let directory = tempfile::tempdir().unwrap();
    let [one, _] = harbor::plain::two("2.8.2", directory.path());
    let alone = directory.path().join("registry1");
    fs::rename(one.join("etc/docker/registry"), &alone).unwrap();
    let text = disk::read(&alone.join("config.yml"));
    let here = alone.to_string_lossy();
    disk::put(
        &alone.join("config.yml"),
        &text.replace("/etc/docker/registry", &here),
        0o644,
    );
    let key = alone.join("private_key.pem");
    disk::put(&key, &keys::rsa("node1"), 0o600);
    let audit = read(&[("registry1", &alone), ("token1", &key)]);
    let found = tokens(&audit);
    assert_eq!(found.len(), 1, "{:?}", audit.judged.topology.unjudged);
    assert_eq!(found["token-server@token1 -> registry@registry1"], None);
}

#[test]
fn a_file_on_shared_storage_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = harbor::two("1.10.18", directory.path());
    for file in [harbor::token_key, harbor::token_root] {
        let (there, here) = (file("1.10.18", &one), file("1.10.18", &two));
        fs::remove_file(&here).unwrap();
        fs::hard_link(there, here).unwrap();
    }
    let audit = read(&[("", directory.path())]);
    assert!(tokens(&audit).values().all(Option::is_none));
    let notes: Vec<&str> = audit
        .judged
        .topology
        .notes
        .iter()
        .map(|note| note.text.as_str())
        .collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("private_key.pem of node2 is the same file as"));
}

#[test]
fn notary_verifies_with_a_copy() {
    let directory = tempfile::tempdir().unwrap();
    let settings = harbor::Settings {
        notary: true,
        ..harbor::Settings::of("1.5.1")
    };
    let [one, two] = harbor::two_of(&settings, directory.path());
    harbor::share("1.5.1", &one, &two);
    let found = tokens(&read(&[("", directory.path())]));
    assert_eq!(found.len(), 8);
    assert_eq!(found["harbor-ui@node2 -> registry@node2"], None);
    let stale = found["harbor-ui@node2 -> notary-server@node2"].as_ref();
    assert!(stale.unwrap().starts_with("token signed by untrusted key"));
}

#[test]
fn a_key_that_harbor_cannot_use_is_answered_with_500() {
    let directory = tempfile::tempdir().unwrap();
    let [one, _] = harbor::two("1.10.18", directory.path());
    let key = harbor::token_key("1.10.18", &one);
    disk::put(&key, &keys::pkcs8(&disk::read(&key)), 0o600);
    let audit = read(&[("", directory.path())]);
    let (_, verdict) = audit
        .judged
        .judged_edges()
        .find(|(edge, _)| edge.kind == EdgeKind::Token && edge.client.node == "node1")
        .unwrap();
    assert_eq!(
        verdict.server_says.as_deref(),
        Some(
            "Unexpected error when creating the token, error: unable to decode private key PEM: unable to get PrivateKey from PEM type: PRIVATE KEY"
        )
    );
    assert_eq!(
        verdict.says.as_deref(),
        Some("received unexpected HTTP status: 500 Internal Server Error")
    );
}

#[test]
fn a_bundle_that_is_empty_or_missing_keeps_the_registry_from_starting() {
    let directory = tempfile::tempdir().unwrap();
    let [one, _] = harbor::two("1.10.18", directory.path());
    let root = harbor::token_root("1.10.18", &one);
    let says = || {
        let found = tokens(&read(&[("", directory.path())]));
        found["harbor-ui@node1 -> registry@node1"].clone().unwrap()
    };
    let panic = "panic: unable to configure authorization (token): ";
    disk::put(&root, "", 0o600);
    assert_eq!(
        says(),
        format!("{panic}token auth requires at least one token signing root certificate")
    );
    fs::remove_file(&root).unwrap();
    assert_eq!(
        says(),
        format!(
            "{panic}unable to open token auth root certificate bundle file \"/etc/registry/root.crt\": open /etc/registry/root.crt: no such file or directory"
        )
    );
}

/// Two machines whose Harbors have names of their own: given as directories they are one registry, found among the nodes of
/// a cluster they are two.
#[test]
fn what_is_given_together_is_one_registry() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = harbor::two("1.10.18", directory.path());
    let yml = two.join("opt/harbor/harbor.yml");
    let text = disk::read(&yml).replace("hub.wulin.internal", "hub2.wulin.internal");
    disk::put(&yml, &text, 0o644);
    let found = tokens(&read(&[("", directory.path())]));
    assert_eq!(found.len(), 2, "{found:?}");
    let (one, two) = (one.join("opt/harbor"), two.join("opt/harbor"));
    let found = tokens(&read(&[("a", &one), ("b", &two)]));
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn two_directories_of_one_name_are_two_machines() {
    let directory = tempfile::tempdir().unwrap();
    let roots = harbor::two("1.7.5", directory.path());
    let lone = roots.map(|root| {
        let lone = directory
            .path()
            .join("lone")
            .join(root.file_name().unwrap());
        fs::create_dir_all(&lone).unwrap();
        fs::rename(root.join("opt/harbor"), lone.join("harbor")).unwrap();
        lone.join("harbor")
    });
    let audit = read(&[("", &lone[0]), ("", &lone[1])]);
    assert_eq!(tokens(&audit).len(), 4);
    let mut findings = audit.findings.iter();
    let differs = findings.find(|finding| finding.rule == "token-key-differs");
    let remedy = differs.unwrap().remedy.as_ref().unwrap();
    let command = remedy.request.to_string();
    assert!(!command.contains("common/config"), "{command}");
    assert!(command.contains(" --from harbor "), "{command}");
    let mut rules = audit.findings.iter().map(|finding| finding.rule);
    assert!(rules.all(|rule| rule != "node-identity-mismatch"));
}

#[test]
fn the_share_that_fails_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    harbor::two("1.10.18", directory.path());
    let audit = read(&[("", directory.path())]);
    let registry = audit.judged.topology.token_signers[0].registry;
    let odds = audit.judged.token_odds(registry).unwrap();
    assert_eq!((odds.accepted(), odds.pairs()), (2, 4));
    let said = audit.findings.iter();
    let mut said = said.filter(|finding| finding.rule == "token-key-differs");
    let said = said.next().unwrap();
    assert!(said.message.contains(&odds.to_string()), "{}", said.message);
}
