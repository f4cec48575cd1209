//! Source files as the checks see them: text without comments and literals, not syntax trees.

use std::fs;
use std::path::Path;

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below `folder`.
pub(super) fn sources(folder: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push(Source::new(&name, &read(&path)));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// One file, seen three ways.
pub(super) struct Source {
    /// Below `src`, with `/`.
    pub(super) path: String,
    /// The first component of the path: `x509`, `place`; `lib` and `main` are roots, not rooms.
    pub(super) room: String,
    /// Number of lines as written.
    pub(super) lines: usize,
    /// Without comments and literals; lines are kept.
    pub(super) code: String,
    /// `code` without tests; lines are kept.
    pub(super) shipped: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let first = path.split('/').next().unwrap();
        let code = without_comments_and_literals(text);
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        Self {
            path: path.to_owned(),
            room: first.strip_suffix(".rs").unwrap_or(first).to_owned(),
            lines: text.lines().count(),
            shipped: if is_test {
                String::new()
            } else {
                without_tests(&code)
            },
            code,
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.room == "lib" || self.room == "main"
    }

    pub(super) fn problem(&self, offset: usize, text: &str, what: &str) -> String {
        format!("{}:{}: {what}", self.path, line_of(text, offset))
    }
}

/// Lines from `fn` to the closing brace; `None` for a signature without body, or a pointer type.
pub(super) fn function_length(code: &str) -> Option<usize> {
    let open = code.find(['{', ';'])?;
    if code[open..].starts_with(';') {
        return None;
    }
    let end = open + closing_brace(&code[open..])?;
    Some(code[..end].lines().count())
}

/// Offset of the brace that closes the one `code` begins with.
pub(super) fn closing_brace(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(offset + 1),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Offsets of `word` where it does not begin inside a longer word.
pub(super) fn occurrences(code: &str, word: &str) -> Vec<usize> {
    let starts_as_word = word.starts_with(is_word);
    code.match_indices(word)
        .map(|(offset, _)| offset)
        .filter(|&offset| !(starts_as_word && code[..offset].ends_with(is_word)))
        .collect()
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Blanks every item that stands under `#[cfg(test)]`.
pub(super) fn without_tests(code: &str) -> String {
    let mut shipped = code.to_owned();
    while let Some(start) = shipped.find("#[cfg(test)]") {
        let open = start + shipped[start..].find(['{', ';']).unwrap_or(0);
        let end = match closing_brace(&shipped[open..]) {
            Some(length) if shipped[open..].starts_with('{') => open + length,
            _ => open + 1,
        };
        let blank = blanked(&shipped[start..end]);
        shipped.replace_range(start..end, &blank);
    }
    shipped
}

/// Blanks comments, strings and characters.
pub(super) fn without_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let after_word = code.ends_with(is_word);
        let skip = literal_or_comment(rest, after_word);
        if skip > 0 {
            code.push_str(&blanked(&rest[..skip]));
            rest = &rest[skip..];
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    code
}

/// How many bytes of comment or literal `rest` begins with.
pub(super) fn literal_or_comment(rest: &str, after_word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if rest.starts_with('r') && !after_word {
        let hashes = rest[1..].chars().take_while(|&c| c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            return rest[body..]
                .find(&close)
                .map_or(rest.len(), |end| body + end + close.len());
        }
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        let is_escape = inner.starts_with('\\');
        // Otherwise it is a lifetime.
        if is_escape || inner.chars().nth(1) == Some('\'') {
            return quoted(rest, '\'');
        }
    }
    0
}

pub(super) fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return offset + 1;
        }
    }
    rest.len()
}

pub(super) fn blanked(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\n' { '\n' } else { ' ' })
        .collect()
}
