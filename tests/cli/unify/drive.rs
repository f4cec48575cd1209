//! Runs the command stage by stage, as an operator would who restarts what is asked for and waits as long as is asked for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;

use pki_core::x509::certificate;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::spki::PublicKey;
use serde_json::Value;
use tempfile::TempDir;
use time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use crate::harbor;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::stderr;
use crate::run::stdout;

pub(super) const START: OffsetDateTime = datetime!(2027-01-01 12:00 UTC);

/// Instances in one directory, and the time.
pub(super) struct Drive {
    pub(super) directory: TempDir,
    pub(super) now: OffsetDateTime,
    pub(super) command: Vec<String>,
    pub(super) restarted: Vec<String>,
}

impl Drive {
    pub(super) fn of(command: &[&str]) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            now: START,
            command: command.iter().map(ToString::to_string).collect(),
            restarted: Vec::new(),
        }
    }

    /// Two Harbors of a version, and `unify --from node1` of them.
    pub(super) fn unifying(version: &str) -> Self {
        let drive = Self::of(&["unify", "node1", "node2", "--from", "node1"]);
        harbor::two(version, drive.path());
        drive
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn root(&self, node: &str) -> PathBuf {
        self.path().join(node)
    }

    /// Runs it with `more`; no key ever shows in what it prints.
    #[track_caller]
    pub(super) fn run(&self, more: &[&str]) -> Output {
        let output = hapki_in(self.path())
            .args(&self.command)
            .args(["--at", &self.now.format(&Rfc3339).unwrap()])
            .args(more)
            .output()
            .unwrap();
        let printed = stdout(&output) + &stderr(&output);
        for secret in secrets(self.path()) {
            assert!(!printed.contains(&secret), "a key is printed: {printed}");
        }
        output
    }

    /// One stage with `--apply`, told of what the last one asked to restart.
    #[track_caller]
    pub(super) fn stage(&mut self, more: &[&str]) -> Value {
        let mut args: Vec<&str> = vec!["--apply", "--format", "json"];
        args.extend(more);
        for name in &self.restarted {
            args.extend(["--restarted", name]);
        }
        let output = self.run(&args);
        assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["schema"], "hapki.unify/v1");
        assert_eq!(report["applied"], true);
        let restart = report["restart"].as_array().unwrap().iter();
        self.restarted = restart
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        self.now += Duration::minutes(1);
        if let Some(from) = report["allowed_from"].as_str() {
            self.now = self.now.max(OffsetDateTime::parse(from, &Rfc3339).unwrap());
        }
        report
    }

    /// Every stage to the end, with a look at the files after each.
    #[track_caller]
    pub(super) fn through(&mut self, mut look: impl FnMut(&Self, &str)) -> Vec<String> {
        let mut stages = Vec::new();
        for _ in 0..8 {
            let report = self.stage(&[]);
            let stage = report["stage"].as_str().unwrap().to_owned();
            look(self, &stage);
            stages.push(stage);
            if stages.last().is_some_and(|stage| stage == "done") {
                return stages;
            }
        }
        panic!("no end: {stages:?}");
    }
}

/// The key that an instance signs with.
#[track_caller]
pub(super) fn key(path: &Path) -> PublicKey {
    let text = fs::read(path).unwrap();
    PrivateKey::from_bytes(&text).unwrap().public_key().clone()
}

/// The keys in a bundle.
#[track_caller]
pub(super) fn keys(path: &Path) -> Vec<PublicKey> {
    let entries = certificate::read(&fs::read(path).unwrap());
    let certificates = entries.into_iter().map(|entry| entry.certificate.unwrap());
    certificates.map(|one| one.public_key().clone()).collect()
}

/// Every file below, by its path: what may not change when a run is refused.
pub(super) fn snapshot(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.insert(path.clone(), Vec::new());
            files.extend(snapshot(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// A line of every private key below.
fn secrets(directory: &Path) -> BTreeSet<String> {
    let texts = snapshot(directory).into_values();
    let keys = texts.filter_map(|bytes| String::from_utf8(bytes).ok());
    keys.filter(|text| text.contains("PRIVATE KEY-----"))
        .filter_map(|text| text.lines().nth(3).map(str::to_owned))
        .filter(|line| line.len() > 40)
        .collect()
}
