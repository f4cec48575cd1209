//! The report's cluster as it was after each step: what the audit finds then, and with which lines. At the end it is
//! mended by what the audit itself says, and by the edits that no command makes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::bin_directory;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;

#[test]
fn the_audit_finds_at_each_step_what_was_wrong_then() {
    let mut wrong = Vec::new();
    for step in STEPS {
        let cluster = Cluster::after(step);
        let found = told(&cluster.audited()).replace(&cluster.root(), "");
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tests/cli/expected/seed")
            .join(format!("{step}.txt"));
        // With HAPKI_WRITE_SNAPSHOTS set, what is expected is written instead; the change is then read in git.
        if std::env::var_os("HAPKI_WRITE_SNAPSHOTS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &found).unwrap();
        }
        if fs::read_to_string(&path).unwrap() != found {
            wrong.push(format!("step {step}:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_remedy_of_every_step_removes_its_finding_and_breaks_nothing() {
    let mut wrong = String::new();
    let mut count = 0;
    for step in STEPS {
        let broken = Cluster::after(step);
        let before = broken.audited();
        for finding in before["findings"].as_array().unwrap() {
            let Some(command) = finding["remedy"]["command"].as_str() else {
                continue;
            };
            count += 1;
            let copy = broken.copied();
            copy.paste(command);
            let after = copy.audited();
            let is_there = |left: &Value| {
                left["rule"] == finding["rule"]
                    && left["node"] == finding["node"]
                    && left["place"]["path"] == finding["place"]["path"]
            };
            if after["findings"].as_array().unwrap().iter().any(is_there) {
                writeln!(
                    wrong,
                    "step {step}: still there after `{command}`: {finding}"
                )
                .unwrap();
            }
            let refused_before = refused(&before);
            for edge in refused(&after) {
                if !refused_before.contains(&edge) {
                    writeln!(wrong, "step {step}: `{command}` broke {edge}").unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 30, "{count} remedies in all");
}

/// Nothing that the audit still finds is an error or a warning, once its commands were pasted and what they do not do was
/// done by hand.
#[test]
fn a_mended_cluster_is_silent() {
    let cluster = Cluster::after("7");
    // Each has its own credentials and dials the apiserver beside it, through the names that its certificate carries.
    cluster.edit("cluster/kube-proxy.yaml", ":6443", ":8443");
    for node in ["shaolin", "emei"] {
        let hosts = format!("{node}/etc/hosts");
        let last = "10.27.52.72\temei\n";
        let known = format!("{last}10.27.52.72\tkubernetes.default.svc\n");
        cluster.edit(&hosts, last, &known);
    }
    for _ in 0..4 {
        let remedies = cluster.remedies();
        if remedies.is_empty() {
            break;
        }
        for remedy in remedies {
            cluster.paste(&remedy);
        }
    }
    for (node, address) in [("wudang", "10.24.138.208"), ("emei", "10.27.52.72")] {
        for file in ["controller-manager.conf", "scheduler.conf"] {
            let path = format!("{node}/etc/kubernetes/{file}");
            let text = fs::read_to_string(cluster.0.path().join("c").join(&path)).unwrap();
            if text.contains("https://10.27.53.32:6443") {
                cluster.edit(
                    &path,
                    "https://10.27.53.32:6443",
                    &format!("https://{address}:6443"),
                );
            }
        }
    }
    let report = cluster.audited();
    let summary = &report["summary"];
    assert_eq!(summary["edges"]["refused"], 0, "{}", told(&report));
    assert_eq!(summary["findings"]["error"], 0, "{}", told(&report));
    assert_eq!(summary["findings"]["warning"], 0, "{}", told(&report));
    let info = report["findings"].as_array().unwrap().iter();
    for finding in info {
        assert_eq!(finding["rule"], "verification-disabled");
    }
}

/// The cluster in `c` below a directory of its own.
struct Cluster(TempDir);

impl Cluster {
    #[track_caller]
    fn after(step: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let made = hapki_in(directory.path())
            .args(["demo", "--key", "ecdsa-p256", "--step", step, "c"])
            .output()
            .unwrap();
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        Self(directory)
    }

    fn copied(&self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        copy_tree(self.0.path(), directory.path());
        Self(directory)
    }

    fn root(&self) -> String {
        format!("{}/", self.0.path().display())
    }

    fn audited(&self) -> Value {
        let audit = hapki_in(self.0.path())
            .args(["audit", "--format", "json", "--fail-on", "never", "c"])
            .output()
            .unwrap();
        assert_eq!(code(&audit), 0, "{}", stderr(&audit));
        json(&audit)
    }

    /// The command of every finding, each once.
    fn remedies(&self) -> Vec<String> {
        let report = self.audited();
        let mut remedies: Vec<String> = Vec::new();
        for finding in report["findings"].as_array().unwrap() {
            if let Some(command) = finding["remedy"]["command"].as_str()
                && !remedies.iter().any(|known| known == command)
            {
                remedies.push(command.to_owned());
            }
        }
        remedies
    }

    #[track_caller]
    fn paste(&self, command: &str) {
        let shell = Command::new("/bin/sh")
            .env("PATH", bin_directory())
            .current_dir(self.0.path())
            .args(["-ec", command])
            .output()
            .unwrap();
        assert!(shell.status.success(), "{command}\n{}", stderr(&shell));
    }

    #[track_caller]
    fn edit(&self, file: &str, from: &str, with: &str) {
        let path = self.0.path().join("c").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not hold {from}");
        fs::write(path, text.replace(from, with)).unwrap();
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_tree(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn refused(report: &Value) -> Vec<String> {
    let edges = report["edges"].as_array().unwrap();
    let refused = edges.iter().filter(|edge| edge["ok"] == false);
    refused.map(described).collect()
}

/// Everything that a report tells of findings and refused edges, without digests and dates.
fn told(report: &Value) -> String {
    let mut lines = String::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for finding in report["findings"].as_array().unwrap() {
        let severity = text(&finding["severity"]);
        let place = place(&finding["place"], &text(&finding["node"]));
        writeln!(lines, "{severity} {} {place}", text(&finding["rule"])).unwrap();
        writeln!(lines, "  {}", text(&finding["message"])).unwrap();
        let mut field = |name: &str, value: &Value| {
            if let Some(value) = value.as_str() {
                writeln!(lines, "  {name}: {value}").unwrap();
            }
        };
        field("says", &finding["says"]);
        field("mend", &finding["remedy"]["command"]);
        for id in finding["edges"].as_array().unwrap() {
            let edges = report["edges"].as_array().unwrap();
            let edge = edges.iter().find(|edge| edge["id"] == *id).unwrap();
            writeln!(lines, "  edge: {}", described(edge)).unwrap();
        }
        for other in finding["related"].as_array().unwrap() {
            let at = self::place(other, &text(&other["node"]));
            writeln!(lines, "  see: {at}: {}", text(&other["note"])).unwrap();
        }
        lines.push('\n');
    }
    for edge in report["edges"].as_array().unwrap() {
        if edge["ok"] == false {
            writeln!(lines, "refused {}", described(edge)).unwrap();
            for name in ["says", "prints", "server_says"] {
                if let Some(said) = edge[name].as_str() {
                    writeln!(lines, "  {name}: {said}").unwrap();
                }
            }
        }
    }
    let counts = &report["summary"];
    writeln!(
        lines,
        "{} edges, {} refused; {} not judged",
        counts["edges"]["total"],
        counts["edges"]["refused"],
        report["unjudged"].as_array().map_or(0, Vec::len)
    )
    .unwrap();
    lines
}

/// `/etc/hosts:6 on wudang`.
fn place(place: &Value, node: &str) -> String {
    let line = place["line"].as_u64();
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    let on = if node.is_empty() {
        String::new()
    } else {
        format!(" on {node}")
    };
    format!("{}{line}{on}", place["path"].as_str().unwrap())
}

fn described(edge: &Value) -> String {
    let text = |name: &str| edge[name].as_str().unwrap_or_default();
    let dials = text("dials");
    let via = edge["via"]
        .as_str()
        .map(|via| format!(" via {via}"))
        .unwrap_or_default();
    let through = format!("{} -> {} {dials}{via}", text("client"), text("server"));
    through.trim_end().to_owned()
}

const STEPS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "6-by-name", "7"];
