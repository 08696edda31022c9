//! MCAP's own conformance cases (`testdata/README.md`): every record of every
//! file is parsed as its expectation says, is written as it was, and is read
//! as a recording.

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::mcap::conformance::records_as_json;
use crate::{McapCompression, McapWriter, ReadMessage};

struct Case {
    name: String,
    file: Bytes,
    expected: Value,
}

/// The files of a tar archive, by the fields of its headers that matter here.
/// POSIX.1-1988, ustar: name at 0, size in octal digits at 124, blocks of 512.
fn unpack(archive: &[u8]) -> Vec<(String, Bytes)> {
    let text = |bytes: &[u8]| {
        let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let mut files = Vec::new();
    let mut at = 0;
    while archive[at] != 0 {
        let name = text(&archive[at..at + 100]);
        let size = usize::from_str_radix(text(&archive[at + 124..at + 136]).trim(), 8).unwrap();
        let data_at = at + 512;
        files.push((name, Bytes::copy_from_slice(&archive[data_at..data_at + size])));
        at = data_at + size.next_multiple_of(512);
    }
    files
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/conformance.tar.zst");
    let archive = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let files = unpack(&archive);
    let recordings = files.iter().filter_map(|(name, file)| {
        let name = name.strip_suffix(".mcap")?.to_owned();
        let expected_name = format!("{name}.json");
        let (_, expected) = files.iter().find(|(other, _)| *other == expected_name)?;
        let expected = serde_json::from_slice(expected).unwrap();
        Some(Case { name, file: file.clone(), expected })
    });
    recordings.collect()
}

#[test]
fn records_are_as_expected_and_written_as_they_were() {
    let cases = cases();
    assert_eq!(cases.len(), 416);
    for Case { name, file, expected } in &cases {
        let features = expected["meta"]["variant"]["features"].to_string();
        let is_padded = features.contains("pad");
        let records = records_as_json(file, is_padded);
        assert_eq!(Value::from(records), expected["records"], "{name}");
    }
}

fn contents(path: &Path) -> Vec<ReadMessage> {
    let recording = open(path).unwrap();
    assert_eq!(recording.damage(), [], "{}", path.display());
    recording.messages(&Selection::default()).unwrap().with_extras().collect()
}

fn as_json(read: &ReadMessage) -> Value {
    match read {
        ReadMessage::Message(message) => json!({
            "topic": message.channel.topic,
            "data": numbers(&message.data),
            "log_time": message.logged_at.0.to_string(),
            "publish_time": message.published_at.unwrap().0.to_string(),
        }),
        ReadMessage::Attachment(attachment) => json!({
            "name": attachment.name,
            "data": numbers(&attachment.data),
        }),
        ReadMessage::Metadata(metadata) => json!({"name": metadata.name}),
        other => panic!("{other:?}"),
    }
}

fn numbers(bytes: &[u8]) -> Vec<String> {
    bytes.iter().map(u8::to_string).collect()
}

/// The contents of an expectation, messages with their channels' topics.
fn expected_contents(expected: &Value) -> Vec<Value> {
    let records = expected["records"].as_array().unwrap();
    let field = |record: &Value, name: &str| {
        let fields = record["fields"].as_array().unwrap();
        fields.iter().find(|field| field[0] == name).unwrap()[1].clone()
    };
    let message = |message: &Value| {
        let mut channels = records.iter().filter(|record| record["type"] == "Channel");
        let id = field(message, "channel_id");
        let channel = channels.find(|channel| field(channel, "id") == id).unwrap();
        json!({
            "topic": field(channel, "topic"),
            "data": field(message, "data"),
            "log_time": field(message, "log_time"),
            "publish_time": field(message, "publish_time"),
        })
    };
    let contents = records.iter().filter_map(|record| match record["type"].as_str()? {
        "Message" => Some(message(record)),
        "Attachment" => Some(json!({"name": field(record, "name"), "data": field(record, "data")})),
        "Metadata" => Some(json!({"name": field(record, "name")})),
        _ => None,
    });
    contents.collect()
}
#[test]
fn contents_are_read_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    for Case { name, file, expected } in &cases() {
        let path = folder.path().join("case.mcap");
        std::fs::write(&path, file).unwrap();
        let read = contents(&path);
        let got: Vec<Value> = read.iter().map(as_json).collect();
        assert_eq!(got, expected_contents(expected), "{name}");
        for compression in [McapCompression::None, McapCompression::Lz4, McapCompression::Zstd] {
            check_copy(&read, compression, &folder.path().join("copy.mcap"));
        }
    }
}

#[track_caller]
fn check_copy(contents_before: &[ReadMessage], compression: McapCompression, copy: &Path) {
    let mut writer = McapWriter::new(Vec::new(), "", compression).unwrap();
    for read in contents_before {
        match read {
            ReadMessage::Message(message) => writer.message(message).unwrap(),
            ReadMessage::Attachment(attachment) => writer.attachment(attachment).unwrap(),
            ReadMessage::Metadata(metadata) => writer.metadata(metadata).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    let bytes = writer.finish().unwrap();
    records_as_json(&Bytes::from(bytes.clone()), false);
    std::fs::write(copy, bytes).unwrap();
    let again = contents(copy);
    assert_eq!(again.len(), contents_before.len());
    for (before, after) in contents_before.iter().zip(&again) {
        assert_eq!(as_json(before), as_json(after));
        if let (ReadMessage::Message(before), ReadMessage::Message(after)) = (before, after) {
            assert_eq!(before.channel, after.channel);
        }
    }
    let topics = open(copy).unwrap().topics().to_vec();
    let counts: u64 = topics.iter().filter_map(|topic| topic.messages).sum();
    let messages = again.iter().filter(|read| matches!(read, ReadMessage::Message(_))).count();
    assert_eq!(messages as u64, counts);
}
