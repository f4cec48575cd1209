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
    #[command(
        mut_arg("paths", |paths| paths.help("Every master's tree or /etc/kubernetes")),
        mut_arg("from", |from| from.help(FROM)),
        mut_arg("generate", |generate| generate.help(GENERATE))
    )]
    ServiceAccount(unify::Shared),
    /// The pair that signs and checks a registry's tokens, on all instances
    #[command(
        mut_arg("paths", |paths| paths.help("Every Harbor's or registry's directory, NAME=KEY.pem of a token server")),
        mut_arg("from", |from| from.help(FROM)),
        mut_arg("generate", |generate| generate.help(GENERATE))
    )]
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

const FROM: &str = "Whose key replaces the others, instead of a new one";
const GENERATE: &str = "Have all share a new key, as without --from";
