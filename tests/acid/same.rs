//! Whether what was printed is what was foretold.

/// How much of what was printed has been foretold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// A part of a line, after what the logger writes before it.
    Part,
}

/// How the two agree; `None` where they do not.
pub fn same(foretold: &str, printed: &str, extent: Extent) -> Option<&'static str> {
    let printed = unquoted(printed.trim());
    let agree = |foretold: &str, printed: &str| match extent {
        Extent::Whole => foretold == printed,
        Extent::Part => !foretold.is_empty() && printed.contains(foretold),
    };
    if agree(foretold, &printed) {
        return Some(match extent {
            Extent::Whole => "equal",
            Extent::Part => "equal, after the logger's own words",
        });
    }
    let (foretold, printed) = (without_time(foretold), without_time(&printed));
    if agree(&foretold, &printed) {
        return Some("equal but for the current time");
    }
    let printed = without_pod(&printed);
    agree(&foretold, &printed).then_some("equal but for the pod's name")
}

/// Loggers quote quotes, each in its way.
fn unquoted(text: &str) -> String {
    text.replace(r#"\\\""#, "\"").replace(r#"\""#, "\"")
}

/// The audit and the component look at the clock one after the other.
fn without_time(text: &str) -> String {
    let mut parts = text.split(CURRENT_TIME);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let after = part.split_once(' ').map_or("", |(_, after)| after);
        format!("{text}{CURRENT_TIME}NOW {after}")
    })
}

/// `kubectl logs` says for which pod: `( pods/log NAME)`.
fn without_pod(text: &str) -> String {
    let Some((before, rest)) = text.split_once(" ( pods/log ") else {
        return text.to_owned();
    };
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

const CURRENT_TIME: &str = "current time ";

#[test]
fn only_what_is_known_to_vary_may_differ() {
    let (one, other) = (
        "x509: … current time 2026-11-24T00:06:02Z is after 2025-03-01T08:00:00Z",
        "err=\"x509: … current time 2026-11-24T00:06:03Z is after 2025-03-01T08:00:00Z\"",
    );
    assert!(same(one, other, Extent::Part).is_some());
    assert!(same(one, other, Extent::Whole).is_none());
    assert!(same(one, &other.replace("2025-03", "2025-04"), Extent::Part).is_none());
    assert!(same("", other, Extent::Part).is_none());
    let logs = "(… credentials ( pods/log shaolin))";
    assert!(same("(… credentials)", logs, Extent::Whole).is_some());
}
