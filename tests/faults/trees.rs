//! The trees of three masters, and changes to their files.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

/// A tree for each node, by its name, below one directory.
#[derive(Clone, Debug)]
pub struct Trees {
    pub root: PathBuf,
    pub nodes: [(&'static str, &'static str); 3],
}

impl Trees {
    /// A node's file; `path` is where the node has it: `/etc/kubernetes/admin.conf`.
    pub fn file(&self, node: &str, path: &str) -> PathBuf {
        self.root.join(node).join(path.trim_start_matches('/'))
    }

    pub fn pki(&self, node: &str, file: &str) -> PathBuf {
        self.file(node, &format!("{PKI}/{file}"))
    }

    /// `{wudang}` stands for that node's address.
    pub fn filled(&self, text: &str) -> String {
        let fill = |text: String, (name, address): &(&str, &str)| {
            text.replace(&format!("{{{name}}}"), address)
        };
        self.nodes.iter().fold(text.to_owned(), fill)
    }

    /// Replaces every `from` in a file, which must hold it, and keeps the file's mode.
    pub fn edit(&self, node: &str, path: &str, from: &str, to: &str) {
        let file = self.file(node, path);
        let (from, to) = (self.filled(from), self.filled(to));
        let text = read(&file);
        assert!(text.contains(&from), "{} lacks {from}", file.display());
        put(&file, &text.replace(&from, &to), mode(&file));
    }

    /// Puts the text of a file anew, its mode as it was.
    pub fn rewrite(&self, node: &str, path: &str, text: &str) {
        let file = self.file(node, path);
        put(&file, text, mode(&file));
    }

    pub fn write(&self, node: &str, path: &str, text: &str, mode: u32) {
        put(&self.file(node, path), &self.filled(text), mode);
    }

    pub fn remove(&self, node: &str, path: &str) {
        fs::remove_file(self.file(node, path)).unwrap();
    }

    pub fn copy(&self, from: &str, to: &str, path: &str) {
        fs::copy(self.file(from, path), self.file(to, path)).unwrap();
    }

    pub fn set_mode(&self, node: &str, path: &str, mode: u32) {
        fs::set_permissions(self.file(node, path), Permissions::from_mode(mode)).unwrap();
    }
}

pub fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

pub fn put(file: &Path, text: &str, mode: u32) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// Copies a directory; files keep their modes.
pub fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_all(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode()
}

pub const PKI: &str = "/etc/kubernetes/pki";
