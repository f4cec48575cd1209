//! `hapki discover`: paths to `pki_core::discover`, an inventory to stdout or to a file.

use std::ffi::OsString;
use std::path::PathBuf;

use pki_core::bundle::Bundle;
use pki_core::bundle::BundleFile;
use pki_core::bundle::Existing;
use pki_core::discover;
use pki_core::facts;
use pki_core::report;
use pki_core::source;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use pki_core::topology;
use pki_core::topology::Broken;
use pki_core::topology::BrokenKind;
use pki_core::topology::Topology;
use pki_core::write;
use pki_core::write::Settings;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::audit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `hapki discover`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What `hapki audit` takes: a node's /etc/kubernetes, its root directory, or a directory of such roots; cluster objects as
    /// YAML (kubeadm-config); NAME=PATH names the node. Several are one cluster
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Write the inventory to FILE instead of to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE when it is there, with a backup
    #[arg(long, requires = "out")]
    force: bool,
    /// Read nothing beside the given PATHs, such as the manifests beside pki/
    #[arg(long)]
    no_siblings: bool,
    #[command(flatten)]
    dry_run: args::DryRun,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// Describes the cluster.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let paths: Vec<PathArgument> = args
        .paths
        .iter()
        .cloned()
        .map(audit::path_argument)
        .collect();
    let options = Options {
        siblings: !args.no_siblings,
    };
    let trees = source::open(&paths, options)
        .map_err(|error| Failure::refused(&error).hint(error.hint()))?;
    let topology = topology::derive(&facts::gather(&trees), None);
    let discovery = discover::discover(&topology);
    if !discovery.tells_of_nodes() {
        return Err(
            Failure::refused("the files tell of no node of a cluster").hint(
                "give a node's /etc/kubernetes, its root directory, or a directory of such roots",
            ),
        );
    }
    let text = report::discover::yaml(&discovery);
    let json = args.output.format == Format::Json;
    let file = args.out.as_ref().filter(|_| !args.dry_run.dry_run);
    if let Some(path) = file {
        save(path, &text, &args)?;
        terminal.change_is_made();
    }
    warn(&topology, terminal);
    if json {
        terminal.print(report::discover::json(&discovery))?;
    } else if let Some(path) = file {
        terminal.print(format_args!("{} is written\n", path.display()))?;
    } else {
        terminal.print(text)?;
    }
    Ok(Answer::Done)
}

fn save(path: &std::path::Path, text: &str, args: &Args) -> Result<(), Failure> {
    let existing = match args.force {
        true => Existing::Replace,
        false => Existing::Refuse,
    };
    let contents = text.as_bytes().to_vec();
    let bundle = Bundle {
        files: vec![BundleFile::new(
            path,
            0o644,
            "inventory",
            existing,
            contents,
        )],
        ..Bundle::default()
    };
    let settings = Settings {
        now: args.now.instant(),
        state_dirs: Vec::new(),
    };
    let written = write::write(&bundle, &settings);
    written.map(drop).map_err(|error| {
        let hint = error.hint();
        Failure::refused(&error).hint(hint)
    })
}

/// What could not be read tells nothing, and may be what is missed.
fn warn(topology: &Topology, terminal: &mut Terminal) {
    let is_there = |broken: &&Broken| broken.kind != BrokenKind::Missing;
    let broken: Vec<&Broken> = topology.broken.iter().filter(is_there).collect();
    for broken in broken.iter().take(MOST_WARNINGS) {
        terminal.warn(format_args!("{} {}", broken.place, broken.problem));
    }
    let more = broken.len().saturating_sub(MOST_WARNINGS);
    if more > 0 {
        terminal.warn(format_args!(
            "and {more} more files, which hapki audit lists"
        ));
    }
}

/// A list with more of them is not read.
const MOST_WARNINGS: usize = 20;
