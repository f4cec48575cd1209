//! What `hapki audit` reports for other programs, under those programs' own readers: the schema of SARIF, Prometheus'
//! parser and linter, junitparser. The cluster is the demo's, with a kubeconfig of a hostile name in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn other_programs_read_the_reports() {
    let work = peers::scratch("reports");
    let trees = cluster(&work);
    let report: Value = serde_json::from_str(&audit(&work, &trees, "json")).unwrap();
    let edges = report["edges"].as_array().unwrap();
    assert!(edges.len() > 40, "{} edges", edges.len());
    assert_eq!(report["ignored"][0]["reason"], REASON);

    sarif(&work, &trees, &report);
    junit(&work, &trees, &report);
    prometheus(&work, &trees, &report);
}

fn sarif(work: &Path, trees: &Path, report: &Value) {
    let text = audit(work, trees, "sarif");
    let schema = peers::find("sarif-schema-2.1.0.json");
    let mut reader = peers::peer("reports", ["sarif", "--schema"]);
    reader.arg(schema);
    assert_eq!(
        read_by(&mut reader, work, &text)["problems"],
        Value::Array(vec![])
    );

    let log: Value = serde_json::from_str(&text).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let findings = report["findings"].as_array().unwrap().len();
    assert_eq!(results.len(), findings + 1);
    let suppressed = &results[findings]["suppressions"][0]["justification"];
    assert_eq!(suppressed, REASON);
    let prints: BTreeSet<String> = results
        .iter()
        .map(|result| result["partialFingerprints"]["hapkiFinding/v1"].to_string())
        .collect();
    assert_eq!(prints.len(), results.len(), "fingerprints are unique");
    let again = audit(work, trees, "sarif");
    for print in prints {
        assert!(again.contains(&print), "{print} is new in the next run");
    }
}

fn junit(work: &Path, trees: &Path, report: &Value) {
    let text = audit(work, trees, "junit");
    let mut reader = peers::peer("python3", ["-c", JUNIT_READER]);
    let suites = read_by(&mut reader, work, &text);
    let edges = &suites["edges"];
    assert_eq!(edges["tests"], report["summary"]["edges"]["total"]);
    assert_eq!(edges["failures"], report["summary"]["edges"]["refused"]);
    assert_eq!(suites["ignored"]["skipped"], 1);
    let names = edges["names"].as_array().unwrap();
    let distinct: BTreeSet<&str> = names.iter().filter_map(Value::as_str).collect();
    assert_eq!(distinct.len(), names.len(), "a name for each case");
    assert!(
        distinct.iter().any(|name| name.contains(SHOWN)),
        "{names:?}"
    );
}

fn prometheus(work: &Path, trees: &Path, report: &Value) {
    let text = audit(work, trees, "prometheus");
    let mut reader = peers::peer("reports", ["prometheus"]);
    let answer = read_by(&mut reader, work, &text);
    assert_eq!(answer["problems"], Value::Array(vec![]));
    let series = &answer["series"];
    assert_eq!(series["hapki_edge_ok"], report["summary"]["edges"]["total"]);
    assert_eq!(series["x509_cert_not_after"], series["x509_cert_expired"]);
    assert!(series["x509_cert_not_after"].as_u64().unwrap() > 30);
    assert!(text.contains("embedded_kind=\"user\",embedded_key=\"kubernetes-admin\""));
    assert!(text.contains("hapki_findings_ignored{rule=\"usage-absent\",severity=\"warning\"} 1"));
}

/// The demo's trees, and an inventory that ignores one finding.
fn cluster(work: &Path) -> PathBuf {
    let trees = work.join("trees");
    peers::must(peers::hapki(["demo"]).arg(&trees));
    let kubernetes = trees.join("wudang/etc/kubernetes");
    fs::copy(kubernetes.join("admin-lb.conf"), kubernetes.join(HOSTILE)).unwrap();
    fs::write(work.join("hapki.yaml"), INVENTORY).unwrap();
    trees
}

#[track_caller]
fn audit(work: &Path, trees: &Path, format: &str) -> String {
    let mut command = peers::hapki(["audit", "--at", AT, "--format", format]);
    let said = peers::run(command.arg(trees).current_dir(work));
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""), "{format}");
    said.stdout
}

/// What a reader that takes the report from stdin answers.
#[track_caller]
fn read_by(reader: &mut Command, work: &Path, report: &str) -> Value {
    let file = work.join("report");
    fs::write(&file, report).unwrap();
    let output = reader
        .stdin(fs::File::open(file).unwrap())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

const AT: &str = "2027-01-31T00:00:00Z";
const REASON: &str = "made by hand, \"for now\"";
const INVENTORY: &str = "\
apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
audit: { ignore: [ { rule: usage-absent, node: emei, reason: 'made by hand, \"for now\"' } ] }
";

/// A kubeconfig's name, and so its client's, with what XML, Prometheus and terminals take for theirs.
const HOSTILE: &str = "a\"b<&>'\\\u{1b}[2J\n\u{7}\u{ffff}é.conf";
const SHOWN: &str = "kubeconfig:a\"b<&>'\\\\u{1b}[2J\\u{a}\\u{7}\\u{ffff}é.conf@wudang -> ";

const JUNIT_READER: &str = "\
import json, sys
from junitparser import JUnitXml
suites = JUnitXml.fromstring(sys.stdin.buffer.read())
print(json.dumps({suite.name: {
    'tests': suite.tests, 'failures': suite.failures, 'skipped': suite.skipped,
    'names': [case.name for case in suite]} for suite in suites}))
";
