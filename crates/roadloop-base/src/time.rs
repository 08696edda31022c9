//! Points in time, as recordings keep them.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Nanoseconds since 1970-01-01T00:00:00 UTC, from 1677 to 2262.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Nanos(pub i64);

impl Nanos {
    /// From the seconds and nanoseconds of a ROS time.
    pub fn from_secs_nanos(secs: i64, nanos: u32) -> Nanos {
        Nanos(secs.saturating_mul(1_000_000_000).saturating_add(i64::from(nanos)))
    }

    /// From the unsigned nanoseconds MCAP keeps; beyond the year 2262 it stays there.
    pub fn from_unsigned(nanos: u64) -> Nanos {
        Nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// `2020-11-19T22:00:00.123456789Z`: always nine digits, always UTC.
    pub fn iso(self) -> String {
        DateTime::<Utc>::from_timestamp_nanos(self.0).to_rfc3339_opts(SecondsFormat::Nanos, true)
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nanos: i64, expected: &str) {
        assert_eq!(Nanos(nanos).iso(), expected);
    }

    #[test]
    fn iso_times() {
        check(0, "1970-01-01T00:00:00.000000000Z");
        check(1_605_823_200_123_456_789, "2020-11-19T22:00:00.123456789Z");
        check(-1, "1969-12-31T23:59:59.999999999Z");
        check(i64::MAX, "2262-04-11T23:47:16.854775807Z");
        check(i64::MIN, "1677-09-21T00:12:43.145224192Z");
    }

    #[test]
    fn hostile_times_saturate() {
        assert_eq!(Nanos::from_unsigned(u64::MAX), Nanos(i64::MAX));
        assert_eq!(Nanos::from_secs_nanos(i64::MAX, 5), Nanos(i64::MAX));
    }
}
