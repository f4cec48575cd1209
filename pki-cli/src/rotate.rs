//! `hapki rotate`: another key for all who share one, a stage a run.

use clap::Subcommand;
use pki_core::apply::SharedCommand;

use crate::Answer;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::unify;

/// Arguments of `hapki rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

/// What is rotated.
#[derive(Debug, Subcommand)]
enum What {
    /// The pair that signs and checks service-account tokens, on all masters
    ServiceAccount(unify::Shared),
    /// The pair that signs and checks a registry's tokens, on all instances
    RegistryToken(unify::Shared),
}

/// Rotates.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    match args.what {
        What::ServiceAccount(args) => {
            unify::carry_out(SharedCommand::RotateServiceAccount, args, terminal)
        }
        What::RegistryToken(args) => {
            unify::carry_out(SharedCommand::RotateRegistryToken, args, terminal)
        }
    }
}
