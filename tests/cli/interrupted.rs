//! A change that was interrupted: the next run sees to it first, and says so.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use crate::cluster::Cluster;
use crate::run::code;
use crate::run::hapki;
use crate::run::stderr;
use crate::run::stdout;

const NEW: [&str; 5] = ["issue", "apiserver", "--node", "huashan", "--ip=10.0.0.9"];

/// The tree of a node in which a run was killed between two files, and the file that it was about to make.
fn killed(cluster: &Cluster) -> PathBuf {
    let kubernetes = cluster.pki("shaolin").parent().unwrap().to_path_buf();
    let path = kubernetes.join("pki/waiting.crt");
    let temporary = kubernetes.join("pki/.hapki-20260131T235959Z-0.tmp");
    fs::write(&temporary, "").unwrap();
    journal(&kubernetes, &path, &temporary);
    path
}

/// What this release writes, by hand: a later one has to read it.
fn journal(kubernetes: &Path, path: &Path, temporary: &Path) {
    let state_dir = kubernetes.join(".hapki");
    fs::create_dir_all(&state_dir).unwrap();
    let journal = json!({
        "schema": "hapki.journal/v1",
        "run": "20260131T235959Z",
        "state_dirs": [state_dir],
        "directories": [],
        "steps": [{
            "step": "create",
            "path": path,
            "temporary": temporary,
            "new": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        }],
    });
    fs::write(state_dir.join("journal.json"), journal.to_string()).unwrap();
}

#[test]
fn the_next_run_finishes_it_and_says_so() {
    let cluster = Cluster::new();
    let path = killed(&cluster);
    let output = cluster.issue("shaolin", NEW);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = stderr(&output);
    let expected = format!(
        "an earlier change was interrupted; it is finished now: {}",
        path.display()
    );
    assert!(said.contains(&expected), "{said}");
    assert!(path.exists());
    assert!(
        !cluster
            .pki("shaolin")
            .parent()
            .unwrap()
            .join(".hapki")
            .exists()
    );
}

#[test]
fn it_is_said_also_when_the_run_itself_is_refused() {
    let cluster = Cluster::new();
    let path = killed(&cluster);
    let output = cluster.issue("shaolin", ["issue", "apiserver", "--node", "huashan"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("it is finished now"),
        "{}",
        stderr(&output)
    );
    assert!(path.exists());
}

#[test]
fn a_dry_run_touches_nothing_and_says_that_there_is_something() {
    let cluster = Cluster::new();
    let path = killed(&cluster);
    let output = cluster.issue("shaolin", NEW.into_iter().chain(["--dry-run"]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("an earlier change was interrupted"),
        "{}",
        stdout(&output)
    );
    assert!(!path.exists());
}

#[test]
fn a_file_that_someone_else_made_stops_everything() {
    let cluster = Cluster::new();
    let path = killed(&cluster);
    fs::write(&path, "theirs").unwrap();
    let output = cluster.issue("shaolin", NEW);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    let said = stderr(&output);
    for wanted in [
        "waiting.crt is not as that run left it",
        "journal.json",
        "move the file away",
    ] {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    assert!(
        !cluster
            .pki("shaolin")
            .join("apiserver-huashan.key")
            .exists()
    );
}

#[test]
fn an_audit_says_that_it_may_have_judged_something_half_done() {
    let cluster = Cluster::new();
    killed(&cluster);
    let kubernetes = cluster.pki("shaolin").parent().unwrap().to_path_buf();
    let output = hapki(["audit".as_ref(), kubernetes.as_os_str()]);
    let said = stderr(&output);
    assert!(
        said.contains("a change of these files was interrupted") && said.contains("journal.json"),
        "{said}"
    );
}
