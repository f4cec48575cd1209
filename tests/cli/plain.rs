//! The report for people on the demo's cluster, which is the field report's, as it fills 80 and 120 columns.

use std::path::Path;

use pki_core::audit;
use pki_core::checks::Settings;
use pki_core::report::plain;
use pki_core::report::plain::Style;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::run::code;
use crate::run::hapki_in;

#[test]
fn the_demos_audit_fits_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let made = hapki_in(directory.path())
        .args(["demo", "trees", "--at", AT, "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(code(&made), 0);
    let arguments = [PathArgument::from(directory.path().join("trees"))];
    let now = OffsetDateTime::parse(AT, &Rfc3339).unwrap();
    let options = Options { siblings: true };
    let audit = audit::audit(&arguments, options, None, now, &Settings::default()).unwrap();
    let root = directory.path().to_string_lossy().into_owned();
    for width in [80, 120] {
        let (judged, findings, ignored) = (&audit.judged, &audit.findings, &audit.ignored);
        let text = plain::audit(judged, findings, ignored, width, Style::NONE);
        for line in text.lines().filter(|line| !may_be_wider(line)) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        let text = without_key_ids(&text.replace(&root, ""));
        assert_snapshot(&format!("demo-{width}.txt"), &text);
    }
}

/// Keys are new each time: the begin of an id, `HS4P:FDQU…`, is always as long.
fn without_key_ids(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let id = word.get(..9).filter(|id| {
            let bytes = id.as_bytes();
            let is_letter = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            bytes[4] == b':' && word[9..].starts_with('…') && bytes[..4].iter().all(is_letter)
        });
        id.map_or(word.to_owned(), |id| word.replace(id, "AAAA:AAAA"))
    });
    words.collect()
}

/// What clients print, what is pasted into a shell, and the heads of findings, which begin with a path.
fn may_be_wider(line: &str) -> bool {
    let begins = ["  prints: ", "  mend:   ", "error ", "warning ", "info "];
    begins.iter().any(|begin| line.starts_with(begin))
}

/// With HAPKI_WRITE_SNAPSHOTS set, writes what is expected instead of comparing; the change is then read in git.
#[track_caller]
fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/cli/expected")
        .join(name);
    if std::env::var_os("HAPKI_WRITE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(text == expected, "{} differs:\n{text}", path.display());
}

const AT: &str = "2026-02-01T00:00:00Z";
