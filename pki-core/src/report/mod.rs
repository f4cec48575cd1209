//! What was found or done, as text for people and as JSON for programs. Pure: no colour decision, no terminal, no clock.

pub mod discover;
pub mod explain;
pub mod inspect;
pub mod issue;
pub mod json;
pub mod junit;
mod parts;
pub mod plain;
mod printable;
pub mod prometheus;
pub mod sarif;
pub mod shared;
pub mod verify;
mod wrapped;

pub use crate::report::printable::Printable;

use serde::Serialize;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use crate::place::Place;

/// One JSON object and a newline. DEL and the C1 controls, which JSON allows as they are, are escaped: a terminal obeys
/// them, and a writer that strips what terminals obey would take them out of the text.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    // Nothing in a report can fail to be written: no map has keys that are no strings.
    let mut plain = serde_json::to_string_pretty(value).unwrap_or_default();
    plain.push('\n');
    let is_obeyed = |c: char| matches!(c, '\u{7f}'..='\u{9f}');
    if !plain.contains(is_obeyed) {
        return plain;
    }
    let mut text = String::with_capacity(plain.len());
    for c in plain.chars() {
        if is_obeyed(c) {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// RFC 3339 in UTC and whole seconds, as all JSON has its times.
pub(crate) fn rfc3339(instant: OffsetDateTime) -> String {
    let instant = instant.to_offset(UtcOffset::UTC);
    let seconds = instant.replace_nanosecond(0).unwrap_or(instant);
    // Only years beyond 9999 cannot be formatted; they are shown as the type itself prints them.
    seconds
        .format(&Rfc3339)
        .unwrap_or_else(|_| seconds.to_string())
}

/// `/etc/kubernetes/pki/apiserver.crt on wudang`, with the line where there is one.
pub(crate) fn at(place: &Place) -> String {
    let line = place
        .line
        .map(|line| format!(":{line}"))
        .unwrap_or_default();
    let node = match place.node.as_str() {
        "" => String::new(),
        node => format!(" on {node}"),
    };
    format!("{}{line}{node}", place.path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_in_json_as_it_is() {
        let name = "a\u{7f}\u{9b}31m\u{a0}ü\n";
        let text = json_text(&[name]);
        assert_eq!(text, "[\n  \"a\\u007f\\u009b31m\u{a0}ü\\n\"\n]\n");
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [name]);
    }
}
