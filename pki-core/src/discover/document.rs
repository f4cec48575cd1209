//! An inventory to be: keys and values, each value with where it came from. [`crate::report::discover`] writes it.

use std::fmt;

use crate::place::Place;
use crate::topology::Said;

/// The inventory of a cluster that exists, as far as its files tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The nodes whose files were read.
    pub read: Vec<String>,
    /// The keys of hapki.yaml, in its order.
    pub entries: Vec<Entry>,
}

/// One line, or several, of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A key with its value.
    Key(&'static str, Value),
    /// A key that no file tells.
    Missing {
        /// The key.
        key: &'static str,
        /// What its value may look like.
        example: String,
        /// Why there is none.
        why: String,
    },
    /// Something that the inventory has no place for.
    Remark(String),
}

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One text or number.
    One(Scalar),
    /// A list of texts.
    List(Vec<Scalar>),
    /// Keys with values.
    Keys(Vec<Entry>),
    /// A list of mappings.
    Items(Vec<Vec<Entry>>),
}

/// One text or number, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// As hapki.yaml has it.
    pub text: String,
    /// Whether it is a number.
    pub is_number: bool,
    /// What says it; the one that it was taken from first.
    pub sources: Vec<Source>,
    /// What says something else, and what that is.
    pub against: Vec<(String, Source)>,
}

/// A statement of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The flag, key or field that says it.
    pub what: String,
    /// Where.
    pub place: Place,
}

impl Discovery {
    /// Whether there is any node in it.
    pub fn tells_of_nodes(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| matches!(entry, Entry::Key("nodes", _)))
    }
}

impl Scalar {
    /// A text that one place says.
    pub(super) fn new(text: impl fmt::Display, what: impl Into<String>, place: &Place) -> Self {
        Self {
            text: text.to_string(),
            is_number: false,
            sources: vec![Source::new(what, place)],
            against: Vec::new(),
        }
    }

    /// A number.
    pub(super) fn number(number: u16, what: impl Into<String>, place: &Place) -> Self {
        Self {
            is_number: true,
            ..Self::new(number, what, place)
        }
    }

    /// The first of several statements; the others say the same or contradict it.
    pub(super) fn of<T: PartialEq>(said: &[Said<T>], show: impl Fn(&T) -> String) -> Option<Self> {
        let first = said.first()?;
        let (same, other): (Vec<_>, Vec<_>) = said.iter().partition(|one| one.value == first.value);
        Some(Self {
            text: show(&first.value),
            is_number: false,
            sources: same.into_iter().map(Source::from).collect(),
            against: other
                .into_iter()
                .map(|one| (show(&one.value), Source::from(one)))
                .collect(),
        })
    }
}

impl Source {
    pub(super) fn new(what: impl Into<String>, place: &Place) -> Self {
        Self {
            what: what.into(),
            place: place.clone(),
        }
    }
}

impl<T> From<&Said<T>> for Source {
    fn from(said: &Said<T>) -> Self {
        Self::new(said.what, &said.place)
    }
}

/// The key with its value where there is one, or else as missing.
pub(super) fn found_or(
    key: &'static str,
    found: Option<Scalar>,
    example: &str,
    why: &str,
) -> Entry {
    match found {
        Some(scalar) => Entry::Key(key, Value::One(scalar)),
        None => Entry::Missing {
            key,
            example: example.to_owned(),
            why: why.to_owned(),
        },
    }
}
