//! What was found or done, as text for people and as JSON for programs. Pure: no colour decision, no terminal, no clock.

pub mod explain;
pub mod inspect;
pub mod issue;
pub mod json;
pub mod plain;
mod printable;
pub mod verify;
mod wrapped;

pub use crate::report::printable::Printable;

use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use crate::place::Place;

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
