//! gzip, one member after another (RFC 1952), so that nothing of what was unpacked stays in memory: flate2's own reader
//! of gzip drops its window of 32 KiB as it is, and the window may hold a key.

use std::io;
use std::io::BufRead;
use std::io::Read;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zeroize::Zeroizing;

/// What a gzip file begins with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Unpacks while it is read. A cut is [`io::ErrorKind::UnexpectedEof`], anything else that is wrong is
/// [`io::ErrorKind::InvalidData`].
pub(super) struct Gunzip<R> {
    inflate: DeflateDecoder<Input<R>>,
    crc: Crc,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FirstHeader,
    NextHeader,
    Body,
    Ended,
}

impl<R: Read> Gunzip<R> {
    pub(super) fn new(packed: R) -> Self {
        Self {
            inflate: DeflateDecoder::new(Input::new(packed)),
            crc: Crc::new(),
            state: State::FirstHeader,
        }
    }

    /// Whether another member begins. Zeros may fill up the last block of a tape.
    fn header(&mut self) -> io::Result<bool> {
        let input = self.inflate.get_mut();
        match input.fill_buf()?.first() {
            None | Some(0) if self.state == State::NextHeader => return Ok(false),
            _ => {}
        }
        let [one, two, method, flags] = input.bytes()?;
        if [one, two] != MAGIC {
            return Err(invalid("something that is not gzip follows"));
        }
        if method != DEFLATE || flags & RESERVED != 0 {
            return Err(invalid("it is packed in a way that gzip does not know"));
        }
        let [_time @ .., _extra_flags, _system] = input.bytes::<6>()?;
        if flags & EXTRA != 0 {
            for _ in 0..u16::from_le_bytes(input.bytes()?) {
                input.bytes::<1>()?;
            }
        }
        for text in [NAME, COMMENT] {
            while flags & text != 0 && input.bytes()? != [0] {}
        }
        if flags & HEADER_CRC != 0 {
            input.bytes::<2>()?;
        }
        Ok(true)
    }

    fn trailer(&mut self) -> io::Result<()> {
        let input = self.inflate.get_mut();
        let sum = u32::from_le_bytes(input.bytes()?);
        let length = u32::from_le_bytes(input.bytes()?);
        if (sum, length) != (self.crc.sum(), self.crc.amount()) {
            return Err(invalid("its checksum is wrong"));
        }
        self.crc.reset();
        self.inflate.reset_data();
        Ok(())
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() && self.state != State::Ended {
            if self.state != State::Body {
                self.state = if self.header()? {
                    State::Body
                } else {
                    State::Ended
                };
                continue;
            }
            let read = self.inflate.read(buffer).map_err(|error| {
                if error.kind() == io::ErrorKind::InvalidInput {
                    invalid("its packed data makes no sense")
                } else {
                    error
                }
            })?;
            if read > 0 {
                self.crc.update(buffer.get(..read).unwrap_or_default());
                return Ok(read);
            }
            self.trailer()?;
            self.state = State::NextHeader;
        }
        Ok(0)
    }
}

impl<R> Drop for Gunzip<R> {
    /// Fills the window with zeros.
    fn drop(&mut self) {
        self.inflate.reset_data();
    }
}

/// Reads ahead into a buffer that is wiped.
struct Input<R> {
    packed: R,
    buffer: Zeroizing<Vec<u8>>,
    used: usize,
    filled: usize,
}

impl<R: Read> Input<R> {
    fn new(packed: R) -> Self {
        Self {
            packed,
            buffer: Zeroizing::new(vec![0; AHEAD]),
            used: 0,
            filled: 0,
        }
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.filled {
            self.filled = self.packed.read(&mut self.buffer)?;
            self.used = 0;
        }
        Ok(self.buffer.get(self.used..self.filled).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.used = (self.used + amount).min(self.filled);
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

const AHEAD: usize = 64 << 10;
const DEFLATE: u8 = 8;
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;
