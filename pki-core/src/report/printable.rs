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

/// A whole page, lines and all, in which only `escapes`, which begin with a control character, reach the terminal as
/// they are.
pub(super) fn page(text: &str, escapes: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c| c != '\n' && is_obeyed(c)) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let known = escapes
            .iter()
            .find(|escape| !escape.is_empty() && from.starts_with(**escape));
        let taken = if let Some(escape) = known {
            out.push_str(escape);
            escape.len()
        } else {
            let Some(c) = from.chars().next() else { break };
            // Writing to a String cannot fail.
            let _ = put(&mut out, c);
            c.len_utf8()
        };
        rest = from.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn put(out: &mut impl Write, c: char) -> fmt::Result {
    if is_obeyed(c) {
        write!(out, "{}", c.escape_unicode())
    } else {
        out.write_char(c)
    }
}

fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
