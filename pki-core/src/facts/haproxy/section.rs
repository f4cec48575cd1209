//! HAProxy's grammar: words and the sections that they open (configuration manual, 2.1, 2.2 and 4).

/// One section, with the `defaults` that stand before it.
#[derive(Default)]
pub(super) struct Section {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
    /// The index of the `defaults` that count for it.
    pub(super) defaults: Option<usize>,
}

pub(super) struct Line {
    pub(super) words: Vec<String>,
    pub(super) number: u32,
}

/// The sections of a file, and what could not be read, each with its line.
pub(super) fn sections(text: &str) -> (Vec<Section>, Vec<(u32, String)>) {
    let mut problems = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    let mut defaults = None;
    for (line, number) in text.lines().zip(1_u32..) {
        let words = match words(line) {
            Ok(words) => words,
            Err(what) => {
                problems.push((number, what));
                continue;
            }
        };
        let Some(first) = words.first() else {
            continue;
        };
        if SECTIONS.contains(&first.as_str()) {
            if first == "defaults" {
                defaults = Some(sections.len());
            }
            sections.push(Section {
                kind: first.clone(),
                name: words.get(1).cloned().unwrap_or_default(),
                lines: Vec::new(),
                defaults,
            });
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(Line { words, number });
        } else {
            problems.push((number, format!("says `{first}` outside of any section")));
        }
    }
    (sections, problems)
}

/// tcp unless said, as HAProxy has it.
pub(super) fn mode<'s>(sections: &'s [Section], section: &'s Section) -> &'s str {
    let defaults = section.defaults.and_then(|index| sections.get(index));
    let all = section.lines.iter().rev();
    all.chain(defaults.into_iter().flat_map(|d| d.lines.iter().rev()))
        .find(|line| is(line, "mode"))
        .and_then(|line| line.words.get(1))
        .map_or("tcp", String::as_str)
}

pub(super) fn is(line: &Line, keyword: &str) -> bool {
    line.words.first().is_some_and(|word| word == keyword)
}

pub(super) fn option(line: &Line, name: &str) -> bool {
    line.words.iter().skip(2).any(|word| word == name)
        || (is(line, "default-server") && line.words.get(1).is_some_and(|word| word == name))
}

pub(super) fn argument<'l>(line: &'l Line, name: &str) -> Option<&'l str> {
    let at = line.words.iter().skip(1).position(|word| word == name)?;
    line.words.get(at + 2).map(String::as_str)
}

/// Words of a line: quotes, backslashes and comments as in a shell.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '#') => break,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("has a quote that does not end".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// What opens a section (manual, 4).
const SECTIONS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "peers",
    "resolvers",
    "userlist",
    "mailers",
    "cache",
    "program",
    "ring",
    "fcgi-app",
    "http-errors",
    "log-forward",
    "crt-store",
    "traces",
    "acme",
    "log-profile",
];
