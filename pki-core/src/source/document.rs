//! One file's bytes, or why they cannot be had.

use std::fmt;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::place::FileStatus;
use crate::place::Place;

/// A file that was read.
#[derive(Clone)]
pub struct Document {
    /// Where; its node is the one given with the PATH, or empty.
    pub place: Place,
    /// The bytes; wiped when dropped, for they may be a private key.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What the source has of its mode, its owner and where it lies.
    pub status: FileStatus,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadProblem {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// A link that leads to where no file is.
    #[error("is a link to {target}, which is not there", target = .target.display())]
    DanglingLink {
        /// Where the link leads, on the node.
        target: PathBuf,
    },
    /// Not a regular file.
    #[error("is {what}, not a file")]
    NotAFile {
        /// `a directory`, `a FIFO`, `a socket`, `a device`.
        what: &'static str,
    },
    /// Larger than [`SIZE_LIMIT`].
    #[error("is larger than {} MiB, which no certificate, key or configuration file is; it was not read", SIZE_LIMIT >> 20)]
    TooLarge,
    /// A directory in which nothing is recognised.
    #[error("is a directory that holds neither certificates nor Kubernetes files")]
    NothingKnown,
    /// An archive of which nothing, or only the beginning, was read.
    #[error("{what}: {}", lost(.after.as_deref()))]
    Damaged {
        /// `is an archive that is cut short`.
        what: String,
        /// The last member that was read.
        after: Option<PathBuf>,
    },
    /// Not in the part of a damaged archive that was read.
    #[error("is not in what could be read of the archive")]
    CutOff,
    /// In an archive, and of no kind that an audit reads.
    #[error("{why}; it was not read")]
    PassedOver {
        /// `is binary`.
        why: &'static str,
    },
    /// Packed with gzip, and no tar archive.
    #[error("is packed with gzip, and what is in it is no tar archive: unpack it first")]
    NotAnArchive,
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Refused(String),
}

/// Files longer than this many bytes are not read: a certificate has about 1 KiB, a kubeconfig about 6 KiB.
pub const SIZE_LIMIT: u64 = 16 << 20;

/// Reads one regular file.
pub(super) fn read(here: &Path) -> Result<(Zeroizing<Vec<u8>>, FileStatus), ReadProblem> {
    let (file, metadata) = open(here)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(ReadProblem::TooLarge);
    }
    Ok((bytes, status(&metadata)))
}

/// Reads to the end. The bytes may be a key, so every buffer that turns out too small is wiped, which a `Vec` that grows
/// by itself does not do.
pub(super) fn read_stream(mut stream: impl Read) -> Result<Zeroizing<Vec<u8>>, ReadProblem> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut chunk = Zeroizing::new([0; 8 << 10]);
    loop {
        let read = match stream.read(chunk.as_mut_slice()) {
            Ok(0) => return Ok(bytes),
            Ok(read) => chunk.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let length = bytes.len() + read.len();
        if length as u64 > SIZE_LIMIT {
            return Err(ReadProblem::TooLarge);
        }
        if length > bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * length));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(read);
    }
}

/// The kind of file is looked at before it is opened, for opening a device can do something.
fn open(here: &Path) -> Result<(File, Metadata), ReadProblem> {
    check_kind(&std::fs::metadata(here)?)?;
    let (file, metadata) = open_unwaiting(here)?;
    check_size(&metadata)?;
    Ok((file, metadata))
}

/// Waits for nobody: not for the writer of a FIFO that has taken the file's place meanwhile, and not for the next line
/// of /proc/kmsg, which says that it is a file.
pub(super) fn open_unwaiting(here: &Path) -> Result<(File, Metadata), ReadProblem> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(here)?;
    let metadata = file.metadata()?;
    check_kind(&metadata)?;
    Ok((file, metadata))
}

pub(super) fn check_size(metadata: &Metadata) -> Result<(), ReadProblem> {
    if metadata.len() > SIZE_LIMIT {
        return Err(ReadProblem::TooLarge);
    }
    Ok(())
}

pub(super) fn check_kind(metadata: &Metadata) -> Result<(), ReadProblem> {
    match other_than_file(metadata) {
        Some(what) => Err(ReadProblem::NotAFile { what }),
        None => Ok(()),
    }
}

impl ReadProblem {
    /// Whether the file is not there, rather than there and unreadable.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::DanglingLink { .. })
    }

    /// What is missing may be what the link `here` points to.
    pub(super) fn or_dangling_link(self, here: &Path) -> Self {
        match (self, std::fs::read_link(here)) {
            (Self::Missing, Ok(target)) => Self::DanglingLink { target },
            (problem, _) => problem,
        }
    }
}

impl From<io::Error> for ReadProblem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Refused("permission denied".to_owned()),
            io::ErrorKind::NotADirectory => {
                Self::Refused("a part of its path is not a directory".to_owned())
            }
            _ => {
                let text = error.to_string();
                let words = text.split(" (os error").next().unwrap_or_default();
                Self::Refused(words.to_lowercase())
            }
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("place", &self.place)
            .field("bytes", &self.bytes.len())
            .field("status", &self.status)
            .finish()
    }
}

fn lost(after: Option<&Path>) -> String {
    after.map_or("nothing of it could be read".to_owned(), |after| {
        format!("nothing after {} was read", after.display())
    })
}

fn other_than_file(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_file() {
        return None;
    }
    if metadata.is_dir() {
        return Some("a directory");
    }
    Some(special(metadata))
}

#[cfg(unix)]
fn special(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: &Metadata) -> &'static str {
    "something else"
}

#[cfg(unix)]
fn status(metadata: &Metadata) -> FileStatus {
    use std::os::unix::fs::MetadataExt;
    FileStatus {
        mode: Some(metadata.mode() & 0o7777),
        owner: Some((metadata.uid(), metadata.gid())),
        inode: Some((metadata.dev(), metadata.ino())),
    }
}

#[cfg(not(unix))]
fn status(_: &Metadata) -> FileStatus {
    FileStatus::default()
}
