//! The service-account pair of two masters.

use std::fs;
use std::path::PathBuf;

use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::spki::PublicKey;
use serde_json::json;

use crate::cluster::INVENTORY;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::stderr;
use crate::unify::drive::Drive;
use crate::unify::drive::key;

const NODES: [&str; 2] = ["shaolin", "wudang"];
const NEXT: &str = "--service-account-key-file=/etc/kubernetes/pki/sa-next.pub";

/// Two masters whose pairs differ, with manifests or without, and what is run on them.
fn masters(command: &[&str], with_manifests: bool) -> Drive {
    let mut args: Vec<&str> = command.to_vec();
    args.extend(["trees/shaolin", "trees/wudang"]);
    let drive = Drive::of(&args);
    fs::write(drive.path().join("hapki.yaml"), INVENTORY).unwrap();
    let made = hapki_in(drive.path())
        .args(["init", "--out", "trees"])
        .output()
        .unwrap();
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    if with_manifests {
        for node in NODES {
            let directory = drive
                .path()
                .join("trees")
                .join(node)
                .join("etc/kubernetes/manifests");
            fs::create_dir_all(&directory).unwrap();
            for (program, flags) in [
                ("kube-apiserver", APISERVER),
                ("kube-controller-manager", MANAGER),
            ] {
                let text = MANIFEST.replace("PROGRAM", program).replace("FLAGS", flags);
                fs::write(directory.join(format!("{program}.yaml")), text).unwrap();
            }
        }
    }
    drive
}

fn differ(drive: &Drive) {
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    fs::write(pki(drive, "wudang", "sa.key"), other.to_pem()).unwrap();
    fs::write(pki(drive, "wudang", "sa.pub"), other.public_key().to_pem()).unwrap();
}

fn pki(drive: &Drive, node: &str, file: &str) -> PathBuf {
    drive
        .path()
        .join("trees")
        .join(node)
        .join("etc/kubernetes/pki")
        .join(file)
}

fn manifest(drive: &Drive, node: &str) -> String {
    let trees = drive.path().join("trees").join(node);
    fs::read_to_string(trees.join("etc/kubernetes/manifests/kube-apiserver.yaml")).unwrap()
}

fn public(drive: &Drive, node: &str) -> PublicKey {
    PublicKey::from_pem(&fs::read(pki(drive, node, "sa.pub")).unwrap()).unwrap()
}

#[test]
fn masters_are_unified_and_their_manifests_are_as_before() {
    let mut drive = masters(&["unify", "--from", "shaolin"], true);
    differ(&drive);
    let chosen = key(&pki(&drive, "shaolin", "sa.key"));
    let before = manifest(&drive, "wudang");
    let stages = drive.through(|drive, stage| {
        for node in NODES {
            let named = manifest(drive, node).contains(NEXT);
            let there = pki(drive, node, "sa-next.pub").exists();
            let is_between = matches!(stage, "trust" | "sign" | "wait");
            assert_eq!((named, there), (is_between, is_between), "{stage} {node}");
        }
    });
    assert_eq!(stages, ["trust", "sign", "wait", "prune", "done"]);
    assert_eq!(manifest(&drive, "wudang"), before);
    for node in NODES {
        assert_eq!(key(&pki(&drive, node, "sa.key")), chosen);
        assert_eq!(public(&drive, node), chosen);
    }
}

#[test]
fn what_has_to_be_restarted_is_named_by_node() {
    let mut drive = masters(
        &["unify", "--from", "shaolin", "--token-lifetime", "1h"],
        true,
    );
    differ(&drive);
    let trust = drive.stage(&[]);
    assert_eq!(trust["kind"], "service-account");
    assert_eq!(
        trust["restart"],
        json!(["kube-apiserver@shaolin", "kube-apiserver@wudang"])
    );
    let sign = drive.stage(&[]);
    let restart = sign["restart"].as_array().unwrap();
    assert!(
        restart.contains(&json!("kube-apiserver@wudang")),
        "{restart:?}"
    );
    assert!(
        restart.contains(&json!("kube-controller-manager@wudang")),
        "{restart:?}"
    );
    assert_eq!(sign["allowed_from"], json!(null));
    let wait = drive.stage(&[]);
    assert_eq!(wait["stage"], "wait");
    assert_eq!(wait["allowed_from"], "2027-01-01T13:02:00Z");
}

#[test]
fn masters_without_manifests_keep_both_keys_in_one_file() {
    let mut drive = masters(&["rotate", "service-account"], false);
    let old = key(&pki(&drive, "shaolin", "sa.key"));
    let stages = drive.through(|drive, stage| {
        let text = fs::read_to_string(pki(drive, "wudang", "sa.pub")).unwrap();
        let count = if matches!(stage, "trust" | "sign" | "wait") {
            2
        } else {
            1
        };
        assert_eq!(text.matches("BEGIN PUBLIC KEY").count(), count, "{stage}");
    });
    assert_eq!(stages, ["trust", "sign", "wait", "prune", "done"]);
    let new = key(&pki(&drive, "wudang", "sa.key"));
    assert_ne!(new, old);
    assert_eq!(new.algorithm(), old.algorithm());
    assert_eq!(public(&drive, "shaolin"), new);
}

const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: PROGRAM
  namespace: kube-system
spec:
  containers:
  - name: PROGRAM
    image: registry.k8s.io/PROGRAM:v1.34.0
    command:
    - PROGRAM
FLAGS    volumeMounts:
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs # the whole of it
      readOnly: true
  hostNetwork: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
";
const APISERVER: &str = "    - --advertise-address=10.27.53.32
    - --service-account-issuer=https://kubernetes.default.svc.cluster.local
    - --service-account-key-file=/etc/kubernetes/pki/sa.pub   # checks
    - --service-account-signing-key-file=/etc/kubernetes/pki/sa.key
";
const MANAGER: &str = "    - --service-account-private-key-file=/etc/kubernetes/pki/sa.key
";
