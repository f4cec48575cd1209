//! The one error that reaches the user: a sentence that names the file or option and what is wrong, and apart from
//! it what to do.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// Why a command did not answer.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    hint: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The question could not be answered or the change was refused; nothing has been written.
    Refused,
    /// Interrupted midway; the next run finishes or undoes.
    Interrupted,
    /// Whoever read our output has gone away, which is their right.
    ReaderGone,
}

impl Failure {
    /// The question could not be answered, or the change was refused: exit code 2.
    pub(crate) fn refused(sentence: impl fmt::Display) -> Self {
        Self {
            sentence: sentence.to_string(),
            hint: None,
            kind: Kind::Refused,
        }
    }

    /// Interrupted midway: exit code 3.
    pub(crate) fn interrupted(sentence: impl fmt::Display) -> Self {
        Self {
            kind: Kind::Interrupted,
            ..Self::refused(sentence)
        }
    }

    /// The output could not be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe {
            Kind::ReaderGone
        } else {
            Kind::Refused
        };
        Self {
            kind,
            ..Self::refused(format_args!("standard output: {error}"))
        }
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Adds what to do, where that is known.
    pub(crate) fn hint_if(self, hint: Option<impl fmt::Display>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// What is wrong, then what to do.
    pub(crate) fn message(&self) -> Option<(&str, Option<&str>)> {
        (self.kind != Kind::ReaderGone).then_some((&self.sentence, self.hint.as_deref()))
    }

    /// The exit code that stands for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            Kind::Refused => ExitCode::from(2),
            Kind::Interrupted => ExitCode::from(3),
            Kind::ReaderGone => ExitCode::SUCCESS,
        }
    }
}
