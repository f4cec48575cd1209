//! A change as its journal tells it: every file's step, with what is needed to go on or back. No bytes of any file.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::x509::crypto;
use crate::x509::hex;

/// All that one run changes. Every tree's journal holds the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) schema: String,
    /// Names the backups: the time, and a number where there was another run of that second.
    pub(super) run: String,
    /// The `.hapki` of every tree.
    pub(super) state_dirs: Vec<FilePath>,
    /// Directories that are missing and made, outermost first.
    pub(super) directories: Vec<FilePath>,
    /// In the order in which they are taken.
    pub(super) steps: Vec<Step>,
}

/// What happens to one file. Every path is absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step {
    /// There is none yet.
    Create {
        path: FilePath,
        temporary: FilePath,
        new: Digest,
    },
    /// The temporary file takes its name.
    Replace {
        path: FilePath,
        temporary: FilePath,
        /// A second name of the old file, by which it comes back without needing space.
        held: FilePath,
        backup: FilePath,
        old: Old,
        new: Digest,
    },
    /// Its bytes are changed; the temporary file keeps the new ones, and their mode and owner, until the end.
    Overwrite {
        path: FilePath,
        temporary: FilePath,
        backup: FilePath,
        old: Old,
        new: Digest,
    },
    /// It goes.
    Remove {
        path: FilePath,
        held: FilePath,
        backup: FilePath,
        old: Old,
    },
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Old {
    pub(super) sha256: Digest,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Digest(String);

/// A path in JSON: text where it is UTF-8, else its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct FilePath(pub(super) PathBuf);

impl Step {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Create { path, .. }
            | Self::Replace { path, .. }
            | Self::Overwrite { path, .. }
            | Self::Remove { path, .. } => path,
        }
    }

    pub(super) fn directory(&self) -> &Path {
        self.path().parent().unwrap_or(Path::new("/"))
    }

    pub(super) fn temporary(&self) -> Option<&Path> {
        match self {
            Self::Create { temporary, .. }
            | Self::Replace { temporary, .. }
            | Self::Overwrite { temporary, .. } => Some(temporary),
            Self::Remove { .. } => None,
        }
    }

    pub(super) fn held(&self) -> Option<&Path> {
        match self {
            Self::Replace { held, .. } | Self::Remove { held, .. } => Some(held),
            Self::Create { .. } | Self::Overwrite { .. } => None,
        }
    }

    pub(super) fn backup(&self) -> Option<&Path> {
        match self {
            Self::Replace { backup, .. }
            | Self::Overwrite { backup, .. }
            | Self::Remove { backup, .. } => Some(backup),
            Self::Create { .. } => None,
        }
    }

    pub(super) fn old(&self) -> Option<&Old> {
        match self {
            Self::Replace { old, .. } | Self::Overwrite { old, .. } | Self::Remove { old, .. } => {
                Some(old)
            }
            Self::Create { .. } => None,
        }
    }
}

impl Change {
    /// Whether anything but hapki's own notes has a backup, so that there is something to take back.
    pub(super) fn replaces(&self) -> bool {
        let has_backup = |step: &Step| step.backup().is_some() && !self.is_own(step.path());
        self.steps.iter().any(has_backup)
    }

    /// Whether all files are hapki's own notes.
    pub(super) fn is_note(&self) -> bool {
        self.steps.iter().all(|step| self.is_own(step.path()))
    }

    /// Whether the file is one of hapki's own notes.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        self.state_dirs
            .iter()
            .any(|state_dir| path.starts_with(state_dir))
    }
}

impl Digest {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(hex(&crypto::sha256(bytes)))
    }
}

impl std::ops::Deref for FilePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for FilePath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Serialize for FilePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_seq(self.0.as_os_str().as_encoded_bytes()),
        }
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(PathBuf),
            Bytes(Vec<u8>),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(path) => path,
            Written::Bytes(bytes) => OsString::from_vec(bytes).into(),
        }))
    }
}

/// What a journal says it is.
pub(super) const SCHEMA: &str = "hapki.journal/v1";

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_path_that_is_not_utf8_comes_back_as_it_was() {
        for bytes in [&b"/etc/\xff\xfe/a.key"[..], b"/etc/a b\n.key"] {
            let path = FilePath(OsStr::from_bytes(bytes).into());
            let text = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<FilePath>(&text).unwrap(), path);
        }
    }
}
