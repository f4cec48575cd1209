//! `hapki explain`: a line alone, a line with a cluster, a rule, a log, and what is no line at all.

use std::io::Write;
use std::path::Path;
use std::process::Output;
use std::process::Stdio;

use crate::cluster::Cluster;
use crate::run::code;
use crate::run::hapki;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

const LINE: &str = "x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208";

#[test]
fn a_line_alone_says_what_it_means_and_where_to_look() {
    for words in [vec![LINE], LINE.split(' ').collect()] {
        let output = hapki([&["explain"], words.as_slice()].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = stdout(&output);
        for part in [
            "name-mismatch\n",
            "the certificate carries 10.96.0.1, 10.27.53.32; wanted: 10.24.138.208",
            "  look:   what the client dials",
            "  rule:   name-mismatch (hapki explain name-mismatch)",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("here:"), "{text}");
    }
}

#[test]
fn the_reports_line_is_traced_to_its_certificate_and_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let demo = hapki_in(directory.path()).arg("demo").output().unwrap();
    assert_eq!(code(&demo), 0, "{}", stderr(&demo));
    let wrapped =
        format!("E1123 kubelet.go:1] err=\"Get \\\"https://10.24.138.208:6443/api\\\": {LINE}\"");
    for line in [LINE, &wrapped] {
        let output = hapki_in(directory.path())
            .args(["explain", line, "hapki-demo"])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = stdout(&output);
        for part in [
            "  here:   kubelet@wudang -> kube-apiserver@wudang, dialled as https://10.24.138.208:6443\n",
            "  file:   /etc/kubernetes/pki/apiserver.crt on wudang\n",
            "  mend:   hapki issue apiserver --node wudang --install --pki-dir hapki-demo/wudang/etc/kubernetes/pki --ip 10.27.52.72\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(text.matches("here:").count(), 1, "{text}");
    }
    let report = explained_in(directory.path(), &[LINE, "hapki-demo"]);
    let here = &report["lines"][0]["here"][0];
    assert_eq!(here["how"], "says");
    assert_eq!(here["edge"]["client"], "kubelet@wudang");
    assert_eq!(here["finding"]["rule"], "name-mismatch");
    assert_eq!(
        here["finding"]["place"]["path"],
        "/etc/kubernetes/pki/apiserver.crt"
    );
    let command = here["finding"]["remedy"]["command"].as_str().unwrap();
    assert!(command.starts_with("hapki issue apiserver --node wudang --install"));

    let other = LINE.replace("10.24.138.208", "10.9.9.9");
    let report = explained_in(directory.path(), &[&other, "hapki-demo"]);
    assert_eq!(report["lines"][0]["here"], serde_json::json!([]));
    let rule = explained_in(directory.path(), &["name-mismatch", "hapki-demo"]);
    let here = rule["rule"]["here"].as_array().unwrap();
    let clients: Vec<&serde_json::Value> =
        here.iter().map(|here| &here["edge"]["client"]).collect();
    assert_eq!(
        clients,
        ["kubeconfig:admin-lb.conf@wudang", "kubelet@wudang"]
    );
}

#[test]
fn a_cluster_that_is_well_is_said_to_be() {
    let cluster = Cluster::new();
    let output = hapki_in(cluster.directory())
        .args(["explain", LINE, "trees"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("no connection of this cluster says this now"),
        "{text}"
    );
    assert!(text.contains("look:"), "{text}");
}

#[test]
fn what_is_not_understood_is_said_and_is_exit_1() {
    let output = hapki([
        "explain",
        "pod evicted: \u{1b}[2Jthe node was low on memory",
    ]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).starts_with("not understood: pod evicted: the node"));
    let report = hapki(["explain", "--format", "json", "no-such-rule"]);
    assert_eq!(code(&report), 1);
    let report = json(&report);
    assert_eq!(report["schema"], "hapki.explain/v1");
    assert_eq!(report["understood"], false);
    assert_eq!(report["not_understood"], 1);
}

#[test]
fn a_rule_is_its_page_in_short() {
    let output = hapki(["explain", "expired"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("expired: error."), "{text}");
    for part in [
        "Why it hurts",
        "What is printed",
        "Remedy",
        "hapki issue PROFILE",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let report = json(&hapki(["explain", "expired", "--format", "json"]));
    assert_eq!(report["rule"]["id"], "expired");
    assert_eq!(report["rule"]["docs"], "rules/expired.md");
    assert!(report["rule"]["here"].is_null());
}

#[test]
fn a_log_from_standard_input_is_explained_once_a_fault() {
    let mut log = Vec::new();
    for _ in 0..200 {
        log.extend_from_slice(format!("a line\n{LINE}\nanother\n").as_bytes());
    }
    log.extend_from_slice(b"\xff\xfe\x1b[31mtls: private key does not match public key\x1b[0m");
    let output = piped(&["explain", "-"], &log);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("name-mismatch (200 times)\n"), "{text}");
    assert!(text.contains("key-mismatch\n"), "{text}");
    assert!(text.ends_with("400 other lines not understood\n"), "{text}");
    assert_eq!(code(&piped(&["explain", "-"], b"")), 1);
}

#[test]
fn paths_that_cannot_be_read_are_exit_2() {
    let output = hapki(["explain", LINE, "no/such/tree"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("no/such/tree"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
    assert_eq!(code(&hapki(["explain"])), 2);
    let twice = piped(&["explain", "-", ".", "--inventory", "-"], LINE.as_bytes());
    assert_eq!(code(&twice), 2);
    assert!(
        stderr(&twice).contains("not for both"),
        "{}",
        stderr(&twice)
    );
}

#[track_caller]
fn explained_in(directory: &Path, words: &[&str]) -> serde_json::Value {
    let output = hapki_in(directory)
        .args(["explain", "--format", "json"])
        .args(words)
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    json(&output)
}

fn piped(args: &[&str], input: &[u8]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut child = hapki_in(directory.path())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who refuses its arguments does not read, and may be gone.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn a_pasted_key_is_not_repeated() {
    let key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----\n";
    for (words, expected) in [(format!("{key}{LINE}"), 2), (format!("{LINE} {key}"), 0)] {
        let output = hapki(["explain", &words]);
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        let said = stdout(&output) + &stderr(&output);
        assert!(!said.contains("MIGHAgEA"), "{said}");
    }
}
