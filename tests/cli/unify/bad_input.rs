//! Each ends in the old state or the new one, and says so.

use std::fs;
use std::fs::File;

use pki_core::x509::key::KeyAlgorithm;

use crate::harbor;
use crate::harbor::disk;
use crate::run::code;
use crate::run::json;
use crate::run::stderr;
use crate::unify::drive::Drive;
use crate::unify::drive::key;
use crate::unify::drive::keys;
use crate::unify::drive::snapshot;

/// Runs it with `--apply`; it is refused with these words, and no file changes.
#[track_caller]
fn refused(drive: &Drive, words: &[&str]) {
    let before = snapshot(drive.path());
    let output = drive.run(&["--apply"]);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(snapshot(drive.path()), before);
}

/// One node of each release, under these names.
fn installed(drive: &Drive, nodes: [(&str, &str); 2]) {
    for (at, (name, version)) in nodes.into_iter().enumerate() {
        let directory = tempfile::tempdir_in(drive.path()).unwrap();
        let roots = harbor::two(version, directory.path());
        fs::rename(&roots[at], drive.root(name)).unwrap();
    }
}

#[test]
fn two_keys_of_equal_weight_are_a_tie() {
    let drive = Drive::of(&["unify", "node1", "node2"]);
    harbor::two("1.10.18", drive.path());
    refused(
        &drive,
        &["no key is held by most", "node1 with ", "--from NAME"],
    );
}

/// A restart is confirmed by name at another run, where the paths may come in another order.
#[test]
fn instances_of_one_name_are_refused() {
    for (one, other) in [("x/harbor", "y/harbor"), ("a=x/harbor", "a=y/harbor")] {
        let drive = Drive::of(&["unify", one, other, "--generate"]);
        let roots = harbor::two("1.1.0", drive.path());
        for (root, name) in roots.iter().zip(["x", "y"]) {
            fs::create_dir(drive.root(name)).unwrap();
            fs::rename(root.join("opt/harbor"), drive.root(name).join("harbor")).unwrap();
        }
        refused(&drive, &["y/harbor", "has the name ", "NAME=PATH"]);
    }
}

#[test]
fn an_instance_that_cannot_be_read_is_not_left_behind() {
    let drive = Drive::of(&["unify", "node1", "node3", "--from", "node1"]);
    harbor::two("1.10.18", drive.path());
    refused(&drive, &["node3"]);
}

#[test]
fn harbors_of_different_kinds_are_not_one_registry() {
    let drive = Drive::of(&["unify", "old", "new", "--from", "old"]);
    installed(&drive, [("old", "1.10.18"), ("new", "2.8.4")]);
    refused(&drive, &["Harbor 1 and Harbor 2"]);
}

#[test]
fn harbors_of_different_releases_are() {
    let mut drive = Drive::of(&["unify", "old", "new", "--from", "old"]);
    installed(&drive, [("old", "1.7.5"), ("new", "1.10.18")]);
    drive.through(|_, _| {});
    assert_eq!(
        key(&harbor::token_key("1.7.5", &drive.root("old"))),
        key(&harbor::token_key("1.10.18", &drive.root("new")))
    );
}

#[test]
fn keys_that_harbor_cannot_use_are_not_shared() {
    let version = "1.10.18";
    let words = |text: &str| match text {
        "ec" => ["Harbor signs with RSA alone"],
        "encrypted" => ["encrypted"],
        _ => ["cannot be shared"],
    };
    let ec = harbor::keys::new(KeyAlgorithm::EcdsaP256);
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBHDBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0BBQwwHAQIAAAAAAAAAAACAggA\n-----END ENCRYPTED PRIVATE KEY-----\n".to_owned();
    for (text, name) in [
        (ec, "ec"),
        (encrypted, "encrypted"),
        ("nothing".to_owned(), "garbage"),
    ] {
        let drive = Drive::unifying(version);
        let file = harbor::token_key(version, &drive.root("node1"));
        disk::put_for(10000, &file, &text, 0o600);
        refused(&drive, &words(name));
    }
}

#[test]
fn a_key_as_pkcs_8_is_written_as_harbor_reads_it() {
    let version = "1.10.18";
    let mut drive = Drive::unifying(version);
    let file = harbor::token_key(version, &drive.root("node1"));
    let before = disk::read(&file);
    disk::put_for(10000, &file, &harbor::keys::pkcs8(&before), 0o600);
    let stages = drive.through(|_, _| {});
    assert_eq!(stages, ["trust", "sign", "wait", "prune", "done"]);
    assert_eq!(disk::read(&file), before);
    assert_eq!(
        disk::read(&harbor::token_key(version, &drive.root("node2"))),
        before
    );
}

#[test]
fn a_root_that_is_not_of_its_key_is_derived_anew() {
    let version = "1.10.18";
    let mut drive = Drive::unifying(version);
    let root = harbor::token_root(version, &drive.root("node1"));
    disk::put_for(
        10000,
        &root,
        &harbor::keys::root(&harbor::keys::rsa("elsewhere")),
        0o600,
    );
    drive.through(|_, _| {});
    let chosen = key(&harbor::token_key(version, &drive.root("node1")));
    assert_eq!(keys(&root), std::slice::from_ref(&chosen));
    assert_eq!(
        keys(&harbor::token_root(version, &drive.root("node2"))),
        [chosen]
    );
}

#[test]
fn bundles_that_are_empty_mixed_or_hold_one_twice_end_with_one_certificate() {
    let version = "1.10.18";
    let own = |drive: &Drive| disk::read(&harbor::token_root(version, &drive.root("node2")));
    let bundles: [&dyn Fn(&Drive) -> String; 4] = [
        &|_| String::new(),
        &|_| "no certificate\n".to_owned(),
        &|drive| format!("{0}{0}", own(drive)),
        &|drive| format!("# mixed\n{}{}", harbor::keys::rsa("node2"), own(drive)),
    ];
    for bundle in bundles {
        let mut drive = Drive::unifying(version);
        let file = harbor::token_root(version, &drive.root("node2"));
        disk::put_for(10000, &file, &bundle(&drive), 0o600);
        drive.through(|_, _| {});
        let chosen = key(&harbor::token_key(version, &drive.root("node1")));
        assert_eq!(keys(&file), [chosen]);
        assert!(!disk::read(&file).contains("PRIVATE KEY"));
    }
}

#[test]
fn harbor_cfg_is_read_however_it_is_spaced() {
    let version = "1.7.5";
    for line in [
        "customize_crt=on",
        "customize_crt   =   on",
        "customize_crt : on",
        "#none",
    ] {
        let mut drive = Drive::unifying(version);
        for node in ["node1", "node2"] {
            let path = drive.root(node).join("opt/harbor/harbor.cfg");
            let text = disk::read(&path);
            assert!(text.contains("customize_crt = on"), "{text}");
            fs::write(&path, text.replace("customize_crt = on", line)).unwrap();
        }
        drive.through(|drive, _| {
            for node in ["node1", "node2"] {
                harbor::prepare(version, &drive.root(node));
            }
        });
        let [one, other] =
            ["node1", "node2"].map(|node| key(&harbor::token_key(version, &drive.root(node))));
        assert_eq!(one, other, "{line}");
    }
}

#[test]
fn the_second_of_two_runs_is_refused() {
    let drive = Drive::unifying("1.10.18");
    let own = drive.root("node2").join("opt/harbor/.hapki");
    fs::create_dir_all(&own).unwrap();
    let lock = File::create(own.join("lock")).unwrap();
    lock.lock().unwrap();
    refused(&drive, &["lock"]);
}

#[test]
fn a_member_that_is_no_longer_given_is_missed() {
    let mut drive = Drive::unifying("1.10.18");
    drive.stage(&[]);
    let alone = Drive {
        directory: drive.directory,
        ..Drive::of(&["unify", "node1", "--from", "node1"])
    };
    refused(&alone, &["node2 takes part"]);
}

#[test]
fn nothing_to_do_writes_nothing() {
    let drive = Drive::of(&["unify", "node1", "node2"]);
    let [one, other] = harbor::two("1.10.18", drive.path());
    harbor::share("1.10.18", &one, &other);
    let before = snapshot(drive.path());
    let output = drive.run(&["--apply", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["stage"], "done");
    assert_eq!(json(&output)["writes"], serde_json::json!([]));
    assert_eq!(snapshot(drive.path()), before);
}
