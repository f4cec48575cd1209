//! What the files say, one file here for each format. Every fact has its place; a broken file is a fact as well.

pub mod hosts;

use crate::place::Place;

/// A file that could not be read or understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where.
    pub place: Place,
    /// What is wrong with it, as the rest of a sentence that begins with the path: `is a FIFO, not a file`.
    pub problem: String,
    /// What kind of trouble it is.
    pub kind: BrokenKind,
    /// Where a component was told to use it; `None` where nothing needs it.
    pub told_at: Option<Place>,
}

/// What kind of trouble a file makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BrokenKind {
    /// It is not there, and a component was told to use it.
    Missing,
    /// It is there and could not be read.
    Unreadable,
    /// It was read and not understood.
    Malformed,
}
