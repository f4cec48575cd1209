//! The first document of a YAML text as a tree whose nodes know the bytes that they stand on.

use std::ops::Range;

use granit_parser::Event;
use granit_parser::Parser;
use granit_parser::ScalarStyle;
use granit_parser::ScanError;
use granit_parser::StructureStyle;

use crate::edit::EditError;

/// The first document of a text.
pub(super) struct Document {
    pub(super) root: Node,
    /// Where it ends: what follows is another document's, or nothing.
    pub(super) end: usize,
}

/// A value and where it stands. Two are equal when they say the same in the same style, wherever they stand.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// An explicit tag.
    tag: Option<String>,
    /// Of a block collection, only the start is meant.
    pub(super) at: Range<usize>,
    pub(super) line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar(String, ScalarStyle),
    Sequence(StructureStyle, Vec<Node>),
    Mapping(StructureStyle, Vec<(Node, Node)>),
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.tag == other.tag
    }
}

impl Eq for Node {}

impl Node {
    /// A scalar that is not in any text yet.
    pub(super) fn new(value: &str, style: ScalarStyle) -> Self {
        Self {
            kind: Kind::Scalar(value.to_owned(), style),
            tag: None,
            at: 0..0,
            line: 0,
        }
    }

    pub(super) fn scalar(&self) -> Option<(&str, ScalarStyle)> {
        match &self.kind {
            Kind::Scalar(value, style) => Some((value, *style)),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    ///
    /// # Errors
    /// The key is there twice.
    pub(super) fn get(&self, key: &str) -> Result<Option<&Self>, EditError> {
        let Kind::Mapping(_, entries) = &self.kind else {
            return Ok(None);
        };
        let mut found = entries
            .iter()
            .filter(|(name, _)| name.scalar().is_some_and(|(name, _)| name == key));
        let first = found.next();
        match found.next() {
            Some((again, _)) => Err(EditError::Twice {
                line: again.line,
                key: key.to_owned(),
            }),
            None => Ok(first.map(|(_, value)| value)),
        }
    }

    /// As [`Self::get`], to change it; the first where there are two.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Kind::Mapping(_, entries) = &mut self.kind else {
            return None;
        };
        entries
            .iter_mut()
            .find(|(name, _)| name.scalar().is_some_and(|(name, _)| name == key))
            .map(|(_, value)| value)
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Sequence(_, items) => items,
            _ => &[],
        }
    }

    pub(super) fn items_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.kind {
            Kind::Sequence(_, items) => Some(items),
            _ => None,
        }
    }
}

/// Reads the first document.
///
/// # Errors
/// It is not YAML, is empty, or has an anchor or an alias.
pub(super) fn first_document(text: &str) -> Result<Document, EditError> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| malformed(&error))?;
        let at = span.byte_range().unwrap_or_default();
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        let node = |kind, tag: Option<String>| Node {
            kind,
            tag,
            at: at.clone(),
            line,
        };
        match event {
            Event::Alias(_) => return Err(EditError::Anchor { line }),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(_, anchor, _)
            | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                return Err(EditError::Anchor { line });
            }
            Event::Scalar(value, style, _, tag) => close(
                &mut open,
                &mut root,
                node(
                    Kind::Scalar(value.into_owned(), style),
                    tag.map(|tag| tag.original()),
                ),
            ),
            Event::SequenceStart(style, _, tag) => open.push(Open::of(node(
                Kind::Sequence(style, Vec::new()),
                tag.map(|tag| tag.original()),
            ))),
            Event::MappingStart(style, _, tag) => open.push(Open::of(node(
                Kind::Mapping(style, Vec::new()),
                tag.map(|tag| tag.original()),
            ))),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { mut node, .. }) = open.pop() {
                    node.at.end = at.end;
                    close(&mut open, &mut root, node);
                }
            }
            Event::DocumentEnd => {
                return root
                    .map_or_else(|| Err(empty()), |root| Ok(Document { root, end: at.end }));
            }
            _ => {}
        }
    }
    Err(empty())
}

/// A collection that is not at its end.
struct Open {
    node: Node,
    /// Of a mapping: a key whose value is to come.
    key: Option<Node>,
}

impl Open {
    fn of(node: Node) -> Self {
        Self { node, key: None }
    }
}

/// Gives a finished node to the collection that is open, or makes it the root.
fn close(open: &mut [Open], root: &mut Option<Node>, node: Node) {
    let Some(Open { node: parent, key }) = open.last_mut() else {
        *root = Some(node);
        return;
    };
    match &mut parent.kind {
        Kind::Sequence(_, items) => items.push(node),
        Kind::Mapping(_, entries) => match key.take() {
            Some(name) => entries.push((name, node)),
            None => *key = Some(node),
        },
        Kind::Scalar(..) => {}
    }
}

fn malformed(error: &ScanError) -> EditError {
    EditError::Malformed {
        line: u32::try_from(error.marker().line()).unwrap_or(u32::MAX),
    }
}

fn empty() -> EditError {
    EditError::Malformed { line: 1 }
}
