//! The Go program: one process judges every case.

use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use crate::case::Answer;
use crate::case::Case;

/// Go's answers, in the order of the cases; panics, and says how to get it, when gocheck is not there.
pub fn go(cases: &[Case]) -> Vec<Answer> {
    ask("witness", cases.iter().map(Case::to_json))
}

/// What gocheck answers to `questions` in one of its modes that read them a line each.
pub fn ask(mode: &str, questions: impl Iterator<Item = Value>) -> Vec<Answer> {
    let directory = tempfile::tempdir().unwrap();
    let (questions, asked) = write(directory.path(), questions);
    let output = Command::new(gocheck())
        .arg(mode)
        .stdin(File::open(&questions).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "gocheck {mode}: {said}; is tests/peers/build.sh's work older than this test?"
    );
    let mut answers: Vec<Value> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let last = answers.pop().expect("gocheck ends with a count");
    assert_eq!(last["judged"], asked, "gocheck judged every case");
    answers
        .into_iter()
        .map(|answer| answer["error"].as_str().map(str::to_owned))
        .collect()
}

/// A process that presents chains, each at an address of its own, for as long as this lives.
pub struct Servers {
    pub addresses: Vec<String>,
    process: Child,
}

impl Servers {
    pub fn start(chains: impl Iterator<Item = Value>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (chains, count) = write(directory.path(), chains);
        let mut process = Command::new(gocheck())
            .args(["present", "--chains"])
            .arg(chains)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let addresses = lines.take(count).map(|line| {
            let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
            answer["address"].as_str().expect("an address").to_owned()
        });
        let addresses: Vec<String> = addresses.collect();
        assert_eq!(
            addresses.len(),
            count,
            "gocheck presents every chain; is tests/peers/build.sh's work older than this test?"
        );
        Self { addresses, process }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn write(directory: &Path, questions: impl Iterator<Item = Value>) -> (PathBuf, usize) {
    let path = directory.join("questions");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let mut count = 0;
    for question in questions {
        writeln!(file, "{question}").unwrap();
        count += 1;
    }
    file.into_inner().unwrap();
    (path, count)
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
