//! The words of a value: quotes, escapes, and variables put in.

use crate::facts::process::Word;
use crate::facts::unit::environment::Environment;
use crate::facts::unit::lines::Line;

/// The words of `ExecStart=` after its prefixes, with variables in their places: `${NAME}` anywhere as it is, `$NAME` as a
/// word of its own split at spaces. `None` where they are longer than `room`, in bytes, which is what is left of it afterwards.
pub(super) fn command(
    line: &Line,
    environment: &Environment,
    room: &mut usize,
) -> Option<Vec<Word>> {
    let mut words = split(&line.value);
    let mut expands = true;
    if let Some((_, first)) = words.first_mut() {
        let prefixes = first.len() - first.trim_start_matches(PREFIXES).len();
        expands = !first.get(..prefixes).unwrap_or_default().contains(':');
        first.drain(..prefixes);
    }
    let mut expanded: Vec<Word> = Vec::with_capacity(words.len());
    for (at, word) in words {
        let before = expanded.len();
        let word = Word {
            value: specifiers(&word),
            file: line.file,
            line: line.line_at(at),
        };
        match word.value.strip_prefix('$') {
            Some(name) if expands && !name.starts_with(['{', '$']) => {
                expanded.extend(environment.words(name));
            }
            _ if expands => expanded.push(Word {
                value: substituted(&word.value, environment, *room)?,
                ..word
            }),
            _ => expanded.push(word),
        }
        let added = expanded.get(before..).unwrap_or_default().iter();
        let length: usize = added.map(|word| word.value.len() + 1).sum();
        *room = room.checked_sub(length)?;
    }
    Some(expanded)
}

/// Words between spaces, each with the byte that it begins at. Quotes keep spaces together, wherever in a word they
/// stand, and backslashes escape as in C.
pub(super) fn split(text: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if quote.is_none() && character.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let (_, word) = word.get_or_insert_with(|| (at, String::new()));
        match character {
            _ if quote == Some(character) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(character),
            '\\' => match characters.next() {
                Some((_, escaped)) => unescape(escaped, word),
                None => word.push('\\'),
            },
            _ => word.push(character),
        }
    }
    words.extend(word);
    words
}

/// `%%` is `%`; what other specifiers mean only the machine knows.
pub(super) fn specifiers(text: &str) -> String {
    text.replace("%%", "%")
}

fn unescape(escaped: char, word: &mut String) {
    match escaped {
        'n' => word.push('\n'),
        't' => word.push('\t'),
        'r' => word.push('\r'),
        's' => word.push(' '),
        '\\' | '"' | '\'' | ' ' => word.push(escaped),
        other => word.extend(['\\', other]),
    }
}

fn substituted(word: &str, environment: &Environment, room: usize) -> Option<String> {
    let mut value = String::with_capacity(word.len());
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        if value.len() > room {
            return None;
        }
        value.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            value.push('$');
            rest = after;
            continue;
        }
        match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((name, after)) => {
                value.push_str(environment.value(name).unwrap_or_default());
                rest = after;
            }
            None => value.push('$'),
        }
    }
    value.push_str(rest);
    Some(value)
}

/// systemd.service(5), "Special executable prefixes".
const PREFIXES: [char; 6] = ['@', '-', ':', '+', '!', '|'];
