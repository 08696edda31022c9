//! What holds for any line, and any bytes.

use std::io::{self, BufReader, Cursor, Read};

use proptest::prelude::*;
use roadloop_base::PixelBox;
use serde_json::{Map, Value, json};

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        ".{0,6}",
        Just("source-ref".to_owned()),
        Just("av".to_owned()),
        Just("av-metadata".to_owned()),
    ];
    proptest::collection::btree_map(key, value(), 0..6)
        .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>()))
}

/// Looks at all there is to see in it.
fn look(line: &Line) {
    let _ = line.source_ref();
    for (name, _) in line.labels() {
        let _ = line.boxes(&name);
        let _ = line.verification(&name);
    }
    let _ = line.boxes("av");
}

/// JSON-like bytes, cut and stained.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let line = include_bytes!("../../../testdata/manifest/output.manifest");
    let stains = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4);
    (0..line.len(), 0..2000usize, stains).prop_map(move |(start, length, stains)| {
        let mut bytes = line[start..line.len().min(start + length)].to_vec();
        for (place, byte) in stains {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        bytes
    })
}

const ODD: &str = "a \"b\"\\";

fn boxes() -> impl Strategy<Value = Vec<(String, PixelBox, f64)>> {
    let side = || prop_oneof![(0..2000u32).prop_map(f64::from), -1e4..1e4f64, any::<f64>()];
    let size = || prop_oneof![(1..2000u32).prop_map(f64::from), 1e-9..1e4f64, any::<f64>()];
    let pixels = (side(), side(), size(), size())
        .prop_filter_map("no box", |sides| PixelBox::new(sides.0, sides.1, sides.2, sides.3));
    let class = prop_oneof![Just("car"), Just("bus"), Just(ODD)].prop_map(String::from);
    let confidence = prop_oneof![(0..=100u32).prop_map(|part| f64::from(part) / 100.0), 0.0..1.0];
    proptest::collection::vec((class, pixels, confidence), 0..8)
}

proptest! {
    #[test]
    fn any_line_comes_back(object in object(), is_pretty in any::<bool>()) {
        let text = if is_pretty {
            serde_json::to_string_pretty(&object).unwrap()
        } else {
            object.to_string()
        };
        let mut line = Line::parse(&text).unwrap();
        look(&line);
        // Against what its text says, not against `object`: the last digit of a number
        // may be lost on the way into a value.
        let expected: Value = serde_json::from_str(&text).unwrap();
        let read = |line: &Line| {
            let text = line.to_string();
            assert!(!text.contains(['\n', '\r']));
            serde_json::from_str::<Value>(&text).unwrap()
        };
        prop_assert_eq!(read(&line), expected.clone());
        line.set("one more", 1).unwrap();
        line.remove("one more");
        if !expected.as_object().unwrap().contains_key("one more") {
            prop_assert_eq!(read(&line), expected);
        }
    }

    #[test]
    fn boxes_put_in_come_out(
        object in object(),
        boxes in boxes(),
        size in (1..9000u32, 1..9000u32, 1..5u32),
        adjusted in any::<Option<bool>>(),
        job in "[a-zA-Z0-9]{1,9}",
    ) {
        let classes = ["bus", "car", ODD].map(String::from);
        let mut line = Line::parse(&object.to_string()).unwrap();
        line.put_boxes(&BoxOutput {
            attribute: "av",
            size,
            classes: &classes,
            boxes: &boxes,
            creation_date: "2018-10-18T22:18:13.527256",
            job: &job,
            adjusted,
        }).unwrap();
        let line = Line::parse(&line.to_string()).unwrap();
        prop_assert!(line.labels().contains(&("av".to_owned(), LabelKind::Boxes)));
        let got = line.boxes("av").unwrap().unwrap();
        let expected = BoxLabel {
            width: size.0,
            height: size.1,
            depth: size.2,
            boxes: boxes
                .into_iter()
                .map(|(class, pixels, confidence)| {
                    LabelledBox { class, pixels, confidence: Some(confidence) }
                })
                .collect(),
            human: true,
            created: Some("2018-10-18T22:18:13.527256".to_owned()),
            job: Some(job),
            adjusted,
        };
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop_oneof![proptest::collection::vec(any::<u8>(), 0..300), damaged()],
        buffer in 1..64usize,
    ) {
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        let mut last = 0;
        for (number, line) in Reader::new(BufReader::with_capacity(buffer, bytes.as_slice())) {
            prop_assert!(number > last && number <= lines);
            last = number;
            match line {
                Ok(line) => look(&line),
                Err(error) => {
                    let text = error.to_string();
                    let named = format!("line {number}: ");
                    prop_assert!(text.starts_with(&named), "{}", text);
                    prop_assert!(!text.chars().any(char::is_control));
                    prop_assert!(text.chars().count() < 1200);
                }
            }
        }
    }
}

/// What a reader makes of bytes: numbers of good lines, and errors.
#[track_caller]
fn check(bytes: impl Read, expected: &[&str]) {
    let got: Vec<String> = Reader::new(BufReader::new(bytes))
        .map(|(number, line)| line.map_or_else(|error| error.to_string(), |_| number.to_string()))
        .collect();
    assert_eq!(got.len(), expected.len(), "{got:?}");
    for (got, expected) in got.iter().zip(expected) {
        assert!(got.starts_with(expected), "{got}");
    }
}

#[test]
fn streams() {
    let text = |text: &str| Cursor::new(text.to_owned().into_bytes());
    check(text(""), &[]);
    check(text("\n\r\n \t\n"), &[]);
    check(text("\u{feff}{\"a\":1}\r\n\r\n{\"a\":2}"), &["1", "3"]);
    check(text("\u{feff}\n{}\n"), &["2"]);
    check(
        text("{}\n\u{feff}{}\n"),
        &["1", "line 2: not one JSON object: expected value, at byte 1"],
    );
    check(
        text("{\"a\":1\n[1]\n7\n{} {}\nnull\n{\"a\":NaN}\n{\"a\":\"\0\"}\n\0\n{}"),
        &[
            "line 1: not one JSON object: EOF while parsing an object, at byte 6",
            "line 2: not one JSON object: invalid type: sequence, expected an object in braces",
            "line 3: not one JSON object: invalid type: integer",
            "line 4: not one JSON object: trailing characters, at byte 4",
            "line 5: not one JSON object: invalid type: null",
            "line 6: not one JSON object: expected value, at byte 6",
            "line 7: not one JSON object: control character",
            "line 8: not one JSON object: expected value",
            "9",
        ],
    );
    check(text("{\"a\":1,\"b\":2,\"a\":1}"), &["line 1: the key \"a\" is there twice"]);
    check(&b"{\"a\":\"\xff\"}\n{}"[..], &["line 1: not text in UTF-8, from byte 6 on", "2"]);
    check(&b"\xff\xfe{\0}\0\n\0"[..], &["line 1: not text in UTF-8", "line 2: not one JSON"]);
    let many: String = (0..=10_000).map(|key| format!("\"{key}\":0,")).collect();
    check(text(&format!("{{{many}\"z\":0}}\n{{}}")), &["line 1: more than 10000 keys", "2"]);
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    check(text(&format!("{{\"a\":{}}}", deep(1_000_000))), &["1"]);
    let long = "x".repeat(1_000_000);
    check(text(&format!("{long}\n{{\"{long}\":1}}")), &["line 1: not one JSON", "2"]);
    let twice = format!("{{\"{long}\":1,\"{long}\":1}}");
    check(text(&twice), &["line 1: the key \"xxxx"]);
}

#[test]
fn a_line_without_end_is_passed_over() {
    let endless = || io::repeat(b'[').take(3 * LONGEST_LINE as u64);
    let after = Cursor::new(b"\n{}\n");
    let too_long = "line 1: longer than 16777216 bytes";
    check(endless().chain(after), &[too_long, "2"]);
    check(endless(), &[too_long]);
    // Just as long as may be.
    let padding = vec![b' '; LONGEST_LINE - 2];
    check(Cursor::new([b"{}", padding.as_slice(), b"\n{}"].concat()), &["1", "2"]);
    check(Cursor::new([b"{} ", padding.as_slice(), b"\n{}"].concat()), &[too_long, "2"]);
}

#[test]
fn a_broken_stream_ends() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }
    check(Cursor::new(b"{}\n{").chain(Broken), &["1", "line 2: cannot read on: unplugged"]);
}

#[test]
fn a_huge_value_is_not_quoted_in_full() {
    let long = "x".repeat(1_000_000);
    let line = json!({
        "av": {"image_size": long, "annotations": []},
        "av-metadata": {"type": "groundtruth/object-detection"},
    });
    let error = Line::parse(&line.to_string()).unwrap().boxes("av").unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
}
