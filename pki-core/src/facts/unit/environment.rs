//! The variables of a unit: from `Environment=`, and from files, which win.

use std::collections::BTreeMap;

use crate::facts::process;
use crate::facts::process::Flag;
use crate::facts::process::Word;
use crate::facts::unit::lines::Line;
use crate::facts::unit::words;

#[derive(Debug, Default)]
pub(super) struct Environment {
    told: BTreeMap<String, Variable>,
    from_files: BTreeMap<String, Variable>,
}

#[derive(Debug)]
struct Variable {
    value: String,
    file: usize,
    line: u32,
}

impl Environment {
    pub(super) fn clear(&mut self) {
        self.told.clear();
    }

    /// `Environment=`: words of `NAME=VALUE`.
    pub(super) fn assign(&mut self, line: &Line) {
        for (at, word) in words::split(&line.value) {
            if let Some((name, value)) = word.split_once('=') {
                let variable = Variable {
                    value: words::specifiers(value),
                    file: line.file,
                    line: line.line_at(at),
                };
                self.told.insert(name.to_owned(), variable);
            }
        }
    }

    /// A file of variables. Quotes and backslashes are the shell's, and nothing is put in for `$`.
    pub(super) fn read(&mut self, bytes: &[u8], file: usize) {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader {
            characters: text.chars().peekable(),
            line: 1,
        };
        while let Some((name, value, line)) = reader.assignment() {
            let variable = Variable { value, file, line };
            self.from_files.insert(name, variable);
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.variable(name).map(|variable| variable.value.as_str())
    }

    /// The words of a variable's value.
    pub(super) fn words(&self, name: &str) -> Vec<Word> {
        let Some(variable) = self.variable(name) else {
            return Vec::new();
        };
        let words = words::split(&variable.value).into_iter();
        words
            .map(|(_, value)| Word {
                value,
                file: variable.file,
                line: variable.line,
            })
            .collect()
    }

    /// What etcd takes from its environment.
    pub(super) fn etcd_flags(&self) -> Vec<Flag> {
        let told = self.told.iter();
        told.filter(|(name, _)| !self.from_files.contains_key(*name))
            .chain(&self.from_files)
            .filter_map(|(name, variable)| {
                let at = (variable.file, variable.line);
                process::etcd_variable(name, &variable.value, at)
            })
            .collect()
    }

    fn variable(&self, name: &str) -> Option<&Variable> {
        self.from_files.get(name).or_else(|| self.told.get(name))
    }
}

struct Reader<'a> {
    characters: std::iter::Peekable<std::str::Chars<'a>>,
    line: u32,
}

impl Reader<'_> {
    /// The next `NAME=VALUE` and its line.
    fn assignment(&mut self) -> Option<(String, String, u32)> {
        loop {
            while self.characters.peek()?.is_ascii_whitespace() {
                self.next();
            }
            let line = self.line;
            if self
                .characters
                .next_if(|c| matches!(c, '#' | ';'))
                .is_some()
            {
                self.comment();
                continue;
            }
            let mut name = String::new();
            let is_assignment = loop {
                match self.next() {
                    Some('=') => break true,
                    Some('\n') | None => break false,
                    Some(character) => name.push(character),
                }
            };
            if !is_assignment {
                continue;
            }
            let value = self.value();
            let name = name.trim();
            let is_name = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name && !name.is_empty() {
                return Some((name.to_owned(), value, line));
            }
        }
    }

    /// A comment ends with its line, unless a backslash continues it.
    fn comment(&mut self) {
        while let Some(character) = self.next() {
            match character {
                '\\' => {
                    self.next();
                }
                '\n' => return,
                _ => {}
            }
        }
    }

    fn value(&mut self) -> String {
        while self
            .characters
            .next_if(|c| matches!(c, ' ' | '\t'))
            .is_some()
        {}
        let mut value = String::new();
        // Spaces at the end go, but not quoted ones.
        let mut kept = 0;
        while let Some(character) = self.next() {
            match character {
                '\n' => break,
                '\'' | '"' => {
                    self.quoted(character, &mut value);
                    kept = value.len();
                }
                '\\' => {
                    value.extend(self.next().filter(|escaped| *escaped != '\n'));
                    kept = value.len();
                }
                _ => {
                    value.push(character);
                    if !character.is_ascii_whitespace() {
                        kept = value.len();
                    }
                }
            }
        }
        value.truncate(kept);
        value
    }

    fn quoted(&mut self, quote: char, value: &mut String) {
        while let Some(character) = self.next() {
            match character {
                _ if character == quote => return,
                '\\' if quote == '"' => match self.next() {
                    Some('\n') | None => {}
                    Some(escaped) => {
                        if !matches!(escaped, '"' | '\\' | '`' | '$') {
                            value.push('\\');
                        }
                        value.push(escaped);
                    }
                },
                _ => value.push(character),
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let character = self.characters.next()?;
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }
}
