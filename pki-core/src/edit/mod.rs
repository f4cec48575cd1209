//! Changes to files that people own: a flag of a static pod's manifest, a setting of harbor.cfg or of a registry's
//! configuration.
//!
//! Every function takes a file's text and returns the text to be. Comments, order, quoting, indentation, line ends and
//! whatever else the file holds stay byte for byte; the result is parsed again and compared with what was meant. Nothing
//! is read or written here (docs/decisions/0010-edits.md).

pub mod harbor_cfg;
mod list;
pub mod manifest;
pub mod registry_config;
mod splice;
mod tree;

use thiserror::Error;

/// Why a file is left as it is.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EditError {
    /// The parser stops.
    #[error("line {line} is not valid YAML, or nothing is there")]
    Malformed {
        /// Where.
        line: u32,
    },
    /// One place of the text counts at several.
    #[error("line {line} has an anchor or an alias, so that one line counts in several places")]
    Anchor {
        /// Where.
        line: u32,
    },
    /// A key stands in a mapping twice; which one counts differs by reader.
    #[error("line {line} gives `{key}` a second time")]
    Twice {
        /// Where.
        line: u32,
        /// The key.
        key: String,
    },
    /// No container runs the program.
    #[error("no container runs {program}")]
    NoProgram {
        /// The program.
        program: String,
    },
    /// The program's words are a shell's.
    #[error("line {line} starts {program} from a shell's script")]
    Shell {
        /// Where.
        line: u32,
        /// The program.
        program: String,
    },
    /// What was to be changed or removed is not there.
    #[error("`{what}` is not in it")]
    Absent {
        /// A flag or a setting.
        what: String,
    },
    /// A way of writing it that is not followed.
    #[error("line {line} is written in a way that is not followed: {what}")]
    Unusual {
        /// Where.
        line: u32,
        /// What is unusual.
        what: &'static str,
    },
    /// The text that would have been written does not read as it should.
    #[error("the changed text would not read as `{what}` and otherwise as before")]
    Differs {
        /// What was meant.
        what: String,
    },
}

impl EditError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "correct the file, then run the command again",
            Self::Absent { .. } | Self::NoProgram { .. } => {
                "look whether the file is the one that is in use"
            }
            _ => "make this change by hand, then run the command again",
        }
    }
}
