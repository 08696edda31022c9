//! The grammar by example.

use proptest::prelude::*;

use crate::filter::Filter;

#[track_caller]
fn check(text: &str, expected: &str) {
    let got = match Filter::parse(text) {
        Ok(filter) => filter.to_string(),
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(got, expected);
}

#[test]
fn normal_form() {
    check("", "");
    check("has(person, conf>.5)", "has(person, conf > 0.5)");
    check("HAS( Traffic_Light )", "has(traffic_light)");
    check("has('traffic light')", "has(traffic_light)");
    check("has(\"stop: \\\"all\\\"\")", "has(\"stop: \\\"all\\\"\")");
    check("count(person,confidence>=0.80)==5", "count(person, conf >= 0.8) = 5");
    check("count(car) <> 0", "count(car) != 0");
    check("not has(bus)", "not has(bus)");
    check("not (has(bus) and has(car))", "not (has(bus) and has(car))");
    check("has(a) and (has(b) and has(c))", "has(a) and has(b) and has(c)");
    check("has(a) and has(b) or has(c)", "has(a) and has(b) or has(c)");
    check("has(a) and (has(b) or has(c))", "has(a) and (has(b) or has(c))");
    check("camera=front and recording != drive-1a", "camera = front and recording != drive-1a");
    check("camera = \"time\"", "camera = \"time\"");
    check("camera = \"a..b\"", "camera = \"a..b\"");
    check("time in 2020-11-19", "time in 2020-11-19");
    check("time in 2020-11-19T22:00..22:30", "time in 2020-11-19T22:00..2020-11-19T22:30");
    check("time in 2020-11-19T22..01:00", "time in 2020-11-19T22..2020-11-20T01:00");
    check("time >= 2020-11-19T22:00:00+01:00", "time >= 2020-11-19T21:00:00");
}

#[test]
fn conditions_on_boxes() {
    check("has(car, area>.1, conf >= 0.5)", "has(car, area > 0.1, conf >= 0.5)");
    check("count(car, AREA < 0.01) > 3", "count(car, area < 0.01) > 3");
}

#[test]
fn columns() {
    check("brightness<40", "brightness < 40");
    check("weather.condition == rain", "weather.condition = rain");
    check(
        "\"weather\".condition = rain",
        "error: \"weather\" is no condition; conditions are \
        has, count, time, tod, tag, selection, within, in_box, not, and comparisons such as \
        camera = front\n  \"weather\".condition = rain\n  ^^^^^^^^^",
    );
    check("\"Temp (C)\" >= -3.5", "\"Temp (C)\" >= -3.5");
    check("\"tag\" = a", "\"tag\" = a");
    check("condition in (rain, \"light snow\")", "condition in (rain, \"light snow\")");
    check("condition in (rain)", "condition = rain");
    check("not camera in (front, rear)", "not camera in (front, rear)");
    check("taken_at >= 2020-11-19T22:00", "taken_at >= 2020-11-19T22:00");
}

#[test]
fn places() {
    check("within(48.12, 11.70, 2km)", "within(48.12, 11.7, 2km)");
    check("within(48.12,11.70,2000)", "within(48.12, 11.7, 2km)");
    check("within(-0, -11, 2.5 KM)", "within(0, -11, 2.5km)");
    check("within(48, 11, 500 m)", "within(48, 11, 500m)");
    check("within(48, 11, 0.5km)", "within(48, 11, 500m)");
    check("in_box(-1, 170, 1, -170)", "in_box(-1, 170, 1, -170)");
}

#[test]
fn times_of_day() {
    check("time in 22:00..06:00", "time in 22:00..06:00");
    check(
        "time in 22..6",
        "error: expected a time of day, as the range starts with one: \
        22:00..06:00\n  time in 22..6\n              ^",
    );
    check("time in 22..06:00:00.5", "time in 22..06:00:00.500000000");
    check("time in 22:00+01:00..24:00", "time in 21:00..00:00");
    check("time in 22+05:30..23", "time in 16-00:30..23");
    check("time in 07", "time in 07");
    check(
        "time in 22:00..2020-11-19",
        "error: expected a time of day, as the range starts with \
        one: 22:00..06:00\n  time in 22:00..2020-11-19\n                 ^^^^^^^^^^",
    );
    let no_clock = "is no time of day; write 09:30, from 00:00 to 24:00\n  time";
    check(
        "time in 25:00..26:00",
        &format!("error: \"25:00\" {no_clock} in 25:00..26:00\n          ^^^^^"),
    );
    check(
        "time in 22:00..6:00",
        &format!("error: \"6:00\" {no_clock} in 22:00..6:00\n                 ^^^^"),
    );
    check("time < 9:30", &format!("error: \"9:30\" {no_clock} < 9:30\n         ^^^^"));
}

#[test]
fn choices() {
    check("tod = NIGHT", "tod = night");
    check("tod != day", "not tod = day");
    check("tod in (dusk, night)", "tod in (dusk, night)");
    check("tag in (a)", "tag = a");
    check("not tag = night_drive", "not tag = night_drive");
    check("selection = \"night crowds\"", "selection = \"night crowds\"");
}

#[test]
fn errors_point_at_the_place() {
    check("has(", "error: expected a label\n  has(\n      ^");
    check("has()", "error: expected a label\n  has()\n      ^");
    check("has(car", "error: expected a comma or )\n  has(car\n         ^");
    check(
        "has(traffic light)",
        "error: expected a comma or ), and quotes around a label of several words\n  \
         has(traffic light)\n              ^^^^^",
    );
    check("hass(car)", "error: \"hass\" is no condition; did you mean has?\n  hass(car)\n  ^^^^");
    check(
        "bicycle",
        "error: \"bicycle\" is no condition; did you mean has(bicycle)?\n  bicycle\n  ^^^^^^^",
    );
    check(
        "has(car) has(bus)",
        "error: expected and, or, or the end\n  has(car) has(bus)\n           ^^^",
    );
    check(
        "has(car) && has(bus)",
        "error: '&' means nothing here; did you mean and?\n  has(car) && has(bus)\n           ^",
    );
    check(
        "count(car) >= 2.5",
        "error: expected a whole number\n  count(car) >= 2.5\n                ^^^",
    );
    check("count(car)", "error: expected a comparison such as >= 2\n  count(car)\n            ^");
    check(
        "has(car, conf >= 80)",
        "error: a confidence lies between 0 and 1, 80 does not\n  has(car, conf >= 80)\n                   ^^",
    );
    check(
        "has(car, size > 0.1)",
        "error: expected a condition on the confidence or the area, such as conf >= 0.5 or \
         area > 0.1\n  has(car, size > 0.1)\n           ^^^^",
    );
    check("tag > front", "error: expected =, != or in after tag\n  tag > front\n      ^");
    check("camera = ", "error: expected a value\n  camera = \n          ^");
    check("camera in front", "error: expected ( after in\n  camera in front\n            ^^^^^");
    check("camera in ()", "error: expected a value\n  camera in ()\n             ^");
    check(
        "tod = nigt",
        "error: tod is day, dusk or night; did you mean night?\n  tod = nigt\n        ^^^^",
    );
    check("tod = noon", "error: tod is day, dusk or night\n  tod = noon\n        ^^^^");
    check(
        "within(48, 200, 2km)",
        "error: a longitude lies between -180 and 180, 200 does not\n  within(48, 200, 2km)\n             ^^^",
    );
    check(
        "within(48, 11, 2miles)",
        "error: expected a radius such as 500m or 2km\n  within(48, 11, 2miles)\n                 ^^^^^^",
    );
    check(
        "within(48, 11, 40000km)",
        "error: a radius lies between 0 and 20020km, half around the earth\n  \
         within(48, 11, 40000km)\n                 ^^^^^^^",
    );
    check(
        "in_box(49, 11, 48, 12)",
        "error: the south lies north of the north; the order is south, west, north, east\n  \
         in_box(49, 11, 48, 12)\n         ^^^^^^^^^^^^^^",
    );
    check(
        "time >= 22:00",
        "error: a time of day, on any date, goes with in: time in 22:00..06:00\n  \
         time >= 22:00\n          ^^^^^",
    );
    check(
        "time in 22:00..22:00",
        "error: the range ends where it starts\n  time in 22:00..22:00\n                 ^^^^^",
    );
    check(
        "time in 2020-11-20..2020-11-19",
        "error: the range ends before it starts\n  time in 2020-11-20..2020-11-19\n                      ^^^^^^^^^^",
    );
    check("has(\"car)", "error: the text after \" never ends\n  has(\"car)\n      ^^^^^");
    check("(has(car)", "error: expected a closing bracket\n  (has(car)\n           ^");
    check(
        "has(car) and",
        "error: expected a condition such as has(car)\n  has(car) and\n              ^",
    );
    check("has(\tcar\n) x", "error: expected and, or, or the end\n  has( car ) x\n             ^");
}

#[test]
fn long_filters_show_the_place_alone() {
    let text = format!("{} and has(", vec!["has(car)"; 30].join(" and "));
    let message = Filter::parse(&text).unwrap_err().to_string();
    assert!(message.lines().all(|line| line.chars().count() < 120), "{message}");
    assert!(message.lines().nth(1).unwrap().trim_start().starts_with('…'), "{message}");
}

#[test]
fn hostile_filters_are_refused() {
    let deep = "(".repeat(10_000);
    assert!(Filter::parse(&deep).unwrap_err().message().contains("32 deep"));
    let deep = "not ".repeat(4_000);
    assert!(Filter::parse(&deep).unwrap_err().message().contains("32 deep"));
    let long = "(".repeat(100_000);
    assert!(Filter::parse(&long).unwrap_err().message().contains("longer than"));
    let many = vec!["has(a)"; 65].join(" or ");
    assert!(Filter::parse(&many).unwrap_err().message().contains("64 conditions"));
    let many = format!("has(a{})", ", conf > 0".repeat(9));
    assert!(Filter::parse(&many).unwrap_err().message().contains("8 conditions"));
    let many = format!("a in (b{})", ", b".repeat(256));
    assert!(Filter::parse(&many).unwrap_err().message().contains("256 values"));
    // Not itself, but its normal form.
    let deep = format!("{}tod != day", "not ".repeat(32));
    assert!(Filter::parse(&deep).unwrap_err().message().contains("32 deep"));
    let long = format!(
        "within(0,0,1e-300) or {}",
        "within(1e-300,1e-300,1e-300) or ".repeat(20) + "has(a)"
    );
    assert!(Filter::parse(&long).unwrap_err().message().contains("longer than"));
}

/// What was written is repeated in a message, and may hold what moves a cursor.
#[test]
fn a_message_is_one_line() {
    let error = Filter::parse("\"\n\u{1b}[2J\" = 1 or ,").unwrap_err();
    assert_eq!(error.to_string().lines().count(), 3, "{error}");
    let error = Filter::parse("'\n\u{1b}'").unwrap_err();
    assert!(!error.message().contains(char::is_control), "{error}");
}

proptest! {
    #[test]
    fn any_text_parses_or_says_where_not(text in "\\PC{0,80}") {
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter),
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 3),
        }
    }

    #[test]
    fn any_tokens_parse_or_say_where_not(words in proptest::collection::vec(
        prop_oneof![
            Just("has"), Just("count"), Just("("), Just(")"), Just(","), Just("car"),
            Just("not"), Just("and"), Just("or"), Just(">="), Just("2"), Just("conf"),
            Just("time"), Just("in"), Just("2020-11-19T22:00"), Just(".."), Just("camera"),
            Just("="), Just("\"a b\""), Just("0.5"), Just("é\u{301}"), Just("within"),
            Just("in_box"), Just("2km"), Just("tod"), Just("night"), Just("tag"), Just("!="),
            Just("selection"), Just("22:00"), Just("area"), Just("weather.wet"),
        ], 0..30)) {
        let text = words.join(" ");
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
        }
    }

    #[test]
    fn the_normal_form_parses_to_the_same(expr in crate::filter::naive::any_expr()) {
        let filter = Filter::parse(&expr.to_string()).unwrap();
        prop_assert_eq!(filter.expr(), Some(&expr));
    }
}
