//! Times as people write them: a year, a day, a minute, an instant.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike, FixedOffset, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc,
};

use roadloop_base::Nanos;

/// A stretch of time named by its start and how finely that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    start: DateTime<Utc>,
    length: Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Length {
    Nanosecond,
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl Period {
    /// Reads `2020`, `2020-11`, `2020-11-19`, `2020-11-19T22`, `…:00`,
    /// `…:00.5`, with `Z`, `+01:00` or nothing (UTC) after a time of day.
    pub(super) fn parse(text: &str) -> Option<Period> {
        match text.split_once(['T', 't']) {
            None => Period::of_date(text),
            Some((date, time)) => {
                let date = parse_date(date)?;
                let (time, zone) = split_zone(time)?;
                let (time, length) = parse_time(time)?;
                Period::new(date.and_time(time), zone, length)
            }
        }
    }

    /// Reads a time of day as the end of a range that starts at another period:
    /// the first such time after its start.
    pub(super) fn parse_end(text: &str, from: Period) -> Option<Period> {
        let (time, length) = parse_time(text)?;
        if from.length >= Length::Day {
            return None;
        }
        let date = from.start.date_naive();
        let end = Period::new(date.and_time(time), FixedOffset::east_opt(0)?, length)?;
        if end.start > from.start {
            return Some(end);
        }
        let tomorrow = date.succ_opt()?;
        Period::new(tomorrow.and_time(time), FixedOffset::east_opt(0)?, length)
    }

    fn of_date(text: &str) -> Option<Period> {
        let mut parts = text.split('-');
        let year: i32 = digits(parts.next()?, 4)?;
        let month = parts.next().map(|part| digits(part, 2));
        let day = parts.next().map(|part| digits(part, 2));
        if parts.next().is_some() {
            return None;
        }
        let (month, day, length) = match (month, day) {
            (None, _) => (1, 1, Length::Year),
            (Some(month), None) => (month?, 1, Length::Month),
            (Some(month), Some(day)) => (month?, day?, Length::Day),
        };
        let date = NaiveDate::from_ymd_opt(year, month, day)?;
        Period::new(date.and_time(NaiveTime::MIN), FixedOffset::east_opt(0)?, length)
    }

    /// `None` where nanoseconds since 1970 do not reach.
    fn new(local: NaiveDateTime, zone: FixedOffset, length: Length) -> Option<Period> {
        let start = local.and_local_timezone(zone).single()?.with_timezone(&Utc);
        let period = Period { start, length };
        start.timestamp_nanos_opt()?;
        period.after()?.timestamp_nanos_opt()?;
        Some(period)
    }

    fn after(self) -> Option<DateTime<Utc>> {
        let seconds = |seconds| self.start.checked_add_signed(chrono::TimeDelta::seconds(seconds));
        match self.length {
            Length::Nanosecond => self.start.checked_add_signed(chrono::TimeDelta::nanoseconds(1)),
            Length::Second => seconds(1),
            Length::Minute => seconds(60),
            Length::Hour => seconds(3600),
            Length::Day => seconds(86_400),
            Length::Month => self.start.checked_add_months(Months::new(1)),
            Length::Year => self.start.checked_add_months(Months::new(12)),
        }
    }

    /// The first instant of it.
    pub fn start(self) -> Nanos {
        Nanos(self.start.timestamp_nanos_opt().unwrap_or(i64::MIN))
    }

    /// The first instant after it.
    pub(crate) fn end(self) -> Nanos {
        Nanos(self.after().and_then(|end| end.timestamp_nanos_opt()).unwrap_or(i64::MAX))
    }

    /// Where a range that names it last ends: days, months and years are meant
    /// whole, times of day as instants.
    pub fn end_of_range(self) -> Nanos {
        if self.length >= Length::Day { self.end() } else { self.start() }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Period, String> {
        let expected =
            "expected a time like 2026-05-04, 2026-05-04T09:30 or 2026-05-04T09:30:00.5Z";
        Period::parse(text).ok_or_else(|| expected.to_owned())
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start;
        match self.length {
            Length::Year => write!(f, "{:04}", start.year()),
            Length::Month => write!(f, "{}", start.format("%Y-%m")),
            Length::Day => write!(f, "{}", start.format("%Y-%m-%d")),
            length => {
                write!(f, "{}", start.format("%Y-%m-%dT"))?;
                write_time(f, start.time(), length)
            }
        }
    }
}

/// As finely as it was written, a whole hour at the coarsest.
pub(super) fn write_time(
    f: &mut fmt::Formatter<'_>,
    time: NaiveTime,
    length: Length,
) -> fmt::Result {
    match length {
        Length::Nanosecond => write!(f, "{}", time.format("%H:%M:%S%.9f")),
        Length::Second => write!(f, "{}", time.format("%H:%M:%S")),
        Length::Minute => write!(f, "{}", time.format("%H:%M")),
        // An hour of a zone that is no whole number of them from UTC, as India's.
        _ if time.minute() != 0 => write!(f, "{}-00:{:02}", time.format("%H"), time.minute()),
        _ => write!(f, "{}", time.format("%H")),
    }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(digits(year, 4)?, digits(month, 2)?, digits(day, 2)?)
}

/// `22`, `22:00`, `22:00:30`, `22:00:30.5`.
pub(super) fn parse_time(text: &str) -> Option<(NaiveTime, Length)> {
    let (text, nanos) = match text.split_once('.') {
        Some((text, fraction)) => (text, Some(parse_fraction(fraction)?)),
        None => (text, None),
    };
    let mut parts = text.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = parts.next().map(|part| digits(part, 2));
    let second = parts.next().map(|part| digits(part, 2));
    if parts.next().is_some() {
        return None;
    }
    let (minute, second, length) = match (minute, second, nanos) {
        (None, None, None) => (0, 0, Length::Hour),
        (Some(minute), None, None) => (minute?, 0, Length::Minute),
        (Some(minute), Some(second), None) => (minute?, second?, Length::Second),
        (Some(minute), Some(second), Some(_)) => (minute?, second?, Length::Nanosecond),
        _ => return None,
    };
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos.unwrap_or(0))?;
    Some((time, length))
}

fn parse_fraction(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 9 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{text:0<9}").parse().ok()
}

pub(super) fn split_zone(time: &str) -> Option<(&str, FixedOffset)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, FixedOffset::east_opt(0)?));
    }
    let Some(at) = time.find(['+', '-']) else {
        return Some((time, FixedOffset::east_opt(0)?));
    };
    let (time, zone) = time.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "00"));
    let seconds = digits::<i32>(hours, 2)? * 3600 + digits::<i32>(minutes, 2)? * 60;
    let seconds = if zone.starts_with('-') { -seconds } else { seconds };
    Some((time, FixedOffset::east_opt(seconds)?))
}

fn digits<T: std::str::FromStr>(text: &str, count: usize) -> Option<T> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match Period::parse(text) {
            Some(period) => format!("{period} = {} to {}", period.start(), period.end()),
            None => "none".to_owned(),
        };
        assert_eq!(got.replace("000000000", ""), expected, "{text}");
    }

    #[test]
    fn a_time_is_as_long_as_it_is_written() {
        check("2020", "2020 = 2020-01-01T00:00:00.Z to 2021-01-01T00:00:00.Z");
        check("2020-11", "2020-11 = 2020-11-01T00:00:00.Z to 2020-12-01T00:00:00.Z");
        check("2020-11-19", "2020-11-19 = 2020-11-19T00:00:00.Z to 2020-11-20T00:00:00.Z");
        check("2020-11-19T22", "2020-11-19T22 = 2020-11-19T22:00:00.Z to 2020-11-19T23:00:00.Z");
        check(
            "2020-11-19T22:05",
            "2020-11-19T22:05 = 2020-11-19T22:05:00.Z to 2020-11-19T22:06:00.Z",
        );
        check(
            "2020-11-19t22:05:10.25z",
            "2020-11-19T22:05:10.250000000 = 2020-11-19T22:05:10.250000000Z to 2020-11-19T22:05:10.250000001Z",
        );
        check(
            "2020-11-19T01:30+02:00",
            "2020-11-18T23:30 = 2020-11-18T23:30:00.Z to 2020-11-18T23:31:00.Z",
        );
        let hour = "2020-11-18T16-00:30 = 2020-11-18T16:30:00.Z to 2020-11-18T17:30:00.Z";
        check("2020-11-18T22+05:30", hour);
        check("2020-11-18T16-00:30", hour);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "20", "2020-13", "2020-02-30", "2020-1-1", "2020-11-19T", "2020-11-19T24"]
        {
            check(text, "none");
        }
        for text in ["1600", "2263", "9999-12-31", "2020-11-19T22:00:00.", "2020-11-19T22:00+99"] {
            check(text, "none");
        }
    }

    #[test]
    fn a_range_may_run_over_midnight() {
        let from = Period::parse("2020-11-19T22:00").unwrap();
        let end = Period::parse_end("22:30", from).unwrap();
        assert_eq!(end.to_string(), "2020-11-19T22:30");
        let end = Period::parse_end("01:00", from).unwrap();
        assert_eq!(end.to_string(), "2020-11-20T01:00");
        assert_eq!(Period::parse_end("01:00", Period::parse("2020-11-19").unwrap()), None);
    }
}
