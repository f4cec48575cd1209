//! Counts what is read of an archive, so that a small file that unpacks to a huge one ends with a sentence.

use std::cell::Cell;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

/// What may still be read, and whether the end was reached.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Before the next member begins, or ends.
    now: Cell<u64>,
    /// Of the whole.
    ever: Cell<u64>,
    ended: Cell<bool>,
}

/// A reader that is refused more than is allowed.
pub(super) struct Metered<'a, R> {
    inner: R,
    allowance: &'a Allowance,
}

impl Allowance {
    pub(super) fn new() -> Self {
        Self {
            now: Cell::new(0),
            ever: Cell::new(MOST_UNPACKED),
            ended: Cell::new(false),
        }
    }

    /// Allows the header of a member, long names included, after `skipped` bytes of the last one.
    pub(super) fn header(&self, skipped: u64) {
        self.now.set(skipped.saturating_add(LONGEST_HEADER));
    }

    /// Allows whatever a member holds.
    pub(super) fn content(&self) {
        self.now.set(u64::MAX);
    }

    /// Whether a read found nothing more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    fn exceeded(&self) -> io::Error {
        let what = if self.ever.get() == 0 {
            format!("has more than {} GiB unpacked", MOST_UNPACKED >> 30)
        } else {
            format!("has a name of more than {} KiB", LONGEST_HEADER >> 10)
        };
        io::Error::new(io::ErrorKind::QuotaExceeded, what)
    }
}

impl<'a, R> Metered<'a, R> {
    pub(super) fn new(inner: R, allowance: &'a Allowance) -> Self {
        Self { inner, allowance }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Allowance { now, ever, ended } = self.allowance;
        let most = now.get().min(ever.get()).min(buffer.len() as u64) as usize;
        if most == 0 && !buffer.is_empty() {
            return Err(self.allowance.exceeded());
        }
        let read = self
            .inner
            .read(buffer.get_mut(..most).unwrap_or_default())?;
        now.set(now.get() - read as u64);
        ever.set(ever.get() - read as u64);
        if read == 0 && !buffer.is_empty() {
            ended.set(true);
        }
        Ok(read)
    }
}

impl<R: Seek> Seek for Metered<'_, R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

/// Bytes of one archive that are unpacked, kept or not.
const MOST_UNPACKED: u64 = 16 << 30;
/// Bytes of one member's headers. Linux has no path of more than 4 KiB.
const LONGEST_HEADER: u64 = 256 << 10;
