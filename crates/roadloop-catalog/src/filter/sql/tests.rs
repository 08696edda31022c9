//! Filters in SQL, and what only a vocabulary finds wrong with them.

use deltalake::arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use super::*;
use crate::schema::frames_schema;

fn vocabulary() -> Vocabulary {
    let mut vocabulary = Vocabulary::new(&frames_schema());
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    vocabulary.attach(
        "weather",
        &Schema::new(vec![
            Field::new("frame", DataType::Int64, false),
            Field::new("condition", DataType::Utf8View, true),
            Field::new("temperature", DataType::Float64, true),
            Field::new("stations", DataType::Int64, true),
            Field::new("wet", DataType::Boolean, true),
            Field::new("measured", utc, true),
            Field::new("day", DataType::Date32, true),
        ]),
    );
    vocabulary.add_selections(["night-crowds".to_owned()]);
    vocabulary
}

#[track_caller]
fn check(filter: &str, expected: &str) {
    let got = match Filter::parse(filter).unwrap().to_sql(Certainty::Known, &vocabulary()) {
        Ok(sql) => sql,
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(got, expected);
}

/// Of the rows of `weather`.
#[track_caller]
fn check_weather(filter: &str, expected: &str) {
    let rows = format!("SELECT frame FROM \"attrs_weather\" WHERE {expected}");
    check(filter, &format!("EXISTS (SELECT 1 FROM ({rows}) d WHERE d.frame = f.frame)"));
}

#[test]
fn conditions_on_frames() {
    check("", "TRUE");
    check("not camera = front", "f.\"camera\" != 'front'");
    check(
        "not (camera = front or recording != a)",
        "(f.\"camera\" != 'front' AND f.\"recording\" = 'a')",
    );
    check("camera in (front, rear)", "f.\"camera\" IN ('front', 'rear')");
    check("not camera in (front, rear)", "f.\"camera\" NOT IN ('front', 'rear')");
    check("width = 1280", "f.\"width\" = 1280");
    check("brightness < 0.7", "f.\"brightness\" < CAST(0.7 AS REAL)");
    check("time < 1970-01-01T00:00:01", "f.taken_at_ns < 1000000000");
    check("time <= 1970-01-01T00:00:01", "f.taken_at_ns < 2000000000");
    check("taken_at <= 1970-01-01T00:00:01", "f.taken_at_ns < 2000000000");
    check(
        "not time in 1970-01-01T00:00..00:01",
        "(f.taken_at_ns < 0 OR f.taken_at_ns >= 60000000000)",
    );
}

#[test]
fn conditions_on_places() {
    check(
        "in_box(48, 11, 49, 12)",
        "(f.latitude >= 48.0 AND f.latitude <= 49.0 AND f.longitude >= 11.0 AND f.longitude <= 12.0)",
    );
    check(
        "not in_box(-1, 170, 1, -170)",
        "(f.latitude < -1.0 OR f.latitude > 1.0 OR (f.longitude < 170.0 AND f.longitude > -170.0))",
    );
    check("not within(48, 11, 2km)", "distance_m(f.latitude, f.longitude, 48.0, 11.0) > 2000.0");
    check(
        "within(90, 11, 2km)",
        "((f.latitude >= 89.98201259272551 AND f.latitude <= 90.0) \
         AND distance_m(f.latitude, f.longitude, 90.0, 11.0) <= 2000.0)",
    );
}

#[test]
fn conditions_on_attached_tables() {
    check_weather("weather.condition = rain", "\"condition\" = 'rain'");
    check_weather("not condition = rain", "\"condition\" != 'rain'");
    check_weather("temperature >= 3.5", "\"temperature\" >= CAST(3.5 AS DOUBLE)");
    check_weather("stations > 2.5", "\"stations\" > 2");
    check_weather("stations = 2.5", "FALSE");
    check_weather("stations != 2.5", "\"stations\" IS NOT NULL");
    check_weather("stations in (1, 2.5, 3e0)", "\"stations\" IN (1, 3)");
    check_weather("wet = TRUE", "\"wet\" = TRUE");
    // The first whole microsecond from that nanosecond on.
    check_weather(
        "measured < 1970-01-01T00:00:00.000001001",
        "\"measured\" < arrow_cast(2, 'Timestamp(Microsecond, Some(\"UTC\"))')",
    );
    check_weather(
        "day = 2020-11",
        "(\"day\" >= DATE '2020-11-01' AND \"day\" < DATE '2020-12-01')",
    );
    check_weather(
        "day in (2020-11-19, 2021)",
        "((\"day\" >= DATE '2020-11-19' AND \"day\" < DATE '2020-11-20') OR \
         (\"day\" >= DATE '2021-01-01' AND \"day\" < DATE '2022-01-01'))",
    );
}

#[test]
fn tags_and_selections_are_known_of_every_frame() {
    check(
        "not tag = \"it's\"",
        "NOT EXISTS (SELECT 1 FROM (SELECT frame FROM attrs_tags WHERE tag IN ('it''s')) d \
         WHERE d.frame = f.frame)",
    );
    check(
        "selection = night-crowds",
        "EXISTS (SELECT 1 FROM (SELECT frame FROM selections WHERE name IN ('night-crowds')) d \
         WHERE d.frame = f.frame)",
    );
}

#[test]
fn hostile_texts_stay_texts() {
    check(
        "has(\"it's'; drop table\")",
        "EXISTS (SELECT 1 FROM (SELECT frame FROM detection_rows WHERE label IN \
         ('it''s''; drop table', 'it''s'';_drop_table')) d WHERE d.frame = f.frame)",
    );
    check_weather("condition = \"'; drop\"", "\"condition\" = '''; drop'");
    assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
}

#[test]
fn what_does_not_fit_is_pointed_at() {
    check(
        "has(car) and\n wether = rain",
        "error: no column is called wether; did you mean weather?\n  \
         has(car) and  wether = rain\n                ^^^^^^",
    );
    check(
        "not weather.condtion in (rain)",
        "error: no column is called weather.condtion; did you mean weather.condition?\n  \
         not weather.condtion in (rain)\n      ^^^^^^^^^^^^^^^^",
    );
    check(
        "selection = night-crowd",
        "error: no selection is called night-crowd; did you mean night-crowds?\n  \
         selection = night-crowd\n              ^^^^^^^^^^^",
    );
    check("width > wide", "error: expected a number\n  width > wide\n          ^^^^");
    check("width > nan", "error: expected a number\n  width > nan\n          ^^^");
    check(
        "width in (1, 1e300)",
        "error: the column holds no number so large\n  width in (1, 1e300)\n               ^^^^^",
    );
    check(
        "brightness < 1e300",
        "error: the column holds no number so large\n  brightness < 1e300\n               ^^^^^",
    );
    check("wet = yes", "error: expected true or false\n  wet = yes\n        ^^^");
    check(
        "wet > true",
        "error: true and false are compared with = and !=\n  wet > true\n        ^^^^",
    );
    check(
        "measured = noon",
        "error: expected a time such as 2020-11-19T22:00, as the column holds times\n  \
         measured = noon\n             ^^^^",
    );
    check(
        "day = 2020-11-19T22",
        "error: expected a date such as 2020-11-19\n  day = 2020-11-19T22\n        ^^^^^^^^^^^^^",
    );
}

#[test]
fn each_question_has_those_who_look() {
    let markers = |text: &str| Filter::parse(text).unwrap().markers();
    assert_eq!(markers("camera = front"), Vec::<&str>::new());
    assert_eq!(markers("not has(car) or count(license_plate) = 0"), [LOOKED, REDACTED]);
}
