//! Every rule has a page, a line in the list of rules, a case that makes it speak and one that does not; and nothing has a
//! page or a case that is no rule.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by unwrapping"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use pki_core::checks::RULES;

#[test]
fn ids_are_short_names_and_each_is_given_once() {
    let ids = ids();
    assert_eq!(ids.len(), RULES.len());
    for id in ids {
        assert!(
            id.bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_lowercase()),
            "{id}"
        );
    }
}

#[test]
fn every_rule_has_a_page_with_all_its_parts() {
    for rule in RULES {
        let page = std::fs::read_to_string(docs().join(format!("{}.md", rule.id)))
            .unwrap_or_else(|error| panic!("docs/rules/{}.md: {error}", rule.id));
        assert!(
            page.starts_with(&format!("# {}\n", rule.id)),
            "{}: the title",
            rule.id
        );
        for part in [
            "Severity: ",
            "## Why it hurts",
            "## What is printed",
            "## Remedy",
            "## Before and after",
        ] {
            assert!(page.contains(part), "{}: `{part}` is missing", rule.id);
        }
    }
}

#[test]
fn no_page_and_no_case_is_without_a_rule() {
    let ids = ids();
    for page in names(&docs()) {
        let id = page.strip_suffix(".md").unwrap_or(&page).to_owned();
        assert!(
            id == "README" || ids.contains(id.as_str()),
            "docs/rules/{page}"
        );
    }
    for case in names(&cases()) {
        assert!(
            ["README.md", "base"].contains(&&*case) || ids.contains(case.as_str()),
            "fixtures/cases/{case}"
        );
    }
}

#[test]
fn the_list_of_rules_has_a_line_for_each() {
    let list = std::fs::read_to_string(docs().join("README.md")).unwrap();
    for rule in RULES {
        let line = format!("| [{0}]({0}.md) | ", rule.id);
        let found = list.lines().find(|found| found.starts_with(&line));
        let found = found.unwrap_or_else(|| panic!("docs/rules/README.md has no line `{line}`"));
        assert!(
            found.contains(rule.summary),
            "{found}: the summary is `{}`",
            rule.summary
        );
    }
}

#[test]
fn every_rule_has_a_bad_and_a_good_case() {
    for rule in RULES {
        for kind in ["bad", "good"] {
            let case = cases().join(rule.id).join(kind).join("case.toml");
            assert!(case.is_file(), "{}", case.display());
        }
    }
}

fn ids() -> BTreeSet<&'static str> {
    RULES.iter().map(|rule| rule.id).collect()
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules")
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases")
}

fn names(directory: &Path) -> Vec<String> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
