//! `hapki init`: an inventory to `pki_core::apply`, a report.

use std::path::PathBuf;

use pki_core::apply;
use pki_core::apply::InitOptions;
use pki_core::apply::Means;
use pki_core::issue::RandomSerials;
use pki_core::report::issue::init_json;
use pki_core::report::issue::init_plain;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::failure::Failure;
use crate::issue;
use crate::terminal::Terminal;

/// Arguments of `hapki init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inventory: args::InventoryFile,
    /// Where one tree per node is written: DIR/NODE/etc/kubernetes
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace leaves that are there, with a backup; a CA or service-account key that is there is always kept and used
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    dry_run: args::DryRun,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// Makes the cluster's PKI.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let Some(inventory) = args.inventory.load()? else {
        return Err(Failure::refused(
            "there is no inventory: neither ./hapki.yaml nor /etc/hapki/hapki.yaml exists",
        )
        .hint("describe the cluster in a file and name it with --inventory FILE"));
    };
    let options = InitOptions {
        inventory: &inventory,
        out: &args.out,
        force: args.force,
    };
    let mut means = Means {
        now: args.now.instant(),
        keys: &mut issue::fresh_keys(),
        serials: &mut RandomSerials,
        dry_run: args.dry_run.dry_run,
        recovered: Vec::new(),
    };
    let outcome = apply::init(&options, &mut means);
    issue::say_recovered(&means.recovered, terminal);
    let outcome = outcome.map_err(issue::failure)?;
    if !means.dry_run {
        terminal.change_is_made();
    }
    match args.output.format {
        Format::Human => terminal.print(init_plain(&outcome))?,
        Format::Json => terminal.print(init_json(&outcome))?,
    }
    Ok(Answer::Done)
}
