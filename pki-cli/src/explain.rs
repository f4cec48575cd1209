//! `hapki explain`: a pasted line, or a rule's id, to what it means and to where it comes from.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;

use pki_core::audit;
use pki_core::audit::Audit;
use pki_core::checks::Settings;
use pki_core::explain;
use pki_core::explain::Page;
use pki_core::report;
use pki_core::report::explain::Explained;
use pki_core::report::plain::Style;
use pki_core::source::Options;
use pki_core::source::PathArgument;

use crate::Answer;
use crate::args;
use crate::args::Format;
use crate::audit::path_argument;
use crate::failure::Failure;
use crate::input;
use crate::terminal::Terminal;

/// Arguments of `hapki explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A line that a program printed, in quotes or not; `-` reads lines or a whole log from standard input; or a rule's
    /// id. After it, the PATHs of a cluster as `hapki audit` takes them, to be told which connection prints the line
    #[arg(required = true, value_name = "TEXT | RULE [PATH]")]
    words: Vec<OsString>,
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

const EXAMPLES: &str = "\
Examples:
  hapki explain 'x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208'
  hapki explain 'x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208' trees/
  journalctl -u kubelet | hapki explain - /etc/kubernetes
  hapki explain name-mismatch

The exit code is 0 when at least one line is understood, 1 when none is.
";

/// Explains.
pub(crate) fn run(args: Args, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let (text, paths) = split(&args.words);
    if matches!(text, Text::Stdin) && args.inventory.is_stdin() {
        return Err(Failure::refused(
            "standard input can stand for the text or for the inventory, not for both",
        )
        .hint("give the inventory by its path"));
    }
    let audit = if paths.is_empty() {
        None
    } else {
        Some(audited(paths, &args)?)
    };
    let format = args.output.format;
    let id = args.words.first().and_then(|word| word.to_str());
    if let Some(page) = id.and_then(explain::page) {
        return rule(&page, audit.as_ref(), format, terminal);
    }
    let pasted = match text {
        Text::Stdin => input::read(Path::new("-"))
            .map_err(|problem| {
                Failure::refused(format_args!("standard input: {problem}"))
                    .hint("give the part of the log that matters: tail -n 10000, or grep")
            })?
            .to_vec(),
        Text::Given(text) => text.into_bytes(),
    };
    lines(&pasted, audit.as_ref(), format, terminal)
}

fn rule(
    page: &Page,
    audit: Option<&Audit>,
    format: Format,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let here = audit.map(|audit| explain::of_rule(page.id, audit));
    let here = here.as_deref();
    terminal.print(match format {
        Format::Human => report::explain::rule_human(page, here, terminal.width(), Style::ANSI),
        Format::Json => report::explain::rule_json(page, here),
    })?;
    Ok(Answer::Done)
}

fn lines(
    pasted: &[u8],
    audit: Option<&Audit>,
    format: Format,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let explanation = explain::explain(pasted);
    let faults = explanation.faults.iter();
    let explained: Vec<Explained<'_>> = faults
        .map(|fault| Explained {
            fault,
            here: audit.map(|audit| explain::locate(fault, audit)),
        })
        .collect();
    terminal.print(match format {
        Format::Human => {
            report::explain::human(&explanation, &explained, terminal.width(), Style::ANSI)
        }
        Format::Json => report::explain::json(&explanation, &explained),
    })?;
    Ok(if explained.is_empty() {
        Answer::No
    } else {
        Answer::Done
    })
}

enum Text {
    /// `-`.
    Stdin,
    /// What the words say.
    Given(String),
}

/// The text, and the PATHs after it. A first word that is a whole text by itself (it was quoted, is a rule's id or `-`)
/// is followed by PATHs alone; otherwise the PATHs are those last words that are there to be opened.
fn split(words: &[OsString]) -> (Text, &[OsString]) {
    let (first, rest) = match words {
        [] => return (Text::Given(String::new()), &[]),
        [first, rest @ ..] => (first, rest),
    };
    if first == OsStr::new("-") {
        return (Text::Stdin, rest);
    }
    let text = first.to_string_lossy();
    if text.contains(char::is_whitespace) || explain::page(&text).is_some() {
        return (Text::Given(text.into_owned()), rest);
    }
    let paths = rest.iter().rev().take_while(|word| is_there(word)).count();
    let (more, paths) = rest.split_at(rest.len() - paths);
    let words: Vec<_> = std::iter::once(first)
        .chain(more)
        .map(|word| word.to_string_lossy())
        .collect();
    (Text::Given(words.join(" ")), paths)
}

/// Whether a word names something that can be opened, as PATH or as NAME=PATH.
fn is_there(word: &OsStr) -> bool {
    let named = word.to_str().and_then(|word| word.split_once('='));
    Path::new(word).exists() || named.is_some_and(|(_, path)| Path::new(path).exists())
}

fn audited(paths: &[OsString], args: &Args) -> Result<Audit, Failure> {
    let paths: Vec<PathArgument> = paths.iter().cloned().map(path_argument).collect();
    let options = Options {
        siblings: !args.no_siblings,
    };
    let inventory = args.inventory.load()?;
    // What its owner ignores can be what is asked about.
    let settings = Settings::default();
    audit::audit(
        &paths,
        options,
        inventory.as_ref(),
        args.now.instant(),
        &settings,
    )
    .map_err(|error| Failure::refused(&error).hint(error.hint()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> (Option<String>, usize) {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let (text, paths) = split(&words);
        let text = match text {
            Text::Stdin => None,
            Text::Given(text) => Some(text),
        };
        (text, paths.len())
    }

    #[test]
    fn words_and_paths_are_told_apart() {
        let given = |text: &str, paths| (Some(text.to_owned()), paths);
        assert_eq!(
            told(&["a quoted line", "no/such"]),
            given("a quoted line", 1)
        );
        assert_eq!(
            told(&["name-mismatch", "x=no/such"]),
            given("name-mismatch", 1)
        );
        assert_eq!(told(&["-", "no/such"]), (None, 1));
        assert_eq!(
            told(&["x509:", "unhandled", "."]),
            given("x509: unhandled", 1)
        );
        assert_eq!(told(&["a", ".", "b", "n=."]), given("a . b", 1));
        assert_eq!(told(&["open", "no/such"]), given("open no/such", 0));
    }
}
