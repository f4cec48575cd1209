//! What an interrupted run left, finished or undone.

use std::fmt;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::write::back;
use crate::write::change::Change;
use crate::write::error::WriteError;
use crate::write::forward;
use crate::write::forward::Progress;
use crate::write::journal;
use crate::write::journal::Direction;
use crate::write::journal::Found;
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
    /// Finishes or undoes what an interrupted run left in the locked trees; nothing where none was interrupted. Other
    /// trees of the same change are locked as well.
    ///
    /// # Errors
    /// Why it can be neither finished nor undone. No file has been changed then, unless it is
    /// [`WriteError::Interrupted`] or [`WriteError::NotUndone`].
    pub fn recover(&mut self) -> Result<Vec<Recovered>, WriteError> {
        let mut recovered = Vec::new();
        while let Some(path) = journal::names(self.state_dirs()).into_iter().next() {
            // The names were read a moment ago, under the lock.
            let Some(found) = journal::read(&path)? else {
                continue;
            };
            recovered.push(self.recover_one(found)?);
        }
        Ok(recovered)
    }

    fn recover_one(&mut self, found: Found) -> Result<Recovered, WriteError> {
        self.reach(&found)?;
        let Found { change, .. } = &found;
        let mut direction = found.direction;
        for path in journal::names(&paths(change)) {
            let other = journal::read(&path)?;
            match other
                .filter(|other| other.change == *change)
                .map(|other| other.direction)
            {
                Some(Direction::Forward) => direction = Direction::Forward,
                Some(Direction::Back) if direction == Direction::Nowhere => {
                    direction = Direction::Back
                }
                _ => {}
            }
        }
        let ending = match direction {
            Direction::Forward => finish(&found.path, change)?,
            Direction::Back | Direction::Nowhere => {
                let left = match direction {
                    Direction::Nowhere => back::unstage(change),
                    _ => back::undo(change),
                };
                if !left.is_empty() {
                    let cause = WriteError::Unfinished {
                        journal: found.path,
                    };
                    return Err(WriteError::NotUndone {
                        cause: Box::new(cause),
                        left,
                    });
                }
                journal::forget(change)?;
                self.adopt(change.directories.iter().map(AsRef::as_ref));
                Ending::Undone
            }
        };
        let files = change.steps.iter().map(|step| step.path().to_path_buf());
        Ok(Recovered {
            ending,
            files: files.collect(),
        })
    }

    /// Sees that the whole change can be reached, and locks all of its trees.
    pub(super) fn reach(&mut self, found: &Found) -> Result<(), WriteError> {
        let bad = |why: String| WriteError::BadJournal {
            journal: found.path.clone(),
            why,
        };
        let change = &found.change;
        let here = found
            .path
            .parent()
            .and_then(|state_dir| fs::canonicalize(state_dir).ok());
        let is_here = |state_dir: &PathBuf| fs::canonicalize(state_dir).ok() == here;
        if !paths(change).iter().any(is_here) {
            let elsewhere = change.state_dirs.first().map(AsRef::<Path>::as_ref);
            let elsewhere = elsewhere.unwrap_or(Path::new("nowhere")).display();
            return Err(bad(format!("is a copy: it belongs to {elsewhere}")));
        }
        let trees = change
            .state_dirs
            .iter()
            .filter_map(|state_dir| state_dir.parent());
        let directories = change.steps.iter().map(|step| step.directory());
        let will_be_made =
            |directory: &Path| change.directories.iter().any(|made| **made == *directory);
        for directory in trees.chain(directories) {
            // One that was missing until the lock made it is not the one that the change was about.
            let was_there = directory.is_dir() && !self.made().iter().any(|made| made == directory);
            if !was_there && !will_be_made(directory) {
                return Err(bad(format!(
                    "names {}, which is not there",
                    directory.display()
                )));
            }
        }
        for state_dir in paths(change) {
            self.add(state_dir)?;
        }
        Ok(())
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
pub fn interrupted(state_dirs: &[PathBuf]) -> Vec<PathBuf> {
    journal::names(state_dirs)
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match self.ending {
            Ending::Finished => "finished",
            Ending::Undone => "undone",
        };
        write!(f, "an earlier change was interrupted; it is {ending} now")?;
        let named = self.files.iter().take(MOST_NAMED);
        for (number, path) in named.enumerate() {
            let before = if number == 0 { ": " } else { ", " };
            write!(f, "{before}{}", path.display())?;
        }
        match self.files.len().saturating_sub(MOST_NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// All files are looked at before the first is changed: where one is someone else's, none is.
fn finish(journal: &Path, change: &Change) -> Result<Ending, WriteError> {
    let mut states = Vec::with_capacity(change.steps.len());
    for step in &change.steps {
        states.push((step, forward::progress(step)?));
    }
    let is_complete = states
        .iter()
        .all(|(_, state)| matches!(state, Progress::Done | Progress::Past));
    let is_foreign = |state: Progress| match is_complete {
        // What was changed after all was done is nobody's business here.
        true => false,
        false => matches!(state, Progress::Foreign | Progress::Past),
    };
    if let Some((step, _)) = states.iter().find(|(_, state)| is_foreign(*state)) {
        return Err(WriteError::Stuck {
            path: step.path().to_path_buf(),
            backup: step.backup().map(Path::to_path_buf),
            journal: journal.to_path_buf(),
        });
    }
    let mut pending = states
        .iter()
        .filter(|(_, state)| *state == Progress::Pending);
    let outcome = pending
        .try_for_each(|(step, _)| forward::take(step))
        .and_then(|()| forward::settle(change))
        .and_then(|()| forward::clear(change))
        .and_then(|()| journal::finish(change));
    match outcome {
        Ok(()) => Ok(Ending::Finished),
        Err(cause) => Err(WriteError::Interrupted {
            cause: Box::new(cause),
            journal: journal.to_path_buf(),
        }),
    }
}

fn paths(change: &Change) -> Vec<PathBuf> {
    change
        .state_dirs
        .iter()
        .map(|path| path.0.clone())
        .collect()
}

/// A list with more of them is not read.
const MOST_NAMED: usize = 4;
