//! Files to be: what a command wants on disk, before anything is written.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// All files of one command. They are written together or not at all (see [`crate::write`]).
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// In the order in which they become visible.
    pub files: Vec<BundleFile>,
    /// Files that go, with a backup, once all others are in place.
    pub removals: Vec<Removal>,
}

/// One file to be.
#[derive(Clone)]
pub struct BundleFile {
    /// Where it goes.
    pub path: PathBuf,
    /// Permission bits: 0600 for keys and kubeconfigs, 0644 for certificates, as kubeadm sets them. A file that is
    /// replaced keeps its own, unless `attributes` says otherwise.
    pub mode: u32,
    /// What it is, for people: `certificate`, `key`, `kubeconfig`.
    pub what: &'static str,
    /// Whether an existing file may be replaced (with a backup) or is a reason to refuse.
    pub existing: Existing,
    /// Whose the file is.
    pub attributes: Attributes,
    /// How a file that is there gets its new bytes.
    pub manner: Manner,
    /// The bytes; wiped when dropped, for they may be a private key.
    pub contents: Zeroizing<Vec<u8>>,
}

/// What to do when the file is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse the whole command.
    Refuse,
    /// Keep a backup of the old file and replace it.
    Replace,
}

/// Owner and permission bits of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attributes {
    /// A file that is replaced keeps owner, group and bits, less what others were allowed on a private one. A new one
    /// belongs to whoever runs the command and is subject to the umask.
    #[default]
    Keep,
    /// Exactly the file's `mode`, and this owner.
    Set {
        /// `None`: the owner of the file that is replaced, or whoever runs the command.
        owner: Option<Owner>,
    },
}

/// Whom a file is to belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nothing is written when it cannot be given: the file's reader runs as this user.
    Required {
        /// The user's number.
        uid: u32,
        /// The group's number.
        gid: u32,
    },
    /// Where it cannot be given, the file is written all the same and the caller is told.
    Wished {
        /// The user's number.
        uid: u32,
        /// The group's number.
        gid: u32,
    },
}

/// How a file that is there gets its new bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// A new file takes its name: readers see the old bytes or the new ones. A container that has this one file
    /// mounted keeps the old one until it is started again.
    #[default]
    Rename,
    /// The bytes of the same inode are changed: a container that has this one file mounted sees them at once, and a
    /// reader of that moment may see half of them.
    InPlace,
}

/// A file that goes. One that is not there is gone already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Its path.
    pub path: PathBuf,
    /// What it is, for people.
    pub what: &'static str,
}

impl BundleFile {
    /// A file with the usual attributes, renamed into place.
    pub fn new(
        path: impl Into<PathBuf>,
        mode: u32,
        what: &'static str,
        existing: Existing,
        contents: Vec<u8>,
    ) -> Self {
        Self {
            path: path.into(),
            mode,
            what,
            existing,
            attributes: Attributes::Keep,
            manner: Manner::Rename,
            contents: Zeroizing::new(contents),
        }
    }
}

impl fmt::Debug for BundleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleFile")
            .field("path", &self.path)
            .field("mode", &format_args!("{:04o}", self.mode))
            .field("what", &self.what)
            .field("existing", &self.existing)
            .field("attributes", &self.attributes)
            .field("manner", &self.manner)
            .field("bytes", &self.contents.len())
            .finish()
    }
}
