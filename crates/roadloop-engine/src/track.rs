//! Where a recording was, and when: its GPS fixes.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadloop_bag::{BagError, Decoders, ReadMessage, Recording, Selection, Value};
use roadloop_base::{Nanos, Position};

/// Messages that carry a fix, by their names without `msg/`.
const FIX_TYPES: [&str; 6] = [
    "sensor_msgs/NavSatFix",
    "gps_common/GPSFix",
    "gps_msgs/GPSFix",
    "foxglove.LocationFix",
    "foxglove_msgs/LocationFix",
    "foxglove/LocationFix",
];

/// Fixes closer together than this add nothing, and a receiver may give 100 a
/// second for hours.
const MIN_PAUSE_NS: i64 = 20_000_000;

/// Between fixes farther apart nobody knows where the vehicle was; a frame this
/// close to one is still where the fix is.
const MAX_PAUSE_NS: i64 = 10_000_000_000;
const NEAR_NS: i64 = 1_000_000_000;

/// Fixes in order of the time they were recorded.
#[derive(Clone, Debug, Default)]
pub struct Track {
    fixes: Vec<(Nanos, Position)>,
}

impl Track {
    /// Reads the fixes of the topic that has the most of them. What is damaged
    /// is left out here and named where frames and tables are read.
    pub fn read(recording: &Recording) -> Result<Track, BagError> {
        let has_fixes =
            |message_type: &str| FIX_TYPES.contains(&&*message_type.replace("/msg/", "/"));
        let topics = recording.topics().iter().filter(|topic| has_fixes(&topic.message_type));
        let topics: Vec<String> = topics.map(|topic| topic.name.clone()).collect();
        if topics.is_empty() {
            return Ok(Track::default());
        }
        let mut fixes = BTreeMap::<Arc<str>, Vec<(Nanos, Position)>>::new();
        let mut decoders = Decoders::default();
        for read in recording.messages(&Selection { topics, ..Selection::default() })? {
            let message = match read {
                ReadMessage::Message(message) => message,
                ReadMessage::Failed(error) => return Err(error),
                _ => continue,
            };
            let Some(Ok((_, value))) = decoders.decode(&message) else { continue };
            let Some(position) = position(&value) else { continue };
            let fixes = fixes.entry(Arc::clone(&message.topic)).or_default();
            let is_new = |(last, _): &(Nanos, Position)| {
                message.logged_at.0.saturating_sub(last.0).saturating_abs() >= MIN_PAUSE_NS
            };
            if fixes.last().is_none_or(is_new) {
                fixes.push((message.logged_at, position));
            }
        }
        Ok(Track::of(fixes.into_values().max_by_key(Vec::len).unwrap_or_default()))
    }

    fn of(mut fixes: Vec<(Nanos, Position)>) -> Track {
        fixes.sort_by_key(|(time, _)| *time);
        Track { fixes }
    }

    /// The position at a time: on the line between the fixes before and after
    /// when these are at most 10 s apart, else that of a fix within 1 s.
    pub fn at(&self, time: Nanos) -> Option<Position> {
        let next = self.fixes.partition_point(|(fix, _)| *fix < time);
        let before = next.checked_sub(1).and_then(|before| self.fixes.get(before));
        let after = self.fixes.get(next);
        if let (Some((from, before)), Some((to, after))) = (before, after) {
            let pause = to.0.saturating_sub(from.0);
            if (1..=MAX_PAUSE_NS).contains(&pause) {
                let share = (time.0 - from.0) as f64 / pause as f64;
                return Some(before.toward(after, share));
            }
        }
        let distance =
            |(fix, _): &&(Nanos, Position)| fix.0.saturating_sub(time.0).saturating_abs();
        let nearest = [before, after].into_iter().flatten().min_by_key(distance)?;
        (distance(&nearest) <= NEAR_NS).then_some(nearest.1)
    }
}

/// `None` where the receiver says it has none.
fn position(fix: &Value) -> Option<Position> {
    let status = fix.get("status").and_then(|status| status.get("status"));
    if status.and_then(Value::as_i64).is_some_and(|status| status < 0) {
        return None;
    }
    let number = |name: &str| fix.get(name).and_then(Value::as_f64);
    Position::new(number("latitude")?, number("longitude")?, number("altitude"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    #[test]
    fn frames_lie_between_fixes() {
        let fix = |time: i64, latitude: f64| {
            (Nanos(time), Position::new(latitude, 11.0, Some(500.0)).unwrap())
        };
        let track =
            Track::of(vec![fix(20 * S, 48.4), fix(0, 48.0), fix(S, 48.2), fix(40 * S, 49.0)]);
        let check = |time: i64, expected: Option<f64>| {
            let got = track.at(Nanos(time)).map(|position| position.latitude());
            assert_eq!(got, expected, "{time}");
        };
        check(0, Some(48.0));
        check(S / 2, Some(48.1));
        check(S, Some(48.2));
        check(-S, Some(48.0));
        check(-S - 1, None);
        check(2 * S, Some(48.2));
        check(10 * S, None);
        check(19 * S, Some(48.4));
        check(41 * S, Some(49.0));
        check(i64::MAX, None);
        assert_eq!(Track::default().at(Nanos(0)), None);
    }
}
