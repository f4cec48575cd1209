//! The inventories from which `hapki init` makes the trees.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::peers;

/// Writes an hapki.yaml for masters with these names and addresses, reached together at `endpoint`.
pub fn write(directory: &Path, nodes: &[(&str, &str)], endpoint: &str, key: &str) -> PathBuf {
    let nodes: String = nodes
        .iter()
        .map(|(name, address)| {
            format!(
                "  - {{ name: {name}, addresses: [{address}], roles: [control-plane, etcd] }}\n"
            )
        })
        .collect();
    let text = format!(
        "apiVersion: hapki.dev/v1\nkind: Cluster\nmetadata: {{ name: wulin }}\n\
         kubernetes: {{ version: \"1.34\", controlPlaneEndpoint: \"{endpoint}\" }}\n\
         certificates: {{ key: {key} }}\nnodes:\n{nodes}"
    );
    let file = directory.join("hapki.yaml");
    fs::write(&file, text).unwrap();
    file
}

/// `hapki init`: one tree per node below the directory that is returned.
pub fn init(directory: &Path, inventory: &Path) -> PathBuf {
    let trees = directory.join("trees");
    let mut command = peers::hapki(["init", "--inventory"]);
    peers::must(command.arg(inventory).arg("--out").arg(&trees));
    trees
}
