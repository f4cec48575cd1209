//! A cluster of two masters, made by `hapki init` in a directory that goes away with it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::run::code;
use crate::run::hapki_in;
use crate::run::stderr;

/// What the inventory of [`Cluster`] says.
pub(crate) const INVENTORY: &str = "\
apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
kubernetes: { version: \"1.34\", controlPlaneEndpoint: \"kubernetes.default.svc:8443\" }
certificates: { key: ecdsa-p256 }
nodes:
  - { name: shaolin, addresses: [10.27.53.32], roles: [control-plane, etcd] }
  - { name: wudang, addresses: [10.24.138.208], roles: [control-plane, etcd] }
";

/// The trees of both masters, and the inventory in the directory where commands run.
pub(crate) struct Cluster(TempDir);

impl Cluster {
    /// Makes it.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("hapki.yaml"), INVENTORY).unwrap();
        let made = hapki_in(directory.path())
            .args(["init", "--out", "trees"])
            .output()
            .unwrap();
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        Self(directory)
    }

    /// Where it lies.
    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    /// The PKI directory of `node`.
    pub(crate) fn pki(&self, node: &str) -> PathBuf {
        self.directory()
            .join("trees")
            .join(node)
            .join("etc/kubernetes/pki")
    }

    /// Runs `hapki` on the directory of `node`.
    pub(crate) fn issue<A: AsRef<OsStr>>(
        &self,
        node: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Output {
        let mut command = hapki_in(self.directory());
        command.args(args).arg("--pki-dir").arg(self.pki(node));
        command.output().unwrap()
    }
}

/// Every file and directory below `directory`: kind, permission bits, bytes.
pub(crate) fn digest(directory: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let bytes = if metadata.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            if metadata.is_dir() {
                pending.push(path.clone());
            }
            found.insert(path, (metadata.permissions().mode(), bytes));
        }
    }
    found
}
