//! `hapki audit --format …`: every format with `--fail-on`, `--expires-within` and ignores; stdout is the document alone.

use std::fs;
use std::process::Output;

use crate::cluster::Cluster;
use crate::cluster::INVENTORY;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

const FORMATS: [&str; 5] = ["human", "json", "sarif", "junit", "prometheus"];

/// Two masters, one of them with a copy of the other's apiserver certificate.
fn copied() -> Cluster {
    let cluster = Cluster::new();
    for file in ["apiserver.crt", "apiserver.key"] {
        let from = cluster.pki("shaolin").join(file);
        fs::copy(from, cluster.pki("wudang").join(file)).unwrap();
    }
    cluster
}

fn audit(cluster: &Cluster, args: &[&str]) -> Output {
    let mut command = hapki_in(cluster.directory());
    command.args(["audit", "trees"]).args(args);
    command.output().unwrap()
}

#[test]
fn every_format_has_the_same_exit_code_and_nothing_but_itself_on_stdout() {
    let broken = copied();
    let sound = Cluster::new();
    for format in FORMATS {
        for (cluster, fail_on, wanted) in [
            (&broken, "error", 1),
            (&broken, "warning", 1),
            (&broken, "never", 0),
            (&sound, "warning", 0),
        ] {
            let output = audit(cluster, &["--format", format, "--fail-on", fail_on]);
            assert_eq!(code(&output), wanted, "{format}, {fail_on}");
            assert_eq!(stderr(&output), "", "{format}");
            let text = stdout(&output);
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{format}");
            match format {
                "json" | "sarif" => assert!(json(&output).is_object()),
                "junit" => assert!(
                    text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ")
                ),
                "prometheus" => assert!(text.starts_with("# HELP x509_cert_not_before ")),
                _ => {}
            }
        }
    }
}

#[test]
fn an_ignored_finding_keeps_its_reason_in_every_format() {
    let cluster = copied();
    let ignores = "\
audit:
  ignore:
    - { rule: name-mismatch, node: wudang, reason: a lab box }
    - { rule: key-shared-by-nodes, reason: for a day }
";
    fs::write(
        cluster.directory().join("hapki.yaml"),
        format!("{INVENTORY}{ignores}"),
    )
    .unwrap();
    for format in FORMATS {
        let output = audit(&cluster, &["--format", format, "--fail-on", "warning"]);
        assert_eq!(code(&output), 0, "{format}: {}", stdout(&output));
        let wanted = match format {
            "human" => "name-mismatch /etc/kubernetes/pki/apiserver.crt on wudang: a lab box",
            "json" => "\"reason\": \"a lab box\"",
            "sarif" => "\"justification\": \"a lab box\"",
            "junit" => "<skipped message=\"ignored: a lab box\"/>",
            _ => "hapki_findings_ignored{rule=\"name-mismatch\",severity=\"error\"} 1\n",
        };
        assert!(
            stdout(&output).contains(wanted),
            "{format}: {}",
            stdout(&output)
        );
    }
    let junit = stdout(&audit(&cluster, &["--format", "junit"]));
    assert!(!junit.contains("<failure"), "{junit}");
}

#[test]
fn an_ignore_that_matches_nothing_is_told_in_every_format() {
    let cluster = Cluster::new();
    let ignores = "audit: { ignore: [ { rule: expired, node: emei, reason: gone } ] }\n";
    fs::write(
        cluster.directory().join("hapki.yaml"),
        format!("{INVENTORY}{ignores}"),
    )
    .unwrap();
    for format in FORMATS {
        let output = audit(&cluster, &["--format", format]);
        assert_eq!(code(&output), 0, "{format}");
        let strict = audit(&cluster, &["--format", format, "--fail-on", "warning"]);
        assert_eq!(code(&strict), 1, "{format}");
        assert!(stdout(&output).contains("ignore-unmatched"), "{format}");
    }
}

#[test]
fn expires_within_counts_in_every_format() {
    let cluster = Cluster::new();
    for format in FORMATS {
        let args = ["--format", format, "--fail-on", "warning"];
        assert_eq!(code(&audit(&cluster, &args)), 0, "{format}");
        let output = audit(
            &cluster,
            &[&args[..], &["--expires-within", "400d"]].concat(),
        );
        assert_eq!(code(&output), 1, "{format}");
        let wanted = match format {
            "human" => "warning expires-soon",
            "json" => "\"rule\": \"expires-soon\"",
            "sarif" => "\"ruleId\": \"expires-soon\"",
            "junit" => "type=\"expires-soon\"",
            _ => "hapki_findings{rule=\"expires-soon\",severity=\"warning\"} ",
        };
        let text = stdout(&output);
        assert!(text.contains(wanted), "{format}: {text}");
        assert!(!text.contains(&format!("{wanted}0\n")), "{format}");
    }
}
