//! What people paste, made plain: colours, escapes of escapes and typographic quotes are taken away, so that a wording
//! is found however it was logged and copied.

use crate::explain::secret;

/// The lines of a log or of something pasted: decoded, without terminal escapes and control characters. Empty lines are
/// left out.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let text = secret::without_private_keys(&String::from_utf8_lossy(bytes));
    text.split(['\n', '\r'])
        .map(without_terminal_escapes)
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// `line` without ECMA-48 sequences (colours, titles, links); other control characters become blanks.
fn without_terminal_escapes(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => match characters.next() {
                // A control sequence ends with the first of these.
                Some('[') => {
                    let _ = characters.by_ref().find(|c| ('@'..='~').contains(c));
                }
                // A title or a link ends with BEL, or with ESC \.
                Some(']') => {
                    if let Some(ESCAPE) = characters.by_ref().find(|c| matches!(*c, BELL | ESCAPE))
                    {
                        characters.next();
                    }
                }
                _ => {}
            },
            '\u{201c}'..='\u{201f}' => plain.push('"'),
            '\u{2018}'..='\u{201b}' => plain.push('\''),
            other if other.is_control() || other == '\u{a0}' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

/// `line` with the escapes of JSON and of `strconv.Quote` resolved: `\"` however often it was escaped again, `\n`, `\t`
/// and `\u0022`; without its secrets.
pub(super) fn unescaped(line: &str) -> String {
    secret::hidden(&resolved(line))
}

fn resolved(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let after = from.trim_start_matches('\\');
        let mut characters = after.chars();
        rest = match characters.next() {
            Some(quote @ ('"' | '\'' | '/')) => {
                plain.push(quote);
                characters.as_str()
            }
            Some('n' | 't' | 'r') => {
                plain.push(' ');
                characters.as_str()
            }
            Some('u') if hex(characters.as_str()).is_some() => {
                let character = hex(characters.as_str()).unwrap_or(' ');
                plain.push(if character.is_control() {
                    ' '
                } else {
                    character
                });
                characters.as_str().get(4..).unwrap_or_default()
            }
            _ => {
                plain.push('\\');
                after
            }
        };
    }
    plain.push_str(rest);
    plain
}

/// The character of four hexadecimal digits.
fn hex(text: &str) -> Option<char> {
    let digits = text.get(..4)?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_control_characters_are_taken_away() {
        let pasted = "\u{1b}[1;31merror\u{1b}[0m: \u{1b}]0;title\u{7}a\u{8}b\u{1b}]8;;x\u{1b}\\c";
        assert_eq!(lines(pasted.as_bytes()), ["error: a bc"]);
        assert_eq!(lines(b"\x1b["), Vec::<String>::new());
        assert_eq!(lines(b"a\xffb\r\n\n c"), ["a\u{fffd}b", " c"]);
    }

    #[test]
    fn quotes_are_quotes_however_often_they_were_escaped() {
        let logged = r#"{"msg":"Get \\\"https://x/\\\": \u003cno\u0022\n\tend\u12 C:\x"#;
        let plain = r#"{"msg":"Get "https://x/": <no"  end\u12 C:\x"#;
        assert_eq!(unescaped(logged), plain);
        assert_eq!(lines("“a” ‘b’".as_bytes()), ["\"a\" 'b'"]);
    }
}
