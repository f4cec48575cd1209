//! `hapki inspect`: files to bytes, `pki_core::inspect`, a listing.

use std::path::Path;
use std::path::PathBuf;

use pki_core::inspect;
use pki_core::inspect::Input;
use pki_core::inspect::Inspection;
use pki_core::place::Place;
use pki_core::report;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::failure::Failure;
use crate::input;
use crate::terminal::Terminal;

/// Arguments of `hapki inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Certificates, chains, keys, requests, kubeconfigs, PEM or DER; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// Shows what the files hold.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let inputs: Vec<Input> = args.files.iter().map(|file| input(file)).collect();
    let inspection = inspect::inspect(&inputs);
    if inspection.is_empty() {
        return Err(nothing_read(&inspection));
    }
    let now = args.now.instant();
    terminal.print(match args.output.format {
        Format::Human => report::inspect::human(&inspection, now),
        Format::Json => report::inspect::json(&inspection, now),
    })?;
    Ok(Answer::Done)
}

fn input(file: &Path) -> Input {
    Input {
        place: Place::file(file),
        bytes: input::read(file),
    }
}

fn nothing_read(inspection: &Inspection) -> Failure {
    let all = || inspection.files.iter().flat_map(|file| &file.problems);
    let mut problems: Vec<String> = all()
        .take(MOST_PROBLEMS)
        .map(|problem| format!("{}: {}", problem.place, problem.sentence))
        .collect();
    let more = all().count().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        problems.push(format!("and {more} more"));
    }
    Failure::refused(problems.join("; "))
        .hint("give certificates, private keys, requests or kubeconfigs, in PEM or DER")
}

/// A sentence with more of them is not read.
const MOST_PROBLEMS: usize = 10;
