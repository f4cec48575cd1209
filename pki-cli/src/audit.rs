//! `hapki audit`: paths to `pki_core::audit`, its findings to a report.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;
use pki_core::audit;
use pki_core::audit::Audit;
use pki_core::checks::Settings;
use pki_core::finding::Severity;
use pki_core::place::OWN_DIR;
use pki_core::report::json;
use pki_core::report::junit;
use pki_core::report::plain;
use pki_core::report::plain::Style;
use pki_core::report::prometheus;
use pki_core::report::sarif;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use pki_core::token::key_id::KidForm;
use pki_core::topology::Topology;
use pki_core::write;
use time::Duration;

use crate::Answer;
use crate::args;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `hapki audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A node's /etc/kubernetes (or its pki/ alone), its root directory, a directory of such roots named by node, or a
    /// tar or tar.gz of any of them; a Harbor or registry directory; NAME=PATH names the node, and NAME=KEY.pem is a token
    /// server. Several are one cluster
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// The least severity that makes the exit code 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Warn of certificates that expire within this time: 30d, 12h
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = args::duration)]
    expires_within: Duration,
    /// Read nothing beside the given PATHs, such as the manifests beside pki/
    #[arg(long)]
    no_siblings: bool,
    /// How a token server given as NAME=KEY.pem names its key in its tokens: libtrust, rfc7638 or x5c
    #[arg(long, value_name = "FORM", default_value = "libtrust", value_parser = signer_kid)]
    signer_kid: KidForm,
    #[command(flatten)]
    inventory: args::InventoryFile,
    #[command(flatten)]
    now: args::Now,
    /// Text for people, one JSON object, or what another program reads
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    Human,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanners and editors
    Sarif,
    /// JUnit's XML, for CI systems: one test case for each connection
    Junit,
    /// Prometheus' text format, for a textfile collector
    Prometheus,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Nothing: report only
    Never,
}

/// Audits the paths.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let paths: Vec<PathArgument> = args.paths.into_iter().map(path_argument).collect();
    let options = Options {
        siblings: !args.no_siblings,
    };
    let inventory = args.inventory.load()?;
    let settings = Settings {
        expires_within: args.expires_within,
        ignores: inventory
            .iter()
            .flat_map(|inventory| inventory.ignores.clone())
            .collect(),
    };
    let now = args.now.instant();
    let (inventory, kid) = (inventory.as_ref(), args.signer_kid);
    let audit = audit::audit_with_kid(&paths, options, inventory, now, &settings, kid)
        .map_err(|error| Failure::refused(&error).hint(error.hint()))?;
    warn_of_interrupted(&audit.judged.topology, terminal);
    print(&audit, args.format, args.fail_on, terminal)?;
    Ok(answer(&audit, args.fail_on))
}

/// A change that is going on, or was killed, may have been judged half done.
fn warn_of_interrupted(topology: &Topology, terminal: &mut Terminal) {
    let of_nodes = topology
        .nodes
        .iter()
        .map(|node| node.kubernetes_dir.as_path());
    let signers = topology.token_signers.iter().map(|signer| &signer.told_at);
    let verifiers = topology
        .token_verifiers
        .iter()
        .map(|verifier| &verifier.told_at);
    let of_registries = signers
        .chain(verifiers)
        .filter_map(|told_at| told_at.read_from.parent());
    let trees: BTreeSet<&Path> = of_nodes.chain(of_registries).collect();
    let state_dirs: Vec<PathBuf> = trees.into_iter().map(|tree| tree.join(OWN_DIR)).collect();
    for journal in write::interrupted(&state_dirs) {
        terminal.warn(format_args!(
            "a change of these files was interrupted, or is going on: {}; the next one of this tree finishes or undoes it first",
            journal.display()
        ));
    }
}

/// Prints the report.
pub(crate) fn print(
    audit: &Audit,
    format: Format,
    fail_on: FailOn,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (judged, findings, ignored) = (&audit.judged, &audit.findings, &audit.ignored);
    terminal.print(match format {
        Format::Human => plain::audit(judged, findings, ignored, terminal.width(), Style::ANSI),
        Format::Json => json::audit(judged, findings, ignored),
        Format::Junit => junit::audit(audit, fail_on.least().unwrap_or(Severity::Error)),
        Format::Prometheus => prometheus::audit(audit),
        Format::Sarif => {
            let directory = std::env::current_dir().ok();
            let context = sarif::Context {
                version: env!("CARGO_PKG_VERSION"),
                directory: directory.as_deref(),
            };
            sarif::audit(audit, &context)
        }
    })
}

impl FailOn {
    fn least(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Never => None,
        }
    }
}

fn answer(audit: &Audit, fail_on: FailOn) -> Answer {
    match fail_on.least() {
        Some(least) if audit.worst() >= Some(least) => Answer::No,
        _ => Answer::Done,
    }
}

/// `libtrust`, `rfc7638`, `x5c`.
fn signer_kid(text: &str) -> Result<KidForm, String> {
    match text.parse()? {
        KidForm::Kubernetes => Err("registries know no such key id".to_owned()),
        form => Ok(form),
    }
}

/// `NAME=PATH`, or a PATH in whatever bytes the file system has.
pub(crate) fn path_argument(argument: OsString) -> PathArgument {
    match argument.to_str().map(str::parse) {
        Some(Ok(argument)) => argument,
        None => PathArgument::from(PathBuf::from(argument)),
    }
}
