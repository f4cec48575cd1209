//! A registry of distribution 2 or 3 without Harbor, and the key of the token server that it believes.

use std::path::Path;
use std::path::PathBuf;

use crate::harbor::disk;
use crate::harbor::keys;

/// A registry below `etc/docker/registry` (2) or `etc/distribution` (3) of a machine's root, whose token server's key lies in
/// `etc/token-server/key.pem`: the key of that machine's name.
pub fn install(root: &Path, release: &str) {
    let machine = root.file_name().unwrap().to_string_lossy();
    let key = keys::rsa(&machine);
    disk::put(&token_key(root), &key, 0o600);
    let directory = directory(root, release);
    let on_node = Path::new("/").join(directory.strip_prefix(root).unwrap());
    let config = include_str!("texts/distribution.yml")
        .replace("{{bundle}}", &on_node.join("root.crt").to_string_lossy());
    disk::put(&directory.join("config.yml"), &config, 0o644);
    disk::put(&directory.join("root.crt"), &keys::root(&key), 0o644);
}

/// `node1` and `node2`, each with its own token server and pair.
pub fn two(release: &str, directory: &Path) -> [PathBuf; 2] {
    crate::harbor::ADDRESSES.map(|(node, address)| {
        let root = directory.join(node);
        let hosts = format!("127.0.0.1 localhost\n{address} {node}\n");
        disk::put(&root.join("etc/hosts"), &hosts, 0o644);
        install(&root, release);
        root
    })
}

pub fn token_key(root: &Path) -> PathBuf {
    root.join("etc/token-server/key.pem")
}

pub fn bundle(root: &Path, release: &str) -> PathBuf {
    directory(root, release).join("root.crt")
}

pub fn config(root: &Path, release: &str) -> PathBuf {
    directory(root, release).join("config.yml")
}

fn directory(root: &Path, release: &str) -> PathBuf {
    if release.starts_with('2') {
        root.join("etc/docker/registry")
    } else {
        root.join("etc/distribution")
    }
}
