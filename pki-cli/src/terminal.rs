//! What is printed where.
//!
//! 1. The answer goes to stdout: the report, or with `--format json` one JSON object and nothing else.
//! 2. Failures and hints go to stderr, so that a pipe carries the answer alone.
//! 3. Colour only where a stream is a terminal and NO_COLOR is unset, unless `--color` decides; the text is made
//!    with its styles and stripped here, so nothing else knows.
//! 4. A reader that goes away (`hapki audit … | head`) ends the command quietly with exit code 0.
//! 5. Text is as wide as the terminal, 110 columns at most; into a pipe, 110.
//! 6. Exit code 2 says that nothing was written: when a change is made and stdout then fails, that is a warning.
//! 7. Nothing is printed by any other file.

use std::fmt;
use std::io;
use std::io::Write;

use anstream::AutoStream;
use anstream::ColorChoice;
use anstyle::AnsiColor;
use anstyle::Style;
use pki_core::report::Printable;

use crate::args::Color;
use crate::failure::Failure;

/// Both streams, with the colour decision made.
pub(crate) struct Terminal {
    stdout: AutoStream<io::Stdout>,
    stderr: AutoStream<io::Stderr>,
    change: Change,
}

/// What has become of the change that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// None was asked for, or it is not made yet.
    NotMade,
    /// It is made.
    Made,
    /// It is made, and the report of it is lost, which has been said.
    MadeUnreported,
}

impl Terminal {
    /// Decides about colour once, for each stream.
    pub(crate) fn new(color: Color) -> Self {
        let choice = match color {
            // Asks the stream and NO_COLOR, CLICOLOR, TERM.
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            stdout: AutoStream::new(io::stdout(), choice),
            stderr: AutoStream::new(io::stderr(), choice),
            change: Change::NotMade,
        }
    }

    /// Prints a part of the answer as it is, without adding a newline.
    pub(crate) fn print(&mut self, text: impl fmt::Display) -> Result<(), Failure> {
        let outcome = self.stdout.write_all(text.to_string().as_bytes());
        self.printed(outcome)
    }

    /// What was asked for is done: a report of it that cannot be printed does not undo it.
    pub(crate) fn change_is_made(&mut self) {
        self.change = Change::Made;
    }

    /// Says why the command did not answer, and what to do.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        let Some((sentence, hint)) = failure.message() else {
            return;
        };
        self.note("error", AnsiColor::Red, sentence);
        if let Some(hint) = hint {
            self.note("hint", AnsiColor::Cyan, hint);
        }
    }

    /// Says what the answer leaves out.
    pub(crate) fn warn(&mut self, text: impl fmt::Display) {
        self.note("warning", AnsiColor::Yellow, &text.to_string());
    }

    /// How many columns text for people may fill.
    pub(crate) fn width(&self) -> usize {
        match terminal_size::terminal_size_of(io::stdout()) {
            Some((columns, _)) => usize::from(columns.0).min(WIDEST),
            None => WIDEST,
        }
    }

    /// Makes sure that everything printed has arrived.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        let outcome = self.stdout.flush();
        self.printed(outcome)
    }

    fn printed(&mut self, outcome: io::Result<()>) -> Result<(), Failure> {
        let Err(error) = outcome else { return Ok(()) };
        if error.kind() == io::ErrorKind::BrokenPipe || self.change == Change::NotMade {
            return Err(Failure::output(&error));
        }
        if self.change == Change::Made {
            let text = format!("standard output: {error}; the files are written all the same");
            self.note("warning", AnsiColor::Yellow, &text);
            self.change = Change::MadeUnreported;
        }
        Ok(())
    }

    fn note(&mut self, what: &str, color: AnsiColor, text: &str) {
        let style = Style::new().bold().fg_color(Some(color.into()));
        // When stderr is gone there is nobody left to tell.
        let _ = writeln!(self.stderr, "{style}{what}{style:#}: {}", Printable(text));
    }
}

/// Longer lines are hard to read, however wide the window is.
const WIDEST: usize = 110;
