//! `hapki inspect`: files to bytes, `pki_core::inspect`, a listing.

use std::path::PathBuf;

use crate::Answer;
use crate::args;
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
pub(crate) fn run(args: Args, _terminal: &mut Terminal) -> Result<Answer, Failure> {
    Err(Failure::refused(format_args!("{args:?}: not yet")))
}
