//! hapki makes a cluster's PKI; kubeadm takes it over as its own and renews in it.

use std::fs;
use std::path::Path;

use crate::inventory;
use crate::kubeadm;
use crate::kubeadm::Config;
use crate::kubeadm_first::CERTIFICATES;
use crate::kubeadm_first::KUBECONFIGS;
use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn kubeadm_takes_over_an_rsa_pki() {
    taken_over("RSA-2048", "rsa-2048");
}

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn kubeadm_takes_over_an_ecdsa_pki() {
    taken_over("ECDSA-P256", "ecdsa-p256");
}

fn taken_over(algorithm: &str, key: &str) {
    let work = peers::scratch(&format!("hapki-first-{key}"));
    let inventory = inventory::write(
        &work,
        &[("shaolin", ADDRESS), ("wudang", "10.24.138.208")],
        ENDPOINT,
        key,
    );
    let tree = inventory::init(&work, &inventory).join("shaolin");
    kubeadm::configure(
        &tree,
        &Config {
            node: "shaolin",
            address: ADDRESS,
            algorithm,
            endpoint: ENDPOINT,
        },
    );
    let before = contents(&tree);

    let certs = kubeadm::must(
        &tree,
        &["init", "phase", "certs", "all", "--config", "/kubeadm.yaml"],
    );
    assert!(
        !certs.contains("Generating"),
        "kubeadm made something anew:\n{certs}"
    );
    for base in ["ca", "front-proxy-ca", "etcd/ca"] {
        assert!(
            certs.contains(&format!("Using existing {base} certificate authority")),
            "{base}:\n{certs}"
        );
    }
    for base in CERTIFICATES.map(|file| file.trim_end_matches(".crt")) {
        assert!(
            certs.contains(&format!(
                "Using existing {base} certificate and key on disk"
            )),
            "{base}:\n{certs}"
        );
    }
    let kubeconfigs = kubeadm::must(
        &tree,
        &[
            "init",
            "phase",
            "kubeconfig",
            "all",
            "--config",
            "/kubeadm.yaml",
        ],
    );
    for file in KUBECONFIGS {
        assert!(
            kubeconfigs.contains(&format!(
                "Using existing kubeconfig file: \"/etc/kubernetes/{file}\""
            )),
            "{kubeconfigs}"
        );
    }
    assert_eq!(
        contents(&tree),
        before,
        "kubeadm changed what hapki had written"
    );

    let expiration = kubeadm::must(
        &tree,
        &["certs", "check-expiration", "--config", "/kubeadm.yaml"],
    );
    assert!(
        !expiration.contains("MISSING") && !expiration.contains("invalid"),
        "{expiration}"
    );
    let renewed = kubeadm::must(
        &tree,
        &["certs", "renew", "all", "--config", "/kubeadm.yaml"],
    );
    assert!(!renewed.contains("MISSING"), "{renewed}");
    let pki = tree.join("etc/kubernetes/pki");
    for file in CERTIFICATES {
        let ca = match file {
            _ if file.starts_with("etcd/") || file == "apiserver-etcd-client.crt" => "etcd/ca.crt",
            "front-proxy-client.crt" => "front-proxy-ca.crt",
            _ => "ca.crt",
        };
        peers::openssl_verify(&pki.join(ca), &pki.join(file), None, "any");
        assert!(
            before
                .iter()
                .any(|(path, old)| path.ends_with(file) && *old != fs::read(path).unwrap()),
            "{file} is not renewed"
        );
    }
}

fn contents(tree: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let kubernetes = tree.join("etc/kubernetes");
    peers::files_ending(&kubernetes, "")
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

const ADDRESS: &str = "10.27.53.32";
const ENDPOINT: &str = "kubernetes.default.svc:8443";
