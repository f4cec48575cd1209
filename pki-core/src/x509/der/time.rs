//! UTCTime and GeneralizedTime as Go's `cryptobyte` reads them: RFC 5280 section 4.1.2.5, and beyond it UTCTime without
//! seconds and offsets from UTC.

use time::Date;
use time::Month;
use time::OffsetDateTime;
use time::Time;
use time::UtcOffset;

use crate::x509::der::GENERALIZED_TIME;
use crate::x509::der::UTC_TIME;
use crate::x509::der::read::Reader;

impl Reader<'_> {
    /// A UTCTime or a GeneralizedTime, in the offset that it is written in; the tag is told where the contents are no
    /// instant, and 0 where it is neither.
    pub(crate) fn time(&mut self) -> Result<OffsetDateTime, u8> {
        if self.is_next(UTC_TIME) {
            let contents = self.contents(UTC_TIME).and_then(utc_time);
            return contents.ok_or(UTC_TIME);
        }
        if self.is_next(GENERALIZED_TIME) {
            let contents = self.contents(GENERALIZED_TIME).and_then(generalized_time);
            return contents.ok_or(GENERALIZED_TIME);
        }
        Err(0)
    }
}

/// `ReadASN1UTCTime`: two digits of the year, those from 50 on being of the twentieth century; seconds may lack.
fn utc_time(contents: &[u8]) -> Option<OffsetDateTime> {
    let mut text = Digits(contents);
    let year = i32::from(text.two()?);
    let century = if year < 50 { 2000 } else { 1900 };
    text.instant(century + year, true)
}

/// `ReadASN1GeneralizedTime`: four digits of the year, seconds always.
fn generalized_time(contents: &[u8]) -> Option<OffsetDateTime> {
    let mut text = Digits(contents);
    let century = i32::from(text.two()?) * 100;
    let year = century + i32::from(text.two()?);
    text.instant(year, false)
}

struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn two(&mut self) -> Option<u8> {
        let (&[tens, ones], rest) = self.0.split_first_chunk::<2>()?;
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        self.0 = rest;
        Some((tens - b'0') * 10 + (ones - b'0'))
    }

    /// Month, day, hour, minute, second and offset.
    fn instant(mut self, year: i32, may_lack_seconds: bool) -> Option<OffsetDateTime> {
        let month = Month::try_from(self.two()?).ok()?;
        let date = Date::from_calendar_date(year, month, self.two()?).ok()?;
        let (hour, minute) = (self.two()?, self.two()?);
        let second = match self.two() {
            Some(second) => second,
            None if may_lack_seconds => 0,
            None => return None,
        };
        let time = Time::from_hms(hour, minute, second).ok()?;
        Some(date.with_time(time).assume_offset(self.offset()?))
    }

    /// `Z`, or an offset that is not zero: what Go would write again alike.
    fn offset(mut self) -> Option<UtcOffset> {
        let (sign, rest) = self.0.split_first()?;
        self.0 = rest;
        let sign = match sign {
            b'Z' if rest.is_empty() => return Some(UtcOffset::UTC),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, minutes) = (i32::from(self.two()?), i32::from(self.two()?));
        let seconds = (hours * 60 + minutes) * 60;
        let is_sound = self.0.is_empty() && hours <= 24 && minutes < 60 && seconds > 0;
        is_sound
            .then(|| UtcOffset::from_whole_seconds(sign * seconds).ok())
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::der::element;

    /// The instant as it is written in RFC 3339, or that there is none.
    fn read(tag: u8, text: &str) -> Option<String> {
        let der = element(tag, &[text.as_bytes()]);
        let instant = Reader::new(&der).time().ok()?;
        let format = &time::format_description::well_known::Rfc3339;
        Some(instant.format(format).unwrap())
    }

    #[test]
    fn what_go_takes_is_taken_with_its_offset() {
        for (tag, text, instant) in [
            (UTC_TIME, "260601123456Z", "2026-06-01T12:34:56Z"),
            (UTC_TIME, "491231235959Z", "2049-12-31T23:59:59Z"),
            (UTC_TIME, "500101000000Z", "1950-01-01T00:00:00Z"),
            (UTC_TIME, "2606011234Z", "2026-06-01T12:34:00Z"),
            (UTC_TIME, "260601123456+0800", "2026-06-01T12:34:56+08:00"),
            (
                GENERALIZED_TIME,
                "20500228000000-0130",
                "2050-02-28T00:00:00-01:30",
            ),
            (GENERALIZED_TIME, "99991231235959Z", "9999-12-31T23:59:59Z"),
            (GENERALIZED_TIME, "00000101000000Z", "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(tag, text).as_deref(), Some(instant), "{text}");
        }
    }

    #[test]
    fn what_go_would_not_write_alike_is_refused() {
        for (tag, text) in [
            (UTC_TIME, "260601123456"),
            (UTC_TIME, "260601123456+0000"),
            (UTC_TIME, "260601123456-0000"),
            (UTC_TIME, "260601123456+2500"),
            (UTC_TIME, "260601123456+0060"),
            (UTC_TIME, "260601123456.5Z"),
            (UTC_TIME, "260601123460Z"),
            (UTC_TIME, "260229000000Z"),
            (UTC_TIME, "26060112345Z"),
            (UTC_TIME, "20260601123456Z"),
            (UTC_TIME, "260601123456z"),
            (GENERALIZED_TIME, "202606011234Z"),
            (GENERALIZED_TIME, "260601123456Z"),
            (GENERALIZED_TIME, "+0260601123456Z"),
            (GENERALIZED_TIME, "20260601123456ZZ"),
        ] {
            assert_eq!(read(tag, text), None, "{text}");
        }
        assert_eq!(Reader::new(&[5, 0]).time(), Err(0));
    }
}
