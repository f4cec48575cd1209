//! Replacing a stretch of a text, and writing a word so that YAML reads it back.

use std::ops::Range;

use granit_parser::ScalarStyle;

use crate::edit::EditError;
use crate::edit::tree::Node;
use crate::edit::tree::first_document;

/// A stretch of bytes and what comes in its place.
#[derive(Clone, Debug)]
pub(super) struct Splice {
    pub(super) at: Range<usize>,
    pub(super) text: String,
}

/// Carries `splice` out on the first document of `text` and looks whether the result reads as `intended`; what follows the
/// document has to be what followed it before.
pub(super) fn apply(
    text: &str,
    splice: &Splice,
    intended: &Node,
    what: &str,
) -> Result<String, EditError> {
    let differs = || EditError::Differs {
        what: what.to_owned(),
    };
    let before = text.get(..splice.at.start).ok_or_else(differs)?;
    let after = text.get(splice.at.end..).ok_or_else(differs)?;
    let changed = [before, &splice.text, after].concat();
    let document = first_document(&changed).map_err(|_| differs())?;
    let rest = |text: &str, end: usize| text.get(end..).map(str::to_owned);
    let is_same_rest = rest(&changed, document.end) == rest(text, first_document(text)?.end);
    if document.root == *intended && is_same_rest {
        Ok(changed)
    } else {
        Err(differs())
    }
}

/// `word` as a scalar of `style`, or in double quotes where that style would not read back as this very text; with the
/// style that it has then.
pub(super) fn scalar(word: &str, style: ScalarStyle) -> (String, ScalarStyle) {
    let has_control = word.chars().any(char::is_control);
    match style {
        ScalarStyle::Plain if is_plain(word) => (word.to_owned(), ScalarStyle::Plain),
        ScalarStyle::SingleQuoted if !has_control => (
            format!("'{}'", word.replace('\'', "''")),
            ScalarStyle::SingleQuoted,
        ),
        // A string of JSON is one of YAML (YAML 1.2.2, 7.3.1).
        _ => (
            serde_json::Value::from(word).to_string(),
            ScalarStyle::DoubleQuoted,
        ),
    }
}

/// Whether a word means itself without quotes, in block and in flow style, and is no number, boolean or null.
fn is_plain(word: &str) -> bool {
    let begins = word.starts_with("--") && word != "---" || word.starts_with('/');
    begins
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_=/.:+@%*~".contains(c))
        && !word.ends_with(':')
}

/// The line end at the end of the line that holds `offset`, or the text's own first one where that line has none.
pub(super) fn line_end(text: &str, offset: usize) -> &'static str {
    let from = |text: &str| {
        let newline = text.find('\n')?;
        let is_crlf = text.get(..newline).is_some_and(|line| line.ends_with('\r'));
        Some(if is_crlf { "\r\n" } else { "\n" })
    };
    text.get(offset..)
        .and_then(from)
        .or_else(|| from(text))
        .unwrap_or("\n")
}

/// From the beginning of the line that holds `offset`.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text.get(..offset)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

/// The end of the line that holds `offset`, before its line end.
pub(super) fn line_stop(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    offset + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Where the line before the one that begins at `start` stops.
pub(super) fn previous_stop(text: &str, start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default();
    let before = before.strip_suffix('\n').unwrap_or(before);
    before.strip_suffix('\r').unwrap_or(before).len()
}
