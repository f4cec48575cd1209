//! Lengths of time, as hapki and as Go write them.

use time::Duration;

use crate::inventory::text::ValueError;
use crate::inventory::text::error;
use crate::inventory::text::whole;

/// Reads a length of time: whole hours, days or years of 365 days, as in `12h`, `365d`, `10y`.
pub fn duration(text: &str) -> Result<Duration, ValueError> {
    let wrong = || {
        error(
            format!("`{text}` is not a duration"),
            "write whole hours, days or years, at least one and at most 1000y: 12h, 365d, 10y",
        )
    };
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let hours_of_unit = match text.get(digits.len()..) {
        Some("h") => 1,
        Some("d") => 24,
        Some("y") => 24 * 365,
        _ => return Err(wrong()),
    };
    let hours = whole(digits).and_then(|count| count.checked_mul(hours_of_unit));
    match hours {
        Some(hours @ 1..=LONGEST_HOURS) => Ok(Duration::hours(hours)),
        _ => Err(wrong()),
    }
}

/// Reads Go's form of a length of time, as kubeadm's documents and flags have it: `8760h0m0s`, `87600h`.
pub fn go_duration(text: &str) -> Result<Duration, ValueError> {
    let wrong = || {
        error(
            format!("`{text}` is not a duration"),
            "kubeadm's durations are hours, minutes and seconds: 8760h0m0s",
        )
    };
    let mut rest = text;
    let mut seconds = 0_i64;
    while !rest.is_empty() {
        let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = rest.strip_suffix(after_digits).unwrap_or(rest);
        let unit = after_digits.chars().next().ok_or_else(wrong)?;
        let of_unit = match unit {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        seconds = whole(digits)
            .and_then(|count| count.checked_mul(of_unit))
            .and_then(|part| seconds.checked_add(part))
            .ok_or_else(wrong)?;
        rest = after_digits.get(unit.len_utf8()..).unwrap_or_default();
    }
    if (1..=LONGEST_HOURS * 3600).contains(&seconds) {
        Ok(Duration::seconds(seconds))
    } else {
        Err(wrong())
    }
}

/// A thousand years: beyond any CA, and far enough from year 9999, where RFC 5280's dates end, that adding it to a
/// date never overflows.
const LONGEST_HOURS: i64 = 1000 * 365 * 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("12h"), Ok(Duration::hours(12)));
        assert_eq!(duration("365d"), Ok(Duration::days(365)));
        assert_eq!(duration("10y"), Ok(Duration::days(3650)));
        assert_eq!(duration("1000y"), Ok(Duration::days(365_000)));
        for bad in [
            "",
            "h",
            "365",
            "0d",
            "-1d",
            "+1d",
            "1.5d",
            "1 d",
            "1001y",
            "99999999999999999999d",
            "1m",
            "1w",
            "012h",
            "1dd",
            "1é",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_of_go() {
        assert_eq!(go_duration("8760h0m0s"), Ok(Duration::days(365)));
        assert_eq!(go_duration("87600h"), Ok(Duration::days(3650)));
        assert_eq!(go_duration("1h30m"), Ok(Duration::minutes(90)));
        for bad in [
            "",
            "0s",
            "8760",
            "h",
            "365d",
            "1.5h",
            "-1h",
            "1h-1m",
            "9999999999999999h",
            "1hé",
        ] {
            assert!(go_duration(bad).is_err(), "{bad}");
        }
    }
}
