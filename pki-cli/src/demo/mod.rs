//! `hapki demo`: the field report's three masters and its two registries, broken as they were, with freshly made keys.

mod edits;
mod forge;
mod registries;
mod seed;

use std::path::Path;
use std::path::PathBuf;

use pki_core::bundle::Bundle;
use pki_core::checks::Settings;
use pki_core::request::quoted;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use pki_core::write;
use pki_core::x509::key::KeyAlgorithm;
use serde_json::json;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::audit;
use crate::audit::FailOn;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `hapki demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write it: a directory that is empty or not there yet
    #[arg(default_value = "hapki-demo")]
    directory: PathBuf,
    /// The cluster as it was after this step of the report; without it, every mistake at once
    #[arg(long, value_name = "STEP", value_parser = STEPS)]
    step: Option<String>,
    /// rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384, ed25519
    #[arg(long, value_name = "KIND", default_value_t = KeyAlgorithm::Rsa2048)]
    key: KeyAlgorithm,
    #[command(flatten)]
    dry_run: args::DryRun,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// Writes the cluster and audits it. What the audit finds is what the demo is for, so the exit code is 0.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let directory = &args.directory;
    must_be_empty(directory)?;
    let now = args.now.instant();
    let edits = edits_until(args.step.as_deref());
    let mut bundle = forge::cluster(directory, &edits, args.key, now).map_err(Failure::refused)?;
    if args.step.is_none() {
        registries::add(directory, args.key, now, &mut bundle).map_err(Failure::refused)?;
    }
    if args.dry_run.dry_run {
        terminal.print(would_write(&bundle, args.output.format))?;
        return Ok(Answer::Done);
    }
    write(&bundle, now)?;
    terminal.change_is_made();
    let nodes = [PathArgument::from(directory.clone())];
    let options = Options { siblings: true };
    let audit = pki_core::audit::audit(&nodes, options, None, now, &Settings::default())
        .map_err(|error| Failure::refused(&error).hint(error.hint()))?;
    match args.output.format {
        Format::Json => audit::print(&audit, audit::Format::Json, FailOn::Never, terminal)?,
        Format::Human => {
            terminal.print(story(directory, args.step.as_deref()))?;
            audit::print(&audit, audit::Format::Human, FailOn::Never, terminal)?;
            terminal.print(ending(directory))?;
        }
    }
    Ok(Answer::Done)
}

fn must_be_empty(directory: &Path) -> Result<(), Failure> {
    let shown = directory.display();
    match std::fs::read_dir(directory).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::refused(format_args!("{shown} is not empty"))
            .hint("name a directory that is empty or not there yet: hapki demo DIR")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Err(Failure::refused(format_args!("{shown} is not a directory"))
                .hint("name a directory that is empty or not there yet: hapki demo DIR"))
        }
        Err(error) => Err(Failure::refused(format_args!("{shown}: {error}"))
            .hint("name a directory that can be written: hapki demo DIR")),
    }
}

fn write(bundle: &Bundle, now: time::OffsetDateTime) -> Result<(), Failure> {
    let settings = write::Settings {
        now,
        state_dirs: Vec::new(),
    };
    write::write(bundle, &settings).map(drop).map_err(|error| {
        Failure::refused(error).hint("name a directory that can be written: hapki demo DIR")
    })
}

/// What `--dry-run` answers: every file, none of them written.
fn would_write(bundle: &Bundle, format: Format) -> String {
    match format {
        Format::Human => {
            let paths = bundle
                .files
                .iter()
                .map(|file| format!("{}\n", file.path.display()));
            let first = "Nothing is written (--dry-run). This would be:\n\n".to_owned();
            std::iter::once(first).chain(paths).collect()
        }
        Format::Json => {
            let files: Vec<_> = bundle
                .files
                .iter()
                .map(|file| {
                    json!({
                        "path": file.path.to_string_lossy(),
                        "mode": format!("{:04o}", file.mode),
                        "what": file.what,
                    })
                })
                .collect();
            let answer = json!({ "schema": "hapki.demo/v1", "dry_run": true, "files": files });
            format!("{answer:#}\n")
        }
    }
}

/// The edits up to a step, that one included.
fn edits_until(step: Option<&str>) -> Vec<&'static str> {
    let Some(step) = step else {
        return seed::EVERY_MISTAKE.to_vec();
    };
    let until = seed::REPORT.iter().position(|(name, _, _)| *name == step);
    let count = until.map_or(seed::REPORT.len(), |index| index + 1);
    let done = seed::REPORT.iter().take(count);
    done.flat_map(|(_, _, edits)| edits.iter().copied())
        .collect()
}

fn story(directory: &Path, step: Option<&str>) -> String {
    let shown = directory.display();
    let told = step.and_then(|step| seed::REPORT.iter().find(|(name, _, _)| *name == step));
    let told = told.map_or(WHOLE_STORY, |(_, told, _)| *told);
    format!(
        "\
Three masters under {shown}/, keys freshly made: shaolin, wudang and emei.
{told}
The audit says what comes of it:

"
    )
}

fn ending(directory: &Path) -> String {
    let shown = directory.to_string_lossy();
    format!(
        "\nRun a command from above, then look again:\n  hapki audit {}\n",
        quoted(&shown)
    )
}

const WHOLE_STORY: &str = "\
wudang was given a copy of shaolin's apiserver.crt, and its kubelet dials wudang itself. emei's certificate was made by
hand with openssl, and nginx on emei balances all three on port 8443.
Beside them Harbor on node1 and node2, over one shared directory: each made a token pair of its own.";

const STEPS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "6-by-name", "7"];
