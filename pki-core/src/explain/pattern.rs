//! A wording with gaps, written as it is printed: `certificate is valid for {presented}, not {wanted}`.

use crate::explain::evidence::Evidence;
use crate::explain::evidence::Field;

/// Where a wording was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The first byte of it.
    pub(super) start: usize,
    /// The byte after it.
    pub(super) end: usize,
    /// What stood in its gaps.
    pub(super) evidence: Evidence,
}

/// Looks for `pattern` in `text`. The time it takes grows with the text and the pattern, not with their product: each
/// literal is looked for from where the one before it ended, and only the first few places to begin are tried.
pub(super) fn find(pattern: &str, text: &str) -> Option<Found> {
    let (first, _) = literal_and_rest(pattern);
    let mut from = 0;
    for _ in 0..BEGINNINGS {
        let start = from + text.get(from..)?.find(first)?;
        match at(pattern, text, start) {
            Attempt::Found(found) => return Some(found),
            Attempt::Elsewhere => from = start + first.len().max(1),
            Attempt::Nowhere => return None,
        }
    }
    None
}

enum Attempt {
    Found(Found),
    /// Not here, but perhaps further on.
    Elsewhere,
    /// A literal does not come any more.
    Nowhere,
}

fn at(pattern: &str, text: &str, start: usize) -> Attempt {
    let (first, mut gaps) = literal_and_rest(pattern);
    let mut end = start + first.len();
    let mut evidence = Evidence::default();
    while let Some((name, after)) = gaps.split_once('}') {
        let (literal, rest) = literal_and_rest(after);
        let Some(ahead) = text.get(end..) else {
            return Attempt::Nowhere;
        };
        let field = Field::named(name);
        let length = if literal.is_empty() {
            token(ahead, field)
        } else {
            match ahead.find(literal) {
                Some(length) => length,
                None => return Attempt::Nowhere,
            }
        };
        let value = ahead.get(..length).unwrap_or_default();
        if length > LONGEST || !field.is_none_or(|field| is_plausible(field, value)) {
            return Attempt::Elsewhere;
        }
        if let Some(field) = field {
            evidence.set(field, value);
        }
        end += length + literal.len();
        gaps = rest;
    }
    Attempt::Found(Found {
        start,
        end,
        evidence,
    })
}

/// A gap holds something, and no more than one thing where it is for one.
fn is_plausible(field: Field, value: &str) -> bool {
    let value = value.trim();
    let is_one = match field {
        Field::Wanted | Field::Kid | Field::Serial => !value.contains(char::is_whitespace),
        Field::File => !value.contains(": ") && !value.contains('"'),
        _ => true,
    };
    !value.is_empty() && is_one
}

/// The text before the next gap, and what follows the gap's opening brace.
fn literal_and_rest(pattern: &str) -> (&str, &str) {
    pattern.split_once('{').unwrap_or((pattern, ""))
}

/// How long the word is that a gap at the end of a pattern takes; a reason may have blanks.
fn token(text: &str, field: Option<Field>) -> usize {
    let ends = |c: char| match field {
        Some(Field::Reason) => matches!(c, '"' | '\'' | '(' | ')' | ']' | ',' | ':'),
        _ => c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | ']' | '}' | '>'),
    };
    let length = text.find(ends).unwrap_or(text.len());
    let word = text.get(..length).unwrap_or_default();
    word.trim_end_matches(['.', ':', ' ']).len()
}

/// A list of names can be long; nothing else is.
const LONGEST: usize = 64 << 10;

/// How many beginnings of a wording are tried in one line.
const BEGINNINGS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_with_what_stands_there() {
        let found = find(
            "valid for {presented}, not {wanted}",
            r#"x valid for a, b, not ::1: "y""#,
        );
        let evidence = found.unwrap().evidence;
        assert_eq!(evidence.get(Field::Presented), Some("a, b"));
        assert_eq!(evidence.get(Field::Wanted), Some("::1"));
        assert_eq!(
            find("valid for {presented}, not {wanted}", "valid for a"),
            None
        );
        assert_eq!(find("for {wanted}", "for "), None);
    }

    #[test]
    fn a_later_beginning_is_tried_but_not_without_end() {
        let found = find("<{wanted}>", "<><b>").unwrap();
        assert_eq!((found.start, found.end), (2, 5));
        let long = "<>".repeat(500_000);
        assert_eq!(find("<{wanted}>", &long), None);
    }
}
