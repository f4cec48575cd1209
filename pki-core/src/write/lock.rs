//! One run at a time: the lock of each tree that a command changes.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::write::disk;
use crate::write::error::WriteError;
use crate::write::journal;

/// The locks of one run, held until they are dropped. The kernel lets go of them when the process ends, however it
/// ends. Dropping them takes away the lock files and every directory that was made for them and is empty.
#[derive(Debug)]
pub struct Locks {
    state_dirs: Vec<PathBuf>,
    held: Vec<Held>,
    /// Directories that were made for locks or journals, outermost first.
    made: Vec<PathBuf>,
}

#[derive(Debug)]
struct Held {
    file: File,
    path: PathBuf,
    identity: (u64, u64),
}

/// Locks every directory of `state_dirs`, the `.hapki` of each tree that is to be changed; what is missing is made. A
/// directory that is named twice, or reached by two paths, is locked once.
///
/// # Errors
/// [`WriteError::Locked`] when another run holds one; or why a lock cannot be taken. No lock is held then.
pub fn lock(state_dirs: &[PathBuf]) -> Result<Locks, WriteError> {
    let mut locks = Locks {
        state_dirs: Vec::new(),
        held: Vec::new(),
        made: Vec::new(),
    };
    let mut sorted = Vec::with_capacity(state_dirs.len());
    for state_dir in state_dirs {
        sorted.push(absolute(state_dir)?);
    }
    sorted.sort();
    sorted.dedup();
    for state_dir in sorted {
        locks.add(state_dir)?;
    }
    Ok(locks)
}

impl Locks {
    /// The directories that are locked, absolute, each once.
    pub fn state_dirs(&self) -> &[PathBuf] {
        &self.state_dirs
    }

    /// Directories that were made for the locks, outermost first.
    pub(super) fn made(&self) -> &[PathBuf] {
        &self.made
    }

    /// Takes these directories away at the end as well, where they are empty.
    pub(super) fn adopt<'a>(&mut self, directories: impl Iterator<Item = &'a Path>) {
        self.made.extend(directories.map(Path::to_path_buf));
    }

    pub(super) fn add(&mut self, state_dir: PathBuf) -> Result<(), WriteError> {
        for _ in 0..ATTEMPTS {
            match self.try_add(&state_dir)? {
                Attempt::Locked(held) => {
                    self.held.push(held);
                    self.state_dirs.push(state_dir);
                    return Ok(());
                }
                Attempt::HeldAlready => return Ok(()),
                Attempt::Again => {}
            }
        }
        Err(WriteError::Locked {
            path: state_dir.join(LOCK),
        })
    }

    fn try_add(&mut self, state_dir: &Path) -> Result<Attempt, WriteError> {
        let path = state_dir.join(LOCK);
        let refused = |source| WriteError::Io {
            doing: "lock",
            path: path.clone(),
            source,
        };
        let mut made = Vec::new();
        let outcome = disk::make_state_dir(state_dir, &mut made).and_then(|()| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).mode(0o600);
            match options.open(&path) {
                // Another run has just ended and taken its directory away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Attempt::Again),
                Err(error) => Err(refused(error)),
                Ok(file) => self.take(file, &path).map_err(|error| match error {
                    TryLockError::WouldBlock => WriteError::Locked { path: path.clone() },
                    TryLockError::Error(error) => refused(error),
                }),
            }
        });
        match outcome {
            Ok(Attempt::Locked(held)) => {
                self.made.append(&mut made);
                Ok(Attempt::Locked(held))
            }
            other => {
                disk::remove_empty(made.iter().rev());
                other
            }
        }
    }

    fn take(&self, file: File, path: &Path) -> Result<Attempt, TryLockError> {
        let metadata = file.metadata().map_err(TryLockError::Error)?;
        let identity = (metadata.dev(), metadata.ino());
        if self.held.iter().any(|held| held.identity == identity) {
            return Ok(Attempt::HeldAlready);
        }
        file.try_lock()?;
        // The run that held it may have taken the file away between our opening and locking it: then this is a lock
        // on a file without a name, and the next run would make another.
        let named = fs::metadata(path).ok();
        if named.map(|found| (found.dev(), found.ino())) != Some(identity) {
            return Ok(Attempt::Again);
        }
        Ok(Attempt::Locked(Held {
            file,
            path: path.to_path_buf(),
            identity,
        }))
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        for held in self.held.drain(..).rev() {
            if let Some(state_dir) = held.path.parent() {
                journal::remove_unnamed(state_dir);
            }
            // Taken away before it is let go: whoever opened it meanwhile finds that it has no name, and tries again.
            let _ = disk::remove(&held.path);
            drop(held.file);
            disk::remove_empty(held.path.parent().into_iter());
        }
        disk::remove_empty(self.made.iter().rev());
    }
}

enum Attempt {
    Locked(Held),
    HeldAlready,
    Again,
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, WriteError> {
    std::path::absolute(path).map_err(|source| WriteError::Io {
        doing: "find",
        path: path.to_path_buf(),
        source,
    })
}

const LOCK: &str = "lock";
/// How often a lock is tried that other runs take away while it is being taken.
const ATTEMPTS: u32 = 100;
