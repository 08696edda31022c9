//! What a filter means, said as plainly as possible: the tests compare the
//! catalog's answers with these.

use proptest::prelude::*;

use roadloop_base::{Detection, FrameRow, Kind, Nanos};

use super::ast::{Confidence, Expr, Is, Label, Op};
use super::sql::marker;
use super::time::Period;
use crate::schema::REDACTED;
use crate::testing::{detection, frame};

/// A frame and all that is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) frame: FrameRow,
    pub(crate) looked: bool,
    pub(crate) anonymized: bool,
    pub(crate) detections: Vec<Detection>,
}

/// Whether a filter holds; `None` where nobody knows.
pub(crate) fn holds(expr: &Expr, seen: &Seen) -> Option<bool> {
    match expr {
        Expr::Not(inner) => holds(inner, seen).map(|held| !held),
        Expr::And(parts) => {
            let held: Vec<_> = parts.iter().map(|part| holds(part, seen)).collect();
            if held.contains(&Some(false)) {
                return Some(false);
            }
            if held.contains(&None) { None } else { Some(true) }
        }
        Expr::Or(parts) => {
            let held: Vec<_> = parts.iter().map(|part| holds(part, seen)).collect();
            if held.contains(&Some(true)) {
                return Some(true);
            }
            if held.contains(&None) { None } else { Some(false) }
        }
        Expr::Has { label, conditions } => {
            let found = matching(label, conditions, seen).count();
            known(label, seen).then_some(found > 0)
        }
        Expr::Count { label, conditions, op, number } => {
            let boxes = matching(label, conditions, seen).filter(|d| d.bbox.is_some()).count();
            known(label, seen).then_some(op.holds(boxes as u32, *number))
        }
        Expr::Camera { is, name } => {
            Some((seen.frame.id.camera.as_str() == name) == (*is == Is::Equal))
        }
        Expr::Recording { is, name } => {
            Some((seen.frame.id.recording.as_str() == name) == (*is == Is::Equal))
        }
        Expr::Time { op, period } => {
            let time = seen.frame.taken_at;
            let inside = period.start() <= time && time < period.end();
            Some(match op {
                Op::Equal => inside,
                Op::NotEqual => !inside,
                Op::Less => time < period.start(),
                Op::LessOrEqual => time < period.start() || inside,
                Op::Greater => time > period.start() && !inside,
                Op::GreaterOrEqual => time > period.start() || inside,
            })
        }
        Expr::TimeIn { from, to } => {
            let end = to.map_or(from.end(), Period::end_of_range);
            Some(from.start() <= seen.frame.taken_at && seen.frame.taken_at < end)
        }
    }
}

fn known(label: &Label, seen: &Seen) -> bool {
    if marker(label) == REDACTED { seen.anonymized } else { seen.looked }
}

fn matching<'a>(
    label: &'a Label,
    conditions: &'a [Confidence],
    seen: &'a Seen,
) -> impl Iterator<Item = &'a Detection> {
    seen.detections.iter().filter(move |detection| {
        let confident = conditions
            .iter()
            .all(|Confidence { op, value }| op.holds(detection.confidence, *value as f32));
        label.matches(&detection.label) && confident
    })
}

fn any_op() -> impl Strategy<Value = Op> + Clone {
    prop_oneof![
        Just(Op::Equal),
        Just(Op::NotEqual),
        Just(Op::Less),
        Just(Op::LessOrEqual),
        Just(Op::Greater),
        Just(Op::GreaterOrEqual),
    ]
}

/// Labels, cameras, recordings and times near those of `any_seen`.
pub(crate) fn any_expr() -> impl Strategy<Value = Expr> {
    let label = prop_oneof![
        4 => prop_oneof![Just("car"), Just("traffic light"), Just("street"), Just("face")],
        1 => prop_oneof![Just("no \"such\" thing"), Just("not"), Just("é1..2"), Just("\\")],
    ]
    .prop_map(Label::new);
    let value = prop_oneof![Just(0.0), Just(0.3), Just(0.7), Just(1.0), 0.0..=1.0f64];
    let confidence = (any_op(), value).prop_map(|(op, value)| Confidence { op, value });
    let conditions = proptest::collection::vec(confidence, 0..3);
    let is = prop_oneof![Just(Is::Equal), Just(Is::NotEqual)];
    let period = prop_oneof![
        Just("1970"),
        Just("1970-01-02"),
        Just("1970-01-01T00:00"),
        Just("1970-01-01T00:00:02"),
        Just("1970-01-01T00:00:01.000000001"),
        Just("1970-01-02T00:00:01.5"),
    ]
    .prop_map(|text| Period::parse(text).unwrap());
    let leaf = prop_oneof![
        3 => (label.clone(), conditions.clone())
            .prop_map(|(label, conditions)| Expr::Has { label, conditions }),
        3 => (label, conditions, any_op(), 0..4u32).prop_map(|(label, conditions, op, number)| {
            Expr::Count { label, conditions, op, number }
        }),
        1 => (is.clone(), prop_oneof![Just("front"), Just("rear"), Just("time")])
            .prop_map(|(is, name)| Expr::Camera { is, name: name.to_owned() }),
        1 => (is, prop_oneof![Just("a-1"), Just("b..2")])
            .prop_map(|(is, name)| Expr::Recording { is, name: name.to_owned() }),
        1 => (any_op(), period.clone()).prop_map(|(op, period)| Expr::Time { op, period }),
        1 => (period.clone(), proptest::option::of(period)).prop_map(|(from, to)| {
            let to = to.filter(|to| to.end_of_range() > from.start());
            Expr::TimeIn { from, to }
        }),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|expr| Expr::Not(Box::new(expr))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner).prop_map(|(a, b)| a.or(b)),
        ]
    })
}

/// Some frames of two recordings with two cameras each, near the times and
/// labels of `any_expr`. The detector gives all labels but `face`.
pub(crate) fn any_frames() -> impl Strategy<Value = Vec<Seen>> {
    let label = prop_oneof![
        Just("car"),
        Just("traffic light"),
        Just("traffic_light"),
        Just("street"),
        Just("face"),
    ];
    let confidence = prop_oneof![Just(0.3f32), Just(0.7), Just(1.0), 0.0..=1.0f32];
    let found = (label, confidence, any::<bool>()).prop_map(|(label, confidence, boxed)| {
        let kind = match (label, boxed) {
            ("face", _) => Kind::Face,
            (_, true) => Kind::Object,
            (_, false) => Kind::Scene,
        };
        detection(kind, label, confidence)
    });
    let taken_at = prop_oneof![
        Just(0),
        Just(1_000_000_001),
        Just(1_000_000_000),
        Just(2_500_000_000),
        Just(86_401_500_000_000),
        0..200_000_000_000_000i64,
    ];
    let seen = (
        prop_oneof![Just("a-1"), Just("b..2")],
        prop_oneof![Just("front"), Just("rear")],
        taken_at,
        proptest::bool::weighted(0.8),
        proptest::bool::weighted(0.8),
        proptest::collection::vec(found, 0..5),
    );
    proptest::collection::vec(seen, 1..40).prop_map(|all| {
        let mut frames = Vec::new();
        for (sequence, seen) in all.into_iter().enumerate() {
            let (recording, camera, taken_at, looked, anonymized, mut detections) = seen;
            let frame =
                FrameRow { taken_at: Nanos(taken_at), ..frame(recording, camera, sequence as u32) };
            detections.retain(|d| if d.kind == Kind::Face { anonymized } else { looked });
            frames.push(Seen { frame, looked, anonymized, detections });
        }
        frames
    })
}
