//! `hapki demo`, and the two commands a reader of the README types after it.

use std::process::Command;

use tempfile::TempDir;

use crate::run::bin_directory;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

#[test]
fn the_reports_line_is_printed_with_its_remedy() {
    let demo = Demo::new();
    assert!(demo.report.contains(LINE), "{}", demo.report);
    assert!(demo.remedy().contains("issue apiserver --node wudang"));
    assert!(!demo.report.contains("PRIVATE KEY"));
    let refused = demo.refused();
    let kubelet = ("kubelet@wudang".to_owned(), LINE.to_owned());
    assert!(refused.contains(&kubelet), "{refused:?}");
}

/// kube-proxy was given a name that only wudang's hosts file knows, with a port that is not the balancer's.
#[test]
fn what_nobody_noticed_is_found() {
    let demo = Demo::new();
    let report = demo.audited();
    let findings = report["findings"].as_array().unwrap();
    for rule in ["bypasses-load-balancer", "name-unresolvable"] {
        let found = findings.iter().find(|finding| finding["rule"] == rule);
        let place = &found.unwrap_or_else(|| panic!("no {rule}"))["place"];
        assert_eq!(place["line"], 15);
        let path = place["path"].as_str().unwrap();
        assert!(path.ends_with("cluster/kube-proxy.yaml"), "{path}");
    }
    let edges = report["edges"].as_array().unwrap();
    let past = edges
        .iter()
        .find(|edge| edge["client"] == "kube-proxy@wudang")
        .unwrap();
    assert_eq!(past["server"], "kube-apiserver@emei");
    assert_eq!(past["via"], serde_json::Value::Null);
}

/// The shared directory settled less than it seemed to: each Harbor had made a token pair of its own.
#[test]
fn the_registries_disagree() {
    let demo = Demo::new();
    let report = demo.audited();
    let mut findings = report["findings"].as_array().unwrap().iter();
    let found = findings.find(|finding| finding["rule"] == "token-key-differs");
    let found = found.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(found["edges"].as_array().unwrap().len(), 2);
    assert_eq!(
        found["remedy"]["command"],
        "hapki unify hapki-demo/node1 hapki-demo/node2 --from node1 --apply"
    );
}

#[test]
fn the_readme_shows_what_is_printed() {
    let demo = Demo::new();
    let (_, after) = README.split_once("```text\nerror name-mismatch").unwrap();
    let (shown, _) = after.split_once("```").unwrap();
    for line in shown.lines() {
        // An ellipsis stands for what would not fit.
        let mut rest = demo.report.as_str();
        for part in line.split('…') {
            let found = rest.split_once(part);
            rest = found
                .unwrap_or_else(|| panic!("not printed: {line}\n{}", demo.report))
                .1;
        }
    }
}

#[test]
fn the_remedy_works_when_it_is_pasted() {
    let demo = Demo::new();
    let mended = demo.remedy();
    demo.paste(mended);
    // The balancer on emei leads to shaolin too, whose certificate does not carry emei's address either.
    let refused = demo.refused();
    let clients: Vec<&str> = refused.iter().map(|(client, _)| client.as_str()).collect();
    assert_eq!(clients, ["kubeconfig:admin-lb.conf@wudang"]);
    for remedy in demo.remedies() {
        if remedy != mended {
            demo.paste(remedy);
        }
    }
    assert_eq!(demo.refused(), []);
}

#[test]
fn a_dry_run_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for format in ["human", "json"] {
        let output = hapki_in(directory.path())
            .args(["demo", "--dry-run", "--format", format])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let certificate = "hapki-demo/wudang/etc/kubernetes/pki/apiserver.crt";
        assert!(stdout(&output).contains(certificate));
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_in_use_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mine"), "kept").unwrap();
    let output = hapki_in(directory.path())
        .args(["demo", "."])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).starts_with("error: . is not empty"),
        "{}",
        stderr(&output)
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);

    let output = hapki_in(directory.path())
        .args(["demo", "mine"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).starts_with("error: mine is not a directory"),
        "{}",
        stderr(&output)
    );
}

/// The demo's cluster in a directory of its own, and what was printed.
struct Demo {
    directory: TempDir,
    report: String,
}

impl Demo {
    #[track_caller]
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let output = hapki_in(directory.path()).arg("demo").output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        Self {
            directory,
            report: stdout(&output),
        }
    }

    /// The command that mends wudang, as printed.
    #[track_caller]
    fn remedy(&self) -> &str {
        let remedies = self.remedies();
        let mut for_wudang = remedies
            .iter()
            .filter(|command| command.contains("--node wudang"));
        for_wudang
            .next()
            .unwrap_or_else(|| panic!("no remedy for wudang in\n{}", self.report))
    }

    /// Every command that is printed, each once.
    fn remedies(&self) -> Vec<&str> {
        let lines = self.report.lines();
        let commands = lines.filter_map(|line| line.get(line.find("hapki issue")?..));
        let mut remedies: Vec<&str> = Vec::new();
        for command in commands {
            if !remedies.contains(&command) {
                remedies.push(command);
            }
        }
        remedies
    }

    fn paste(&self, command: &str) {
        let shell = Command::new("/bin/sh")
            .env("PATH", bin_directory())
            .current_dir(self.directory.path())
            .args(["-ec", command])
            .output()
            .unwrap();
        assert!(shell.status.success(), "{command}\n{}", stderr(&shell));
    }

    /// Client and words of every refused edge.
    fn refused(&self) -> Vec<(String, String)> {
        let report = self.audited();
        let edges = report["edges"].as_array().unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        // Token pairs are changed in stages, with restarts between them.
        let is_staged = |edge: &serde_json::Value| text(&edge["client"]).starts_with("harbor-");
        edges
            .iter()
            .filter(|edge| edge["ok"] == false && !is_staged(edge))
            .map(|edge| (text(&edge["client"]), text(&edge["says"])))
            .collect()
    }

    fn audited(&self) -> serde_json::Value {
        let audit = hapki_in(self.directory.path())
            .args(["audit", "--format", "json", "--fail-on", "never"])
            .arg("hapki-demo")
            .output()
            .unwrap();
        assert_eq!(code(&audit), 0, "{}", stderr(&audit));
        json(&audit)
    }
}

const LINE: &str = "x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208";

const README: &str = include_str!("../../README.md");
