//! Times of day, on any date: `22:00..06:00`.

use std::fmt;

use chrono::{NaiveTime, Timelike};

#[cfg(test)]
use roadloop_base::Nanos;

use super::time::{Length, parse_time, split_zone, write_time};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
pub(super) const NANOS_PER_DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// A time of day in UTC, as long as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockTime {
    start: NaiveTime,
    length: Length,
}

impl ClockTime {
    /// Reads `22`, `22:00`, `22:00:30.5`, also with `Z` or `+01:00`.
    pub(super) fn parse(text: &str) -> Option<ClockTime> {
        let (text, zone) = split_zone(text)?;
        // The end of a day is the start of the next.
        let (local, length) = match text {
            "24" => (NaiveTime::MIN, Length::Hour),
            "24:00" => (NaiveTime::MIN, Length::Minute),
            _ => parse_time(text)?,
        };
        Some(ClockTime { start: local - zone, length })
    }

    /// Since midnight.
    fn nanos(self) -> i64 {
        let seconds = i64::from(self.start.num_seconds_from_midnight());
        seconds * NANOS_PER_SECOND + i64::from(self.start.nanosecond())
    }

    fn nanos_long(self) -> i64 {
        match self.length {
            Length::Nanosecond => 1,
            Length::Second => NANOS_PER_SECOND,
            Length::Minute => 60 * NANOS_PER_SECOND,
            _ => 3600 * NANOS_PER_SECOND,
        }
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_time(f, self.start, self.length)
    }
}

/// From one time of day up to another, which may be that of the next day; or
/// as long as one is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DailyRange {
    from: ClockTime,
    to: Option<ClockTime>,
}

impl DailyRange {
    /// `None` for a range that ends where it starts: nothing, or all day?
    pub(super) fn new(from: ClockTime, to: Option<ClockTime>) -> Option<DailyRange> {
        let range = DailyRange { from, to };
        (range.start() != range.end()).then_some(range)
    }

    /// The first nanosecond of the day that is in it.
    pub(super) fn start(self) -> i64 {
        self.from.nanos()
    }

    /// The first nanosecond of a day that is not in it any more; before the
    /// start, it is that of the next day.
    pub(super) fn end(self) -> i64 {
        let end = match self.to {
            Some(to) => to.nanos(),
            None => self.start() + self.from.nanos_long(),
        };
        end % NANOS_PER_DAY
    }

    #[cfg(test)]
    pub(super) fn contains(self, time: Nanos) -> bool {
        let since_start = |nanos: i64| (nanos - self.start()).rem_euclid(NANOS_PER_DAY);
        since_start(time.0.rem_euclid(NANOS_PER_DAY)) < since_start(self.end())
    }
}

impl fmt::Display for DailyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "{}..{to}", self.from),
            None => self.from.fmt(f),
        }
    }
}
