//! Why files could not be written.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why a bundle was not written. Nothing has changed on disk, unless it is [`WriteError::NotUndone`].
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Files are there already and may not be replaced.
    #[error("{} already there", list(.0))]
    Exists(Vec<PathBuf>),
    /// Two files of one command have the same path.
    #[error("{0} would be written twice by one command")]
    Twice(PathBuf),
    /// The target is no regular file.
    #[error("{path} is {what}, not a file")]
    NotAFile {
        /// The target.
        path: PathBuf,
        /// `a directory`, `a FIFO`.
        what: &'static str,
    },
    /// The target is a link to nothing.
    #[error("{path} is a link to {target}, which does not exist")]
    DanglingLink {
        /// The target.
        path: PathBuf,
        /// What it points to.
        target: PathBuf,
    },
    /// A part of the path above the target is no directory.
    #[error("{parent} is not a directory, so {path} cannot be written")]
    NotADirectory {
        /// The target.
        path: PathBuf,
        /// What should be a directory.
        parent: PathBuf,
    },
    /// The path does not end in the name of a file.
    #[error("`{0}` is not the path of a file")]
    NoFileName(PathBuf),
    /// Someone else changed or made the file while this command ran.
    #[error("{0} was changed by someone else while it was being replaced")]
    ChangedMeanwhile(PathBuf),
    /// The owner of a replaced file cannot be kept.
    #[error("{path} belongs to user {uid}, group {gid}, and the new file cannot be given to them")]
    Owner {
        /// The file that was to be replaced.
        path: PathBuf,
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
    },
    /// The owner that a file is to have cannot be given.
    #[error("{path} has to belong to user {uid}, group {gid}, and only root can give it to them")]
    OwnerNeeded {
        /// The file.
        path: PathBuf,
        /// The user as whom its reader runs.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// Another run holds the tree.
    #[error("another hapki is changing this tree: {} is locked", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
    },
    /// An earlier run was interrupted, and a file is neither as it found it nor as it was to leave it.
    #[error(
        "an interrupted change is neither finished nor undone, for {} is not as that run left it (its journal: {})",
        path.display(),
        journal.display()
    )]
    Stuck {
        /// The file.
        path: PathBuf,
        /// The copy of what it was before that run, where there is one.
        backup: Option<PathBuf>,
        /// The journal that says what was to be done.
        journal: PathBuf,
    },
    /// A run was interrupted and left its journal, which has to be seen to first.
    #[error("an earlier change was interrupted: {}", journal.display())]
    Unfinished {
        /// The journal.
        journal: PathBuf,
    },
    /// The journal of an interrupted run cannot be followed.
    #[error("the journal of an interrupted change, {}, {why}", journal.display())]
    BadJournal {
        /// The journal.
        journal: PathBuf,
        /// Why, as the end of the sentence.
        why: String,
    },
    /// What is to be taken back has been changed since.
    #[error("{0} has been changed since the change that is to be taken back")]
    ChangedSince(PathBuf),
    /// What is to be taken back has no backup any more.
    #[error("{path} cannot be taken back: its backup, {}, is gone or not what it was", backup.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// The backup.
        backup: PathBuf,
    },
    /// Trees that are to be taken back together were last changed by different runs.
    #[error("{} and {} are records of different changes", one.display(), other.display())]
    DifferentChanges {
        /// One record.
        one: PathBuf,
        /// Another.
        other: PathBuf,
    },
    /// Some files are changed and others not; the journal is kept.
    #[error("{cause}; the change is interrupted midway, and its journal is kept: {}", journal.display())]
    Interrupted {
        /// Why it could not go on.
        cause: Box<WriteError>,
        /// The journal.
        journal: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} {path}: {}", says(.source))]
    Io {
        /// `write`, `read`, `make the directory`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Writing failed, and so did putting everything back.
    #[error("{cause}; and not everything could be put back: {}", lines(.left))]
    NotUndone {
        /// Why writing failed.
        cause: Box<WriteError>,
        /// What is left.
        left: Vec<Undone>,
    },
}

/// Something that could not be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// What is left on disk.
    pub path: PathBuf,
    /// What it is and what would put it right.
    pub what: String,
}

impl WriteError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Exists(_) => {
                "give --force to replace what is there (a backup is kept), or write elsewhere with --out"
                    .into()
            }
            Self::Twice(_) => "ask for it once".into(),
            Self::NotAFile { path, .. } => format!(
                "move {} away, or write elsewhere with --out",
                path.display()
            ),
            Self::DanglingLink { path, .. } => format!(
                "remove the link {}, or make what it points to",
                path.display()
            ),
            Self::NotADirectory { parent, .. } => format!(
                "move {} away, or write elsewhere with --out",
                parent.display()
            ),
            Self::NoFileName(_) => "give the path of a file".into(),
            Self::ChangedMeanwhile(_) => {
                "see who else writes there, then run the command again".into()
            }
            Self::Owner { .. } | Self::OwnerNeeded { .. } => "run the command as root".into(),
            Self::Locked { .. } => "wait until it has ended, then run the command again".into(),
            Self::Stuck { backup, journal, .. } => stuck_hint(backup.as_deref(), journal),
            Self::ChangedSince(_) | Self::NoBackup { .. } => {
                "restore by hand what is wanted, from .hapki/backup".into()
            }
            Self::DifferentChanges { .. } => "take them back one tree at a time".into(),
            Self::BadJournal { journal, .. } => format!(
                "see that its files are right, remove {}, then run the command again",
                journal.display()
            ),
            Self::Unfinished { .. } | Self::Interrupted { .. } => {
                "run the command again: it finishes that first".into()
            }
            Self::Io { source, path, .. } => hint_for(source, path),
            Self::NotUndone { .. } => "put these right by hand, then run the command again".into(),
        }
    }
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path.display(), self.what)
    }
}

fn stuck_hint(backup: Option<&Path>, journal: &Path) -> String {
    let keep = format!("remove {} to leave all as it is", journal.display());
    match backup {
        Some(backup) => format!(
            "bring back what it was ({}) and run the command again, or {keep}",
            backup.display()
        ),
        None => format!("move the file away and run the command again, or {keep}"),
    }
}

fn hint_for(error: &io::Error, path: &Path) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "run the command as a user who may write there (root on a master), or write elsewhere with --out".into()
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("remount the filesystem of {} for writing, or write elsewhere with --out", path.display())
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("make room on the filesystem of {}, then run the command again", path.display())
        }
        _ => "mend this, then run the command again".into(),
    }
}

/// The system's words without `(os error 13)`.
fn says(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the filesystem is read-only".into(),
        io::ErrorKind::StorageFull => "no space left on the device".into(),
        io::ErrorKind::QuotaExceeded => "the disk quota is used up".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error")
                .next()
                .unwrap_or_default()
                .to_lowercase()
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    let named = paths.get(..MOST_NAMED).unwrap_or(paths);
    let named: Vec<String> = named
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    match (named.join(", "), paths.len()) {
        (one, 0 | 1) => format!("{one} is"),
        (all, 2..=MOST_NAMED) => format!("{all} are"),
        (first, count) => format!("{first} and {} more are", count - MOST_NAMED),
    }
}

fn lines(left: &[Undone]) -> String {
    left.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// `hapki init` may meet a hundred files that are there; nobody reads them all in one sentence.
const MOST_NAMED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_few_of_many_files() {
        let said = |count: usize| {
            let paths = (1..=count).map(|number| PathBuf::from(number.to_string()));
            WriteError::Exists(paths.collect()).to_string()
        };
        assert_eq!(said(1), "1 is already there");
        assert_eq!(said(4), "1, 2, 3, 4 are already there");
        assert_eq!(said(54), "1, 2, 3, 4 and 50 more are already there");
    }
}
