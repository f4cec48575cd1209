//! Each check is shown to fail.

use crate::forbidden;
use crate::imports;
use crate::lengths;
use crate::more_than_one_names;
use crate::source::Source;
use crate::source::function_length;
use crate::source::without_comments_and_literals;
use crate::table::Table;

const TABLE: &str =
    "# x\n\n| room | may import |\n| --- | --- |\n| `place` | - |\n| `x509` | `place` |\n\nrest\n";

fn imports_of(path: &str, text: &str) -> Vec<String> {
    imports(&Source::new(path, text), &Table::parse(TABLE))
}

fn forbidden_in(path: &str, text: &str) -> Vec<String> {
    forbidden(&Source::new(path, text))
}

#[test]
fn an_import_that_the_table_does_not_allow() {
    assert!(
        imports_of(
            "x509/a.rs",
            "use crate::place::Place;\nuse crate::x509::b::C;\n"
        )
        .is_empty()
    );
    let found = imports_of("place.rs", "\nuse crate::x509::a::B;\n");
    assert_eq!(found, ["place.rs:2: `place` may not import `x509`"]);
    assert_eq!(
        imports_of("place.rs", "fn f() -> crate::x509::A { todo!() }").len(),
        1
    );
    assert_eq!(imports_of("x509.rs", "pub use crate::nowhere::A;").len(), 1);
    assert!(
        imports_of(
            "place.rs",
            "//! [`crate::x509`]\nconst A: &str = \"crate::x509::a\";"
        )
        .is_empty()
    );
}

#[test]
fn a_test_may_drive_its_room_through_others() {
    let test = "#[cfg(test)]\nmod tests {\n use crate::x509::A;\n}\n";
    assert!(imports_of("place.rs", test).is_empty());
    assert_eq!(
        imports_of("place.rs", &test.replace("crate::x509::A", "crate::{x509}")).len(),
        1
    );
}

#[test]
fn imports_that_hide_what_they_import() {
    for text in [
        "use crate::{place, x509};",
        "use crate::*;",
        "use super::super::place;",
    ] {
        assert_eq!(imports_of("x509/a.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn a_room_without_row_and_a_row_without_room() {
    let files = |paths: &[&str]| -> Vec<Source> {
        paths.iter().map(|path| Source::new(path, "")).collect()
    };
    let table = Table::parse(TABLE);
    let whole = files(&["lib.rs", "place.rs", "x509/mod.rs"]);
    assert!(table.problems(&whole).is_empty() && table.rows_without_room(&whole).is_empty());
    let more = table.problems(&files(&["place.rs", "x509.rs", "utils.rs"]));
    assert_eq!(more, ["room `utils` has no row in docs/architecture.md"]);
    let less = table.rows_without_room(&files(&["place.rs"]));
    assert_eq!(less.len(), 1);
}

#[test]
fn a_circle_and_an_import_of_no_row() {
    let circle = TABLE.replace("| `place` | - |", "| `place` | `x509` |");
    let found = Table::parse(&circle).problems(&[]);
    assert_eq!(
        found,
        ["the table goes round in a circle among place, x509"]
    );
    let dangling = TABLE.replace("| - |", "| `gone` |");
    let found = Table::parse(&dangling).problems(&[]);
    assert_eq!(found, ["`place` may import `gone`, which has no row"]);
}

#[test]
#[should_panic(expected = "has no table")]
fn a_page_without_table() {
    Table::parse("| room | purpose |\n| --- | --- |\n| `a` | b |\n");
}

#[test]
fn disk_clock_environment_and_network() {
    for text in [
        "use std::fs;",
        "let t = OffsetDateTime::now_utc();",
        "let t = Instant::now();",
        "std::env::var(a);",
        "use std::net::TcpStream;",
        "use ureq::Agent;",
        "std::process::exit(1)",
        "if path.is_dir() {}",
    ] {
        assert_eq!(forbidden_in("plan.rs", text).len(), 1, "{text}");
    }
    assert!(forbidden_in("source/a.rs", "use std::fs;").is_empty());
    assert_eq!(forbidden_in("source/a.rs", "use std::env;").len(), 1);
    assert!(forbidden_in("probe.rs", "use ureq::Agent;").is_empty());
    assert!(forbidden_in("plan.rs", "#[cfg(test)]\nmod tests {\n use std::fs;\n}\n").is_empty());
    assert!(forbidden_in("plan/tests.rs", "use std::fs;").is_empty());
    let after = "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more { fn f() {} }\nuse std::fs;\n";
    assert_eq!(
        forbidden_in("plan.rs", after),
        ["plan.rs:5: `std::fs`: only source/ and write/ touch the disk"]
    );
}

#[test]
fn a_crate_named_in_two_files() {
    let sources = |texts: [&str; 2]| texts.map(|text| Source::new("x509/a.rs", text));
    assert!(
        more_than_one_names(
            &sources(["use rsa::RsaPrivateKey;", "fn f() { rsa::new() }"]),
            "rsa"
        )
        .is_some()
    );
    assert!(
        more_than_one_names(
            &sources([
                "use rsa::RsaPrivateKey;",
                "use crate::x509::rsa::A; parsa::b();"
            ]),
            "rsa"
        )
        .is_none()
    );
}

#[test]
fn long_files_and_functions() {
    let lengths_of = |text: &str| lengths(&Source::new("a.rs", text)).len();
    assert_eq!(lengths_of(&"\n".repeat(500)), 0);
    assert_eq!(lengths_of(&"\n".repeat(501)), 1);
    let function = |lines: usize| {
        format!(
            "trait T {{ fn g(&self); }}\nfn f() {{\n{}}}\n",
            "    x { y }\n".repeat(lines - 2)
        )
    };
    assert_eq!(lengths_of(&function(80)), 0);
    assert_eq!(lengths_of(&function(81)), 1);
}

#[test]
fn braces_and_quotes_in_literals_mislead_nothing() {
    let text = "fn f<'a>(x: &'a str) { let y = ('{', '\\'', \"}\\\"\", r#\"}\"#, b'}'); /* } */ } // }\nfn g() {}\n";
    assert_eq!(
        function_length(&without_comments_and_literals(text)),
        Some(1)
    );
}
