//! From two pairs to one, and from one to the next.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::harbor;
use crate::run::code;
use crate::run::json;
use crate::run::stderr;
use crate::unify::drive::Drive;
use crate::unify::drive::key;
use crate::unify::drive::keys;
use crate::unify::drive::snapshot;

const NODES: [&str; 2] = ["node1", "node2"];

#[test]
fn harbor_1_is_unified_and_stays_so_whatever_prepare_does() {
    for version in ["1.1.0", "1.6.3", "1.7.5", "1.10.18"] {
        let mut drive = Drive::unifying(version);
        let chosen = key(&harbor::token_key(version, &drive.root("node1")));
        let other = key(&harbor::token_key(version, &drive.root("node2")));
        let stages = drive.through(|drive, stage| {
            // Until 1.5 containers run as root.
            let uid = if version.starts_with("1.1.") {
                0
            } else {
                10000
            };
            let written = match stage {
                "sign" => harbor::token_key(version, &drive.root("node2")),
                "trust" | "prune" => harbor::token_root(version, &drive.root("node2")),
                _ => return,
            };
            let found = fs::metadata(&written).unwrap();
            assert_eq!(found.mode() & 0o777, 0o600, "{version} {stage}");
            assert!(
                found.uid() == uid || !is_root(),
                "{version}: {}",
                found.uid()
            );
            // An operator who runs prepare between two stages undoes neither.
            for node in NODES {
                harbor::prepare(version, &drive.root(node));
            }
            let signed = |node: &str| key(&harbor::token_key(version, &drive.root(node)));
            let trusted = |node: &str| keys(&harbor::token_root(version, &drive.root(node)));
            match stage {
                "trust" => {
                    assert_eq!(signed("node2"), other, "{version}");
                    for node in NODES {
                        let trusted = trusted(node);
                        assert!(
                            trusted.contains(&chosen) && trusted.contains(&other),
                            "{version}"
                        );
                    }
                }
                "sign" | "wait" => {
                    assert!(NODES.iter().all(|node| signed(node) == chosen), "{version}");
                    assert!(
                        NODES.iter().all(|node| trusted(node).len() == 2),
                        "{version}"
                    );
                }
                _ => {
                    assert!(NODES.iter().all(|node| signed(node) == chosen), "{version}");
                    assert!(
                        NODES.iter().all(|node| trusted(node) == [chosen.clone()]),
                        "{version}"
                    );
                }
            }
        });
        assert_eq!(
            stages,
            ["trust", "sign", "wait", "prune", "done"],
            "{version}"
        );
        assert!(drive.run(&["--format", "json"]).status.success());
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[test]
fn in_place_needs_no_restart_of_signers() {
    let mut drive = Drive::unifying("1.10.18");
    let inode = |drive: &Drive| {
        fs::metadata(harbor::token_key("1.10.18", &drive.root("node2")))
            .unwrap()
            .ino()
    };
    let before = inode(&drive);
    let trust = drive.stage(&["--in-place"]);
    assert_eq!(
        trust["restart"],
        serde_json::json!(["registry@node1", "registry@node2"])
    );
    let sign = drive.stage(&["--in-place"]);
    assert_eq!(sign["restart"], serde_json::json!([]));
    assert_eq!(sign["allowed_from"], "2027-01-01T12:31:00Z");
    assert_eq!(inode(&drive), before);
    let prune = drive.stage(&[]);
    assert_eq!(prune["stage"], "prune");
}

#[test]
fn too_early_is_refused_and_leaves_every_file() {
    let mut drive = Drive::unifying("1.10.18");
    drive.stage(&["--in-place"]);
    // Without a word of restarts.
    let before = snapshot(drive.path());
    let refused = drive.run(&["--apply", "--format", "json"]);
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("registry@node1, registry@node2"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(
        json(&refused)["restart"],
        serde_json::json!(["registry@node1", "registry@node2"])
    );
    assert_eq!(snapshot(drive.path()), before);

    let sign = drive.stage(&["--in-place"]);
    let from = sign["allowed_from"].as_str().unwrap().to_owned();
    drive.now = crate::unify::drive::START;
    let before = snapshot(drive.path());
    for more in [&["--apply"][..], &[], &["--apply", "--format", "json"]] {
        let refused = drive.run(more);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains(&from), "{}", stderr(&refused));
        assert_eq!(snapshot(drive.path()), before);
    }
    let refused = json(&drive.run(&["--apply", "--format", "json"]));
    assert_eq!(
        (refused["stage"].as_str(), refused["allowed_from"].as_str()),
        (Some("wait"), Some(from.as_str()))
    );
    assert_eq!(refused["applied"], false);
}

#[test]
fn a_plan_changes_nothing() {
    let drive = Drive::unifying("1.7.5");
    let before = snapshot(drive.path());
    let plan = drive.run(&["--format", "json"]);
    assert_eq!(code(&plan), 0, "{}", stderr(&plan));
    let plan = json(&plan);
    assert_eq!(
        (plan["stage"].as_str(), plan["applied"].as_bool()),
        (Some("trust"), Some(false))
    );
    let written: Vec<&str> = plan["writes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|write| write["what"].as_str().unwrap())
        .collect();
    assert!(written.contains(&"customize_crt = off"), "{written:?}");
    assert_eq!(snapshot(drive.path()), before);
}

#[test]
fn harbor_2_changes_in_one_go_or_not_at_all() {
    let drive = Drive::unifying("2.8.4");
    let before = snapshot(drive.path());
    let plan = drive.run(&[]);
    assert_eq!(code(&plan), 0, "{}", stderr(&plan));
    let text = String::from_utf8(plan.stdout).unwrap();
    assert!(
        text.contains("cannot overlap") && text.contains("--at-once --apply"),
        "{text}"
    );
    let refused = drive.run(&["--apply"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("--at-once"));
    assert_eq!(snapshot(drive.path()), before);

    let done = drive.run(&["--apply", "--at-once", "--format", "json"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!(
        json(&done)["restart"],
        serde_json::json!(["harbor-core@node2"])
    );
    let chosen = key(&harbor::token_key("2.8.4", &drive.root("node1")));
    let root = harbor::token_root("2.8.4", &drive.root("node2"));
    assert_eq!(keys(&root), [chosen]);
    for node in NODES {
        harbor::prepare("2.8.4", &drive.root(node));
    }
    let [one, other] = NODES.map(|node| key(&harbor::token_key("2.8.4", &drive.root(node))));
    assert_eq!(one, other);
    assert_eq!(json(&drive.run(&["--format", "json"]))["stage"], "done");
}

#[test]
fn a_rotation_makes_a_key_that_harbor_can_read() {
    let version = "1.10.18";
    let mut drive = Drive::of(&["rotate", "registry-token", "node1", "node2"]);
    let [one, other] = harbor::two(version, drive.path());
    harbor::share(version, &one, &other);
    let old = key(&harbor::token_key(version, &one));
    let stages = drive.through(|drive, stage| {
        let waiting = drive
            .root("node1")
            .join("opt/harbor/.hapki/next/private_key.pem");
        assert_eq!(waiting.exists(), stage == "trust", "{stage}");
    });
    assert_eq!(stages, ["trust", "sign", "wait", "prune", "done"]);
    let new = key(&harbor::token_key(version, &one));
    assert_ne!(new, old);
    assert_eq!(new.algorithm().to_string(), "rsa-4096");
    let text = harbor::disk::read(&harbor::token_key(version, &other));
    assert!(text.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    assert_eq!(keys(&harbor::token_root(version, &other)), [new]);
}

#[test]
fn registries_without_harbor_share_the_key_of_one_token_server() {
    for release in ["2.8.2", "3.1.1"] {
        let mut drive = Drive::of(&[
            "unify",
            "node1=node1",
            "node2=node2",
            "token1=node1/etc/token-server/key.pem",
            "token2=node2/etc/token-server/key.pem",
            "--from",
            "token1",
            "--token-lifetime",
            "90s",
        ]);
        let roots = harbor::plain::two(release, drive.path());
        let chosen = key(&harbor::plain::token_key(&roots[0]));
        let stages = drive.through(|_, _| {});
        assert_eq!(
            stages,
            ["trust", "sign", "wait", "prune", "done"],
            "{release}"
        );
        for root in &roots {
            assert_eq!(key(&harbor::plain::token_key(root)), chosen);
            assert_eq!(
                keys(&harbor::plain::bundle(root, release)),
                std::slice::from_ref(&chosen)
            );
            let config = harbor::disk::read(&harbor::plain::config(root, release));
            assert_eq!(
                config.contains("jwks:"),
                release.starts_with('3'),
                "{config}"
            );
            if release.starts_with('3') {
                let set = harbor::plain::bundle(root, release).with_file_name("hapki-jwks.json");
                let set: Value = serde_json::from_str(&harbor::disk::read(&set)).unwrap();
                assert_eq!(set["keys"].as_array().unwrap().len(), 2);
            }
        }
    }
}

/// Three instances, two of which have one data volume.
#[test]
fn a_directory_that_instances_share_is_written_once() {
    let version = "1.10.18";
    let mut drive = Drive::of(&[
        "unify",
        "node1=harbor1",
        "node2=harbor2",
        "node3=harbor3",
        "--from",
        "node3",
    ]);
    harbor::two(version, drive.path());
    let elsewhere = tempfile::tempdir().unwrap();
    harbor::two(version, elsewhere.path());
    fs::rename(elsewhere.path().join("node1"), drive.root("node3")).unwrap();
    harbor::disk::put_for(
        10000,
        &harbor::token_key(version, &drive.root("node3")),
        &harbor::keys::rsa("node3"),
        0o600,
    );
    for (node, data) in [("node1", "node1"), ("node2", "node1"), ("node3", "node3")] {
        let data = drive.root(data).join("data");
        for file in ["harbor.yml", "docker-compose.yml"] {
            let path = drive.root(node).join("opt/harbor").join(file);
            let text = harbor::disk::read(&path);
            let text = text.replace(" /data", &format!(" {}", data.display()));
            fs::write(&path, text).unwrap();
        }
        let moved = drive.root(&node.replace("node", "harbor"));
        fs::rename(drive.root(node).join("opt/harbor"), moved).unwrap();
    }
    let trust = drive.stage(&[]);
    let written: Vec<&str> = trust["writes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|write| write["path"].as_str().unwrap())
        .collect();
    assert_eq!(written.len(), 2, "{written:?}");
    drive.through(|_, _| {});
    let [shared, other] =
        ["node1", "node3"].map(|node| key(&harbor::token_key(version, &drive.root(node))));
    assert_eq!(shared, other);
}
