//! YAML streams: documents, each with its place in the file, and errors as sentences with their line.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;

use crate::inventory::InventoryError;
use crate::inventory::text::ValueError;
use crate::place::Place;

/// A scalar as it is written (`1.30` is not a number here), with its line.
pub(super) type Text = Spanned<String>;

/// One document of a stream.
pub(super) struct Document<'a> {
    place: &'a Place,
    text: String,
    /// Lines of the file before the document.
    before: u32,
}

/// What a document says it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    pub(super) api_version: Option<Text>,
    pub(super) kind: Option<Text>,
}

/// Splits a stream where Kubernetes does (k8s.io/apimachinery, util/yaml, YAMLReader): at lines that hold only `---`.
/// Documents with nothing in them are left out.
pub(super) fn documents<'a>(text: &str, place: &'a Place) -> Vec<Document<'a>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let mut current = Document::starting(place, 0);
    for (number, line) in (1_u32..).zip(text.lines()) {
        if is_separator(line) {
            let next = Document::starting(place, number);
            documents.push(std::mem::replace(&mut current, next));
        } else {
            current.text.push_str(line);
            current.text.push('\n');
        }
    }
    documents.push(current);
    documents.retain(|document| document.text.lines().any(has_content));
    documents
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| {
        let rest = rest.trim();
        rest.is_empty() || rest.starts_with('#')
    })
}

fn has_content(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && !line.starts_with('%') && line != "..."
}

impl<'a> Document<'a> {
    fn starting(place: &'a Place, before: u32) -> Self {
        let text = String::new();
        Self {
            place,
            text,
            before,
        }
    }

    /// Reads the document as `T`.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, InventoryError> {
        serde_saphyr::from_str(&self.text).map_err(|error| self.sentence(&error))
    }

    /// An error that concerns the document as a whole.
    pub(super) fn error(
        &self,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> InventoryError {
        InventoryError {
            place: Box::new(self.place.at_line(self.first_line())),
            problem: printable(&problem.into()),
            hint: Some(hint.into()),
        }
    }

    /// An error at the value `at`.
    pub(super) fn error_at<T>(
        &self,
        at: &Spanned<T>,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> InventoryError {
        InventoryError {
            place: Box::new(self.place_of(at)),
            problem: printable(&problem.into()),
            hint: Some(hint.into()),
        }
    }

    /// Where the value `at` stands.
    pub(super) fn place_of<T>(&self, at: &Spanned<T>) -> Place {
        self.place.at_line(self.line_in_file(at.referenced.line()))
    }

    /// Where a value stands that may be absent.
    pub(super) fn place_of_one(&self, text: &Option<Text>) -> Option<Place> {
        text.as_ref().map(|text| self.place_of(text))
    }

    /// Where the first value of a list stands.
    pub(super) fn place_of_first(&self, list: &Option<Vec<Text>>) -> Option<Place> {
        list.iter().flatten().next().map(|text| self.place_of(text))
    }

    /// Reads the scalar `text` by `reader`; a refusal gets the scalar's line.
    pub(super) fn value<T>(
        &self,
        text: &Text,
        reader: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Result<T, InventoryError> {
        reader(&text.value)
            .map_err(|ValueError { problem, hint }| self.error_at(text, problem, hint))
    }

    /// Reads every scalar of a list that may be absent.
    pub(super) fn values<T>(
        &self,
        list: &Option<Vec<Text>>,
        reader: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Result<Vec<T>, InventoryError> {
        list.iter()
            .flatten()
            .map(|text| self.value(text, &reader))
            .collect()
    }

    /// Reads a scalar that may be absent.
    pub(super) fn optional<T>(
        &self,
        text: &Option<Text>,
        reader: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Result<Option<T>, InventoryError> {
        text.as_ref()
            .map(|text| self.value(text, reader))
            .transpose()
    }

    fn sentence(&self, error: &serde_saphyr::Error) -> InventoryError {
        let error = error.without_snippet();
        let line = error.location().map(|at| self.line_in_file(at.line()));
        let (problem, hint) = explain(error);
        InventoryError {
            place: Box::new(
                self.place
                    .at_line(line.unwrap_or_else(|| self.first_line())),
            ),
            problem: printable(&problem),
            hint,
        }
    }

    /// The first line with something on it.
    fn first_line(&self) -> u32 {
        let empty = self
            .text
            .lines()
            .take_while(|line| !has_content(line))
            .count();
        self.line_in_file(empty as u64 + 1)
    }

    fn line_in_file(&self, line: u64) -> u32 {
        self.before
            .saturating_add(u32::try_from(line).unwrap_or(u32::MAX))
    }
}

/// A value is repeated in the sentence that refuses it: not at any length, and not what would move a terminal's cursor.
fn printable(problem: &str) -> String {
    let mut shown = String::new();
    for c in problem.chars() {
        if shown.len() > LONGEST_PROBLEM {
            shown.push('…');
            break;
        }
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The parser speaks of events; people write files.
fn explain(error: &serde_saphyr::Error) -> (String, Option<String>) {
    use serde_saphyr::Error;
    match error {
        Error::SerdeUnknownField {
            field, expected, ..
        } => (
            format!("`{field}` is not a key that is known here"),
            Some(format!("the keys here are {}", expected.join(", "))),
        ),
        Error::SerdeMissingField { field, .. } => (
            format!("`{field}` is missing"),
            Some(format!("add `{field}:` to this entry")),
        ),
        Error::DuplicateMappingKey { key, .. } => (
            format!(
                "`{}` stands here a second time",
                key.as_deref().unwrap_or("a key")
            ),
            Some("keep one of the two".to_owned()),
        ),
        Error::Unexpected {
            expected: "sequence start",
            ..
        } => (
            "a list is expected here".to_owned(),
            Some("write `[a, b]`, or one entry a line after `- `".to_owned()),
        ),
        Error::Unexpected {
            expected: "mapping start",
            ..
        } => (
            "keys with values are expected here".to_owned(),
            Some("write `key: value` lines, indented by spaces".to_owned()),
        ),
        Error::Unexpected {
            expected: "string scalar",
            ..
        } => (
            "a single value is expected here".to_owned(),
            Some("write one value, not a list and not keys".to_owned()),
        ),
        Error::NullIntoString { .. } => (
            "a value is missing here".to_owned(),
            Some("write the value, or leave the key out".to_owned()),
        ),
        _ => (
            format!("not YAML: {}", parsers_words(error)),
            yaml_hint(error),
        ),
    }
}

fn parsers_words(error: &serde_saphyr::Error) -> String {
    let words = error.to_string();
    let place = error
        .location()
        .map(|at| format!(" at line {}, column {}", at.line(), at.column()));
    let without_place = place.as_deref().and_then(|place| words.strip_suffix(place));
    without_place.unwrap_or(&words).to_owned()
}

fn yaml_hint(error: &serde_saphyr::Error) -> Option<String> {
    let words = error.to_string();
    let hint = if words.contains("tab") {
        "indent by spaces: YAML takes no tabs there"
    } else if words.contains("budget") || words.contains("recursi") {
        "write it without anchors that multiply and without deep nesting"
    } else {
        "write `key: value` lines, indented by spaces"
    };
    Some(hint.to_owned())
}

/// Bytes.
const LONGEST_PROBLEM: usize = 300;
