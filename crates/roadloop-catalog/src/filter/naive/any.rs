//! Filters and frames that meet often: of few labels, names, times and places.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use roadloop_base::{BBox, FrameRow, Kind, Nanos, Position};

use super::{SELECTIONS, Seen, Weather};
use crate::filter::ast::{Expr, Label, Measure, Measured, Name, Op, Test};
use crate::filter::clock::{ClockTime, DailyRange};
use crate::filter::place::{Circle, MAX_RADIUS_M, Region};
use crate::filter::time::Period;
use crate::sun::Tod;
use crate::testing::{detection, frame};

/// Latitudes and longitudes, with the poles and both sides of the antimeridian.
const PLACES: [[f64; 2]; 8] = [
    [48.1, 11.5],
    [48.11, 11.5],
    [0.0, 0.0],
    [0.0, 180.0],
    [0.0, -180.0],
    [-0.1, -179.9],
    [90.0, 12.0],
    [-89.99, -100.0],
];
const TAGS: [&str; 3] = ["night_drive", "it's \"odd\"", "rain"];
const CONDITIONS: [&str; 3] = ["rain", "Rain", "light snow"];
const TIMES: [&str; 6] = [
    "1970",
    "1970-01-02",
    "1970-01-01T00:00",
    "1970-01-01T00:00:02",
    "1970-01-01T00:00:01.000000001",
    "1970-01-02T00:00:01.5",
];

fn name(text: &str) -> Name {
    Name { text: text.to_owned(), ..Name::default() }
}

fn any_op() -> impl Strategy<Value = Op> + Clone {
    select(vec![
        Op::Equal,
        Op::NotEqual,
        Op::Less,
        Op::LessOrEqual,
        Op::Greater,
        Op::GreaterOrEqual,
    ])
}

pub(crate) fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        6 => any_detected(),
        6 => any_column(),
        2 => any_time(),
        3 => any_place(),
        1 => subsequence(Tod::ALL.to_vec(), 1..=3).prop_map(Expr::Tod),
        1 => subsequence(TAGS.to_vec(), 1..=2)
            .prop_map(|tags| Expr::Tag(tags.into_iter().map(name).collect())),
        1 => subsequence(SELECTIONS.to_vec(), 1..=2)
            .prop_map(|names| Expr::Selection(names.into_iter().map(name).collect())),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Expr::negated),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner).prop_map(|(a, b)| a.or(b)),
        ]
    })
}

fn any_detected() -> impl Strategy<Value = Expr> {
    let label = prop_oneof![
        4 => select(vec!["car", "traffic light", "street", "face"]),
        1 => select(vec!["no \"such\" thing", "not", "é1..2", "\\"]),
    ]
    .prop_map(Label::new);
    let of = select(vec![Measured::Confidence, Measured::Area]);
    let value = prop_oneof![select(vec![0.0, 0.02, 0.3, 0.7, 1.0]), 0.0..=1.0f64];
    let measure = (of, any_op(), value).prop_map(|(of, op, value)| Measure { of, op, value });
    let conditions = proptest::collection::vec(measure, 0..3);
    prop_oneof![
        (label.clone(), conditions.clone())
            .prop_map(|(label, conditions)| Expr::Has { label, conditions }),
        (label, conditions, any_op(), 0..4u32).prop_map(|(label, conditions, op, number)| {
            Expr::Count { label, conditions, op, number }
        }),
    ]
}

/// A comparison that fits its column.
fn any_column() -> impl Strategy<Value = Expr> {
    let of = |columns: &[&'static str], values: &[&'static str], ops: BoxedStrategy<Op>| {
        let value = select(values.to_vec()).prop_map(name);
        let test = prop_oneof![
            3 => (ops, value.clone()).prop_map(|(op, value)| Test::Compare(op, value)),
            1 => proptest::collection::vec(value, 2..4).prop_map(Test::In),
        ];
        let column = select(columns.to_vec()).prop_map(name);
        (column, test).prop_map(|(name, test)| Expr::Column { name, test })
    };
    let ops = || any_op().boxed();
    let equality = vec![Op::Equal, Op::NotEqual];
    let numbers = ["0", "1", "3", "12.5", "-0.1", "30", "48.1", "1e3", "-7"];
    prop_oneof![
        2 => of(
            &["camera", "recording", "encoding"],
            &["front", "a-1", "b..2", "jpeg", "time"],
            ops()
        ),
        1 => of(&["weather.condition", "condition"], &CONDITIONS, ops()),
        2 => of(&["latitude", "altitude", "sun_elevation"], &numbers, ops()),
        2 => of(&["sequence", "width", "brightness"], &numbers, ops()),
        1 => of(&["temperature", "speed limit"], &numbers, ops()),
        1 => of(&["weather.wet"], &["true", "false"], select(equality).boxed()),
        1 => of(&["taken_at", "measured"], &TIMES, ops()),
        1 => of(&["date"], &["1970", "1970-01", "1970-01-01", "1970-01-02"], ops()),
    ]
}

fn any_time() -> impl Strategy<Value = Expr> {
    let period = select(TIMES.to_vec()).prop_map(|text| Period::parse(text).unwrap());
    let clock = select(vec!["00", "00:00:01", "00:00:01.000000001", "22:00", "06:30"]);
    let clock = clock.prop_map(|text| ClockTime::parse(text).unwrap());
    prop_oneof![
        (any_op(), period.clone()).prop_map(|(op, period)| Expr::Time { op, period }),
        (period.clone(), option::of(period)).prop_map(|(from, to)| {
            let to = to.filter(|to| to.end_of_range() > from.start());
            Expr::TimeIn { from, to }
        }),
        (clock.clone(), option::of(clock)).prop_filter_map("an empty range", |(from, to)| {
            DailyRange::new(from, to).map(Expr::TimeOfDay)
        }),
    ]
}

fn any_place() -> impl Strategy<Value = Expr> {
    let radius = prop_oneof![
        select(vec![0.0, 500.0, 1112.0, 15_000.0, 1e7, MAX_RADIUS_M]),
        0.0..=MAX_RADIUS_M
    ];
    let latitude = prop_oneof![select(vec![-90.0, 0.0, 48.1, 90.0]), -90.0..=90.0f64];
    let longitude = prop_oneof![select(vec![-180.0, 0.0, 11.5, 180.0]), -180.0..=180.0f64];
    let latitudes = (latitude.clone(), latitude);
    let longitudes = (longitude.clone(), longitude);
    prop_oneof![
        (select(PLACES.to_vec()), radius).prop_map(|([latitude, longitude], radius_m)| {
            Expr::Within(Circle { latitude, longitude, radius_m })
        }),
        (latitudes, longitudes).prop_map(|((a, b), (west, east))| {
            Expr::InBox(Region { south: a.min(b), west, north: a.max(b), east })
        }),
    ]
}

/// Some frames of two recordings with two cameras each. The detector gives all
/// labels but `face`.
pub(crate) fn any_frames() -> impl Strategy<Value = Vec<Seen>> {
    let taken_at = prop_oneof![
        Just(0),
        Just(1_000_000_001),
        Just(1_000_000_000),
        Just(2_500_000_000),
        Just(86_401_500_000_000),
        0..200_000_000_000_000i64,
        -100_000_000_000_000..0i64,
    ];
    let altitude = option::of(select(vec![0.0, 12.5, 480.0]));
    let position = (select(PLACES.to_vec()), altitude);
    let position = option::weighted(0.8, position).prop_map(|place| {
        let ([latitude, longitude], altitude) = place?;
        Position::new(latitude, longitude, altitude)
    });
    let picture = (select(vec!["jpeg", "rgb8"]), select(vec![12.5f32, 30.0, 100.5]));
    let weather = (
        option::of(select(CONDITIONS.to_vec())),
        option::of(select(vec![-7.0, -0.1, 3.0, 12.5])),
        option::of(any::<bool>()),
        option::of(select(vec![0, 1_000_000, 2_500_000, 86_401_500_000])),
    );
    let weather = weather.prop_map(|(condition, temperature, wet, measured)| Weather {
        condition,
        temperature,
        wet,
        measured,
    });
    let of_frame =
        ((select(vec!["a-1", "b..2"]), select(vec!["front", "rear"])), taken_at, position, picture);
    let known = (
        proptest::bool::weighted(0.8),
        proptest::bool::weighted(0.8),
        proptest::collection::vec(any_found(), 0..5),
        option::weighted(0.7, weather),
        option::weighted(0.7, select(vec![0, 30, 1000])),
        subsequence(TAGS.to_vec(), 0..=2),
        subsequence(SELECTIONS[..1].to_vec(), 0..=1),
    );
    proptest::collection::vec((of_frame, known), 1..40).prop_map(|all| {
        let mut frames = Vec::new();
        for (sequence, (of_frame, known)) in all.into_iter().enumerate() {
            let ((recording, camera), taken_at, position, (encoding, brightness)) = of_frame;
            let frame = FrameRow {
                taken_at: Nanos(taken_at),
                position,
                encoding: encoding.to_owned(),
                brightness,
                ..frame(recording, camera, sequence as u32)
            };
            let (looked, anonymized, mut detections, weather, limit, tags, selections) = known;
            detections.retain(|d| if d.kind == Kind::Face { anonymized } else { looked });
            frames.push(Seen {
                frame,
                looked,
                anonymized,
                detections,
                weather,
                limit,
                tags,
                selections,
            });
        }
        frames
    })
}

fn any_found() -> impl Strategy<Value = roadloop_base::Detection> {
    let label = select(vec!["car", "traffic light", "traffic_light", "street", "face"]);
    let confidence = prop_oneof![select(vec![0.3f32, 0.7, 1.0]), 0.0..=1.0f32];
    let size = select(vec![0.0f32, 0.2, 0.9]);
    (label, confidence, any::<bool>(), size).prop_map(|(label, confidence, boxed, size)| {
        let kind = match (label, boxed) {
            ("face", _) => Kind::Face,
            (_, true) => Kind::Object,
            (_, false) => Kind::Scene,
        };
        let mut found = detection(kind, label, confidence);
        found.bbox = found.bbox.and_then(|_| BBox::from_ltrb(0.05, 0.1, 0.05 + size, 0.2));
        found
    })
}
