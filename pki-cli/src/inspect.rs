//! `hapki inspect`: files to bytes, `pki_core::inspect`, a listing.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use pki_core::inspect;
use pki_core::inspect::Input;
use pki_core::inspect::Inspection;
use pki_core::place::Place;
use pki_core::report;
use pki_core::source;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::failure::Failure;
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
    if is_stream(file) {
        return Input {
            place: Place::file(file),
            bytes: stream(file)
                .map(Into::into)
                .map_err(|error| format!("cannot be read: {error}")),
        };
    }
    Input {
        place: Place::file(file),
        bytes: source::read_file(file)
            .map(|document| document.bytes)
            .map_err(|problem| problem.to_string()),
    }
}

/// Standard input, or what a shell passes for `<(command)`: read to its end, though it is no regular file.
fn is_stream(file: &Path) -> bool {
    file == OsStr::new("-")
        || file == Path::new("/dev/stdin")
        || file.starts_with("/dev/fd")
        || file.starts_with("/proc/self/fd")
}

fn stream(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == OsStr::new("-") {
        io::stdin()
            .take(source::SIZE_LIMIT)
            .read_to_end(&mut bytes)?;
    } else {
        File::open(file)?
            .take(source::SIZE_LIMIT)
            .read_to_end(&mut bytes)?;
    }
    Ok(bytes)
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
