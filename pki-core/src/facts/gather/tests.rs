use std::fs;

use tempfile::TempDir;

use super::*;
use crate::source;
use crate::source::Options;
use crate::source::PathArgument;

fn gathered(directory: &TempDir, files: &[(&str, &str)], argument: &str) -> Facts {
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let argument = PathArgument::from(directory.path().join(argument));
    gather(&source::open(&[argument], Options::default()).unwrap())
}

#[test]
fn the_kubelets_configuration_counts_wherever_it_lies() {
    let directory = tempfile::tempdir().unwrap();
    let unit = "[Service]\nExecStart=/usr/local/bin/kubelet --config=/etc/kubernetes/kubelet-config.yaml\n";
    let config =
        "kind: KubeletConfiguration\nport: 10260\ntlsCertFile: /var/lib/kubelet/pki/kubelet.crt\n";
    let files = [
        ("etc/systemd/system/kubelet.service", unit),
        ("etc/kubernetes/kubelet-config.yaml", config),
    ];
    let facts = gathered(&directory, &files, "");
    let node = &facts.nodes[0];
    assert_eq!(
        node.kubelet.as_ref().and_then(|told| told.port),
        Some(10260)
    );
    let missing: Vec<_> = node
        .broken
        .iter()
        .map(|broken| (&broken.place.path, &broken.told_at))
        .collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].1.is_some());
}

#[test]
fn rules_of_dashes_in_a_comment_make_no_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let text = "#-------------\n# Example\n#-------------\nlisten api\n bind :8443\n mode tcp\n server a 10.0.0.1:6443\n";
    let facts = gathered(&directory, &[("haproxy.cfg", text)], "haproxy.cfg");
    let node = &facts.nodes[0];
    assert_eq!(node.broken.len(), 0, "{:?}", node.broken);
    assert_eq!(node.balancers.len(), 1);
}
