//! From the bytes of an archive to its members, within limits.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use tar::Entries;
use tar::Entry;
use tar::EntryType;
use tar::Header;
use zeroize::Zeroizing;

use crate::place::FileStatus;
use crate::source::archive::Archive;
use crate::source::archive::Member;
use crate::source::archive::gzip;
use crate::source::archive::gzip::Gunzip;
use crate::source::archive::key;
use crate::source::archive::meter::Allowance;
use crate::source::archive::meter::Metered;
use crate::source::document::ReadProblem;
use crate::source::document::SIZE_LIMIT;
use crate::source::resolve;

/// How much of an archive is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of files.
    pub(super) bytes: usize,
    /// Members, directories on the way to them included.
    pub(super) members: usize,
    /// Bytes of their names.
    pub(super) names: usize,
}

pub(super) fn open(
    path: &Path,
    file: &mut File,
    limits: Limits,
) -> Result<Option<Archive>, ReadProblem> {
    let head = block(&mut *file)?;
    file.rewind()?;
    let allowance = Allowance::new();
    let mut unpacker = Unpacker {
        limits,
        members: BTreeMap::new(),
        kept: 0,
        named: 0,
        last: None,
    };
    let damage = if head.starts_with(&gzip::MAGIC) {
        let mut unpacked = Gunzip::new(file);
        let head = block(&mut unpacked).map_err(|error| damaged(&allowance, &error, None))?;
        if !is_header(&head) {
            return Err(ReadProblem::NotAnArchive);
        }
        let metered = Metered::new(head.as_slice().chain(unpacked), &allowance);
        let mut archive = tar::Archive::new(metered);
        let end = unpacker.all(archive.entries()?, &allowance, false);
        end.and_then(|()| rest(archive.into_inner(), &allowance))
    } else if is_header(&head) {
        let mut archive = tar::Archive::new(Metered::new(file, &allowance));
        let end = unpacker.all(archive.entries_with_seek()?, &allowance, true);
        end.and_then(|()| rest(archive.into_inner(), &allowance))
    } else {
        return Ok(None);
    };
    let damage = damage.map_err(|error| damaged(&allowance, &error, unpacker.last.clone()));
    match damage {
        Err(damage) if unpacker.members.is_empty() => Err(damage),
        damage => Ok(Some(Archive {
            path: path.to_path_buf(),
            members: unpacker.members,
            damage: damage.err(),
        })),
    }
}

/// One block, or less where there is less.
fn block(mut source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut block = Zeroizing::new(Vec::with_capacity(BLOCK as usize + 1));
    source.by_ref().take(BLOCK).read_to_end(&mut block)?;
    Ok(block)
}

/// Whether a block has the checksum of a header (POSIX.1-2017, pax, "ustar Interchange Format"); old archives have no
/// other mark.
fn is_header(block: &[u8]) -> bool {
    let (Some(before), Some(after)) = (block.get(..148), block.get(156..BLOCK as usize)) else {
        return false;
    };
    let sum: u32 = before
        .iter()
        .chain(after)
        .map(|byte| u32::from(*byte))
        .sum();
    let told = Header::from_byte_slice(block).cksum();
    told.is_ok_and(|told| told == sum + 8 * u32::from(b' '))
}

/// What follows the end mark: zeros, and the checksum of gzip.
fn rest(mut source: impl Read, allowance: &Allowance) -> io::Result<()> {
    allowance.content();
    let mut chunk = Zeroizing::new(vec![0; 64 << 10]);
    loop {
        let read = source.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        if chunk.iter().take(read).any(|byte| *byte != 0) {
            return Err(limit("goes on after its end mark"));
        }
    }
}

struct Unpacker {
    limits: Limits,
    members: BTreeMap<OsString, Member>,
    kept: usize,
    named: usize,
    last: Option<PathBuf>,
}

impl Unpacker {
    fn all<R: Read>(
        &mut self,
        mut entries: Entries<'_, R>,
        allowance: &Allowance,
        seeks: bool,
    ) -> io::Result<()> {
        let mut unread = 0;
        loop {
            allowance.header(if seeks { 0 } else { unread });
            let Some(entry) = entries.next() else {
                return if allowance.has_ended() {
                    Err(io::ErrorKind::UnexpectedEof.into())
                } else {
                    Ok(())
                };
            };
            let mut entry = entry?;
            allowance.content();
            unread = stored(&entry)? + 2 * BLOCK;
            let path = resolve::absolute(&entry.path()?);
            let read = self.entry(&mut entry, &key(&path));
            if read.is_ok() {
                self.last = Some(path.strip_prefix("/").unwrap_or(&path).to_path_buf());
            }
            read?;
        }
    }

    fn entry<R: Read>(&mut self, entry: &mut Entry<'_, R>, key: &OsStr) -> io::Result<()> {
        let is_directory = entry.path_bytes().ends_with(b"/");
        let mut damage = Ok(());
        let member = match entry.header().entry_type() {
            EntryType::XGlobalHeader => return Ok(()),
            kind if kind.as_byte() == VOLUME_LABEL => return Ok(()),
            kind if kind.as_byte() == GNU_DIRECTORY => Member::Directory,
            EntryType::Directory => Member::Directory,
            EntryType::Symlink => Member::Link(self.target(entry)?),
            EntryType::Link => self.linked(&self.target(entry)?),
            EntryType::Fifo => not_a_file("a FIFO"),
            EntryType::Char | EntryType::Block => not_a_file("a device"),
            _ if is_directory => Member::Directory,
            _ => self.file(entry, key).unwrap_or_else(|error| {
                damage = Err(error);
                let why = "the archive ends, or is damaged, in the middle of it";
                Member::Unreadable(ReadProblem::Refused(why.to_owned()))
            }),
        };
        self.insert(key, member)?;
        damage
    }

    fn target<R: Read>(&self, entry: &Entry<'_, R>) -> io::Result<PathBuf> {
        let target = entry.link_name()?.unwrap_or_default();
        if target.as_os_str().len() > LONGEST_PATH {
            return Err(limit("has a link with a target of more than 4 KiB"));
        }
        Ok(target.into_owned())
    }

    /// A hard link names a member that came before.
    fn linked(&self, target: &Path) -> Member {
        let target = resolve::absolute(target);
        let member = self.members.get(&key(&target)).cloned();
        member.unwrap_or(Member::Unreadable(ReadProblem::DanglingLink { target }))
    }

    fn file<R: Read>(&mut self, entry: &mut Entry<'_, R>, key: &OsStr) -> io::Result<Member> {
        let size = entry.size();
        if size > SIZE_LIMIT {
            return Ok(Member::Unreadable(ReadProblem::TooLarge));
        }
        if is_bulk(Path::new(key)) {
            return Ok(passed_over("lies where no configuration does"));
        }
        if self.kept + size as usize > self.limits.bytes {
            return Ok(passed_over(
                "comes after more files than are kept of an archive",
            ));
        }
        let mode = entry.header().mode().ok().map(|mode| mode & 0o7777);
        let owner = owner(entry.header());
        let mut bytes = Zeroizing::new(Vec::with_capacity(size as usize + 1));
        entry.take(BINARY).read_to_end(&mut bytes)?;
        if size > BINARY && bytes.contains(&0) && bytes.first() != Some(&DER_SEQUENCE) {
            return Ok(passed_over("is binary"));
        }
        entry.take(size).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.kept += bytes.len();
        Ok(Member::File {
            bytes: Arc::new(bytes),
            status: FileStatus {
                owner,
                mode,
                inode: None,
            },
        })
    }

    /// The last member of a name wins. What stood below it or in the place of its directories goes.
    fn insert(&mut self, key: &OsStr, member: Member) -> io::Result<()> {
        if key.is_empty() {
            return Ok(());
        }
        if key.len() > LONGEST_PATH {
            return Err(limit("has a member with a path of more than 4 KiB"));
        }
        let above = Path::new(key).ancestors().skip(1);
        for path in above.map(Path::as_os_str).filter(|path| !path.is_empty()) {
            if !matches!(self.members.get(path), Some(Member::Directory)) {
                self.put(path, Member::Directory)?;
            }
        }
        let was = self.members.get(key);
        if matches!(was, Some(Member::Directory)) && !matches!(member, Member::Directory) {
            self.remove_below(key);
        }
        self.put(key, member)
    }

    fn remove_below(&mut self, key: &OsStr) {
        let [mut from, mut to] = [key.to_owned(), key.to_owned()];
        from.push("/");
        to.push("0");
        let mut beyond = self.members.split_off(&from);
        self.members.append(&mut beyond.split_off(&to));
    }

    fn put(&mut self, key: &OsStr, member: Member) -> io::Result<()> {
        self.named += key.len();
        if self.members.len() >= self.limits.members || self.named > self.limits.names {
            return Err(limit("has more members than an audit reads"));
        }
        self.members.insert(key.to_owned(), member);
        Ok(())
    }
}

/// The bytes that a member takes in the archive. A sparse file is longer than that.
fn stored<R: Read>(entry: &Entry<'_, R>) -> io::Result<u64> {
    if entry.header().entry_type() == EntryType::GNUSparse {
        return entry.header().entry_size();
    }
    Ok(entry.size())
}

/// Whether a file lies where a machine has many files and none that an audit reads, unless its name is that of one.
fn is_bulk(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    if extension.is_some_and(|extension| READ_ANYWHERE.contains(&extension)) {
        return false;
    }
    let names: Vec<&OsStr> = path.iter().collect();
    BULK.iter().any(|directory| {
        let directory: Vec<&OsStr> = Path::new(directory).iter().collect();
        names.windows(directory.len()).any(|part| part == directory)
    })
}

fn owner(header: &Header) -> Option<(u32, u32)> {
    let number = |told: io::Result<u64>| u32::try_from(told.ok()?).ok();
    Some((number(header.uid())?, number(header.gid())?))
}

fn not_a_file(what: &'static str) -> Member {
    Member::Unreadable(ReadProblem::NotAFile { what })
}

fn passed_over(why: &'static str) -> Member {
    Member::Unreadable(ReadProblem::PassedOver { why })
}

/// A limit that was reached, as the rest of a sentence that begins with the path.
fn limit(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::QuotaExceeded, what)
}

fn damaged(allowance: &Allowance, error: &io::Error, after: Option<PathBuf>) -> ReadProblem {
    let what = match error.kind() {
        io::ErrorKind::QuotaExceeded => error.to_string(),
        io::ErrorKind::UnexpectedEof => CUT_SHORT.to_owned(),
        _ if allowance.has_ended() => CUT_SHORT.to_owned(),
        _ => format!("is an archive that is damaged ({error})"),
    };
    ReadProblem::Damaged { what, after }
}

const CUT_SHORT: &str = "is an archive that is cut short";
const BLOCK: u64 = 512;
/// tar(5) of GNU tar: a dumped directory, the label of a volume.
const GNU_DIRECTORY: u8 = b'D';
const VOLUME_LABEL: u8 = b'V';
/// The tag that a certificate in DER begins with.
const DER_SEQUENCE: u8 = 0x30;
/// Longer files than this are kept only if they are text.
const BINARY: u64 = 64 << 10;
/// PATH_MAX (linux/limits.h).
const LONGEST_PATH: usize = 4096;
/// Where a whole machine has most of its files.
const BULK: &[&str] = &[
    "usr/bin",
    "usr/lib",
    "usr/share",
    "usr/include",
    "usr/src",
    "var/cache",
    "var/log",
    "var/lib/containerd",
    "var/lib/containers",
    "var/lib/docker",
    "var/lib/kubelet/pods",
    "proc",
    "sys",
];
const READ_ANYWHERE: &[&str] = &[
    "cer",
    "cert",
    "cfg",
    "conf",
    "crt",
    "key",
    "kubeconfig",
    "pem",
    "pub",
    "service",
    "toml",
    "yaml",
    "yml",
];
