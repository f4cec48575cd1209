//! A file named on the command line, `-` and what a shell passes for `<(command)` included.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;

use pki_core::source;
use zeroize::Zeroizing;

/// The bytes, or in one sentence why there are none.
pub(crate) fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let read = if file == OsStr::new("-") {
        source::read_stream(io::stdin())
    } else if is_stream(file) {
        File::open(file)
            .map_err(Into::into)
            .and_then(source::read_stream)
    } else {
        source::read_file(file).map(|document| document.bytes)
    };
    read.map_err(|problem| problem.to_string())
}

/// Standard input, or what a shell passes for `<(command)`: read to its end, though it is no regular file.
fn is_stream(file: &Path) -> bool {
    is_stdin(file) || file.starts_with("/dev/fd") || file.starts_with("/proc/self/fd")
}

/// Standard input, which can be read once only.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file == OsStr::new("-") || file == Path::new("/dev/stdin")
}
