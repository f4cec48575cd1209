//! Flags in a static pod's manifest (/etc/kubernetes/manifests): added, removed, replaced.
//!
//! The kubelet reads the first document of the file and starts the pod anew by itself when that has changed
//! (k8s.io/kubernetes/pkg/kubelet/config/file.go), so that an edited manifest needs no other restart on its node.

use crate::edit::EditError;
use crate::edit::list;
use crate::edit::splice;
use crate::edit::splice::Splice;
use crate::edit::tree::Node;
use crate::edit::tree::first_document;

/// Adds `flag`, `--name=value`, to the words that start `program`: behind the last flag of that name, else at the end. A
/// text that has the flag already stays as it is.
///
/// # Errors
/// The manifest does not run the program, is no YAML, or is written in a way that is not followed.
pub fn add_flag(text: &str, program: &str, flag: &str) -> Result<String, EditError> {
    let root = first_document(text)?.root;
    let command = Command::of(&root, program)?;
    if command.find(flag).is_some() {
        return Ok(text.to_owned());
    }
    let behind = command.last_named(flag);
    let (splice, style) = list::insert_behind(text, command.list(behind)?, behind.index, flag)?;
    let node = Node::new(flag, style);
    command.apply(text, &splice, behind.list, flag, |items| {
        items.insert(behind.index + 1, node);
    })
}

/// Removes `flag`, `--name=value`, written as one word or as two. A comment on its line goes with it.
///
/// # Errors
/// As [`add_flag`]; the flag is not there.
pub fn remove_flag(text: &str, program: &str, flag: &str) -> Result<String, EditError> {
    let root = first_document(text)?.root;
    let command = Command::of(&root, program)?;
    let Found { name, value } = command.found(flag)?;
    let last = value.unwrap_or(name);
    if last.list != name.list {
        return Err(EditError::Unusual {
            line: command.list(last)?.line,
            what: "a flag in `command` whose value is in `args`",
        });
    }
    let range = name.index..=last.index;
    let splice = list::remove(text, command.list(name)?, &range)?;
    command.apply(text, &splice, name.list, flag, |items| {
        items.drain(range);
    })
}

/// Replaces `old` by `new`, both `--name=value` with one name; quoting and form stay.
///
/// # Errors
/// As [`remove_flag`].
pub fn replace_flag(text: &str, program: &str, old: &str, new: &str) -> Result<String, EditError> {
    let root = first_document(text)?.root;
    let command = Command::of(&root, program)?;
    let found = command.found(old)?;
    let (at, word) = match found.value {
        Some(value) => (value, split(new).1),
        None => (found.name, new),
    };
    let (splice, style) = list::replace(text, command.list(at)?, at.index, word)?;
    let node = Node::new(word, style);
    command.apply(text, &splice, at.list, new, |items| {
        if let Some(item) = items.get_mut(at.index) {
            *item = node;
        }
    })
}

/// The words that start a program: its container's `command`, then its `args`.
struct Command<'a> {
    root: &'a Node,
    container: usize,
    /// From the program on; there is one at least.
    first: (At, &'a Node),
    rest: Vec<(At, &'a Node)>,
    lists: [Option<&'a Node>; 2],
}

/// A word: in which list, and the how manieth of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct At {
    list: usize,
    index: usize,
}

/// A flag, and its value where that is a word of its own.
struct Found {
    name: At,
    value: Option<At>,
}

impl<'a> Command<'a> {
    fn of(root: &'a Node, program: &str) -> Result<Self, EditError> {
        let mut shell = None;
        let containers = match root.get("spec")? {
            Some(spec) => spec.get("containers")?,
            None => None,
        };
        for (container, node) in containers.map_or(&[][..], Node::items).iter().enumerate() {
            let lists = [node.get(LISTS[0])?, node.get(LISTS[1])?];
            let words: Vec<(At, &Node)> = lists
                .iter()
                .enumerate()
                .filter_map(|(list, node)| Some((list, (*node)?)))
                .flat_map(|(list, node)| {
                    let items = node.items().iter().enumerate();
                    items.map(move |(index, item)| (At { list, index }, item))
                })
                .collect();
            let starts = |(_, word): &(At, &Node)| {
                word.scalar().is_some_and(|(word, _)| {
                    !word.starts_with('-') && word.rsplit('/').next() == Some(program)
                })
            };
            let mut rest = words.iter().copied().skip_while(|word| !starts(word));
            if let Some(first) = rest.next() {
                return Ok(Self {
                    root,
                    container,
                    first,
                    rest: rest.collect(),
                    lists,
                });
            }
            shell = shell.or_else(|| script_line(&words, program));
        }
        let program = program.to_owned();
        Err(match shell {
            Some(line) => EditError::Shell { line, program },
            None => EditError::NoProgram { program },
        })
    }

    fn find(&self, flag: &str) -> Option<Found> {
        self.flags()
            .find(|(_, word, value)| {
                let (name, wanted) = split(flag);
                let (told, inline) = split(word);
                same_name(told, name)
                    && match value {
                        Some((_, value)) => *value == wanted,
                        None => word.contains('=') && inline == wanted,
                    }
            })
            .map(|(name, _, value)| Found {
                name,
                value: value.map(|(at, _)| at),
            })
    }

    fn found(&self, flag: &str) -> Result<Found, EditError> {
        self.find(flag).ok_or_else(|| EditError::Absent {
            what: flag.to_owned(),
        })
    }

    /// The word behind which a flag is put.
    fn last_named(&self, flag: &str) -> At {
        let of_that_name = self
            .flags()
            .filter(|(_, word, _)| same_name(split(word).0, split(flag).0))
            .last()
            .map(|(at, _, value)| value.map_or(at, |(at, _)| at));
        of_that_name.unwrap_or_else(|| self.rest.last().map_or(self.first.0, |(at, _)| *at))
    }

    /// Every flag, with the word that is its value where it has none of its own (pflag).
    fn flags(&self) -> impl Iterator<Item = (At, &'a str, Option<(At, &'a str)>)> {
        let word = |position: usize| {
            let (at, node) = self.rest.get(position)?;
            Some((*at, node.scalar()?.0))
        };
        (0..self.rest.len()).filter_map(move |position| {
            let (at, text) = word(position).filter(|(_, text)| text.starts_with('-'))?;
            let value = word(position + 1)
                .filter(|(_, next)| !text.contains('=') && !next.starts_with('-'));
            Some((at, text, value))
        })
    }

    fn list(&self, at: At) -> Result<&'a Node, EditError> {
        let list = self.lists.get(at.list).copied().flatten();
        list.ok_or(EditError::Unusual {
            line: self.root.line,
            what: "a list without words",
        })
    }

    /// Carries `splice` out; `change` does to the list of words what it has to amount to.
    fn apply(
        &self,
        text: &str,
        splice: &Splice,
        list: usize,
        what: &str,
        change: impl FnOnce(&mut Vec<Node>),
    ) -> Result<String, EditError> {
        let mut intended = self.root.clone();
        if let Some(items) = self.items_mut(&mut intended, list) {
            change(items);
        }
        splice::apply(text, splice, &intended, what)
    }

    fn items_mut<'b>(&self, root: &'b mut Node, list: usize) -> Option<&'b mut Vec<Node>> {
        root.get_mut("spec")?
            .get_mut("containers")?
            .items_mut()?
            .get_mut(self.container)?
            .get_mut(LISTS.get(list)?)?
            .items_mut()
    }
}

/// The line on which a word of several words starts the program.
fn script_line(words: &[(At, &Node)], program: &str) -> Option<u32> {
    let is_it = |part: &str| part.trim_matches(['"', '\'']).rsplit('/').next() == Some(program);
    let (_, word) = words.iter().find(|(_, word)| {
        word.scalar()
            .is_some_and(|(word, _)| word.split_whitespace().any(is_it))
    })?;
    Some(word.line)
}

/// `--name=value` as its name and its value.
fn split(flag: &str) -> (&str, &str) {
    let flag = flag.strip_prefix('-').unwrap_or(flag);
    let flag = flag.strip_prefix('-').unwrap_or(flag);
    flag.split_once('=').unwrap_or((flag, ""))
}

/// Kubernetes' programs take `_` for `-` (k8s.io/component-base/cli/flag, `WordSepNormalizeFunc`).
fn same_name(one: &str, other: &str) -> bool {
    one.replace('_', "-") == other.replace('_', "-")
}

const LISTS: [&str; 2] = ["command", "args"];

#[cfg(test)]
mod tests;
