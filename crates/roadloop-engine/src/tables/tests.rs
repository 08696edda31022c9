use std::fs::File;
use std::io::BufWriter;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Float64Type, Int64Type};
use bytes::Bytes;
use roadloop_bag::{Definition, McapCompression, McapWriter};
use roadloop_base::Nanos;

use super::*;
use crate::Silent;

/// Little-endian fields one behind the other: ROS 1's form.
fn packed(parts: &[&[u8]]) -> Bytes {
    parts.concat().into()
}

fn channel(topic: &str, definition: &'static str) -> Arc<Channel> {
    Arc::new(Channel {
        topic: topic.to_owned(),
        encoding: "ros1".to_owned(),
        definition: Definition {
            name: "pkg/Thing".to_owned(),
            encoding: "ros1msg".to_owned(),
            data: Bytes::from_static(definition.as_bytes()),
        },
        metadata: Vec::new(),
    })
}

fn recorded(messages: &[(&Arc<Channel>, i64, Bytes)]) -> (tempfile::TempDir, Recording) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drive.mcap");
    let file = BufWriter::new(File::create(&path).unwrap());
    let mut writer = McapWriter::new(file, "ros1", McapCompression::None).unwrap();
    for (channel, time, data) in messages {
        let message = Message {
            topic: channel.topic.as_str().into(),
            channel: Arc::clone(channel),
            sequence: 0,
            is_selected: true,
            logged_at: Nanos(*time),
            published_at: None,
            data: data.clone(),
        };
        writer.message(&message).unwrap();
    }
    writer.finish().unwrap().into_inner().unwrap();
    let recording = roadloop_bag::open(&path).unwrap();
    (folder, recording)
}

const SCAN: &str = "time stamp\nfloat32[] ranges\nuint8[] data\nfloat64 x\nstring name\n";

fn scan(ranges: &[f32], x: f64, name: &str) -> Bytes {
    let ranges_bytes: Vec<u8> = ranges.iter().flat_map(|range| range.to_le_bytes()).collect();
    packed(&[
        &7u32.to_le_bytes(),
        &9u32.to_le_bytes(),
        &(ranges.len() as u32).to_le_bytes(),
        &ranges_bytes,
        &2u32.to_le_bytes(),
        &[1, 255],
        &x.to_le_bytes(),
        &(name.len() as u32).to_le_bytes(),
        name.as_bytes(),
    ])
}

fn settings(takes_bulk: bool) -> TableSettings {
    TableSettings { csv: true, parquet: true, takes_bulk, ..TableSettings::default() }
}

#[test]
fn the_same_rows_twice() {
    let front = channel("/scan/front", SCAN);
    let messages = [
        (&front, 1_500_000_000, scan(&[1.5, f32::NAN], 0.1, "a \"b\", c")),
        (&front, 1_600_000_000, scan(&[], f64::INFINITY, "")),
        (&front, 1_700_000_000, Bytes::from_static(b"short")),
    ];
    let (folder, recording) = recorded(&messages);
    let (report, tables) =
        extract_tables(&Silent, &recording, folder.path(), &settings(false)).unwrap();
    assert_eq!((report.done, report.skipped.len()), (2, 1));
    assert_eq!(report.skipped[0].place, "topic /scan/front message 2");
    let files = ["scan__front.csv", "scan__front.parquet"].map(str::to_owned);
    let expected = TableFiles {
        topic: "/scan/front".to_owned(),
        files: files.to_vec(),
        rows: 2,
        left_out: vec!["data".to_owned()],
    };
    assert_eq!(tables, [expected]);

    let csv = fs::read_to_string(folder.path().join(&files[0])).unwrap();
    let expected = "sequence,time_ns,time,stamp_ns,stamp,ranges,x,name\n\
        0,1500000000,1970-01-01T00:00:01.500000000Z,7000000009,1970-01-01T00:00:07.000000009Z,\
        \"[1.5,\"\"NaN\"\"]\",0.1,\"a \"\"b\"\", c\"\n\
        1,1600000000,1970-01-01T00:00:01.600000000Z,7000000009,1970-01-01T00:00:07.000000009Z,\
        [],Infinity,\n";
    assert_eq!(csv, expected);

    let file = File::open(folder.path().join(&files[1])).unwrap();
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batch = batches.next().unwrap().unwrap();
    let names: Vec<_> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
    let header = expected.lines().next().unwrap();
    assert_eq!(names.join(","), header);
    assert_eq!(batch["stamp_ns"].as_primitive::<Int64Type>().values(), &[7_000_000_009; 2]);
    let ranges = batch["ranges"].as_list::<i32>();
    assert_eq!((ranges.value_length(0), ranges.value_length(1)), (2, 0));
    let first = ranges.value(0);
    let first = first.as_primitive::<Float32Type>().values();
    assert!(first[0] == 1.5 && first[1].is_nan());
    let x = batch["x"].as_primitive::<Float64Type>().values();
    assert_eq!((x[0], x[1]), (0.1, f64::INFINITY));
    assert_eq!(batch["name"].as_string::<i32>().value(0), "a \"b\", c");
}

#[test]
fn bulk_data_is_there_when_asked_for() {
    let front = channel("/scan", SCAN);
    let (folder, recording) = recorded(&[(&front, 1, scan(&[], 1.0, "n"))]);
    let (_, tables) = extract_tables(&Silent, &recording, folder.path(), &settings(true)).unwrap();
    assert!(tables[0].left_out.is_empty());
    let csv = fs::read_to_string(folder.path().join("scan.csv")).unwrap();
    assert!(csv.contains(",ranges,data,x,name\n") && csv.contains(",[],Af8=,1.0,n\n"), "{csv}");
}

/// Two types on one topic, a definition nobody can read, names that collide
/// with the columns every table has.
#[test]
fn each_type_has_its_file() {
    let one = channel("/a", "int32 time\nint32 sequence\n");
    let other = channel("/a", "bool x\n");
    let bad = channel("/b", "nowhere/Type x\n");
    let ints = packed(&[&1i32.to_le_bytes(), &2i32.to_le_bytes()]);
    let messages = [
        (&one, 1, ints.clone()),
        (&other, 2, packed(&[&[1]])),
        (&bad, 3, packed(&[&[1]])),
        (&bad, 4, packed(&[&[1]])),
        (&one, 5, ints),
    ];
    let (folder, recording) = recorded(&messages);
    let (report, tables) =
        extract_tables(&Silent, &recording, folder.path(), &settings(false)).unwrap();
    let rows: Vec<(&str, u64)> = tables.iter().map(|t| (t.files[0].as_str(), t.rows)).collect();
    assert_eq!(rows, [("a.2.csv", 1), ("a.csv", 2)]);
    let csv = fs::read_to_string(folder.path().join("a.csv")).unwrap();
    assert!(csv.starts_with("sequence,time_ns,time,message.time,message.sequence\n"), "{csv}");
    let skips: Vec<&str> = report.skipped.iter().map(|skip| skip.place.as_str()).collect();
    assert_eq!(skips, ["topic /b message 0", "topic /b"]);
    assert!(report.skipped[0].reason.contains("nowhere/Type is defined nowhere"));
    assert_eq!(report.skipped[1].reason, "1 more messages that cannot be decoded");
}
