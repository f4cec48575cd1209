//! Audits directories from a program: every edge judged, findings as values.
//!
//! `cargo run --example audit_directory -- /etc/kubernetes` or, for a cluster, one copy per node:
//! `cargo run --example audit_directory -- shaolin=/tmp/shaolin wudang=/tmp/wudang`

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example shows what it finds"
)]

use std::process::ExitCode;

use pki_core::audit;
use pki_core::checks::Settings;
use pki_core::finding::Severity;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use time::OffsetDateTime;

fn main() -> ExitCode {
    let paths: Vec<PathArgument> = std::env::args()
        .skip(1)
        .flat_map(|argument| argument.parse())
        .collect();
    // The library has no clock of its own: whether a certificate has expired is asked of an instant.
    let now = OffsetDateTime::now_utc();
    let audit = match audit::audit(&paths, Options::default(), None, now, &Settings::default()) {
        Ok(audit) => audit,
        Err(error) => {
            eprintln!("{error}\n{}", error.hint());
            return ExitCode::from(2);
        }
    };
    for finding in &audit.findings {
        println!("{} {} {}", finding.severity, finding.rule, finding.place);
        println!("  {}", finding.message);
        if let Some(remedy) = &finding.remedy {
            println!("  {}", remedy.request);
        }
    }
    match audit.worst() {
        Some(Severity::Error) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    }
}
