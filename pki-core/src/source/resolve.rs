//! Links inside a copy of a node's root, followed as the node would follow them: `/` is the root of the copy, and `..`
//! does not lead out of it.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// The path below `root` that `on_node` leads to, with every link resolved. Where a part does not exist, the rest is
/// kept as it is, so that the caller's own attempt to open it says so. `link` says where a link leads, and is told whether
/// anything follows.
pub(super) fn below(
    root: &Path,
    on_node: &Path,
    mut link: impl FnMut(&Path, bool) -> Option<PathBuf>,
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
        let Some(target) = link(&reached, !pending.is_empty()) else {
            continue;
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

/// Where a link on disk leads. `plain` remembers directories that are no links.
pub(super) fn link_on_disk(
    path: &Path,
    more_follows: bool,
    plain: &mut BTreeSet<OsString>,
) -> Option<PathBuf> {
    if plain.contains(path.as_os_str()) {
        return None;
    }
    let target = std::fs::read_link(path).ok();
    if target.is_none() && more_follows {
        plain.insert(path.as_os_str().to_owned());
    }
    target
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
