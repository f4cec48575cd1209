//! kubeadm, run on a tree of its own: its `--rootfs` makes the tree's /etc/kubernetes the one it reads and writes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::peers;

/// A node as kubeadm's configuration names it.
pub struct Config<'a> {
    pub node: &'a str,
    pub address: &'a str,
    /// `RSA-2048`, `ECDSA-P256`.
    pub algorithm: &'a str,
    pub endpoint: &'a str,
}

/// Writes /kubeadm.yaml into a tree.
pub fn configure(tree: &Path, config: &Config) {
    fs::create_dir_all(tree.join("etc/kubernetes")).unwrap();
    let Config {
        node,
        address,
        algorithm,
        endpoint,
    } = config;
    let text = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint:\n  advertiseAddress: {address}\n\
         nodeRegistration:\n  name: {node}\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n\
         kubernetesVersion: v1.34.4\ncontrolPlaneEndpoint: {endpoint}\nencryptionAlgorithm: {algorithm}\n"
    );
    fs::write(tree.join("kubeadm.yaml"), text).unwrap();
}

/// `kubeadm --rootfs TREE …`; must succeed.
#[track_caller]
pub fn must(tree: &Path, args: &[&str]) -> String {
    let kubeadm = peers::find("kubeadm");
    let mut command = if is_root() {
        Command::new(kubeadm)
    } else {
        in_user_namespace(&kubeadm)
    };
    peers::must(command.arg("--rootfs").arg(tree).args(args))
}

/// Only root may change its root directory.
fn in_user_namespace(program: &Path) -> Command {
    let mut command = peers::peer("unshare", ["--map-root-user"]);
    command.arg(program);
    command
}

/// Whether this process has root's rights.
pub fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status
        .lines()
        .any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}
