//! What a filter means, said as plainly as possible: the tests compare the
//! catalog's answers with these.

mod any;

use chrono::DateTime;

use roadloop_base::{Detection, FrameRow, Nanos, Position};

use super::ast::{Expr, Label, Measure, Measured, Name, Op, Test};
use super::place::{Region, distance_m};
use super::sql::{Certainty, marker};
use super::time::Period;
use crate::schema::REDACTED;
use crate::sun::{self, Tod};

pub(crate) use any::{any_expr, any_frames};

/// A frame and all that is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) frame: FrameRow,
    pub(crate) looked: bool,
    pub(crate) anonymized: bool,
    pub(crate) detections: Vec<Detection>,
    /// Its row in the attached table `weather`, where it has one.
    pub(crate) weather: Option<Weather>,
    /// The one value of the attached table `speed limit`.
    pub(crate) limit: Option<i64>,
    pub(crate) tags: Vec<&'static str>,
    pub(crate) selections: Vec<&'static str>,
}

/// One column of each sort.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) condition: Option<&'static str>,
    pub(crate) temperature: Option<f64>,
    pub(crate) wet: Option<bool>,
    /// Microseconds.
    pub(crate) measured: Option<i64>,
}

/// The saved selections, one of them without a frame.
pub(crate) const SELECTIONS: [&str; 2] = ["night-crowds", "rain"];

/// Whether a filter may hold of a frame, and whether it may fail: both where it
/// is unknown and counts as possible, neither where it is unknown and does not.
pub(crate) fn may(expr: &Expr, seen: &Seen, certainty: Certainty) -> (bool, bool) {
    let parts = |parts: &[Expr]| -> Vec<(bool, bool)> {
        parts.iter().map(|part| may(part, seen, certainty)).collect()
    };
    let known = |held: bool| (held, !held);
    let looked = |label: &Label, held: bool| {
        let was = if marker(label) == REDACTED { seen.anonymized } else { seen.looked };
        if was {
            known(held)
        } else {
            (certainty != Certainty::Known, certainty != Certainty::Known)
        }
    };
    let valued = |held: Option<bool>| match held {
        Some(held) => known(held),
        None => (certainty == Certainty::Possible, certainty == Certainty::Possible),
    };
    let position = seen.frame.position;
    match expr {
        Expr::Not(inner) => {
            let (hold, fail) = may(inner, seen, certainty);
            (fail, hold)
        }
        Expr::And(all) => {
            let all = parts(all);
            (all.iter().all(|(hold, _)| *hold), all.iter().any(|(_, fail)| *fail))
        }
        Expr::Or(any) => {
            let any = parts(any);
            (any.iter().any(|(hold, _)| *hold), any.iter().all(|(_, fail)| *fail))
        }
        Expr::Has { label, conditions } => {
            looked(label, matching(label, conditions, seen).count() > 0)
        }
        Expr::Count { label, conditions, op, number } => {
            let boxes = matching(label, conditions, seen).filter(|d| d.bbox.is_some()).count();
            looked(label, op.holds(boxes as u32, *number))
        }
        Expr::Column { name, test } => {
            valued(value(&name.text, seen).map(|value| value.passes(test)))
        }
        Expr::Time { op, period } => known(at(seen.frame.taken_at, *op, *period)),
        Expr::TimeIn { from, to } => {
            let end = to.map_or(from.end(), Period::end_of_range);
            known(from.start() <= seen.frame.taken_at && seen.frame.taken_at < end)
        }
        Expr::TimeOfDay(range) => known(range.contains(seen.frame.taken_at)),
        Expr::Within(circle) => valued(position.map(|position| {
            let center = [circle.latitude, circle.longitude];
            distance_m([position.latitude(), position.longitude()], center) <= circle.radius_m
        })),
        Expr::InBox(region) => valued(position.map(|position| lies_in(&position, region))),
        Expr::Tod(values) => {
            valued(sun_elevation(&seen.frame).map(|sun| values.contains(&Tod::of(sun))))
        }
        Expr::Tag(names) => known(names.iter().any(|name| seen.tags.contains(&&*name.text))),
        Expr::Selection(names) => {
            known(names.iter().any(|name| seen.selections.contains(&&*name.text)))
        }
    }
}

fn matching<'a>(
    label: &'a Label,
    conditions: &'a [Measure],
    seen: &'a Seen,
) -> impl Iterator<Item = &'a Detection> {
    seen.detections.iter().filter(move |detection| {
        let passes = conditions.iter().all(|Measure { of, op, value }| match of {
            Measured::Confidence => op.holds(detection.confidence, *value as f32),
            Measured::Area => {
                detection.bbox.is_some_and(|bbox| op.holds(bbox.area(), *value as f32))
            }
        });
        label.spellings().contains(&detection.label) && passes
    })
}

fn at(time: Nanos, op: Op, period: Period) -> bool {
    let inside = period.start() <= time && time < period.end();
    match op {
        Op::Equal => inside,
        Op::NotEqual => !inside,
        Op::Less => time < period.start(),
        Op::LessOrEqual => time < period.start() || inside,
        Op::Greater => time > period.start() && !inside,
        Op::GreaterOrEqual => time > period.start() || inside,
    }
}

/// On a map that goes around the earth three times.
fn lies_in(position: &Position, region: &Region) -> bool {
    let east = if region.west > region.east { region.east + 360.0 } else { region.east };
    let longitude = position.longitude();
    let around = [longitude - 360.0, longitude, longitude + 360.0];
    (region.south..=region.north).contains(&position.latitude())
        && around.iter().any(|longitude| (region.west..=east).contains(longitude))
}

fn sun_elevation(frame: &FrameRow) -> Option<f32> {
    sun::elevation(frame.position.as_ref()?, frame.taken_at)
}

enum Value {
    Text(String),
    Double(f64),
    Single(f32),
    Truth(bool),
    Time(Nanos),
}

/// Of the columns that `any_expr` knows.
fn value(column: &str, seen: &Seen) -> Option<Value> {
    let frame = &seen.frame;
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match column {
        "camera" => text(frame.id.camera.as_str()),
        "recording" => text(frame.id.recording.as_str()),
        "encoding" => text(&frame.encoding),
        "sequence" => Some(Value::Double(f64::from(frame.id.sequence))),
        "width" => Some(Value::Double(f64::from(frame.width))),
        "brightness" => Some(Value::Single(frame.brightness)),
        "latitude" => Some(Value::Double(frame.position?.latitude())),
        "altitude" => Some(Value::Double(frame.position?.altitude()?)),
        "sun_elevation" => Some(Value::Single(sun_elevation(frame)?)),
        "taken_at" => Some(Value::Time(frame.taken_at)),
        "date" => {
            let date = DateTime::from_timestamp_nanos(frame.taken_at.0).date_naive();
            let midnight = date.and_hms_opt(0, 0, 0)?.and_utc();
            Some(Value::Time(Nanos(midnight.timestamp_nanos_opt()?)))
        }
        "weather.condition" | "condition" => text(seen.weather.as_ref()?.condition?),
        "temperature" => Some(Value::Double(seen.weather.as_ref()?.temperature?)),
        "weather.wet" => Some(Value::Truth(seen.weather.as_ref()?.wet?)),
        "measured" => Some(Value::Time(Nanos(seen.weather.as_ref()?.measured? * 1000))),
        "speed limit" => Some(Value::Double(seen.limit? as f64)),
        _ => panic!("no such column: {column}"),
    }
}

impl Value {
    fn passes(&self, test: &Test) -> bool {
        match test {
            Test::Compare(op, value) => self.compares(*op, value),
            Test::In(values) => values.iter().any(|value| self.compares(Op::Equal, value)),
        }
    }

    fn compares(&self, op: Op, Name { text: value, .. }: &Name) -> bool {
        match self {
            Value::Text(text) => op.holds(text, value),
            Value::Double(number) => op.holds(*number, value.parse().unwrap()),
            Value::Single(number) => op.holds(*number, value.parse().unwrap()),
            Value::Truth(truth) => op.holds(*truth, value.parse().unwrap()),
            Value::Time(time) => at(*time, op, Period::parse(value).unwrap()),
        }
    }
}
