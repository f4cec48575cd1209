//! hapki.yaml, each value with what says so behind it. What is no value is a comment, so that hapki reads all of it back.

use std::fmt;
use std::fmt::Write;

use crate::discover::Discovery;
use crate::discover::Entry;
use crate::discover::Scalar;
use crate::discover::Source;
use crate::discover::Value;
use crate::report::Printable;
use crate::report::at;

/// The file.
pub fn yaml(discovery: &Discovery) -> String {
    let mut page = Page(String::new());
    // Writing to a String cannot fail.
    let _ = page.file(discovery);
    page.0
}

struct Page(String);

impl Page {
    fn file(&mut self, discovery: &Discovery) -> fmt::Result {
        self.comment(0, &format!("By the files of {}.", listed(&discovery.read)))?;
        self.0.push_str(PREAMBLE);
        self.entries(0, &discovery.entries)
    }

    fn entries(&mut self, indent: usize, entries: &[Entry]) -> fmt::Result {
        for entry in entries {
            match entry {
                Entry::Key(key, value) => self.key(indent, "", key, value)?,
                Entry::Missing { key, example, why } => {
                    self.comment(indent, &format!("{key}: {example} # {why}"))?;
                }
                Entry::Remark(text) => self.comment(indent, text)?,
            }
        }
        Ok(())
    }

    /// `dash` is `- ` where the key begins an item of a list; its further keys stand two columns deeper.
    fn key(&mut self, indent: usize, dash: &str, key: &str, value: &Value) -> fmt::Result {
        let pad = " ".repeat(indent);
        let deeper = indent + dash.len();
        write!(self.0, "{pad}{dash}{key}:")?;
        match value {
            Value::One(scalar) => {
                self.0.push(' ');
                self.scalar(deeper, scalar)
            }
            Value::List(scalars) => {
                self.0.push('\n');
                for scalar in scalars {
                    write!(self.0, "{}  - ", " ".repeat(deeper))?;
                    self.scalar(deeper + 4, scalar)?;
                }
                Ok(())
            }
            Value::Keys(entries) => {
                let has_value = entries.iter().any(|entry| matches!(entry, Entry::Key(..)));
                self.0.push_str(if has_value { "\n" } else { " {}\n" });
                self.entries(deeper + 2, entries)
            }
            Value::Items(items) => {
                self.0.push('\n');
                items
                    .iter()
                    .try_for_each(|item| self.item(deeper + 2, item))
            }
        }
    }

    fn item(&mut self, indent: usize, entries: &[Entry]) -> fmt::Result {
        if let Some((Entry::Key(key, value), rest)) = entries.split_first() {
            self.key(indent, "- ", key, value)?;
            self.entries(indent + 2, rest)?;
        }
        Ok(())
    }

    fn scalar(&mut self, indent: usize, scalar: &Scalar) -> fmt::Result {
        let text = written(scalar);
        match scalar.sources.split_first() {
            Some((first, [])) => {
                let first = said(first);
                writeln!(self.0, "{text} # {}", Printable(&first))?;
            }
            Some((first, others)) => {
                let (first, count) = (said(first), others.len());
                writeln!(self.0, "{text} # {}; {count} more", Printable(&first))?;
            }
            None => writeln!(self.0, "{text}")?,
        }
        for (other, source) in &scalar.against {
            self.comment(indent, &format!("but {other} by {}", said(source)))?;
        }
        Ok(())
    }

    fn comment(&mut self, indent: usize, text: &str) -> fmt::Result {
        let pad = " ".repeat(indent);
        writeln!(self.0, "{pad}# {}", Printable(text))
    }
}

fn said(source: &Source) -> String {
    format!("{}, {}", at(&source.place), source.what)
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "no node".to_owned(),
        names => names.join(", "),
    }
}

/// Plain where no reader of YAML could take it for anything but this text; as JSON has it otherwise, which is YAML too.
fn written(scalar: &Scalar) -> String {
    let text = &scalar.text;
    let is_word = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '/' | '_'));
    let is_something_else = text.parse::<f64>().is_ok()
        || text.starts_with("0x")
        || text.starts_with("0o")
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if scalar.is_number || is_word && !is_something_else {
        return text.clone();
    }
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let mut escaped = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        if matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        ) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
const PREAMBLE: &str = "\
# Behind each value stands the file that says so. What is commented out is told by no file; a line that begins with
# `but` is a file that contradicts the value before it.
apiVersion: hapki.dev/v1
kind: Cluster
";
