//! Files to be: what a command wants on disk, before anything is written.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// All files of one command. They are written together or not at all (see [`crate::write`]).
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// In the order in which they become visible.
    pub files: Vec<BundleFile>,
}

/// One file to be.
#[derive(Clone)]
pub struct BundleFile {
    /// Where it goes.
    pub path: PathBuf,
    /// Permission bits: 0600 for keys and kubeconfigs, 0644 for certificates, as kubeadm sets them.
    pub mode: u32,
    /// What it is, for people: `certificate`, `key`, `kubeconfig`.
    pub what: &'static str,
    /// Whether an existing file may be replaced (with a backup) or is a reason to refuse.
    pub existing: Existing,
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

impl fmt::Debug for BundleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleFile")
            .field("path", &self.path)
            .field("mode", &format_args!("{:04o}", self.mode))
            .field("what", &self.what)
            .field("existing", &self.existing)
            .field("bytes", &self.contents.len())
            .finish()
    }
}
