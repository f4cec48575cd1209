//! nginx's grammar: words, `;`, `{` and `}`, as `ngx_conf_read_token` (src/core/ngx_conf_file.c) splits them.

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) args: Vec<String>,
    pub(super) line: u32,
    /// What stands between its braces; `None` where it ends in `;`.
    pub(super) block: Option<Vec<Directive>>,
}

/// The directives of one file, and what could not be read: line and sentence. What follows a fault is still read.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    pub(super) directives: Vec<Directive>,
    pub(super) problems: Vec<(u32, String)>,
}

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut lexer = Lexer {
        rest: text,
        line: 1,
    };
    let mut open: Vec<Directive> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut line = 1;
    while let Some((token, at)) = lexer.next() {
        if words.is_empty() {
            line = at;
        }
        match token {
            Token::Word(word) => words.push(word),
            Token::Unclosed => parsed
                .problems
                .push((at, "has a quote that does not end".to_owned())),
            Token::End => {
                if let Some(directive) = directive(&mut words, line, None) {
                    siblings(&mut open, &mut parsed).push(directive);
                }
            }
            Token::Open => {
                let is_raw = words
                    .first()
                    .is_some_and(|name| name.ends_with("_by_lua_block"));
                if is_raw || open.len() >= DEEPEST {
                    lexer.skip_block();
                    let what = "holds a block that is not looked into".to_owned();
                    parsed.problems.push((line, what));
                    words.clear();
                    continue;
                }
                let unnamed = Directive {
                    name: String::new(),
                    args: Vec::new(),
                    line,
                    block: None,
                };
                let mut opened = directive(&mut words, line, None).unwrap_or(unnamed);
                opened.block = Some(Vec::new());
                open.push(opened);
            }
            Token::Close => {
                unterminated(&mut words, line, &mut parsed);
                match open.pop() {
                    Some(closed) => siblings(&mut open, &mut parsed).push(closed),
                    None => parsed
                        .problems
                        .push((at, "has a `}` that closes nothing".to_owned())),
                }
            }
        }
    }
    unterminated(&mut words, line, &mut parsed);
    while let Some(unclosed) = open.pop() {
        let what = format!("opens `{}`, which is never closed", unclosed.name);
        parsed.problems.push((unclosed.line, what));
        siblings(&mut open, &mut parsed).push(unclosed);
    }
    parsed
}

fn siblings<'a>(open: &'a mut [Directive], parsed: &'a mut Parsed) -> &'a mut Vec<Directive> {
    match open.last_mut() {
        Some(parent) => parent.block.get_or_insert_default(),
        None => &mut parsed.directives,
    }
}

fn directive(
    words: &mut Vec<String>,
    line: u32,
    block: Option<Vec<Directive>>,
) -> Option<Directive> {
    let mut words = std::mem::take(words).into_iter();
    Some(Directive {
        name: words.next()?,
        args: words.collect(),
        line,
        block,
    })
}

fn unterminated(words: &mut Vec<String>, line: u32, parsed: &mut Parsed) {
    if let Some(name) = words.first() {
        let what = format!("does not end `{name}` with `;`");
        parsed.problems.push((line, what));
        words.clear();
    }
}

enum Token {
    Word(String),
    End,
    Open,
    Close,
    Unclosed,
}

struct Lexer<'a> {
    rest: &'a str,
    line: u32,
}

impl Lexer<'_> {
    /// The next token and its line.
    fn next(&mut self) -> Option<(Token, u32)> {
        loop {
            let first = self.bump()?;
            let line = self.line;
            let token = match first {
                '#' => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.bump();
                    }
                    continue;
                }
                '\n' => {
                    self.line += 1;
                    continue;
                }
                c if c.is_whitespace() || c == '\u{feff}' => continue,
                ';' => Token::End,
                '{' => Token::Open,
                '}' => Token::Close,
                '"' | '\'' => self.quoted(first),
                c => self.bare(c),
            };
            return Some((token, line));
        }
    }

    fn quoted(&mut self, quote: char) -> Token {
        let mut word = String::new();
        while let Some(c) = self.bump() {
            match c {
                '\\' => self.escaped(&mut word),
                c if c == quote => return Token::Word(word),
                c => {
                    self.line += u32::from(c == '\n');
                    word.push(c);
                }
            }
        }
        Token::Unclosed
    }

    /// A word without quotes ends at white space, `;` or `{`; the `{` of `${name}` belongs to it.
    fn bare(&mut self, first: char) -> Token {
        let mut word = String::new();
        let mut c = first;
        loop {
            match c {
                '\\' => self.escaped(&mut word),
                c => word.push(c),
            }
            match self.peek() {
                None | Some(';') => break,
                Some('{') if c != '$' => break,
                Some(next) if next.is_whitespace() => break,
                Some(_) => {}
            }
            match self.bump() {
                Some(next) => c = next,
                None => break,
            }
        }
        Token::Word(word)
    }

    fn escaped(&mut self, word: &mut String) {
        match self.bump() {
            Some('t') => word.push('\t'),
            Some('r') => word.push('\r'),
            Some('n') => word.push('\n'),
            Some(c @ ('"' | '\'' | '\\')) => word.push(c),
            Some(c) => {
                self.line += u32::from(c == '\n');
                word.push('\\');
                word.push(c);
            }
            None => word.push('\\'),
        }
    }

    fn skip_block(&mut self) {
        let mut depth = 1_usize;
        while depth > 0
            && let Some(c) = self.bump()
        {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                '\n' => self.line += 1,
                _ => {}
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }
}

/// No configuration nests deeper; a file that does is not followed down.
const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directives: &[Directive]) -> Vec<(String, Vec<String>, u32)> {
        let one = |d: &Directive| (d.name.clone(), d.args.clone(), d.line);
        directives.iter().map(one).collect()
    }

    #[test]
    fn words_quotes_comments_and_blocks() {
        let text = "a 1 'x y;' \"q\\\"\"; # no {\r\nblock ${v}z {\n  in\\ ner\n    b; }\nlast;\n";
        let parsed = parse(text);
        assert_eq!(parsed.problems, []);
        let strings = |words: &[&str]| words.iter().map(|&w| w.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            names(&parsed.directives),
            [
                ("a".to_owned(), strings(&["1", "x y;", "q\""]), 1),
                ("block".to_owned(), strings(&["${v}z"]), 2),
                ("last".to_owned(), strings(&[]), 5),
            ]
        );
        let inner = parsed.directives[1].block.as_deref().unwrap();
        assert_eq!(names(inner), [("in\\ ner".to_owned(), strings(&["b"]), 3)]);
    }

    #[test]
    fn what_follows_a_fault_is_still_read() {
        let parsed = parse("a; } b\nserver {\n listen 1;\n x 'open\n");
        assert_eq!(parsed.directives[0].name, "a");
        let lines: Vec<u32> = parsed.problems.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 4, 4, 1], "{:?}", parsed.problems);
        assert!(
            parsed
                .directives
                .iter()
                .any(|d| d.args == ["server"] || d.name == "b")
        );
    }

    #[test]
    fn a_tower_of_braces_is_not_climbed() {
        let parsed = parse(&"a {".repeat(100_000));
        assert!(!parsed.problems.is_empty());
        let parsed = parse("x { content_by_lua_block { if a then b = {} end } }\ny;");
        assert_eq!(parsed.directives.len(), 2);
    }
}
