//! Two trees on disk and a change of both, to be killed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;
use time::macros::datetime;

use super::Settings;
use super::WriteError;
use super::Written;
use super::faults;
use super::faults::Fault;
use super::lock;
use super::write;
use crate::bundle::Attributes;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::bundle::Manner;
use crate::bundle::Removal;

/// What a bundle does with one file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Does {
    Create,
    CreateInNewDirectory,
    Replace,
    ReplaceThroughLink,
    Overwrite,
    OverwriteLonger,
    Remove,
}

/// Two trees side by side and a change of both.
pub(super) struct World {
    pub(super) root: tempfile::TempDir,
    pub(super) bundle: Bundle,
}

impl World {
    pub(super) fn new(acts: &[(usize, Does)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut bundle = Bundle::default();
        for tree in TREES {
            fs::create_dir(root.path().join(tree)).unwrap();
        }
        for (number, (tree, does)) in acts.iter().enumerate() {
            let tree = root.path().join(TREES[*tree]);
            let path = tree.join(format!("{number}.key"));
            add(&mut bundle, &tree, path, *does);
        }
        Self { root, bundle }
    }

    pub(super) fn state_dirs(&self) -> Vec<PathBuf> {
        TREES
            .map(|tree| self.root.path().join(tree).join(".hapki"))
            .to_vec()
    }

    pub(super) fn write(&self) -> Result<Written, WriteError> {
        let state_dirs = self.state_dirs();
        write(
            &self.bundle,
            &Settings {
                now: NOW,
                state_dirs,
            },
        )
    }

    /// The files of both trees with their bits; those of hapki's own apart.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        walk(self.root.path(), &mut found);
        found
    }

    pub(super) fn others(&self) -> BTreeMap<PathBuf, String> {
        let is_ours = |path: &Path| path.to_string_lossy().contains(".hapki");
        self.files()
            .into_iter()
            .filter(|(path, _)| !is_ours(path))
            .collect()
    }

    /// No lock, no journal, no temporary file.
    pub(super) fn assert_clean(&self, what: &str) {
        drop(lock(&self.state_dirs()).unwrap());
        let files = self.files();
        for path in files.keys() {
            let own = path.ancestors().find(|above| above.ends_with(".hapki"));
            let last = own.map(|own| own.join("last.json"));
            let is_kept = last.is_some_and(|last| files.contains_key(&last))
                && !path.ends_with("lock")
                && !path.to_string_lossy().contains("journal");
            let is_ours = path.to_string_lossy().contains("hapki");
            assert!(is_kept || !is_ours, "{what}: {} is left", path.display());
        }
    }
}

fn add(bundle: &mut Bundle, tree: &Path, path: PathBuf, does: Does) {
    let old = format!("old bytes of {}", path.display());
    let new = format!("new of {}", path.display());
    let mut file = BundleFile::new(&path, 0o600, "key", Existing::Replace, new.into_bytes());
    match does {
        Does::Create => {}
        Does::CreateInNewDirectory => {
            file.path = tree.join("made/deep").join(path.file_name().unwrap())
        }
        Does::Replace => put(&path, 0o640, &old),
        Does::ReplaceThroughLink => {
            put(&path.with_extension("real"), 0o600, &old);
            symlink(path.with_extension("real"), &path).unwrap();
        }
        Does::Overwrite | Does::OverwriteLonger => {
            put(&path, 0o600, &old);
            file.manner = Manner::InPlace;
            file.attributes = Attributes::Set { owner: None };
            file.mode = 0o440;
            if matches!(does, Does::OverwriteLonger) {
                file.contents.extend([b'n'; 5000]);
            }
        }
        Does::Remove => {
            put(&path, 0o644, &old);
            bundle.removals.push(Removal { path, what: "key" });
            return;
        }
    }
    bundle.files.push(file);
}

fn put(path: &Path, mode: u32, contents: &str) {
    fs::write(path, contents).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let mode = metadata.mode() & 0o7777;
        if metadata.is_dir() {
            walk(&path, found);
            found.insert(path, format!("{mode:o}"));
        } else {
            let contents = fs::read_to_string(&path).unwrap();
            found.insert(path, format!("{mode:o} {contents}"));
        }
    }
}

/// Kills the change before its step `kill`; the states that it may end in are those before and after it.
pub(super) struct Killed {
    pub(super) world: World,
    pub(super) old: BTreeMap<PathBuf, String>,
    pub(super) ended: bool,
}

pub(super) fn kill(acts: &[(usize, Does)], step: usize) -> Killed {
    let world = World::new(acts);
    let old = world.others();
    let (_, steps) = faults::with(step, Fault::Killed, || drop(world.write()));
    Killed {
        world,
        old,
        ended: steps <= step,
    }
}

pub(super) fn written(acts: &[(usize, Does)]) -> Vec<String> {
    let world = World::new(acts);
    world.write().unwrap();
    world.assert_clean("written");
    relative(&world, world.others())
}

/// Comparable between two worlds.
pub(super) fn relative(world: &World, files: BTreeMap<PathBuf, String>) -> Vec<String> {
    let root = world.root.path().to_string_lossy().into_owned();
    let shown =
        |(path, what): (PathBuf, String)| format!("{} {what}", path.display()).replace(&root, "");
    files.into_iter().map(shown).collect()
}

const NOW: OffsetDateTime = datetime!(2026-01-31 23:59:59 UTC);
const TREES: [&str; 2] = ["a", "b"];
