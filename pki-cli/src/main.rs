//! The `hapki` command: parse, dispatch, report failures, exit code. Everything else is in `pki-core`.

mod args;
mod audit;
mod demo;
mod discover;
mod explain;
mod failure;
mod init;
mod input;
mod inspect;
mod issue;
mod rotate;
mod terminal;
mod unify;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::args::Color;
use crate::args::Command;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// What a command that ran to its end has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or nothing to report: exit code 0.
    Done,
    /// The answer is no: exit code 1.
    No,
}

fn main() -> ExitCode {
    if asks_version_alone() {
        let mut terminal = Terminal::new(Color::Auto);
        return end(version(false, &mut terminal), &mut terminal);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && pastes_pem() => {
            return end(Err(pasted_pem()), &mut Terminal::new(Color::Auto));
        }
        Err(error) => return usage(&error),
    };
    let mut terminal = Terminal::new(cli.color);
    end(run(cli, &mut terminal), &mut terminal)
}

/// Describing every command to the parser costs more than all else that `hapki --version` does.
fn asks_version_alone() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    first.is_some_and(|first| first == "--version" || first == "-V") && arguments.next().is_none()
}

fn end(result: Result<Answer, Failure>, terminal: &mut Terminal) -> ExitCode {
    match result.and_then(|answer| terminal.finish().map(|()| answer)) {
        Ok(Answer::Done) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(failure) => {
            terminal.fail(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let Some(command) = cli.command else {
        return if cli.version {
            version(cli.verbose, terminal)
        } else {
            terminal.print(WELCOME).map(|()| Answer::Done)
        };
    };
    match command {
        Command::Init(args) => init::run(args, terminal),
        Command::Issue(args) => issue::run(*args, terminal),
        Command::Audit(args) => audit::run(args, terminal),
        Command::Discover(args) => discover::run(args, terminal),
        Command::Unify(args) => unify::run(*args, terminal),
        Command::Rotate(args) => rotate::run(*args, terminal),
        Command::Verify(args) => verify::run(args, terminal),
        Command::Explain(args) => explain::run(args, terminal),
        Command::Inspect(args) => inspect::run(args, terminal),
        Command::Demo(args) => demo::run(args, terminal),
    }
}

/// Help goes to stdout and is no failure; anything else clap says is about usage.
fn usage(error: &clap::Error) -> ExitCode {
    // A reader that has gone away is no reason to complain.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// Whether an argument is PEM, which begins as options do. What clap says of it repeats it, and it may be a key.
fn pastes_pem() -> bool {
    std::env::args_os().any(|argument| argument.to_string_lossy().contains("-----BEGIN "))
}

fn pasted_pem() -> Failure {
    Failure::refused("a PEM block stands where an option may; it is not repeated here")
        .hint("give the file that holds it, or `-` and the text on standard input")
}

fn version(verbose: bool, terminal: &mut Terminal) -> Result<Answer, Failure> {
    terminal.print(concat!("hapki ", env!("CARGO_PKG_VERSION"), "\n"))?;
    if verbose {
        let release = pki_core::verdict::go::RELEASE;
        terminal.print(format_args!(
            "verdicts and their words follow crypto/x509 of Go {release}\n"
        ))?;
    }
    Ok(Answer::Done)
}

const WELCOME: &str = "\
hapki issues, audits and mends the certificates of Kubernetes masters and registries.

  hapki audit /etc/kubernetes              which connections will fail, why, and the command that mends each
  hapki issue apiserver --node NAME        a certificate with every name that this node is dialled by
  hapki explain 'x509: …'                  what a line in a log means, and which connection it comes from
  hapki demo                               a broken three-master cluster on files, audited

`hapki --help` lists every command.
";
