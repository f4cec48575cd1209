//! What holds for every command.

use std::fs::File;
use std::process::Stdio;

use crate::run::code;
use crate::run::hapki;
use crate::run::hapki_in;
use crate::run::stderr;
use crate::run::stdout;

const NONE: [&str; 0] = [];

#[test]
fn alone_it_names_the_three_things_people_want() {
    let output = hapki(NONE);
    assert_eq!(code(&output), 0);
    for wanted in ["hapki audit", "hapki issue apiserver", "hapki demo"] {
        assert!(stdout(&output).contains(wanted), "{wanted} is not named");
    }
}

#[test]
fn version_is_one_line_and_verbose_names_the_go_release() {
    let expected = format!("hapki {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(stdout(&hapki(["--version"])), expected);
    let verbose = stdout(&hapki(["--version", "--verbose"]));
    assert!(verbose.starts_with(&expected));
    assert!(verbose.contains("crypto/x509 of Go 1."));
}

#[test]
fn usage_errors_exit_2_and_leave_stdout_alone() {
    for args in [
        vec!["no-such-command"],
        vec!["--no-such-option"],
        vec!["audit", "--format", "xml", "."],
        vec!["audit", "--at", "yesterday", "."],
    ] {
        let output = hapki(&args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
        assert!(!stderr(&output).is_empty(), "{args:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = hapki_in(directory.path())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(code(&output), 0);
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_full_disk_under_stdout_is_a_failure() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let output = hapki_in(directory.path()).stdout(full).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).starts_with("error: standard output: "));
}

#[test]
fn no_color_unless_asked() {
    let piped = hapki(["audit", "/no/such/path"]);
    assert!(!stderr(&piped).contains('\u{1b}'));
    let asked = hapki(["--color", "always", "audit", "/no/such/path"]);
    assert!(stderr(&asked).contains('\u{1b}'));
}

#[test]
fn a_full_disk_under_stdout_does_not_undo_what_was_written() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let output = hapki_in(directory.path())
        .args(["demo", "cluster"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(code(&output), 0);
    assert!(directory.path().join("cluster/shaolin").is_dir());
    let said = stderr(&output);
    assert!(
        said.contains("the files are written all the same"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_sentence_cannot_command_the_terminal() {
    let output = hapki(["--color", "always", "audit", "/no/\u{1b}[2J\nsuch"]);
    assert!(!stderr(&output).contains("\u{1b}[2J"));
    assert!(stderr(&output).contains("/no/\\u{1b}[2J\\u{a}such"));
}
