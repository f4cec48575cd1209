//! `hapki verify`: files to bytes, `pki_core::verify`, a verdict.

use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;
use pki_core::place::Place;
use pki_core::report;
use pki_core::verify;
use pki_core::verify::NoCertificate;
use pki_core::verify::PemFile;
use pki_core::verify::Question;
use zeroize::Zeroizing;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::failure::Failure;
use crate::input;
use crate::terminal::Terminal;

/// Arguments of `hapki verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The certificate in question, then those that its server sends with it; `-` is standard input
    #[arg(value_name = "CHAIN.pem")]
    chain: PathBuf,
    /// What the client trusts
    #[arg(long, value_name = "ROOTS.pem")]
    roots: PathBuf,
    /// More certificates that may stand between
    #[arg(long, value_name = "FILE")]
    intermediates: Option<PathBuf>,
    /// The name or address that is dialled; without it, names are not looked at
    #[arg(long, value_name = "NAME_OR_IP")]
    host: Option<String>,
    /// What the certificate must be good for
    #[arg(long, value_enum, default_value_t = Purpose::Server)]
    purpose: Purpose,
    #[command(flatten)]
    now: args::Now,
    #[command(flatten)]
    output: args::Output,
}

/// `--purpose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// To serve
    Server,
    /// To be shown by a client
    Client,
}

/// Judges the chain.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let stdin = [&args.chain, &args.roots]
        .into_iter()
        .chain(&args.intermediates);
    if stdin.filter(|file| input::is_stdin(file)).count() > 1 {
        return Err(
            Failure::refused("standard input can stand for one file only")
                .hint("give the others by their paths"),
        );
    }
    let chain = File::read(&args.chain)?;
    let roots = File::read(&args.roots)?;
    let intermediates = args.intermediates.as_deref().map(File::read).transpose()?;
    let question = Question {
        chain: chain.pem(),
        roots: roots.pem(),
        intermediates: intermediates.as_ref().map(File::pem),
        host: args.host.as_deref(),
        purpose: match args.purpose {
            Purpose::Server => verify::Purpose::Server,
            Purpose::Client => verify::Purpose::Client,
        },
        now: args.now.instant(),
    };
    let verification = verify::verify(&question).map_err(|error| no_certificate(&error))?;
    for skipped in verification.skipped.iter().take(MOST_WARNINGS) {
        terminal.warn(format_args!(
            "{}: {}; passed over",
            skipped.place, skipped.sentence
        ));
    }
    let more = verification.skipped.len().saturating_sub(MOST_WARNINGS);
    if more > 0 {
        terminal.warn(format_args!("and {more} more, which --format json lists"));
    }
    terminal.print(match args.output.format {
        Format::Human => report::verify::human(&question, &verification),
        Format::Json => report::verify::json(&question, &verification),
    })?;
    Ok(if verification.is_accepted() {
        Answer::Done
    } else {
        Answer::No
    })
}

struct File {
    place: Place,
    bytes: Zeroizing<Vec<u8>>,
}

impl File {
    fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = input::read(path)
            .map_err(|problem| Failure::refused(format_args!("{}: {problem}", path.display())))?;
        Ok(Self {
            place: Place::file(path),
            bytes,
        })
    }

    fn pem(&self) -> PemFile<'_> {
        PemFile {
            place: &self.place,
            bytes: &self.bytes,
        }
    }
}

fn no_certificate(error: &NoCertificate) -> Failure {
    Failure::refused(error)
        .hint("give certificates in PEM; `openssl x509 -inform der` turns DER into it")
}

/// A list with more of them is not read.
const MOST_WARNINGS: usize = 20;
