//! `hapki audit`: paths to directories, `pki_core::audit`, a report.

use clap::ValueEnum;
use time::Duration;

use crate::Answer;
use crate::args;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `hapki audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A node's /etc/kubernetes (or its pki/ alone), its root directory, or a directory of such roots named by node;
    /// NAME=PATH names the node. Several are one cluster
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<std::ffi::OsString>,
    /// The least severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Warn of certificates that expire within this time: 30d, 12h
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = args::duration)]
    expires_within: Duration,
    /// Read nothing beside the given PATHs, such as the manifests beside pki/
    #[arg(long)]
    no_siblings: bool,
    #[command(flatten)]
    inventory: args::InventoryFile,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Nothing: report only
    Never,
}

/// Audits the paths.
pub(crate) fn run(args: Args, _terminal: &mut Terminal) -> Result<Answer, Failure> {
    let inventory = args.inventory.load()?;
    Err(Failure::refused(format_args!(
        "{args:?}: not yet {:?} {}",
        args.now.instant(),
        inventory.is_some()
    )))
}
