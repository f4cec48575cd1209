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

/// Standard input, or what a shell passes for `<(command)`: read to its end, though it is no regular file. What this
/// process writes to would not end before it does.
fn is_stream(file: &Path) -> bool {
    let descriptor = ["/dev/fd", "/proc/self/fd"]
        .iter()
        .find_map(|directory| file.strip_prefix(directory).ok()?.to_str());
    is_stdin(file)
        || descriptor.is_some_and(|number| {
            number
                .parse::<u32>()
                .is_ok_and(|number| ![1, 2].contains(&number))
        })
}

/// Standard input, which can be read once only.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file == OsStr::new("-") || file == Path::new("/dev/stdin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_descriptors_are_streams() {
        for (path, stream) in [
            ("-", true),
            ("/dev/stdin", true),
            ("/dev/fd/63", true),
            ("/proc/self/fd/0", true),
            ("/dev/fd/1", false),
            ("/dev/fd", false),
            ("/dev/fd/../zero", false),
            ("/proc/self/fd/../../kmsg", false),
        ] {
            assert_eq!(is_stream(Path::new(path)), stream, "{path}");
        }
    }
}
