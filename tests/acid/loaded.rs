//! Every pair that hapki writes loads in Go and in OpenSSL; every kubeconfig in kubectl.

use std::path::Path;

use crate::inventory;
use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn everything_written_loads() {
    for key in ["rsa-2048", "ecdsa-p256", "ecdsa-p384"] {
        let work = peers::scratch(&format!("loaded-{key}"));
        let inventory = inventory::write(
            &work,
            &[("shaolin", "10.27.53.32")],
            "kubernetes.default.svc:8443",
            key,
        );
        let tree = inventory::init(&work, &inventory).join("shaolin/etc/kubernetes");
        let pairs = peers::files_ending(&tree, ".crt");
        assert!(
            pairs.len() >= 10,
            "only {} certificates in {}",
            pairs.len(),
            tree.display()
        );
        for certificate in pairs {
            assert_pair_loads(&certificate, &certificate.with_extension("key"));
        }
        for kubeconfig in peers::files_ending(&tree, ".conf") {
            let mut view = peers::peer("kubectl", ["config", "view", "--kubeconfig"]);
            assert!(
                peers::must(view.arg(&kubeconfig)).contains("client-certificate-data"),
                "{}",
                kubeconfig.display()
            );
        }
        peers::must(
            peers::peer("openssl", ["pkey", "-pubin", "-noout", "-in"])
                .arg(tree.join("pki/sa.pub")),
        );
        peers::must(
            peers::peer("openssl", ["pkey", "-check", "-noout", "-in"])
                .arg(tree.join("pki/sa.key")),
        );
    }
}

#[track_caller]
fn assert_pair_loads(certificate: &Path, key: &Path) {
    let [cert, private] = [certificate, key].map(|path| path.to_str().unwrap());
    assert_eq!(
        peers::gocheck(&["keypair", "--cert", cert, "--key", private]),
        Ok(()),
        "{cert}"
    );
    peers::must(&peers::peer(
        "openssl",
        ["pkey", "-check", "-noout", "-in", private],
    ));
    let of_key = peers::must(&peers::peer("openssl", ["pkey", "-pubout", "-in", private]));
    let of_certificate = peers::must(&peers::peer(
        "openssl",
        ["x509", "-noout", "-pubkey", "-in", cert],
    ));
    assert_eq!(of_key, of_certificate, "{cert}");
}
