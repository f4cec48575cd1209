//! Names and texts come from files of anyone's making, and reports go to terminals, which obey what they are sent.

use std::fmt;
use std::fmt::Write;

/// One line of text whose control and direction-changing characters are escaped.
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| put(f, c))
    }
}

/// A whole page, lines and all, in which only `escapes` reach the terminal as they are.
pub(super) fn page(text: &str, escapes: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let known = escapes
            .iter()
            .find(|escape| !escape.is_empty() && rest.starts_with(**escape));
        let taken = if let Some(escape) = known {
            out.push_str(escape);
            escape.len()
        } else {
            // Writing to a String cannot fail.
            let _ = if c == '\n' {
                out.write_char(c)
            } else {
                put(&mut out, c)
            };
            c.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

fn put(out: &mut impl Write, c: char) -> fmt::Result {
    let obeyed = c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if obeyed {
        write!(out, "{}", c.escape_unicode())
    } else {
        out.write_char(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_escapes_reach_the_terminal() {
        let text = "\u{1b}[1mhead\u{1b}[0m\nCN=\u{1b}[2Jgone\u{202e}\r";
        assert_eq!(
            page(text, &["\u{1b}[1m", "\u{1b}[0m", ""]),
            "\u{1b}[1mhead\u{1b}[0m\nCN=\\u{1b}[2Jgone\\u{202e}\\u{d}"
        );
    }
}
