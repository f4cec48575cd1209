//! The Go program: one process judges every case.

use std::fs::File;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::case::Answer;
use crate::case::Case;

/// Go's answers, in the order of the cases; panics, and says how to get it, when gocheck is not there.
pub fn go(cases: &[Case]) -> Vec<Answer> {
    let directory = tempfile::tempdir().unwrap();
    let questions = directory.path().join("questions");
    let mut file = BufWriter::new(File::create(&questions).unwrap());
    for case in cases {
        writeln!(file, "{}", case.to_json()).unwrap();
    }
    file.into_inner().unwrap();
    let output = Command::new(gocheck())
        .arg("witness")
        .stdin(File::open(&questions).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "gocheck witness: {said}; is tests/peers/build.sh's work older than this test?"
    );
    let mut answers: Vec<Value> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let last = answers.pop().expect("gocheck ends with a count");
    assert_eq!(last["judged"], cases.len(), "gocheck judged every case");
    answers
        .into_iter()
        .map(|answer| answer["error"].as_str().map(str::to_owned))
        .collect()
}

fn gocheck() -> PathBuf {
    let peers = std::env::var_os("HAPKI_PEERS").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/hapki/peers"),
        PathBuf::from,
    );
    let gocheck = peers.join("gocheck");
    assert!(
        gocheck.is_file(),
        "gocheck is missing: run tests/peers/build.sh, which builds it (HAPKI_PEERS={})",
        peers.display()
    );
    gocheck
}
