//! The lines of a registry's log (logrus' text format: `key=value`, quoted as Go does).

use std::fs;
use std::path::Path;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub level: String,
    pub message: String,
}

/// A token that a registry did not take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// What was wrong with it.
    pub reason: String,
    /// `error authorizing context: …`.
    pub context: String,
}

pub fn read(file: &Path) -> Vec<Line> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter_map(line).collect()
}

/// What skopeo ended with.
pub fn fatal(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().filter_map(line);
    let last = lines.find(|line| line.level == "fatal")?;
    Some(last.message)
}

/// Every refused token, in a log that nothing else wrote to meanwhile. Who comes without one is told where to get it:
/// that is no refusal.
pub fn refusals(lines: &[Line]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.message.starts_with(CONTEXT) && line.message != NO_TOKEN {
            let before = at.checked_sub(1).map(|before| &lines[before]);
            let before = before.filter(|before| before.level == "info");
            refusals.push(Refusal {
                reason: before.map_or_else(String::new, |before| before.message.clone()),
                context: line.message.clone(),
            });
        }
    }
    refusals
}

fn line(text: &str) -> Option<Line> {
    Some(Line {
        level: field(text, "level=")?,
        message: field(text, "msg=")?,
    })
}

fn field(text: &str, key: &str) -> Option<String> {
    let (_, value) = text.split_once(key)?;
    let Some(quoted) = value.strip_prefix('"') else {
        return value.split(' ').next().map(str::to_owned);
    };
    let mut out = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some(out),
            '\\' => out.push(match characters.next()? {
                'n' => '\n',
                other => other,
            }),
            other => out.push(other),
        }
    }
}

const CONTEXT: &str = "error authorizing context: ";
const NO_TOKEN: &str = "error authorizing context: authorization token required";
