//! Links inside a copy of a node's root, followed as the node would follow them: `/` is the root of the copy, and `..`
//! does not lead out of it.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// What stands at a path.
pub(super) enum Found {
    /// A link, and where it leads.
    Link(PathBuf),
    /// Anything else, or what cannot be told.
    Other,
    /// Nothing.
    Absent,
}

/// What is known of directories on disk, so that each is looked at once.
#[derive(Debug, Default)]
pub(super) struct Directories {
    plain: BTreeSet<OsString>,
    absent: BTreeSet<OsString>,
}

/// The path below `root` that `on_node` leads to, with every link resolved. Where a link leads to something that does not
/// exist, the rest is kept as it is, so that the caller's own attempt to open it says so. `look` says what stands at a
/// path, and is told whether anything follows.
///
/// # Errors
/// When a part does not exist and no link leads to it, or when links lead nowhere.
pub(super) fn below(
    root: &Path,
    on_node: &Path,
    mut look: impl FnMut(&Path, bool) -> Found,
) -> io::Result<PathBuf> {
    let mut pending: VecDeque<OsString> = names(on_node).collect();
    let mut reached = root.to_path_buf();
    let mut depth = 0_usize;
    let mut followed = 0;
    while let Some(name) = pending.pop_front() {
        if name == ".." {
            if depth > 0 {
                depth -= 1;
                reached.pop();
            }
            continue;
        }
        reached.push(&name);
        depth += 1;
        let target = match look(&reached, !pending.is_empty()) {
            Found::Link(target) => target,
            Found::Absent if followed == 0 => return Err(io::ErrorKind::NotFound.into()),
            Found::Other | Found::Absent => continue,
        };
        followed += 1;
        if followed > MOST_LINKS {
            return Err(io::Error::other("too many links, perhaps in a circle"));
        }
        if target.is_absolute() {
            reached = root.to_path_buf();
            depth = 0;
        } else {
            reached.pop();
            depth -= 1;
        }
        for name in names(&target).rev() {
            pending.push_front(name);
        }
    }
    Ok(reached)
}

impl From<Option<PathBuf>> for Found {
    fn from(link: Option<PathBuf>) -> Self {
        link.map_or(Self::Other, Self::Link)
    }
}

impl Directories {
    /// What stands at `path` on disk. A directory that is no link, or is not there, is looked at once.
    pub(super) fn look(&mut self, path: &Path, more_follows: bool) -> Found {
        if self.plain.contains(path.as_os_str()) {
            return Found::Other;
        }
        if self.absent.contains(path.as_os_str()) {
            return Found::Absent;
        }
        let (found, known) = match std::fs::read_link(path) {
            Ok(target) => return Found::Link(target),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (Found::Absent, &mut self.absent)
            }
            Err(_) => (Found::Other, &mut self.plain),
        };
        if more_follows {
            known.insert(path.as_os_str().to_owned());
        }
        found
    }
}

/// `path` without `.` and `..`, as an absolute path.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for name in names(path) {
        if name == ".." {
            clean.pop();
        } else {
            clean.push(name);
        }
    }
    clean
}

fn names(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}

/// Linux follows 40 links in one path (path_resolution(7)).
const MOST_LINKS: usize = 40;
