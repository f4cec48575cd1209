//! Runs the built `hapki` in an environment scrubbed of everything that could change what it prints.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::process::Output;

/// `hapki` with nothing inherited but what a process needs, in the given directory.
pub(crate) fn hapki_in(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hapki"));
    command.env_clear().current_dir(directory);
    command
}

/// Runs `hapki` with these arguments in an empty directory of its own.
#[track_caller]
pub(crate) fn hapki<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    let directory = tempfile::tempdir().unwrap();
    hapki_in(directory.path()).args(args).output().unwrap()
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The exit code; a signal is a failure of the test.
#[track_caller]
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by a signal")
}

/// Standard output as the one JSON object it must be.
#[track_caller]
pub(crate) fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("stdout is one JSON object")
}

/// Where `hapki` is found under its own name, and `sh` needs nothing else.
pub(crate) fn bin_directory() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_hapki")).parent().unwrap()
}
