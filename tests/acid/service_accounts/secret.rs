//! A token in a Secret, which a controller-manager signs and which never expires.

use std::time::Duration;
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::cluster::Cluster;
use crate::cluster::NODES;
use crate::identities::ACCOUNT;
use crate::identities::as_super_admin;

/// The one controller-manager that runs. It asks for no lease, which it would lose with its apiserver.
pub fn start_controller(cluster: &mut Cluster) {
    stop_controller(cluster);
    let node = &NODES[0];
    let mut command = cluster.command_in_manifest(CONTROLLER, node);
    command.arg("--leader-elect=false");
    cluster.spawn(&format!("{CONTROLLER}-{}", node.name), &command);
}

/// It may end by itself when its apiserver goes, and there is no kubelet that starts it again.
pub fn stop_controller(cluster: &mut Cluster) {
    cluster.stop(&format!("{CONTROLLER}-{}", NODES[0].name));
}

/// A Secret for the account's token, and the token once it is signed.
pub fn create(cluster: &Cluster) -> String {
    let file = cluster.trees.join("../secret.json");
    let text = format!(
        r#"{{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token",
            "metadata":{{"name":"{NAME}","annotations":{{"kubernetes.io/service-account.name":"{ACCOUNT}"}}}}}}"#
    );
    std::fs::write(&file, text).unwrap();
    as_super_admin(
        cluster,
        &NODES[0],
        &["create", "--filename", file.to_str().unwrap()],
    );
    token(cluster)
}

/// As hapki's note says: the token is taken out of the Secret, and signed anew.
pub fn sign_anew(cluster: &Cluster) -> String {
    let patch = r#"[{"op":"remove","path":"/data/token"}]"#;
    let args = ["patch", "secret", NAME, "--type=json", "--patch", patch];
    as_super_admin(cluster, &NODES[0], &args);
    token(cluster)
}

fn token(cluster: &Cluster) -> String {
    let deadline = Instant::now() + SIGNED_WITHIN;
    loop {
        let args = ["get", "secret", NAME, "--output=jsonpath={.data.token}"];
        let encoded = as_super_admin(cluster, &NODES[0], &args);
        if !encoded.is_empty() {
            let token = BASE64_STANDARD.decode(encoded).unwrap();
            return String::from_utf8(token).unwrap();
        }
        if Instant::now() > deadline {
            cluster.fail("the controller-manager signs no token");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

pub const CONTROLLER: &str = "kube-controller-manager";
const NAME: &str = "legacy";
const SIGNED_WITHIN: Duration = Duration::from_secs(60);
