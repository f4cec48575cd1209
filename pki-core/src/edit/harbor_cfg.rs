//! Settings of harbor.cfg (Harbor up to 1.7).
//!
//! `prepare` puts `[configuration]` before the file and reads it with Python 2's `RawConfigParser`: the last of two settings
//! counts, names are compared in lower case, a line that begins with a space goes on with the setting before it, and
//! ` ;` begins a comment (Lib/ConfigParser.py, `_read`).

use std::ops::Range;

use crate::edit::EditError;
use crate::edit::splice;

/// Gives `key` the value `value`: in the place of the one that counts; where there is none, on a line of its own behind the
/// last setting.
///
/// # Errors
/// The value that is there goes on over several lines.
pub fn set(text: &str, key: &str, value: &str) -> Result<String, EditError> {
    let read = read(text);
    let found = read.settings.iter().rev().find(|told| told.is(key));
    let (at, written) = match found {
        Some(told) if told.lines > 1 => {
            return Err(EditError::Unusual {
                line: told.line,
                what: "a setting over several lines",
            });
        }
        Some(told) => {
            let gap = if told.needs_gap { " " } else { "" };
            (told.at.clone(), format!("{gap}{value}"))
        }
        None => (read.end..read.end, line_at(text, read.end, key, value)),
    };
    let before = text.get(..at.start).unwrap_or_default();
    let after = text.get(at.end..).unwrap_or_default();
    let changed = [before, &written, after].concat();
    let differs = || EditError::Differs {
        what: format!("{key} = {value}"),
    };
    let (old, new) = (pairs(&read, text, key), self::read(&changed));
    let is_told = new.settings.iter().rev().find(|told| told.is(key));
    let is_told = is_told.is_some_and(|told| told.value(&changed) == value && told.lines == 1);
    if is_told && pairs(&new, &changed, key) == old {
        Ok(changed)
    } else {
        Err(differs())
    }
}

/// What counts for `key`.
pub fn get<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let settings = read(text).settings;
    let told = settings.iter().rev().find(|told| told.is(key))?;
    Some(told.value(text))
}

/// The settings of the first section.
struct Read {
    settings: Vec<Setting>,
    /// Where that section ends.
    end: usize,
}

struct Setting {
    key: String,
    /// Where the value stands on its first line.
    at: Range<usize>,
    /// Whether nothing stands between `=` and the value's place.
    needs_gap: bool,
    line: u32,
    lines: u32,
}

impl Setting {
    fn is(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }

    fn value<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.at.clone()).unwrap_or_default()
    }
}

fn read(text: &str) -> Read {
    let mut settings: Vec<Setting> = Vec::new();
    let mut start = 0;
    for (whole, line) in text.split_inclusive('\n').zip(1_u32..) {
        let here = start;
        start += whole.len();
        let content = whole.trim_end();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if content.starts_with(char::is_whitespace) {
            if let Some(setting) = settings.last_mut() {
                setting.lines += 1;
            }
            continue;
        }
        if content.starts_with('[') && !content.starts_with("[configuration]") {
            return Read {
                settings,
                end: here,
            };
        }
        settings.extend(setting(whole.trim_end_matches(['\r', '\n']), here, line));
    }
    Read {
        settings,
        end: text.len(),
    }
}

fn setting(content: &str, start: usize, line: u32) -> Option<Setting> {
    let sign = content.find(['=', ':'])?;
    let behind = content.get(sign + 1..)?;
    let comment = behind.find(';').filter(|at| {
        behind
            .get(..*at)
            .is_some_and(|before| before.ends_with(char::is_whitespace))
    });
    let value = behind.get(..comment.unwrap_or(behind.len()))?;
    let gap = value.len() - value.trim_start().len();
    let at = start
        + sign
        + 1
        + if value.trim().is_empty() {
            gap.min(1)
        } else {
            gap
        };
    Some(Setting {
        key: content.get(..sign)?.trim().to_owned(),
        at: at..at + value.trim().len(),
        needs_gap: value.trim().is_empty() && gap == 0,
        line,
        lines: 1,
    })
}

/// Every other setting and its value.
fn pairs<'a>(read: &Read, text: &'a str, but: &str) -> Vec<(String, &'a str, u32)> {
    let settings = read.settings.iter().filter(|told| !told.is(but));
    settings
        .map(|told| (told.key.clone(), told.value(text), told.lines))
        .collect()
}

fn line_at(text: &str, end: usize, key: &str, value: &str) -> String {
    let newline = splice::line_end(text, 0);
    if text
        .get(..end)
        .is_some_and(|before| before.is_empty() || before.ends_with('\n'))
    {
        format!("{key} = {value}{newline}")
    } else {
        format!("{newline}{key} = {value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_alone_changes() {
        for (before, after) in [
            ("customize_crt = on\n", "customize_crt = off\n"),
            ("a = b\ncustomize_crt=on", "a = b\ncustomize_crt=off"),
            (
                "customize_crt\t:   on   \r\nb = c\r\n",
                "customize_crt\t:   off   \r\nb = c\r\n",
            ),
            (
                "Customize_CRT = on ; yes; really\n",
                "Customize_CRT = off ; yes; really\n",
            ),
            ("customize_crt = on;off\n", "customize_crt = off\n"),
            ("customize_crt =\n", "customize_crt = off\n"),
            ("customize_crt = \n", "customize_crt = off\n"),
            ("customize_crt = off\n", "customize_crt = off\n"),
        ] {
            let changed = set(before, "customize_crt", "off");
            assert_eq!(changed.unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn of_two_the_last_counts_and_a_comment_or_an_indented_line_is_none() {
        let text =
            "#customize_crt = on\ncustomize_crt = off\n; customize_crt = on\ncustomize_crt = on\n";
        let changed = set(text, "customize_crt", "off").unwrap();
        assert_eq!(
            changed,
            text.replace("\ncustomize_crt = on", "\ncustomize_crt = off")
        );
        let text = "a = b\n  customize_crt = on\n";
        let changed = set(text, "customize_crt", "off").unwrap();
        assert_eq!(changed, format!("{text}customize_crt = off\n"));
    }

    #[test]
    fn a_missing_setting_is_put_behind_the_last_one() {
        for (before, after) in [
            ("", "customize_crt = off\n"),
            ("a = b\n", "a = b\ncustomize_crt = off\n"),
            ("a = b", "a = b\ncustomize_crt = off"),
            ("a = b\r\n", "a = b\r\ncustomize_crt = off\r\n"),
            (
                "a = b\n[other]\nc = d\n",
                "a = b\ncustomize_crt = off\n[other]\nc = d\n",
            ),
        ] {
            assert_eq!(set(before, "customize_crt", "off").unwrap(), after);
        }
    }

    #[test]
    fn a_value_of_several_lines_is_refused() {
        let refused = set("customize_crt = on\n# and\n  on\n", "customize_crt", "off");
        assert!(matches!(refused, Err(EditError::Unusual { line: 1, .. })));
    }
}
