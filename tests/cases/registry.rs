//! Two registries on disk in the place of the two masters, changed as the case says.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use pki_core::source::PathArgument;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::spki::PublicKey;
use serde::Deserialize;
use time::Duration;
use time::OffsetDateTime;

use crate::case;
use crate::case::Case;
use crate::cluster;
use crate::harbor;
use crate::harbor::Settings;
use crate::harbor::disk;
use crate::harbor::keys;
use crate::harbor::plain;

/// What node1 and node2 are instead of masters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Registry {
    /// The release of Harbor.
    pub(crate) harbor: Option<String>,
    /// The release of distribution, with a token server beside it.
    pub(crate) distribution: Option<String>,
    /// Each instance has a pair of its own, as it comes; otherwise both have node1's, safe from the next `prepare`.
    separate: bool,
    notary: bool,
    internal_tls: bool,
    /// Harbor's own nginx speaks HTTP.
    plain_http: bool,
    token_expiration: Option<u32>,
}

/// Another token pair.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TokenKey {
    node: String,
    /// `key`, `root`, `template-key`, `template-root`, `notary`; the first two unless said. With a `+` the file keeps what it
    /// has.
    files: Option<Vec<String>>,
    /// `rsa` unless said: `pkcs8`, `ecdsa-p256`, `ed25519`, `encrypted`, `parameters-first`, `short-coordinate`, `rsa-1024`
    /// (a root alone), `published` (a root alone).
    form: Option<String>,
    /// Changes that name the same have the same key.
    same: String,
    /// Of the certificate.
    not_before: Option<String>,
    not_after: Option<String>,
}

/// Another certificate of the registry's server, with its key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Tls {
    node: String,
    /// Without `.crt` and `.key`.
    base: String,
}

/// Writes `node1` and `node2` below `root`.
pub(crate) fn write(case: &Case, registry: &Registry, root: &Path) {
    if let Some(version) = &registry.harbor {
        harbors(registry, version, root);
    } else if let Some(release) = &registry.distribution {
        let [one, other] = plain::two(release, root);
        if !registry.separate {
            disk::copy(&plain::token_key(&one), &plain::token_key(&other));
            disk::copy(
                &plain::bundle(&one, release),
                &plain::bundle(&other, release),
            );
        }
    }
    let mut made = BTreeMap::new();
    for change in &case.token_key {
        token_key(registry, change, root, &mut made);
    }
    for change in &case.tls {
        let pair = keys::Authority::new("others").server(&["hub.wulin.internal"]);
        let base = root.join(&change.node).join(&change.base);
        disk::refill(&base.with_extension("crt"), &pair.certificate);
        disk::refill(&base.with_extension("key"), &pair.key);
    }
    for change in &case.file {
        cluster::change_file(change, root);
    }
}

/// The machines, and the keys of token servers, which no configuration names.
pub(crate) fn arguments(registry: &Registry, root: &Path) -> Vec<PathArgument> {
    let machine = |node: &str| PathArgument {
        name: None,
        path: root.join(node),
    };
    let server = |node: &str| PathArgument {
        name: Some(format!("token-{node}")),
        path: plain::token_key(&root.join(node)),
    };
    let mut arguments = NODES.map(machine).to_vec();
    if registry.distribution.is_some() {
        arguments.extend(NODES.map(server));
    }
    arguments
}

fn harbors(registry: &Registry, version: &str, root: &Path) {
    let offered = Settings::of(version);
    let settings = Settings {
        tls: !registry.plain_http,
        customize_crt: registry.separate,
        notary: registry.notary,
        internal_tls: registry.internal_tls,
        token_expiration: registry
            .token_expiration
            .unwrap_or(offered.token_expiration),
        ..offered
    };
    let [one, other] = harbor::two_of(&settings, root);
    if !registry.separate {
        harbor::share(version, &one, &other);
    }
    if harbor::is_older(version) && !registry.separate {
        let service = harbor::older::service(version);
        let template = format!("opt/harbor/common/templates/{service}/private_key.pem");
        for root in [&one, &other] {
            disk::give_mode(&harbor::token_key(version, root), 0o600);
            disk::give_mode(&root.join(&template), 0o600);
        }
    }
}

fn token_key<'a>(
    registry: &Registry,
    change: &'a TokenKey,
    root: &Path,
    made: &mut BTreeMap<(&'a str, &'a str), (String, String)>,
) {
    let form = change.form.as_deref().unwrap_or("rsa");
    let (key, certificate) = made
        .entry((change.same.as_str(), form))
        .or_insert_with(|| pair(change, form));
    let both = || vec!["key".to_owned(), "root".to_owned()];
    for file in change.files.clone().unwrap_or_else(both) {
        let text = if file.trim_end_matches('+').ends_with("key") {
            &*key
        } else {
            &*certificate
        };
        let named = file.trim_end_matches('+');
        let path = place(registry, &root.join(&change.node), named);
        let kept = match file.ends_with('+') {
            true => disk::read(&path),
            false => String::new(),
        };
        disk::refill(&path, &format!("{kept}{text}"));
    }
}

fn place(registry: &Registry, root: &Path, file: &str) -> PathBuf {
    let Some(version) = &registry.harbor else {
        let release = registry.distribution.as_deref().unwrap();
        return match file {
            "key" => plain::token_key(root),
            _ => plain::bundle(root, release),
        };
    };
    let common = root.join("opt/harbor/common");
    let service = harbor::older::service(version);
    match file {
        "key" => harbor::token_key(version, root),
        "root" => harbor::token_root(version, root),
        "template-key" => common.join(format!("templates/{service}/private_key.pem")),
        "template-root" => common.join("templates/registry/root.crt"),
        "notary" => common.join("config/notary/root.crt"),
        other => panic!("no file {other}"),
    }
}

/// A key in that form, and a certificate of it.
fn pair(change: &TokenKey, form: &str) -> (String, String) {
    let from = change.not_before.as_deref().map(case::instant);
    let until = change.not_after.as_deref().map(case::instant);
    let from = from.unwrap_or(keys::BEGIN);
    let until = until.unwrap_or(from + Duration::days(3650));
    let rsa = || keys::rsa(&format!("changed {}", change.same));
    let key = match form {
        "rsa" => rsa(),
        "pkcs8" => keys::pkcs8(&rsa()),
        "ecdsa-p256" => keys::new(KeyAlgorithm::EcdsaP256),
        "ed25519" => keys::new(KeyAlgorithm::Ed25519),
        "short-coordinate" => short_coordinate(),
        "encrypted" => return (encrypted(&rsa()), keys::root_from(&rsa(), from, until)),
        "parameters-first" => {
            let key = keys::new(KeyAlgorithm::EcdsaP256);
            return (
                format!("{EC_PARAMETERS}{key}"),
                keys::root_from(&key, from, until),
            );
        }
        "rsa-1024" => return (String::new(), of_public(&cluster::rsa_1024(), from, until)),
        "published" => {
            let text = include_bytes!("../../fixtures/public-keys/harbor-template.pub");
            let public = PublicKey::from_pem(text).unwrap();
            return (String::new(), of_public(&public, from, until));
        }
        other => panic!("no form {other}"),
    };
    let root = keys::root_from(&key, from, until);
    (key, root)
}

/// A certificate of a key whose private half is not at hand: registries do not look at who signed it.
fn of_public(public: &PublicKey, from: OffsetDateTime, until: OffsetDateTime) -> String {
    let signer = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    keys::certificate_of(public, &signer, from, until).to_pem()
}

/// The header of what `openssl genrsa -aes256 -traditional` writes; nobody asks for the passphrase.
fn encrypted(pem: &str) -> String {
    let header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,2F1D5C9A1E0B7A6D4C3E8F9A0B1C2D3E\n";
    let mut lines: Vec<&str> = pem.lines().collect();
    let last = lines.len() - 2;
    // Nothing that parses: as what is encrypted would look.
    lines[1..last].rotate_left(3);
    lines.insert(1, header);
    lines.join("\n") + "\n"
}

/// One P-256 key of 128 has a coordinate that begins with a zero byte.
fn short_coordinate() -> String {
    let mut keys = std::iter::repeat_with(|| keys::new(KeyAlgorithm::EcdsaP256));
    let is_short = |pem: &String| {
        let key = PrivateKey::from_bytes(pem.as_bytes()).unwrap();
        let point = key.public_key().key_bits();
        point[1] == 0 || point[33] == 0
    };
    keys.find(is_short).unwrap()
}

/// The registries' machines.
pub(crate) const NODES: [&str; 2] = ["node1", "node2"];
/// P-256 by its identifier, as `openssl ecparam -genkey` writes it before the key.
const EC_PARAMETERS: &str =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
