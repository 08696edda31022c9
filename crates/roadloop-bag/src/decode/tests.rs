use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::Definition;

/// A message somebody else serialised, and what it says (`testdata/messages`).
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) channel: Channel,
    pub(crate) data: Bytes,
    json: Json,
}

pub(crate) fn samples() -> Vec<Sample> {
    let packed = include_bytes!("../../testdata/messages/messages.jsonl.zst");
    let mut text = String::new();
    zstd::Decoder::new(&packed[..]).unwrap().read_to_string(&mut text).unwrap();
    let sample = |line: &str| {
        let line: Json = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        let bytes = |key: &str| Bytes::from(BASE64.decode(text(key)).unwrap());
        let definition =
            Definition { name: text("type"), encoding: text("schema"), data: bytes("definition") };
        let channel = Channel {
            topic: "/topic".to_owned(),
            encoding: text("encoding"),
            definition,
            metadata: Vec::new(),
        };
        Sample { channel, data: bytes("data"), json: line["json"].clone() }
    };
    text.lines().map(sample).collect()
}

fn json(value: &Value) -> Json {
    serde_json::from_str(&value.to_json()).unwrap()
}

#[test]
fn messages_of_every_type_say_what_others_read() {
    let samples = samples();
    assert!(samples.len() > 400, "{}", samples.len());
    for Sample { channel, data, json: expected } in samples {
        let decoder = Decoder::new(&channel).unwrap();
        let value = decoder.decode(&data).unwrap();
        assert_eq!(json(&value), expected, "{} in {}", channel.message_type(), channel.encoding);
    }
}

/// ROS 2's own types are known where a recording carries no definition.
#[test]
fn known_types_need_no_definition() {
    let mut known = 0;
    for Sample { mut channel, data, json: expected } in samples() {
        let package = channel.message_type().split('/').next().unwrap().to_owned();
        if channel.encoding != "cdr"
            || !["sensor_msgs", "nav_msgs", "tf2_msgs"].contains(&&*package)
        {
            continue;
        }
        channel.definition.data = Bytes::new();
        channel.definition.encoding = String::new();
        let value = Decoder::new(&channel).unwrap().decode(&data).unwrap();
        assert_eq!(json(&value), expected, "{}", channel.message_type());
        known += 1;
    }
    assert!(known > 60, "{known}");
}

/// Every scalar of a message is in a column, and only there.
#[test]
fn columns_hold_the_fields() {
    let samples = samples();
    let find = |name: &str| samples.iter().find(|s| s.channel.message_type() == name).unwrap();
    let check = |name: &str, expected: &[&str], left_out: &[&str]| {
        let sample = find(name);
        let decoder = Decoder::new(&sample.channel).unwrap();
        let value = decoder.decode(&sample.data).unwrap();
        let columns = decoder.columns(&value, false);
        let got: Vec<String> =
            columns.columns.iter().map(|c| format!("{} {:?}", c.name, c.of)).collect();
        assert_eq!(got, expected, "{name}");
        assert_eq!(columns.left_out, left_out, "{name}");
    };
    check(
        "sensor_msgs/LaserScan",
        &[
            "header.seq Uint",
            "header.stamp Nanos",
            "header.frame_id Text",
            "angle_min F32",
            "angle_max F32",
            "angle_increment F32",
            "time_increment F32",
            "scan_time F32",
            "range_min F32",
            "range_max F32",
            "ranges List(F32)",
            "intensities List(F32)",
        ],
        &[],
    );
    check(
        "sensor_msgs/msg/PointCloud2",
        &[
            "header.stamp Nanos",
            "header.frame_id Text",
            "height Uint",
            "width Uint",
            "fields Json",
            "is_bigendian Bool",
            "point_step Uint",
            "row_step Uint",
            "is_dense Bool",
        ],
        &["data"],
    );
    check("foxglove.PosesInFrame", &["timestamp Nanos", "frame_id Text", "poses Json"], &[]);
    check(
        "foxglove.CompressedImage",
        &["timestamp Nanos", "frame_id Text", "format Text"],
        &["data"],
    );
}

#[test]
fn cells_are_found() {
    let samples = samples();
    let sample = samples.iter().find(|s| s.channel.message_type() == "nav_msgs/Odometry").unwrap();
    let decoder = Decoder::new(&sample.channel).unwrap();
    let value = decoder.decode(&sample.data).unwrap();
    let columns = decoder.columns(&value, false).columns;
    let column = columns.iter().find(|c| c.name == "pose.pose.position.x").unwrap();
    let expected = &sample.json["pose"]["pose"]["position"]["x"];
    assert_eq!(json(column.cell(&value)), *expected);
    assert_eq!(*column.cell(&Value::Null), Value::Null);
}

#[test]
fn json_with_and_without_a_schema() {
    let schema = br#"{"type":"object","properties":{"a":{"type":"number"},
        "b":{"type":"object","properties":{"c":{"type":"string"}}},
        "d":{"type":"string","contentEncoding":"base64"},
        "e":{"type":"array","items":{"type":"integer"}}}}"#;
    let message = Bytes::from_static(br#"{"a":1,"b":{"c":"x"},"e":[1,2],"more":null}"#);
    let channel = |encoding: &str, data: &'static [u8]| Channel {
        encoding: "json".to_owned(),
        definition: Definition {
            name: "Thing".to_owned(),
            encoding: encoding.to_owned(),
            data: Bytes::from_static(data),
        },
        ..Channel::default()
    };
    let names = |channel: &Channel| {
        let decoder = Decoder::new(channel).unwrap();
        let value = decoder.decode(&message).unwrap();
        let columns = decoder.columns(&value, false).columns;
        columns.iter().map(|c| format!("{} {:?}", c.name, c.of)).collect::<Vec<_>>()
    };
    assert_eq!(names(&channel("jsonschema", schema)), ["a F64", "b.c Text", "e List(Int)"]);
    assert_eq!(names(&channel("", b"")), ["a F64", "b.c Text", "e Json", "more Json"]);
    let decoder = Decoder::new(&channel("", b"")).unwrap();
    assert!(decoder.decode(&Bytes::from_static(b"{")).unwrap_err().contains("EOF"));
}

#[track_caller]
fn check_bad(encoding: &str, schema: &str, definition: &'static str, expected: &str) {
    let channel = Channel {
        topic: "/t".to_owned(),
        encoding: encoding.to_owned(),
        definition: Definition {
            name: "a/msg/B".to_owned(),
            encoding: schema.to_owned(),
            data: Bytes::from_static(definition.as_bytes()),
        },
        metadata: Vec::new(),
    };
    let error = Decoder::new(&channel).unwrap_err().to_string();
    assert_eq!(error, format!("cannot use the definition of a/msg/B: {expected}\ntopic: /t"));
}

#[test]
fn definitions_that_cannot_be_used() {
    check_bad("ros1", "", "", "the recording does not carry it");
    check_bad("cdr", "", "", "type a/B is defined nowhere");
    check_bad("cdr", "ros2msg", "C c", "type a/C is defined nowhere");
    check_bad("cdr", "ros2msg", "B b", "type a/B is nested more than 64 deep, or in itself");
    check_bad("cdr", "protobuf", "x", "it is written in \"protobuf\"");
    check_bad("cbor", "", "", "messages in \"cbor\" are not read");
    check_bad("flatbuffer", "flatbuffer", "xxxx", "it is no binary FlatBuffers schema");
    let channel = Channel {
        topic: "/t".to_owned(),
        encoding: "cdr".to_owned(),
        definition: Definition { name: String::new(), encoding: String::new(), data: Bytes::new() },
        metadata: Vec::new(),
    };
    let error = Decoder::new(&channel).unwrap_err().to_string();
    assert!(error.contains("no message type") && error.ends_with("topic: /t"), "{error}");
}

#[test]
fn few_bytes_ask_for_little() {
    let definition = "Empty[] a\n====================\nMSG: a/Empty\n";
    let channel = Channel {
        encoding: "ros1".to_owned(),
        definition: Definition {
            name: "a/B".to_owned(),
            encoding: "ros1msg".to_owned(),
            data: Bytes::from_static(definition.as_bytes()),
        },
        ..Channel::default()
    };
    let decoder = Decoder::new(&channel).unwrap();
    let few = decoder.decode(&Bytes::from_static(&[3, 0, 0, 0])).unwrap();
    assert_eq!(few.to_json(), r#"{"a":[{},{},{}]}"#);
    let reason = decoder.decode(&Bytes::from_static(&[255; 4])).unwrap_err();
    assert!(reason.contains("more values than its message has bytes"), "{reason}");
}

#[test]
fn cut_messages_name_the_field() {
    let samples = samples();
    let sample = samples.iter().find(|s| s.channel.message_type() == "std_msgs/String").unwrap();
    let decoder = Decoder::new(&sample.channel).unwrap();
    let reason = decoder.decode(&Bytes::from_static(&[9, 0, 0, 0, 1])).unwrap_err();
    let expected = "cannot decode std_msgs/String: the message ends in its field data, \
        which takes 9 bytes where 1 are left";
    assert_eq!(reason, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A flipped byte or a cut of a message, or of its definition.
    #[test]
    fn damage_is_survived(
        number in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        is_cut in any::<bool>(),
        is_definition in any::<bool>(),
    ) {
        thread_local!(static SAMPLES: Vec<Sample> = samples());
        let mut sample = SAMPLES.with(|samples| samples[number.index(samples.len())].clone());
        let target = match is_definition {
            true => &mut sample.channel.definition.data,
            false => &mut sample.data,
        };
        let mut bytes = target.to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(if is_cut { at } else { usize::MAX });
        }
        *target = bytes.into();
        if let Ok(decoder) = Decoder::new(&sample.channel)
            && let Ok(value) = decoder.decode(&sample.data)
        {
            let columns = decoder.columns(&value, true);
            prop_assert!(columns.columns.len() <= 2001);
            columns.columns.iter().for_each(|column| {
                column.cell(&value);
            });
        }
    }
}
