//! zlint and pkilint on everything that hapki issues: no error, but for pkilint's on names without a dot, which
//! Kubernetes has. docs/lints.md explains each finding and each such name; this test holds it to that: what is not
//! listed fails, and so does a row that is no longer seen.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use crate::inventory;
use crate::kubeadm_first::KUBECONFIGS;
use crate::kubeadm_first::embedded_certificate;
use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn no_error_and_each_finding_is_explained() {
    let mut seen = BTreeSet::new();
    let mut certificates = 0;
    for key in ["rsa-2048", "ecdsa-p256", "ecdsa-p384"] {
        let work = peers::scratch(&format!("lints-{key}"));
        for (role, certificate) in issued(&work, key) {
            certificates += 1;
            for finding in lint(&certificate) {
                let row = if finding.severity == "error" {
                    let name = name_without_a_dot(&finding);
                    let name = name.unwrap_or_else(|| panic!("{role} ({key}): {finding:?}"));
                    (NAME, name.replace(SHAOLIN_NAME, "NODE"))
                } else {
                    (finding.severity, finding.code)
                };
                seen.insert(row);
            }
        }
    }
    println!("{certificates} certificates: {seen:?}");
    let listed = documented();
    let unlisted: Vec<_> = seen.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&seen).collect();
    assert!(
        unlisted.is_empty() && stale.is_empty(),
        "not in docs/lints.md: {unlisted:?}; there, but not seen: {stale:?}"
    );
}

/// The name that pkilint takes for malformed because it is a single label.
fn name_without_a_dot(finding: &Finding) -> Option<&str> {
    let quoted = finding
        .message
        .strip_prefix("Invalid domain name syntax: \"")?;
    let name = quoted.strip_suffix('"')?;
    let expected = finding.code == "pkix.invalid_domain_name_syntax" && !name.contains('.');
    expected.then_some(name)
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
    let inventory = inventory::write(work, &[(SHAOLIN_NAME, SHAOLIN)], ENDPOINT, key);
    let tree = inventory::init(work, &inventory).join("shaolin/etc/kubernetes");
    let pki = tree.join("pki");
    let mut more = peers::hapki([
        "issue",
        "kubelet-server",
        "registry",
        "--node",
        SHAOLIN_NAME,
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

/// The role is the file's name below pki/.
fn with_kubeconfigs(tree: &Path, work: &Path) -> Vec<(String, PathBuf)> {
    let pki = tree.join("pki");
    let files = peers::files_ending(&pki, ".crt").into_iter().map(|file| {
        let role = file.strip_prefix(&pki).unwrap().with_extension("");
        (role.to_string_lossy().into_owned(), file)
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
            let [code, message] =
                ["code", "message"].map(|key| finding[key].as_str().unwrap_or_default().to_owned());
            Some(Finding {
                severity,
                code,
                message,
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

/// The rows of docs/lints.md: | `code` | warning | …, and | `name` | name | ….
fn documented() -> BTreeSet<(&'static str, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/lints.md");
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.lines()
        .filter_map(|line| {
            let mut cells = line.trim().strip_prefix("| `")?.split('|').map(str::trim);
            let what = cells.next()?.trim_end_matches('`').to_owned();
            let kind = cells.next()?;
            let kind = if kind == NAME { NAME } else { severity(kind)? };
            Some((kind, what))
        })
        .collect()
}

const SHAOLIN: &str = "10.27.53.32";
const SHAOLIN_NAME: &str = "shaolin";
const ENDPOINT: &str = "kubernetes.default.svc:8443";
const NAME: &str = "name";
