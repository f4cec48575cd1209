//! Harbors and registries on disk, as their installers leave them: every directory is the root of a machine
//! (`opt/harbor`, `data`), and every key is made at run time. [`prepare`] does to the files what Harbor's `./prepare` does.
//!
//! Two instances never agree by themselves: each makes its own pair of key and certificate.

pub mod disk;
pub mod keys;
pub mod newer;
pub mod older;
pub mod plain;

use std::path::Path;
use std::path::PathBuf;

/// What a Harbor is installed with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `1.1.0`, `1.6.3`, `1.7.5`, `1.10.18`, `2.8.4`: what the images are tagged with.
    pub version: String,
    /// By which clients reach it; up to 1.7 with the port.
    pub hostname: String,
    /// Whether its nginx speaks TLS; certificate and key lie in /data/cert.
    pub tls: bool,
    /// `customize_crt`, up to 1.7.
    pub customize_crt: bool,
    /// Whether it was installed `--with-notary`.
    pub notary: bool,
    /// Whether its containers speak TLS among themselves, from 2.0 on.
    pub internal_tls: bool,
    /// `token_expiration`, in minutes, up to 1.7.
    pub token_expiration: u32,
}

impl Settings {
    /// As an installer offers them, with TLS.
    pub fn of(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            hostname: "hub.wulin.internal".to_owned(),
            tls: true,
            customize_crt: true,
            notary: false,
            internal_tls: false,
            token_expiration: 30,
        }
    }

    fn is_older(&self) -> bool {
        is_older(&self.version)
    }
}

/// `node1` and `node2` below `directory`: two instances of one Harbor, each with its own pair.
pub fn two(version: &str, directory: &Path) -> [PathBuf; 2] {
    two_of(&Settings::of(version), directory)
}

/// The same, installed otherwise.
pub fn two_of(settings: &Settings, directory: &Path) -> [PathBuf; 2] {
    let authority = keys::Authority::new("wulin registries");
    let tls = authority.server(&[&settings.hostname, ADDRESSES[0].1, ADDRESSES[1].1]);
    ADDRESSES.map(|(node, address)| {
        let root = directory.join(node);
        let hosts = format!("127.0.0.1 localhost\n{address} {node}\n");
        disk::put(&root.join("etc/hosts"), &hosts, 0o644);
        if settings.tls {
            disk::put(&root.join("data/cert/ca.crt"), &authority.pem(), 0o644);
            disk::put(&root.join("data/cert/server.crt"), &tls.certificate, 0o644);
            disk::put(&root.join("data/cert/server.key"), &tls.key, 0o600);
        }
        install(&root, settings);
        root
    })
}

/// Writes what the installer brings below `opt/harbor` of a machine's root, and prepares it.
pub fn install(root: &Path, settings: &Settings) {
    if settings.is_older() {
        older::install(root, settings);
    } else {
        newer::install(root, settings);
    }
    prepare(&settings.version, root);
}

/// What `./prepare` does to the files of an installation, by what its configuration says now.
pub fn prepare(version: &str, root: &Path) {
    if is_older(version) {
        older::prepare(version, root);
    } else {
        newer::prepare(version, root);
    }
}

/// Where the token service's key lies.
pub fn token_key(version: &str, root: &Path) -> PathBuf {
    if is_older(version) {
        let service = older::service(version);
        root.join("opt/harbor/common/config")
            .join(service)
            .join("private_key.pem")
    } else {
        root.join("data/secret/core/private_key.pem")
    }
}

/// Where the certificate lies that the registry checks tokens with.
pub fn token_root(version: &str, root: &Path) -> PathBuf {
    if is_older(version) {
        root.join("opt/harbor/common/config/registry/root.crt")
    } else {
        root.join("data/secret/registry/root.crt")
    }
}

/// Gives `to` the pair of `from`, as one would copy it.
pub fn share(version: &str, from: &Path, to: &Path) {
    for file in [token_key, token_root] {
        disk::copy(&file(version, from), &file(version, to));
    }
}

/// Whether that release is configured by harbor.cfg and makes its pair below common/config.
pub fn is_older(version: &str) -> bool {
    minor(version) < (1, 8)
}

fn minor(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// The field report's two machines.
pub const ADDRESSES: [(&str, &str); 2] = [("node1", "10.47.217.91"), ("node2", "10.28.61.30")];
