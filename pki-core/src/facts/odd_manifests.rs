//! Manifests as people write them, not as kubeadm does.

use crate::facts::manifest;
use crate::facts::process::Process;
use crate::place::Place;

const MANIFEST: &str = "\
kind: Pod
spec:
  containers:
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --secure-port=7443
";

fn parse(text: &str) -> Result<Vec<Process>, String> {
    let place = Place::file("kube-apiserver.yaml");
    manifest::parse(text.as_bytes(), &place).map_err(|broken| broken.problem)
}

#[track_caller]
fn assert_understood(text: &str) {
    assert_eq!(parse(text).unwrap()[0].value("secure-port"), Some("7443"));
}

#[test]
fn anchors_documents_and_line_ends_are_yamls() {
    assert_understood(MANIFEST);
    assert_understood(&MANIFEST.replace('\n', "\r\n"));
    assert_understood(&format!("---\n{MANIFEST}---\nkind: Other\n"));
    assert_understood(&format!("\u{feff}# a comment\n{MANIFEST}...\n"));
    let anchored = MANIFEST.replace("- --secure", "- &port --secure");
    assert_understood(&format!("{anchored}x: *port\n"));
    let merged = MANIFEST.replace("spec:\n", "spec:\n  <<: {hostNetwork: true}\n");
    assert_understood(&merged);
}

#[test]
fn what_is_no_yaml_is_told() {
    for text in [
        MANIFEST.replace("    ", "\t"),
        MANIFEST.replace("- --secure", "- *nowhere --secure"),
        MANIFEST.replace("containers:\n", "containers: x\n"),
        MANIFEST.replace("kind: Pod", "kind: [Pod"),
        String::from_utf8_lossy(&[0xff; 100]).into_owned() + ": [",
    ] {
        let problem = parse(&text).map(|found| found.len()).unwrap_err();
        assert!(problem.contains("is not valid YAML"), "{problem}");
    }
}

#[test]
fn ten_megabytes_are_read_or_refused() {
    assert_understood(&format!("# {}\n{MANIFEST}", "x".repeat(10 << 20)));
    let many = "    - --feature-gates=A=true\n".repeat(400_000);
    match parse(&format!("{MANIFEST}{many}")) {
        Ok(found) => assert_eq!(found[0].value("secure-port"), Some("7443")),
        Err(problem) => assert!(problem.contains("holds more"), "{problem}"),
    }
}
