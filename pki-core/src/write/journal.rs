//! The journal of a change, the same in every tree that it touches.
//!
//! Its name says which way the change goes: `staging.json` while no file is visible, `journal.json` forward,
//! `undo.json` back. All are renamed forward before the first file becomes visible and back before the first one is
//! put back, and the renaming is durable before either begins. So where one of them says forward, every other one may
//! as well: all is prepared, and nothing has been taken back. Turning around needs no space.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::write::change::Change;
use crate::write::change::SCHEMA;
use crate::write::disk;
use crate::write::error::WriteError;

/// Which way an interrupted change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Nothing is visible yet, so what was prepared is removed.
    Nowhere,
    Forward,
    Back,
}

/// A journal that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) direction: Direction,
    pub(super) change: Change,
}

/// Writes the journals, so that whatever is made from now on is known; no file has been touched.
pub(super) fn begin(change: &Change) -> Result<(), WriteError> {
    let text = text(change);
    for state_dir in &change.state_dirs {
        let unnamed = state_dir.join(UNNAMED);
        let refused = refused(&unnamed);
        disk::remove(&unnamed)
            .and_then(|()| disk::create_filled(&unnamed, 0o600, text.as_bytes()))
            .and_then(|()| disk::rename(&unnamed, &state_dir.join(STAGING)))
            .map_err(refused)?;
        disk::sync_directory(state_dir)?;
    }
    Ok(())
}

/// From here on the change will be finished.
pub(super) fn turn_forward(change: &Change) -> Result<(), WriteError> {
    turn(change, STAGING, FORWARD)
}

/// From here on the change will be undone.
pub(super) fn turn_back(change: &Change) -> Result<(), WriteError> {
    turn(change, FORWARD, BACK)
}

/// The change is finished: its journals become the record of the last change, by which it can be taken back.
pub(super) fn finish(change: &Change) -> Result<(), WriteError> {
    for state_dir in &change.state_dirs {
        let (journal, last) = (state_dir.join(FORWARD), state_dir.join(LAST));
        // What only made files leaves no trace, unless an earlier change would pass for the last one.
        let is_told = change.replaces() || fs::symlink_metadata(&last).is_ok();
        let outcome = match is_told && !change.is_note() {
            true => rename_if_there(&journal, &last),
            false => disk::remove(&journal),
        };
        outcome.map_err(refused(&journal))?;
    }
    Ok(())
}

/// The change is undone: its journals go.
pub(super) fn forget(change: &Change) -> Result<(), WriteError> {
    for state_dir in &change.state_dirs {
        for journal in [STAGING, BACK].map(|name| state_dir.join(name)) {
            disk::remove(&journal).map_err(refused(&journal))?;
        }
    }
    Ok(())
}

/// What a killed run may have left of a journal that it had only begun to write.
pub(super) fn remove_unnamed(state_dir: &Path) {
    let _ = disk::remove(&state_dir.join(UNNAMED));
}

/// The journals in `state_dirs`, by their names alone.
pub(super) fn names(state_dirs: &[PathBuf]) -> Vec<PathBuf> {
    let named = |state_dir: &PathBuf| [FORWARD, BACK, STAGING].map(|name| state_dir.join(name));
    let there = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    state_dirs.iter().flat_map(named).filter(there).collect()
}

/// Reads the journal at `path`; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Found>, WriteError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if disk::is_absent(&error) => return Ok(None),
        Err(source) => {
            return Err(WriteError::Io {
                doing: "read",
                path: path.to_path_buf(),
                source,
            });
        }
    };
    let bad = |why: &str| WriteError::BadJournal {
        journal: path.to_path_buf(),
        why: why.to_owned(),
    };
    let change: Change =
        serde_json::from_slice(&bytes).map_err(|error| bad(&format!("cannot be read: {error}")))?;
    if change.schema != SCHEMA {
        return Err(bad("was written by another release of hapki"));
    }
    let direction = match () {
        () if path.ends_with(FORWARD) => Direction::Forward,
        () if path.ends_with(BACK) => Direction::Back,
        () => Direction::Nowhere,
    };
    Ok(Some(Found {
        path: path.to_path_buf(),
        direction,
        change,
    }))
}

fn turn(change: &Change, from: &str, to: &str) -> Result<(), WriteError> {
    for state_dir in &change.state_dirs {
        let journal = state_dir.join(from);
        rename_if_there(&journal, &state_dir.join(to)).map_err(refused(&journal))?;
        disk::sync_directory(state_dir)?;
    }
    Ok(())
}

fn rename_if_there(from: &Path, to: &Path) -> Result<(), io::Error> {
    match disk::rename(from, to) {
        Err(error) if disk::is_absent(&error) => Ok(()),
        outcome => outcome,
    }
}

fn text(change: &Change) -> String {
    // Nothing in it can fail to be written: no map has keys that are no strings.
    serde_json::to_string_pretty(change).unwrap_or_default() + "\n"
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_path_buf();
    |source| WriteError::Io {
        doing: "write the journal",
        path,
        source,
    }
}

/// A change of which no file is visible yet.
const STAGING: &str = "staging.json";
/// A change that will be finished.
const FORWARD: &str = "journal.json";
/// A change that will be undone.
const BACK: &str = "undo.json";
/// The last change of a tree in which anything was ever replaced.
pub(super) const LAST: &str = "last.json";
/// A journal on its way to a name.
const UNNAMED: &str = "journal.new";
