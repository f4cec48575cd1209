//! A bundle on its way to disk: temporary files, then visible ones, and the way back.

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;
use time::UtcOffset;
use zeroize::Zeroizing;

use crate::place::OWN_DIR;
use crate::write::Settings;
use crate::write::Written;
use crate::write::WrittenFile;
use crate::write::disk;
use crate::write::error::Undone;
use crate::write::error::WriteError;
use crate::write::target::Target;

/// What was made so far.
pub(super) struct Staged<'a> {
    settings: &'a Settings,
    stamp: String,
    /// Directories that were made, outermost first.
    directories: Vec<PathBuf>,
    files: Vec<StagedFile>,
}

/// One file, in the order of the targets.
#[derive(Default)]
struct StagedFile {
    temporary: Option<PathBuf>,
    backup: Option<PathBuf>,
    /// The second name of the file that is replaced.
    held: Option<PathBuf>,
    visible: bool,
}

impl<'a> Staged<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            stamp: stamp(settings.now),
            directories: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Writes everything that is not yet visible, and makes it durable.
    pub(super) fn stage(&mut self, targets: &[Target<'_>]) -> Result<(), WriteError> {
        let mut open = Vec::with_capacity(targets.len());
        for target in targets {
            disk::make_directories(&target.directory, 0o755, &mut self.directories)?;
            let mut staged = StagedFile::default();
            let outcome = self.stage_one(target, &mut staged);
            self.files.push(staged);
            open.push(outcome?);
        }
        // All written first, then all synced: the first sync carries most of the others' bytes with it.
        for (target, file) in targets.iter().zip(open) {
            file.sync_all()
                .map_err(|source| refused("write", target, source))?;
        }
        Ok(())
    }

    /// Makes the files visible, in order, and their names durable.
    pub(super) fn commit(&mut self, targets: &[Target<'_>]) -> Result<(), WriteError> {
        for (target, staged) in targets.iter().zip(&mut self.files) {
            let Some(temporary) = &staged.temporary else {
                continue;
            };
            if !target.is_unchanged() {
                return Err(raced(target));
            }
            if target.replaces.is_some() {
                fs::rename(temporary, &target.path)
                    .map_err(|source| refused("replace", target, source))?;
                staged.visible = true;
            } else {
                match disk::publish(temporary, &target.path) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(raced(target));
                    }
                    outcome => outcome.map_err(|source| refused("write", target, source))?,
                }
                staged.visible = true;
                disk::remove(temporary).map_err(|source| refused("write", target, source))?;
            }
            staged.temporary = None;
        }
        self.sync_directories(targets)
    }

    /// Lets go of what was held for the way back.
    pub(super) fn finish(self, targets: &[Target<'_>]) -> Written {
        let mut files = Vec::with_capacity(targets.len());
        for (target, staged) in targets.iter().zip(self.files) {
            if let Some(held) = &staged.held {
                // The names that it had are gone already; what would remain has hapki in its name.
                let _ = disk::remove(held);
            }
            files.push(WrittenFile {
                path: target.file.path.clone(),
                through_link: (target.path != target.file.path).then(|| target.path.clone()),
                backup: staged.backup,
                owner_not_given: None,
            });
        }
        Written {
            files,
            directories: self.directories,
        }
    }

    /// Puts everything back and returns `cause`, or what it has become.
    pub(super) fn undo(self, targets: &[Target<'_>], cause: WriteError) -> WriteError {
        let mut left = Vec::new();
        for (target, staged) in targets.iter().zip(&self.files).rev() {
            let outcome = match (&staged.held, staged.visible) {
                (Some(held), true) => fs::rename(held, &target.path).map_err(|error| {
                    let what = format!("the old file is {}: {error}", held.display());
                    (&target.path, what)
                }),
                (Some(held), false) => {
                    disk::remove(held).map_err(|error| (held, error.to_string()))
                }
                (None, true) => {
                    disk::remove(&target.path).map_err(|error| (&target.path, error.to_string()))
                }
                (None, false) => Ok(()),
            };
            left.extend(outcome.err().map(undone));
            for path in staged.temporary.iter().chain(&staged.backup) {
                left.extend(
                    disk::remove(path)
                        .err()
                        .map(|error| undone((path, error.to_string()))),
                );
            }
        }
        for directory in self.directories.iter().rev() {
            // Not empty: someone else uses it already.
            let _ = fs::remove_dir(directory);
        }
        match left.is_empty() {
            true => cause,
            false => WriteError::NotUndone {
                cause: Box::new(cause),
                left,
            },
        }
    }

    fn stage_one(
        &mut self,
        target: &Target<'_>,
        staged: &mut StagedFile,
    ) -> Result<File, WriteError> {
        let mode = target.mode();
        let created = if target.replaces.is_some() {
            0o600
        } else {
            mode
        };
        let (temporary, file) = self
            .fresh(&target.directory, |path| {
                disk::create(path, created, &target.file.contents)
            })
            .map_err(|source| refused("write", target, source))?;
        staged.temporary = Some(temporary);
        let Some(old) = &target.replaces else {
            return Ok(file);
        };
        disk::give(&file, old.uid, old.gid, mode).map_err(|_| WriteError::Owner {
            path: target.path.clone(),
            uid: old.uid,
            gid: old.gid,
        })?;
        self.back_up(target, staged)?;
        let (held, ()) = self
            .fresh(&target.directory, |path| disk::hold(&target.path, path))
            .map_err(|source| refused("keep a second name for", target, source))?;
        staged.held = Some(held);
        Ok(file)
    }

    /// Copies what will be replaced. A second name would not do: its bits could not be tightened without tightening
    /// those of the file that is still in use.
    fn back_up(&mut self, target: &Target<'_>, staged: &mut StagedFile) -> Result<(), WriteError> {
        let old = fs::read(&target.path)
            .map(Zeroizing::new)
            .map_err(|source| refused("read", target, source))?;
        let mode = match target.is_private() {
            true => 0o600,
            false => target.mode(),
        };
        for attempt in 0..ATTEMPTS {
            let path = self.backup_path(target, attempt)?;
            if let Some(directory) = path.parent() {
                disk::make_directories(directory, 0o700, &mut self.directories)?;
            }
            let outcome = disk::create(&path, mode, &old);
            if matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
                continue;
            }
            let failed = |source| WriteError::Io {
                doing: "write the backup",
                path: path.clone(),
                source,
            };
            let file = outcome.map_err(failed)?;
            staged.backup = Some(path.clone());
            return file.sync_all().map_err(failed);
        }
        Err(refused(
            "back up",
            target,
            io::ErrorKind::AlreadyExists.into(),
        ))
    }

    fn backup_path(&self, target: &Target<'_>, attempt: u32) -> Result<PathBuf, WriteError> {
        let run = match attempt {
            0 => self.stamp.clone(),
            _ => format!("{}-{attempt}", self.stamp),
        };
        let (state_dir, name) = match self.settings.state_dirs.first() {
            None => (
                target.directory.join(OWN_DIR),
                PathBuf::from(target.path.file_name().unwrap_or_default()),
            ),
            Some(state_dir) => {
                let absolute = std::path::absolute(&target.path)
                    .map_err(|source| refused("find", target, source))?;
                (
                    state_dir.clone(),
                    absolute
                        .strip_prefix("/")
                        .unwrap_or(&absolute)
                        .to_path_buf(),
                )
            }
        };
        Ok(state_dir.join("backup").join(run).join(name))
    }

    /// Calls `make` with names in `directory` until one is free.
    fn fresh<T>(
        &self,
        directory: &Path,
        make: impl Fn(&Path) -> Result<T, io::Error>,
    ) -> Result<(PathBuf, T), io::Error> {
        for attempt in 0..ATTEMPTS {
            let path = directory.join(format!(
                ".hapki-{}-{}-{attempt}.tmp",
                self.stamp,
                self.files.len()
            ));
            match make(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                outcome => return outcome.map(|made| (path, made)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn sync_directories(&self, targets: &[Target<'_>]) -> Result<(), WriteError> {
        let backups = self
            .files
            .iter()
            .filter_map(|file| file.backup.as_deref()?.parent());
        let mut directories: BTreeSet<&Path> = targets
            .iter()
            .map(|target| target.directory.as_path())
            .collect();
        directories.extend(backups);
        directories.extend(self.directories.iter().filter_map(|made| made.parent()));
        for directory in directories {
            let directory = if directory.as_os_str().is_empty() {
                Path::new(".")
            } else {
                directory
            };
            disk::sync_directory(directory).map_err(|source| WriteError::Io {
                doing: "sync the directory",
                path: directory.to_path_buf(),
                source,
            })?;
        }
        Ok(())
    }
}

fn raced(target: &Target<'_>) -> WriteError {
    match target.replaces {
        Some(_) => WriteError::ChangedMeanwhile(target.path.clone()),
        None => WriteError::Exists(vec![target.file.path.clone()]),
    }
}

fn refused(doing: &'static str, target: &Target<'_>, source: io::Error) -> WriteError {
    WriteError::Io {
        doing,
        path: target.file.path.clone(),
        source,
    }
}

fn undone((path, what): (&PathBuf, String)) -> Undone {
    Undone {
        path: path.clone(),
        what,
    }
}

/// `20260131T235959Z`: sorts by time and needs no quoting.
fn stamp(now: OffsetDateTime) -> String {
    let now = now.to_offset(UtcOffset::UTC);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second()
    )
}

/// How many names are tried before giving up: what killed runs of the same second may have left behind.
const ATTEMPTS: u32 = 100;
