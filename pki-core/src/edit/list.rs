//! Words of a YAML list: one more, one less, another in its place.

use std::ops::Range;
use std::ops::RangeInclusive;

use granit_parser::ScalarStyle;
use granit_parser::StructureStyle;

use crate::edit::EditError;
use crate::edit::splice;
use crate::edit::splice::Splice;
use crate::edit::tree::Kind;
use crate::edit::tree::Node;

/// Puts `word` behind the item at `index`, written as that one is.
pub(super) fn insert_behind(
    text: &str,
    list: &Node,
    index: usize,
    word: &str,
) -> Result<(Splice, ScalarStyle), EditError> {
    let items = list.items();
    let item = item(list, index)?;
    let (written, style) = splice::scalar(word, style_of(text, item)?);
    if is_flow(list) {
        let before = index.checked_sub(1).and_then(|index| items.get(index));
        let between = before.map(|before| stretch(text, before.at.end..item.at.start));
        let separator = between.filter(|between| is_separator(between));
        let splice = Splice {
            at: item.at.end..item.at.end,
            text: format!("{}{written}", separator.unwrap_or(", ")),
        };
        return Ok((splice, style));
    }
    let (_, prefix, stop) = line_of(text, item)?;
    let end = splice::line_end(text, stop);
    let splice = Splice {
        at: stop..stop,
        text: format!("{end}{prefix}{written}"),
    };
    Ok((splice, style))
}

/// Takes the items of `range` away.
pub(super) fn remove(
    text: &str,
    list: &Node,
    range: &RangeInclusive<usize>,
) -> Result<Splice, EditError> {
    let (first, last) = (item(list, *range.start())?, item(list, *range.end())?);
    let next = list.items().get(range.end() + 1);
    let before = range.start().checked_sub(1);
    let before = before.and_then(|index| list.items().get(index));
    let at = if is_flow(list) {
        let touched =
            range.end() + 1 - range.start() + usize::from(before.is_some() || next.is_some());
        let from = range.start() - usize::from(before.is_some());
        separated(text, list.items().iter().skip(from).take(touched))?;
        match (before, next) {
            (Some(before), _) => before.at.end..last.at.end,
            (None, Some(next)) => first.at.start..next.at.start,
            (None, None) => first.at.start..last.at.end,
        }
    } else {
        block_lines(text, list, range)?
    };
    Ok(Splice {
        at,
        text: String::new(),
    })
}

/// Puts `word` in the place of the item at `index`, in its quotes.
pub(super) fn replace(
    text: &str,
    list: &Node,
    index: usize,
    word: &str,
) -> Result<(Splice, ScalarStyle), EditError> {
    let item = item(list, index)?;
    let (text, style) = splice::scalar(word, style_of(text, item)?);
    let splice = Splice {
        at: item.at.clone(),
        text,
    };
    Ok((splice, style))
}

/// The style of a scalar that stands on one line.
pub(super) fn style_of(text: &str, node: &Node) -> Result<ScalarStyle, EditError> {
    match node.scalar() {
        Some((_, style @ (ScalarStyle::Literal | ScalarStyle::Folded))) => Err(unusual(
            node,
            match style {
                ScalarStyle::Literal => "a word as a block (|)",
                _ => "a word as a folded block (>)",
            },
        )),
        Some(_) if stretch(text, node.at.clone()).contains('\n') => {
            Err(unusual(node, "a word over several lines"))
        }
        Some((_, style)) => Ok(style),
        None => Err(unusual(node, "a word that is no text")),
    }
}

/// Nothing but a comma stands between any two of `items`.
fn separated<'a>(text: &str, items: impl Iterator<Item = &'a Node>) -> Result<(), EditError> {
    let mut before: Option<&Node> = None;
    for item in items {
        let between = before.map(|before| stretch(text, before.at.end..item.at.start));
        if between.is_some_and(|between| !is_separator(between)) {
            let what = "more than a comma between two words of a list in brackets";
            return Err(unusual(item, what));
        }
        before = Some(item);
    }
    Ok(())
}

/// Whole lines, from the end of the line before the first item on.
fn block_lines(
    text: &str,
    list: &Node,
    range: &RangeInclusive<usize>,
) -> Result<Range<usize>, EditError> {
    let mut lines: Option<Range<usize>> = None;
    for index in range.clone() {
        let item = item(list, index)?;
        style_of(text, item)?;
        let (start, _, stop) = line_of(text, item)?;
        let before = splice::previous_stop(text, start);
        lines = match lines {
            None => Some(before..stop),
            Some(lines) if lines.end == before => Some(lines.start..stop),
            Some(_) => return Err(unusual(item, "a comment between a flag and its value")),
        };
    }
    lines.ok_or(EditError::Unusual {
        line: list.line,
        what: "a list without words",
    })
}

/// Where the line of an item begins, what stands before the item, and where the line stops. Nothing else may stand on it
/// but a comment.
fn line_of<'a>(text: &'a str, item: &Node) -> Result<(usize, &'a str, usize), EditError> {
    let start = splice::line_start(text, item.at.start);
    let stop = splice::line_stop(text, item.at.end);
    let prefix = stretch(text, start..item.at.start);
    let behind = stretch(text, item.at.end..stop).trim_start();
    if prefix.trim() != "-" || !(behind.is_empty() || behind.starts_with('#')) {
        return Err(unusual(item, "more than one word of a list on a line"));
    }
    Ok((start, prefix, stop))
}

fn item(list: &Node, index: usize) -> Result<&Node, EditError> {
    list.items().get(index).ok_or(EditError::Unusual {
        line: list.line,
        what: "a list without words",
    })
}

fn is_flow(list: &Node) -> bool {
    matches!(list.kind, Kind::Sequence(StructureStyle::Flow, _))
}

fn is_separator(between: &str) -> bool {
    between.trim() == ","
}

fn stretch(text: &str, at: Range<usize>) -> &str {
    text.get(at).unwrap_or_default()
}

fn unusual(node: &Node, what: &'static str) -> EditError {
    EditError::Unusual {
        line: node.line,
        what,
    }
}
