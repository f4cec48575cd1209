//! Files with their modes and, where the test runs as root, their owners.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Who the containers of Harbor run as from 1.6 on.
pub const HARBOR: u32 = 10000;

/// Writes a file of whoever runs the test.
pub fn put(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Writes a file of that user and its group, where this process may give files away.
pub fn put_for(uid: u32, path: &Path, text: &str, mode: u32) {
    put(path, text, mode);
    give(uid, path);
}

/// Gives a file to that user and its group, where this process may.
pub fn give(uid: u32, path: &Path) {
    match std::os::unix::fs::chown(path, Some(uid), Some(uid)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
        result => result.unwrap(),
    }
}

/// `cp -p`.
pub fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    give(fs::metadata(from).unwrap().uid(), to);
}

pub fn give_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Gives a file another content; mode and owner stay.
pub fn refill(path: &Path, text: &str) {
    if path.exists() {
        fs::write(path, text).unwrap();
    } else {
        put(path, text, 0o600);
    }
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Removes every file below a directory and leaves the directories, as `prepare` does (`delfile`).
pub fn remove_files_below(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            remove_files_below(&path);
        } else {
            fs::remove_file(path).unwrap();
        }
    }
}
