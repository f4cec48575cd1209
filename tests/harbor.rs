//! The Harbors on disk are what the real installers leave: kinds of files, modes, and what `./prepare` does to them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by unwrapping"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test crate has no readers outside"
)]

#[path = "harbor/mod.rs"]
mod harbor;

use std::fs;
use std::path::Path;

use harbor::Settings;
use harbor::disk;
use pki_core::x509::certificate;
use pki_core::x509::certificate::Entry;
use pki_core::x509::key::PrivateKey;

const VERSIONS: [&str; 5] = ["1.1.0", "1.6.3", "1.7.5", "1.10.18", "2.8.4"];

#[test]
fn each_instance_has_a_pair_of_its_own() {
    for version in VERSIONS {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] = harbor::two(version, directory.path());
        let [first, second] = [&one, &other].map(|root| {
            let key = disk::read(&harbor::token_key(version, root));
            assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
            assert!(belong_together(version, root), "{version}");
            key
        });
        assert_ne!(first, second, "{version}");
    }
}

/// Up to 1.7 a new pair each time, from 1.8 on the old one where both files are there.
#[test]
fn prepare_remakes_the_pair_or_keeps_it() {
    for version in VERSIONS {
        let directory = tempfile::tempdir().unwrap();
        let [one, _] = harbor::two(version, directory.path());
        let before = disk::read(&harbor::token_key(version, &one));
        harbor::prepare(version, &one);
        let after = disk::read(&harbor::token_key(version, &one));
        assert_eq!(before == after, !harbor::is_older(version), "{version}");
        assert!(belong_together(version, &one), "{version}");

        fs::remove_file(harbor::token_root(version, &one)).unwrap();
        harbor::prepare(version, &one);
        let again = disk::read(&harbor::token_key(version, &one));
        assert_ne!(after, again, "{version}");
        assert!(belong_together(version, &one), "{version}");
    }
}

/// With customize_crt off, `prepare` copies the templates.
#[test]
fn the_templates_are_copied_where_no_pair_is_to_be_made() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        customize_crt: false,
        notary: true,
        ..Settings::of("1.5.4")
    };
    let roots = harbor::two_of(&settings, directory.path());
    let [one, other] = roots.map(|root| {
        assert!(belong_together("1.5.4", &root));
        let config = root.join("opt/harbor/common/config");
        let copy = disk::read(&config.join("notary/root.crt"));
        assert_eq!(copy, disk::read(&harbor::token_root("1.5.4", &root)));
        disk::read(&harbor::token_key("1.5.4", &root))
    });
    assert_eq!(one, other);
}

#[test]
fn distribution_has_a_bundle_and_a_token_server() {
    for release in ["2.8.2", "3.1.1"] {
        let directory = tempfile::tempdir().unwrap();
        let roots = harbor::plain::two(release, directory.path());
        for root in &roots {
            let key = disk::read(&harbor::plain::token_key(root));
            let bundle = disk::read(&harbor::plain::bundle(root, release));
            assert!(is_pair(&key, &bundle));
            let config = disk::read(&harbor::plain::config(root, release));
            assert!(config.contains("issuer: wulin-tokens"));
        }
    }
}

#[test]
fn a_key_in_the_form_of_openssl_3_is_the_same_key() {
    let key = harbor::keys::rsa("one");
    let other = harbor::keys::pkcs8(&key);
    assert!(other.starts_with("-----BEGIN PRIVATE KEY-----"));
    let [key, other] = [key, other].map(|text| PrivateKey::from_bytes(text.as_bytes()).unwrap());
    assert_eq!(key.public_key(), other.public_key());
}

fn belong_together(version: &str, root: &Path) -> bool {
    let key = disk::read(&harbor::token_key(version, root));
    is_pair(&key, &disk::read(&harbor::token_root(version, root)))
}

fn is_pair(key: &str, root: &str) -> bool {
    let key = PrivateKey::from_bytes(key.as_bytes()).unwrap();
    let entries = certificate::read(root.as_bytes());
    let [
        Entry {
            certificate: Ok(certificate),
            ..
        },
    ] = entries.as_slice()
    else {
        panic!("{root}");
    };
    certificate.public_key() == key.public_key() && certificate.subject().is_empty()
}
