//! What is printed where.
//!
//! 1. The answer goes to stdout: the report, or with `--format json` one JSON object and nothing else.
//! 2. Failures and hints go to stderr, so that a pipe carries the answer alone.
//! 3. Colour only where a stream is a terminal and NO_COLOR is unset, unless `--color` decides; the text is made
//!    with its styles and stripped here, so nothing else knows.
//! 4. A reader that goes away (`hapki audit … | head`) ends the command quietly with exit code 0.
//! 5. Text is as wide as the terminal, 110 columns at most; into a pipe, 110.
//! 6. Nothing is printed by any other file.

use std::fmt;
use std::io;
use std::io::Write;

use anstream::AutoStream;
use anstream::ColorChoice;
use anstyle::AnsiColor;
use anstyle::Style;

use crate::args::Color;
use crate::failure::Failure;

/// Both streams, with the colour decision made.
pub(crate) struct Terminal {
    stdout: AutoStream<io::Stdout>,
    stderr: AutoStream<io::Stderr>,
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
        }
    }

    /// Prints a part of the answer as it is, without adding a newline.
    pub(crate) fn print(&mut self, text: impl fmt::Display) -> Result<(), Failure> {
        self.stdout
            .write_all(text.to_string().as_bytes())
            .map_err(|error| Failure::output(&error))
    }

    /// Says why the command did not answer, and what to do.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        let Some((sentence, hint)) = failure.message() else {
            return;
        };
        self.note("error", AnsiColor::Red, &sentence);
        if let Some(hint) = hint {
            self.note("hint", AnsiColor::Cyan, &hint);
        }
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
        self.stdout.flush().map_err(|error| Failure::output(&error))
    }

    fn note(&mut self, what: &str, color: AnsiColor, text: &dyn fmt::Display) {
        let style = Style::new().bold().fg_color(Some(color.into()));
        // When stderr is gone there is nobody left to tell.
        let _ = writeln!(self.stderr, "{style}{what}{style:#}: {text}");
    }
}

/// Longer lines are hard to read, however wide the window is.
const WIDEST: usize = 110;
