//! `hapki demo`: the field report's cluster, broken as it was, on files.

use std::path::PathBuf;

use crate::Answer;
use crate::args;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `hapki demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write it: a directory that is empty or not there yet [default: ./hapki-demo]
    directory: Option<PathBuf>,
    #[command(flatten)]
    output: args::Output,
}

/// Writes the cluster and audits it.
pub(crate) fn run(args: Args, _terminal: &mut Terminal) -> Result<Answer, Failure> {
    Err(Failure::refused(format_args!("{args:?}: not yet")))
}
