//! A message that is to be an image, of any type and content, through to its
//! pixels. The first byte says which type, in which encoding.

#![no_main]

use std::cell::OnceCell;
use std::fs::File;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use roadloop_bag::{
    Channel, Definition, McapCompression, McapWriter, Message, Read, Selection, open,
};
use roadloop_base::Nanos;
use roadloop_vision::decode_whole;
use tempfile::TempDir;

thread_local!(static FOLDER: OnceCell<TempDir> = const { OnceCell::new() });

const FORMS: [(&str, &str, &str); 11] = [
    ("ros1", "ros1msg", "sensor_msgs/Image"),
    ("ros1", "ros1msg", "sensor_msgs/CompressedImage"),
    ("cdr", "ros2msg", "sensor_msgs/msg/Image"),
    ("cdr", "ros2msg", "sensor_msgs/msg/CompressedImage"),
    ("cdr", "ros2msg", "foxglove_msgs/msg/RawImage"),
    ("protobuf", "protobuf", "foxglove.RawImage"),
    ("protobuf", "protobuf", "foxglove.CompressedImage"),
    ("flatbuffer", "flatbuffer", "foxglove.RawImage"),
    ("json", "jsonschema", "foxglove.CompressedImage"),
    ("ros1", "ros1msg", "foxglove_msgs/CompressedVideo"),
    ("cdr", "ros2msg", "foxglove_msgs/msg/CompressedVideo"),
];

fuzz_target!(|bytes: &[u8]| {
    let &[form, eighths, ref rest @ ..] = bytes else { return };
    let (encoding, schema, name) = FORMS[usize::from(form) % FORMS.len()];
    let (definition, data) = match schema {
        // Known without it.
        "ros1msg" | "ros2msg" if !name.ends_with("Video") => (&[][..], rest),
        _ => rest.split_at(rest.len() / 8 * usize::from(eighths % 9)),
    };
    let channel = Channel {
        topic: "/camera".to_owned(),
        encoding: encoding.to_owned(),
        definition: Definition {
            name: name.to_owned(),
            encoding: schema.to_owned(),
            data: definition.to_vec().into(),
        },
        metadata: Vec::new(),
    };
    let message = Message {
        topic: "/camera".into(),
        channel: Arc::new(channel),
        sequence: 0,
        is_selected: true,
        logged_at: Nanos(1),
        published_at: None,
        data: data.to_vec().into(),
    };
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| TempDir::new().expect("a folder"));
        let path = folder.path().join("drive.mcap");
        let file = File::create(&path).expect("a file");
        let mut writer = McapWriter::new(file, "", McapCompression::None).expect("a file");
        writer.message(&message).expect("a file");
        writer.finish().expect("a file");
        let recording = open(&path).expect("it was just written");
        for read in recording.frames(&Selection::default()).expect("no topics are asked for") {
            if let Read::Frame(frame) = read {
                drop(decode_whole(&frame.image));
            }
        }
    });
});
