//! Dates of header fields, and the parts of a date that tests compare.
//!
//! Does not know what time it is: that is a [`Moment`], too. Standards: RFC 5260 §4, RFC 5322 §3.3 and §4.3 (obsolete
//! years and zones), RFC 3339 §5.6. *Deviation:* second 60 is read as 59, because a moment counts seconds without leaps.

use super::rfc822::Scan;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// A point in time as somebody's clock showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Since 1970, in UTC.
    pub(super) seconds: i64,
    /// East of Greenwich.
    pub(super) offset_minutes: i32,
}

/// The names of the parts of a date (RFC 5260 §4.2); any case is taken.
pub(super) const PARTS: &[&str] = &[
    "year", "month", "day", "date", "julian", "hour", "minute", "second", "time", "iso8601", "std11", "zone", "weekday",
];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
/// Day 0 of the Modified Julian Day.
const JULIAN_EPOCH: Date = Date::constant(1858, 11, 17);

impl Moment {
    /// The same moment on a clock of another zone.
    pub(super) fn in_zone(self, offset_minutes: i32) -> Self {
        Self { offset_minutes, ..self }
    }

    /// What the clock shows; `None` beyond the year 9999.
    fn clock(self) -> Option<DateTime> {
        let shown = self.seconds.checked_add(i64::from(self.offset_minutes) * 60)?;
        let clock = Offset::UTC.to_datetime(Timestamp::from_second(shown).ok()?);
        (clock.year() >= 0).then_some(clock)
    }

    /// `+0100`; zero is `+0000`.
    fn zone(self) -> String {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }
}

/// Reads a date of a header field; of a value such as that of Received, what stands behind the last semicolon.
pub(super) fn parse(value: &str) -> Option<Moment> {
    let text = value.rsplit(';').next().unwrap_or(value);
    let mut scan = Scan::new(text);
    scan.skip()?;
    let date = read_date(&mut scan)?;
    let time = read_time(&mut scan)?;
    let offset_minutes = if scan.is_at_end() { 0 } else { zone(scan.atom()?) };
    let clock = Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()?;
    Some(Moment { seconds: clock.as_second() - i64::from(offset_minutes) * 60, offset_minutes })
}

/// Reads `+hhmm` or `-hhmm`, the form of `:zone`.
pub(super) fn parse_zone(text: &str) -> Option<i32> {
    let (digits, sign) = match text.strip_prefix('+') {
        Some(digits) => (digits, 1),
        None => (text.strip_prefix('-')?, -1),
    };
    let number = Some(digits).filter(|digits| digits.len() == 4).and_then(number)?;
    Some(sign * (number / 100 * 60 + number % 100))
}

/// One part of a date, in the form of RFC 5260 §4.2; `None` for an unknown part, or a year that has no four digits.
pub(super) fn date_part(moment: &Moment, part: &str) -> Option<String> {
    let clock = moment.clock()?;
    let (date, time) = (clock.date(), clock.time());
    let weekday = date.weekday().to_sunday_zero_offset();
    let day_words = || format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
    let time_words = || format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    Some(match part.to_ascii_lowercase().as_str() {
        "year" => format!("{:04}", date.year()),
        "month" => format!("{:02}", date.month()),
        "day" => format!("{:02}", date.day()),
        "date" => day_words(),
        "julian" => date.duration_since(JULIAN_EPOCH).as_hours().div_euclid(24).to_string(),
        "hour" => format!("{:02}", time.hour()),
        "minute" => format!("{:02}", time.minute()),
        "second" => format!("{:02}", time.second()),
        "time" => time_words(),
        "iso8601" => {
            let mut zone = moment.zone();
            zone.insert(3, ':');
            let zone = if moment.offset_minutes == 0 { "Z" } else { &zone };
            format!("{}T{}{zone}", day_words(), time_words())
        }
        "std11" => std11(&clock, &moment.zone())?,
        "zone" => moment.zone(),
        "weekday" => weekday.to_string(),
        _ => return None,
    })
}

/// `Thu, 01 Jan 2026 00:30:15 +0100`, as in a Date field.
fn std11(clock: &DateTime, zone: &str) -> Option<String> {
    let weekday = WEEKDAYS.get(usize::try_from(clock.weekday().to_sunday_zero_offset()).ok()?)?;
    let month = MONTHS.get(usize::try_from(clock.month()).ok()?.checked_sub(1)?)?;
    Some(format!(
        "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} {zone}",
        clock.day(),
        clock.year(),
        clock.hour(),
        clock.minute(),
        clock.second()
    ))
}

/// `[Thu,] 1 Jan 2026`.
fn read_date(scan: &mut Scan<'_>) -> Option<Date> {
    let mut word = scan.atom()?;
    if word.len() == 3 {
        if !scan.eat(',') {
            return None;
        }
        scan.skip()?;
        word = scan.atom()?;
    }
    let day = Some(word).filter(|word| word.len() <= 2).and_then(number)?;
    let name = scan.atom()?;
    let month = MONTHS.iter().position(|month| name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(month)))?;
    let word = scan.atom()?;
    let year = match (word.len(), number(word)?) {
        // RFC 5322 §4.3: 00 to 49 are of this century, other years of two or three digits count from 1900.
        (2, year) if year < 50 => year + 2000,
        (2 | 3, year) => year + 1900,
        (4, year) if year >= 1900 => year,
        _ => return None,
    };
    Date::new(i16::try_from(year).ok()?, i8::try_from(month + 1).ok()?, i8::try_from(day).ok()?).ok()
}

/// `10:30[:15]`. *Deviation:* a dot is taken for the colon, as some software writes it.
fn read_time(scan: &mut Scan<'_>) -> Option<Time> {
    let hour = Some(scan.atom()?).filter(|word| word.len() <= 2).and_then(number)?;
    let minute = behind_colon(scan)??;
    let second = behind_colon(scan)?.unwrap_or(0);
    if second > 60 {
        return None;
    }
    let part = |number: i32| i8::try_from(number).ok();
    Time::new(part(hour)?, part(minute)?, part(second.min(59))?, 0).ok()
}

/// The two digits behind a colon: `Some(None)` where there is no colon, `None` where something else is behind it.
fn behind_colon(scan: &mut Scan<'_>) -> Option<Option<i32>> {
    if !scan.eat(':') && !scan.eat('.') {
        return Some(None);
    }
    scan.skip()?;
    let digits = scan.atom().filter(|word| word.len() == 2)?;
    number(digits).map(Some)
}

/// Minutes east of Greenwich of a zone's name. RFC 5322 §4.3: a name that is not known tells nothing and counts as
/// `-0000`, and so do the military letters, which were defined the wrong way round.
fn zone(word: &str) -> i32 {
    match word.to_ascii_uppercase().as_str() {
        "EDT" => -4 * 60,
        "EST" | "CDT" => -5 * 60,
        "CST" | "MDT" => -6 * 60,
        "MST" | "PDT" => -7 * 60,
        "PST" => -8 * 60,
        _ => parse_zone(word).unwrap_or(0),
    }
}

/// A number of ASCII digits and nothing else.
fn number(digits: &str) -> Option<i32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written() {
        for (value, want) in [
            ("Thu, 1 Jan 2026 00:30:15 +0100", Some("Thu, 01 Jan 2026 00:30:15 +0100")),
            ("1 Jan 2026 00:30 EST", Some("Thu, 01 Jan 2026 00:30:00 -0500")),
            ("1 Jan 26 00:30", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("Thu 1 Jan 2026 00:30 +0100", None),
            ("Thursday, 1 Jan 2026 00:30 +0100", None),
            ("1 January 2026 10.30.00 PDT", Some("Thu, 01 Jan 2026 10:30:00 -0700")),
            ("31 Dec 2016 23:59:60 +0000", Some("Sat, 31 Dec 2016 23:59:59 +0000")),
            ("32 Jan 2026 00:00 +0000", None),
            ("30 Feb 2026 00:00 +0000", None),
            ("1 Jan 2026 24:00 +0000", None),
            ("1 Jan 2026 00:60 +0000", None),
            ("1 Jan 1899 00:00 +0000", None),
            ("1 Jan 9999 00:00 +0000", Some("Fri, 01 Jan 9999 00:00:00 +0000")),
            ("1 Jan 2026 00:30 Z", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("1 Jan 2026 00:30 -0000", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("1 Jan 2026 00:30 CEST", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("1 Jan 2026 00:30 +9959", Some("Thu, 01 Jan 2026 00:30:00 +9959")),
            ("1 Jan 2026 00:30 +01:00", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("(c) Thu (x), 1 Jan 2026 (y) 00:30 (z) +0100", Some("Thu, 01 Jan 2026 00:30:00 +0100")),
            ("from x by y; Thu, 1 Jan 2026 00:30:15 +0100 (CET)", Some("Thu, 01 Jan 2026 00:30:15 +0100")),
            ("1 Jan 2026", None),
            ("2026-01-01T00:00:00Z", None),
            ("1 jan 2026 00:30:61 +0000", None),
            ("1 Jan 2026 0 : 30 : 05 +0100", Some("Thu, 01 Jan 2026 00:30:05 +0100")),
            ("1 Jan 2026 00:30:5 +0100", None),
            ("1 Jan 1950 00:00 -0730", Some("Sun, 01 Jan 1950 00:00:00 -0730")),
            ("1 Jan 2026 00:30 GMT+1", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("", None),
            // Where Pigeonhole 0.5.19 differs from RFC 5322 §4.3.
            ("1 Jan 60 0:30 GMT", Some("Fri, 01 Jan 1960 00:30:00 +0000")),
            ("1 Jan 126 00:30", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("1 Jan 2026 00:30 A", Some("Thu, 01 Jan 2026 00:30:00 +0000")),
            ("a; b; 1 Jan 2026 00:30 est", Some("Thu, 01 Jan 2026 00:30:00 -0500")),
            ("31 Dec 1969 23:59:59 +0000", Some("Wed, 31 Dec 1969 23:59:59 +0000")),
        ] {
            let read = parse(value).and_then(|moment| date_part(&moment, "std11"));
            assert_eq!(read.as_deref(), want, "{value}");
        }
    }

    #[test]
    fn each_part_has_the_form_of_the_standard() {
        let moment = parse("Thu, 1 Jan 2026 00:30:15 +0100").unwrap();
        let parts = PARTS.iter().map(|part| date_part(&moment, part).unwrap()).collect::<Vec<_>>();
        let want = [
            "2026",
            "01",
            "01",
            "2026-01-01",
            "61041",
            "00",
            "30",
            "15",
            "00:30:15",
            "2026-01-01T00:30:15+01:00",
            "Thu, 01 Jan 2026 00:30:15 +0100",
            "+0100",
            "4",
        ];
        assert_eq!(parts, want);
        let moment = moment.in_zone(0);
        for (part, want) in
            [("ISO8601", "2025-12-31T23:30:15Z"), ("Julian", "61040"), ("zone", "+0000"), ("weekday", "3")]
        {
            assert_eq!(date_part(&moment, part).as_deref(), Some(want), "{part}");
        }
        assert_eq!(date_part(&moment, "century"), None);
    }

    #[test]
    fn days_far_away_are_counted_rightly() {
        for (date, julian, weekday) in [
            ("1950-01-01", "33282", "0"),
            ("9999-01-01", "2973119", "5"),
            ("1858-11-17", "0", "3"),
            ("1858-11-16", "-1", "2"),
            ("0000-03-01", "-678881", "3"),
        ] {
            let midnight = date.parse::<Date>().unwrap().to_datetime(Time::midnight());
            let seconds = Offset::UTC.to_timestamp(midnight).unwrap().as_second();
            for second in [0, 86_399] {
                let moment = Moment { seconds: seconds + second, offset_minutes: 0 };
                assert_eq!(date_part(&moment, "julian").as_deref(), Some(julian), "{date}");
                assert_eq!(date_part(&moment, "weekday").as_deref(), Some(weekday), "{date}");
                assert_eq!(date_part(&moment, "date").as_deref(), Some(date));
            }
        }
        let far = Moment { seconds: i64::MAX, offset_minutes: 1 };
        assert_eq!(date_part(&far, "year"), None);
    }

    #[test]
    fn zones_have_a_sign_and_four_digits() {
        for (text, want) in [
            ("+0100", Some(60)),
            ("-0730", Some(-450)),
            ("+9959", Some(5999)),
            ("0100", None),
            ("+100", None),
            ("+01:00", None),
            ("+01a0", None),
            ("", None),
            ("+\u{661}\u{661}", None),
        ] {
            assert_eq!(parse_zone(text), want, "{text}");
        }
    }
}
