//! Instants as files of others have them: ISO texts, or numbers since 1970.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// What a number of a time column counts, told by its size: each unit is taken
/// from 1973 on, up to the year 5138.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Unit {
    /// The unit a number of this size is in.
    pub(crate) fn of(text: &str) -> Option<Unit> {
        let size = decimal(text, 0)?.unsigned_abs();
        Some(match size {
            0..100_000_000_000 => Unit::Seconds,
            100_000_000_000..100_000_000_000_000 => Unit::Milliseconds,
            100_000_000_000_000..100_000_000_000_000_000 => Unit::Microseconds,
            _ => Unit::Nanoseconds,
        })
    }

    /// Nanoseconds since 1970; `None` where they do not reach.
    pub(crate) fn nanos(self, text: &str) -> Option<i64> {
        let zeros = match self {
            Unit::Seconds => 9,
            Unit::Milliseconds => 6,
            Unit::Microseconds => 3,
            Unit::Nanoseconds => 0,
        };
        i64::try_from(decimal(text, zeros)?).ok()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Seconds => "s",
            Unit::Milliseconds => "ms",
            Unit::Microseconds => "µs",
            Unit::Nanoseconds => "ns",
        })
    }
}

/// A decimal number with so many zeros at its end, its fraction cut: no float
/// in between, which would lose nanoseconds.
fn decimal(text: &str, zeros: i32) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // How far the point moves to the right.
    let shift = exponent.checked_add(zeros)?;
    let places = i32::try_from(whole.len()).ok()?.checked_add(shift)?;
    let mut number: i128 = 0;
    let mut digits = whole.bytes().chain(fraction.bytes());
    for _ in 0..places.max(0) {
        let digit = match digits.next() {
            Some(byte) => byte - b'0',
            // However many zeros follow.
            None if number == 0 => break,
            None => 0,
        };
        number = number.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    Some(if is_negative { -number } else { number })
}

/// An instant of an ISO text, in nanoseconds since 1970: `2026-05-04`,
/// `2026-05-04T09:30`, `2026-05-04 09:30:00.5+02:00`; UTC where it names no zone.
pub(crate) fn iso(text: &str) -> Option<i64> {
    iso_with_time(text).or_else(|| {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        nanos(date.and_time(NaiveTime::MIN), 0)
    })
}

/// As [`iso`], but not a day alone.
pub(crate) fn iso_with_time(text: &str) -> Option<i64> {
    // The longest is a day, a time with nine digits, a zone.
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let (time, offset_secs) = split_zone(time.trim())?;
    let forms = ["%H:%M:%S%.f", "%H:%M"];
    let time = forms.iter().find_map(|form| NaiveTime::parse_from_str(time, form).ok())?;
    nanos(date.and_time(time), offset_secs)
}

/// Takes `Z`, `UTC`, `+02:00`, `+0200` or `+02` off the end of a time.
fn split_zone(time: &str) -> Option<(&str, i64)> {
    for utc in ["Z", "z", "UTC"] {
        if let Some(time) = time.strip_suffix(utc) {
            return Some((time.trim_end(), 0));
        }
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let digits: String = time[at + 1..].chars().filter(|c| *c != ':').collect();
    let number = |text: &str| text.parse::<i64>().ok();
    let minutes = match digits.len() {
        2 => number(&digits)? * 60,
        4 => number(&digits[..2])? * 60 + number(&digits[2..])?,
        _ => return None,
    };
    let sign = if time[at..].starts_with('-') { -1 } else { 1 };
    Some((time[..at].trim_end(), sign * minutes * 60))
}

fn nanos(local: NaiveDateTime, offset_secs: i64) -> Option<i64> {
    let utc = local.and_utc().timestamp_nanos_opt()?;
    utc.checked_sub(offset_secs.checked_mul(1_000_000_000)?)
}

/// For people: to the second.
pub(crate) fn in_words(nanos: i64) -> String {
    DateTime::from_timestamp_nanos(nanos).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let got = iso(text).map(|nanos| roadloop_base::Nanos(nanos).iso());
        assert_eq!(got.as_deref(), expected, "{text}");
    }

    #[test]
    fn iso_texts() {
        check("2026-05-04", Some("2026-05-04T00:00:00.000000000Z"));
        check("2026-05-04T09:30", Some("2026-05-04T09:30:00.000000000Z"));
        check("2026-05-04 09:30:01.5", Some("2026-05-04T09:30:01.500000000Z"));
        check("2026-05-04T09:30:00.123456789Z", Some("2026-05-04T09:30:00.123456789Z"));
        check("2026-05-04 09:30:00 UTC", Some("2026-05-04T09:30:00.000000000Z"));
        check("2026-05-04T09:30:00+02:00", Some("2026-05-04T07:30:00.000000000Z"));
        check("2026-05-04T09:30:00-0130", Some("2026-05-04T11:00:00.000000000Z"));
        check("2026-05-04T09:30+02", Some("2026-05-04T07:30:00.000000000Z"));
        for none in [
            "",
            "2026",
            "09:30",
            "2026-05-04T",
            "2026-02-30",
            "2026-05-04T25:00",
            "x".repeat(99).as_str(),
            "2026-05-04T09:30+2",
            "2026-05-04T09:30:00+x",
            "9999-01-01",
            "2026-05-04T09:30 Ä",
            "1777887000",
        ] {
            check(none, None);
        }
    }

    #[track_caller]
    fn check_number(text: &str, expected: Option<(Unit, i64)>) {
        let got = Unit::of(text).and_then(|unit| Some((unit, unit.nanos(text)?)));
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn numbers_tell_their_unit() {
        let nanos = 1_777_887_000_000_000_000;
        check_number("1777887000", Some((Unit::Seconds, nanos)));
        check_number("1777887000000", Some((Unit::Milliseconds, nanos)));
        check_number("1777887000000000", Some((Unit::Microseconds, nanos)));
        check_number("1777887000000000000", Some((Unit::Nanoseconds, nanos)));
        // No float could hold this.
        check_number("1777887000.123456789", Some((Unit::Seconds, nanos + 123_456_789)));
        check_number("1777887000.1234567899", Some((Unit::Seconds, nanos + 123_456_789)));
        check_number("1.777887E9", Some((Unit::Seconds, nanos)));
        check_number("1.777887e18", Some((Unit::Nanoseconds, nanos)));
        check_number("-5.5", Some((Unit::Seconds, -5_500_000_000)));
        check_number("0", Some((Unit::Seconds, 0)));
        check_number("0e2147483000", Some((Unit::Seconds, 0)));
        check_number("123e-2", Some((Unit::Seconds, 1_230_000_000)));
        for none in [
            "",
            "-",
            ".",
            "1.2.3",
            "--1",
            "1e",
            "nan",
            "1e99",
            "0x10",
            "1e2147483647",
            "99999999999999999999",
        ] {
            check_number(none, None);
        }
    }
}
