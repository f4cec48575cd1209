//! zlint and pkilint on everything that hapki issues. docs/lints.md explains what they say; this test holds it to that:
//! a finding that is not listed fails, and so does a row that is no longer seen. An error is let pass only where
//! kubeadm's own certificate for the same role has it too.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use crate::inventory;
use crate::kubeadm;
use crate::kubeadm::Config;
use crate::kubeadm_first::KUBECONFIGS;
use crate::kubeadm_first::embedded_certificate;
use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn each_finding_of_the_lints_is_explained() {
    let mut seen = BTreeSet::new();
    for (key, algorithm) in [("rsa-2048", "RSA-2048"), ("ecdsa-p256", "ECDSA-P256")] {
        let work = peers::scratch(&format!("lints-{key}"));
        let theirs = kubeadms_errors(&work, algorithm);
        for (role, certificate) in issued(&work, key) {
            for finding in lint(&certificate) {
                // kubeadm makes neither; their like is the apiserver's.
                let like = if matches!(role.as_str(), "kubelet-server" | "registry") {
                    "apiserver"
                } else {
                    &role
                };
                let excused = finding.severity != "error"
                    || theirs.contains(&(like.to_owned(), finding.code.clone()));
                assert!(
                    excused,
                    "{role} ({key}): {finding:?}, which kubeadm's {like} does not have"
                );
                seen.insert((finding.severity, finding.code));
            }
        }
    }
    let listed = documented();
    let unlisted: Vec<_> = seen.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&seen).collect();
    assert!(
        unlisted.is_empty() && stale.is_empty(),
        "not in docs/lints.md: {unlisted:?}; there, but not seen: {stale:?}"
    );
}

/// What a lint says about one certificate.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    severity: &'static str,
    code: String,
    message: String,
}

/// Every certificate that hapki knows how to issue, by its role.
fn issued(work: &Path, key: &str) -> Vec<(String, PathBuf)> {
    let inventory = inventory::write(work, &[("shaolin", SHAOLIN)], ENDPOINT, key);
    let tree = inventory::init(work, &inventory).join("shaolin/etc/kubernetes");
    let pki = tree.join("pki");
    let mut more = peers::hapki([
        "issue",
        "kubelet-server",
        "registry",
        "--node",
        "shaolin",
        "--ip",
        SHAOLIN,
    ]);
    let more = more
        .args([
            "--dns",
            "registry.wulin.internal",
            "--key",
            key,
            "--pki-dir",
        ])
        .arg(&pki)
        .current_dir(work);
    peers::must(more);
    with_kubeconfigs(&tree, work)
}

/// The errors that kubeadm's own certificates have, by role.
fn kubeadms_errors(work: &Path, algorithm: &str) -> BTreeSet<(String, String)> {
    let root = work.join("kubeadm");
    kubeadm::configure(
        &root,
        &Config {
            node: "shaolin",
            address: SHAOLIN,
            algorithm,
            endpoint: ENDPOINT,
        },
    );
    kubeadm::must(
        &root,
        &["init", "phase", "certs", "all", "--config", "/kubeadm.yaml"],
    );
    kubeadm::must(
        &root,
        &[
            "init",
            "phase",
            "kubeconfig",
            "all",
            "--config",
            "/kubeadm.yaml",
        ],
    );
    let errors = |(role, file): (String, PathBuf)| {
        lint(&file)
            .into_iter()
            .filter(|finding| finding.severity == "error")
            .map(move |finding| (role.clone(), finding.code))
    };
    with_kubeconfigs(&root.join("etc/kubernetes"), work)
        .into_iter()
        .flat_map(errors)
        .collect()
}

/// The role is the file's name below pki/, without the node that `issue` adds.
fn with_kubeconfigs(tree: &Path, work: &Path) -> Vec<(String, PathBuf)> {
    let pki = tree.join("pki");
    let files = peers::files_ending(&pki, ".crt").into_iter().map(|file| {
        let base = file.strip_prefix(&pki).unwrap().with_extension("");
        (
            base.to_string_lossy()
                .trim_end_matches("-shaolin")
                .to_owned(),
            file,
        )
    });
    let embedded = KUBECONFIGS.map(|name| {
        (
            name.to_owned(),
            embedded_certificate(&tree.join(name), work),
        )
    });
    files.chain(embedded).collect()
}

fn lint(certificate: &Path) -> Vec<Finding> {
    let mut findings = zlint(certificate);
    findings.extend(pkilint(certificate));
    findings
}

/// The browsers' rules of CA/B Forum do not bind a cluster's own CA; the RFCs do.
fn zlint(certificate: &Path) -> Vec<Finding> {
    let sources = "RFC3279,RFC5280,RFC5480,RFC5891,RFC8813,Community";
    let answer = peers::json(peers::peer("zlint", ["-includeSources", sources]).arg(certificate));
    let lints = answer.as_object().unwrap();
    assert!(lints.len() > 100, "zlint ran only {} lints", lints.len());
    lints
        .iter()
        .filter_map(|(code, outcome)| {
            let severity = severity(outcome["result"].as_str().unwrap())?;
            Some(Finding {
                severity,
                code: code.clone(),
                message: outcome["details"].to_string(),
            })
        })
        .collect()
}

fn pkilint(certificate: &Path) -> Vec<Finding> {
    // It exits with the number of its findings.
    let said = peers::run(
        peers::peer("lint_pkix_cert", ["lint", "-f", "JSON", "-s", "WARNING"]).arg(certificate),
    );
    let answer: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", said.report()));
    answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|result| result["finding_descriptions"].as_array().unwrap())
        .filter_map(|finding| {
            let severity = severity(finding["severity"].as_str().unwrap())?;
            let code = finding["code"].as_str().unwrap().to_owned();
            Some(Finding {
                severity,
                code,
                message: finding["message"].to_string(),
            })
        })
        .collect()
}

fn severity(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "fatal" | "error" => Some("error"),
        "warn" | "warning" => Some("warning"),
        _ => None,
    }
}

/// The rows of docs/lints.md: | `code` | severity | ….
fn documented() -> BTreeSet<(&'static str, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/lints.md");
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.lines()
        .filter_map(|line| {
            let mut cells = line.trim().strip_prefix("| `")?.split('|').map(str::trim);
            let code = cells.next()?.trim_end_matches('`').to_owned();
            Some((severity(cells.next()?)?, code))
        })
        .collect()
}

const SHAOLIN: &str = "10.27.53.32";
const ENDPOINT: &str = "kubernetes.default.svc:8443";
