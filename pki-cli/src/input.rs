//! A file named on the command line, `-` and what a shell passes for `<(command)` included.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

use pki_core::source;
use zeroize::Zeroizing;

/// The bytes, or in one sentence why there are none.
pub(crate) fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    if is_stream(file) {
        return stream(file)
            .map(Into::into)
            .map_err(|error| format!("cannot be read: {error}"));
    }
    source::read_file(file)
        .map(|document| document.bytes)
        .map_err(|problem| problem.to_string())
}

/// Standard input, or what a shell passes for `<(command)`: read to its end, though it is no regular file.
fn is_stream(file: &Path) -> bool {
    is_stdin(file) || file.starts_with("/dev/fd") || file.starts_with("/proc/self/fd")
}

/// Standard input, which can be read once only.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file == OsStr::new("-") || file == Path::new("/dev/stdin")
}

fn stream(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == OsStr::new("-") {
        io::stdin()
            .take(source::SIZE_LIMIT)
            .read_to_end(&mut bytes)?;
    } else {
        File::open(file)?
            .take(source::SIZE_LIMIT)
            .read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
