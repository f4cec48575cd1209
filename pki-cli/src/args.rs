//! The command line: every subcommand in one list, and the options that several of them share.
//!
//! A command's own arguments stand in its own file as `Args`; it flattens the groups below that it honours.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use pki_core::inventory;
use pki_core::inventory::Inventory;
use pki_core::place::PKI_DIR;
use pki_core::place::Place;
use time::Duration;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use crate::audit;
use crate::demo;
use crate::discover;
use crate::explain;
use crate::failure::Failure;
use crate::init;
use crate::input;
use crate::inspect;
use crate::issue;
use crate::rotate;
use crate::unify;
use crate::verify;

/// Issue, audit and mend the certificates and shared keys of Kubernetes masters and registries
#[derive(Debug, Parser)]
#[command(
    name = "hapki",
    disable_version_flag = true,
    disable_help_subcommand = true,
    max_term_width = 110
)]
pub(crate) struct Cli {
    /// Print the version
    #[arg(long, short = 'V')]
    pub(crate) version: bool,
    /// With --version: also say which Go release the verdicts follow
    #[arg(long, requires = "version")]
    pub(crate) verbose: bool,
    /// When to colour what is printed (NO_COLOR counts as never)
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto, global = true)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Every command of hapki.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a cluster's PKI from its inventory: CAs, every certificate and kubeconfig, one tree per node
    Init(init::Args),
    /// Issue certificates and kubeconfigs for a node, with every name that it is dialled by
    Issue(Box<issue::Args>),
    /// Say which connections fail, why, and what mends them
    Audit(audit::Args),
    /// Write the inventory of a cluster that exists, each value with the file that says so
    Discover(discover::Args),
    /// Make one key pair of many that sign and check the same tokens, in stages
    Unify(Box<unify::Args>),
    /// Replace a key pair that is shared, in stages and without a refused token
    Rotate(Box<rotate::Args>),
    /// Judge one chain as a Go client would
    Verify(verify::Args),
    /// Say what an error line means, and which connection and file it comes from
    Explain(explain::Args),
    /// Say what certificates, keys, requests and kubeconfigs hold
    Inspect(inspect::Args),
    /// Write a broken three-master cluster and audit it
    Demo(demo::Args),
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Into files and pipes too
    Always,
    /// Not at all
    Never,
}

/// `--format`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Output {
    /// Text for people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// How to print an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    Human,
    /// One JSON object
    Json,
}

/// `--at`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Now {
    /// Take this instant for now: 2027-01-31T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    at: Option<OffsetDateTime>,
}

/// `--pki-dir`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PkiDir {
    /// Where the cluster's CAs and certificates are
    #[arg(long, value_name = "DIR", default_value = PKI_DIR)]
    pub(crate) pki_dir: PathBuf,
}

/// `--inventory`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InventoryFile {
    /// The cluster's description: hapki.yaml or kubeadm's own; `-` is standard input [default: ./hapki.yaml, /etc/hapki/hapki.yaml]
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
}

/// `--dry-run`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct DryRun {
    /// Say what would be written, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl Now {
    /// The instant given, or the clock's.
    pub(crate) fn instant(self) -> OffsetDateTime {
        self.at.unwrap_or_else(OffsetDateTime::now_utc)
    }
}

impl InventoryFile {
    /// The cluster's description, when one is given or lies in a default place.
    pub(crate) fn load(&self) -> Result<Option<Inventory>, Failure> {
        let Some(path) = self.path() else {
            return Ok(None);
        };
        let refuse = |what: &dyn std::fmt::Display| {
            Failure::refused(format_args!("{}: {what}", path.display()))
        };
        let bytes = input::read(&path).map_err(|problem| {
            refuse(&problem).hint("name the file that describes the cluster with --inventory FILE")
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            refuse(&"is not text in UTF-8").hint("save it as UTF-8, without accents if need be")
        })?;
        let parsed = inventory::parse(text, &Place::file(&path));
        parsed
            .map(Some)
            .map_err(|error| Failure::refused(&error).hint_if(error.hint()))
    }

    /// Whether it comes from standard input, which can be read once only.
    pub(crate) fn is_stdin(&self) -> bool {
        self.inventory.as_deref().is_some_and(input::is_stdin)
    }

    /// The file to read: the one given, whether or not it exists, or the first default one that does, be it a link to
    /// nothing.
    fn path(&self) -> Option<PathBuf> {
        let mut defaults = inventory::DEFAULT_PATHS.iter().map(PathBuf::from);
        self.inventory
            .clone()
            .or_else(|| defaults.find(|path| path.symlink_metadata().is_ok()))
    }
}

fn instant(text: &str) -> Result<OffsetDateTime, String> {
    let instant = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "not a time of RFC 3339; write it like 2027-01-31T00:00:00Z".to_owned())?;
    instant
        .checked_to_offset(UtcOffset::UTC)
        .filter(|instant| YEARS.contains(&instant.year()))
        .ok_or_else(|| format!("not in the years {} to {}", YEARS.start(), YEARS.end()))
}

/// A length of time as the inventory has it: `30d`, `12h`, `10y`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    inventory::duration(text).map_err(|error| format!("{error}; {}", error.hint))
}

/// What certificates can hold (RFC 5280 section 4.1.2.5), with room for the longest validity after it.
const YEARS: RangeInclusive<i32> = 1950..=8999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn instants_are_taken_to_utc() {
        let given = instant("2027-01-31T01:00:00+01:00").unwrap();
        assert_eq!(given.to_string(), "2027-01-31 0:00:00.0 +00:00:00");
        for wrong in [
            "2027-01-31",
            "1949-12-31T23:59:59Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+23:59",
        ] {
            assert!(instant(wrong).is_err(), "{wrong}");
        }
    }
}
