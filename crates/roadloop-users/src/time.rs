//! Spans of time. What time it is, is said by who calls.

use std::time::Duration;

use roadloop_base::Nanos;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// At the end of time it stays there.
pub(crate) fn after(now: Nanos, nanos: i64) -> Nanos {
    Nanos(now.0.saturating_add(nanos))
}

pub(crate) fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}
