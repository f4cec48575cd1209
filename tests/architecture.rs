//! The house's rules, held by reading its source: who may import whom (the table of docs/architecture.md, and only
//! that), how long files and functions are, and who may touch disk, clock, environment and network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by failing"
)]

#[path = "architecture/shown_to_fail.rs"]
mod shown_to_fail;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use source::Source;
use source::function_length;
use source::is_word;
use source::occurrences;
use source::read;
use source::sources;
use table::Table;

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 80;
const ONE_A_LINE: &str = "one import a line, by its full path from `crate::` on";

#[test]
fn the_library_keeps_its_rules() {
    let table = Table::parse(&read(&root().join("docs/architecture.md")));
    let sources = sources(&root().join("pki-core/src"));
    assert!(
        sources.len() > 20,
        "only {} files found: is the path right?",
        sources.len()
    );
    let mut problems = table.problems(&sources);
    problems.extend(table.rows_without_room(&sources));
    problems.extend(more_than_one_names(&sources, "rsa"));
    for source in &sources {
        problems.extend(imports(source, &table));
        problems.extend(forbidden(source));
        problems.extend(lengths(source));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_crate_documentation_names_every_room() {
    let documentation = read(&root().join("pki-core/src/lib.rs"));
    let sources = sources(&root().join("pki-core/src"));
    let unnamed: BTreeSet<&str> = sources
        .iter()
        .filter(|source| !source.is_root())
        .map(|source| source.room.as_str())
        .filter(|room| !documentation.contains(&format!("//! | [`{room}`]")))
        .collect();
    assert!(unnamed.is_empty(), "not in lib.rs's table: {unnamed:?}");
}

#[test]
fn the_command_keeps_its_lengths() {
    let sources = sources(&root().join("pki-cli/src"));
    let problems: Vec<String> = sources.iter().flat_map(lengths).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Imports that the table does not allow, and forms of import that hide what is imported. A room's tests may drive it
/// through other rooms, but not hide them.
fn imports(source: &Source, table: &Table) -> Vec<String> {
    let mut problems = Vec::new();
    if source.is_root() {
        return problems;
    }
    let nothing = BTreeSet::new();
    let allowed = table.0.get(&source.room).unwrap_or(&nothing);
    for (offset, room) in imported_rooms(&source.shipped) {
        if !room.is_empty() && room != source.room && !allowed.contains(room) {
            let what = format!("`{}` may not import `{room}`", source.room);
            problems.push(source.problem(offset, &source.shipped, &what));
        }
    }
    for (offset, _) in imported_rooms(&source.code).filter(|(_, room)| room.is_empty()) {
        problems.push(source.problem(offset, &source.code, ONE_A_LINE));
    }
    for offset in occurrences(&source.code, "super::super") {
        problems.push(source.problem(offset, &source.code, ONE_A_LINE));
    }
    problems
}

/// What follows each `crate::`, with the place of it; empty where no name follows.
fn imported_rooms(code: &str) -> impl Iterator<Item = (usize, &str)> {
    occurrences(code, "crate::").into_iter().map(move |offset| {
        let after = &code[offset + "crate::".len()..];
        let end = after.find(|c| !is_word(c)).unwrap_or(after.len());
        (offset, &after[..end])
    })
}

/// What only some rooms, or none, may do.
fn forbidden(source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    for (words, rooms, why) in FORBIDDEN {
        if rooms.contains(&source.room.as_str()) {
            continue;
        }
        for word in *words {
            for offset in occurrences(&source.shipped, word) {
                problems.push(source.problem(offset, &source.shipped, &format!("`{word}`: {why}")));
            }
        }
    }
    problems
}

/// Words, the rooms that may use them, and why no other may. Tests may use all of them.
const FORBIDDEN: &[(&[&str], &[&str], &str)] = &[
    (
        &[
            "std::fs",
            "std::os::unix::fs",
            ".read_dir()",
            ".canonicalize()",
            ".try_exists()",
            ".is_file()",
            ".is_dir()",
        ],
        &["source", "write"],
        "only source/ and write/ touch the disk",
    ),
    (
        &["std::env", "env!", "option_env!"],
        &[],
        "the library has no environment",
    ),
    (
        &[
            "Instant::now",
            "SystemTime::now",
            "::now_utc",
            "::now_local",
        ],
        &[],
        "the time is an argument",
    ),
    (
        &[
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "ToSocketAddrs",
            "ureq::",
            "rustls::",
        ],
        &["probe"],
        "only probe/ dials",
    ),
    (
        &["std::process"],
        &[],
        "the library starts no process and ends none",
    ),
    (
        &["stdout()", "stderr()", "stdin()"],
        &[],
        "the library has no terminal",
    ),
];

/// `name` as a crate in more than one file.
fn more_than_one_names(sources: &[Source], name: &str) -> Option<String> {
    let path = format!("{name}::");
    let files: Vec<&str> = sources
        .iter()
        .filter(|source| {
            occurrences(&source.code, &path)
                .iter()
                .any(|&offset| !source.code[..offset].ends_with("::"))
        })
        .map(|source| source.path.as_str())
        .collect();
    (files.len() > 1).then(|| {
        format!(
            "crate `{name}` is named in {}; one file may",
            files.join(" and ")
        )
    })
}

fn lengths(source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    if source.lines > LONGEST_FILE {
        problems.push(format!(
            "{}: {} lines, {LONGEST_FILE} at most",
            source.path, source.lines
        ));
    }
    for offset in occurrences(&source.code, "fn ") {
        if let Some(length) =
            function_length(&source.code[offset..]).filter(|&length| length > LONGEST_FUNCTION)
        {
            let what = format!("a function of {length} lines, {LONGEST_FUNCTION} at most");
            problems.push(source.problem(offset, &source.code, &what));
        }
    }
    problems
}
