//! The columns of the tables, and how a frame becomes one number.
//!
//! `frame` is 40 bits of a hash over recording and camera (the stream), then
//! 23 bits of sequence: joins and groupings run on one integer, frames of a
//! shard are neighbours, and file statistics on it find a shard's files.

use std::ops::RangeInclusive;
use std::sync::Arc;

use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::{DataType as DeltaType, StructField, StructType};
use sha2::{Digest, Sha256};

use roadloop_base::{Camera, FrameId, MAX_SEQUENCE, RecordingId, SHARD_FRAMES, ShardId, ShardRun};

use crate::session::TAGS;

use crate::attached::SourceColumn;

/// The version of what this file says. Tables with a higher one are refused.
pub(crate) const FORMAT: u32 = 1;
/// The table property that holds it.
pub(crate) const FORMAT_PROPERTY: &str = "roadloop.format";

/// The UTC date a frame was taken on. A recording's id fixes the times of its
/// frames, so all rows about a frame, in any table, lie on one date: questions
/// rely on it.
pub(crate) const PARTITION: &str = "date";

/// The kind of the row that says: the detector looked at this frame.
pub(crate) const LOOKED: &str = "looked";
/// The kind of the row that says: this frame has an anonymised copy.
pub(crate) const REDACTED: &str = "redacted";

/// How the rows of a table lie in each of its files, by the table's name.
pub(crate) fn order_of(table: &str) -> &'static [&'static str] {
    match table {
        "frames" => &["recording", "camera", "sequence"],
        // Rows of a label lie together; markers, without one, lie first.
        "detections" => &["label", "frame", "number"],
        TAGS => &["tag", "frame"],
        ANNOTATIONS => &["frame", "number"],
        // What is attached.
        _ => &["recording", "frame"],
    }
}

/// The table of what people say is on frames.
pub(crate) const ANNOTATIONS: &str = "annotations";

/// Whether a table, by its name, has at most one row for each frame.
pub(crate) fn has_one_row_per_frame(table: &str) -> bool {
    !["detections", TAGS, ANNOTATIONS].contains(&table)
}

const SEQUENCE_BITS: u32 = 23;
const _: () = assert!(MAX_SEQUENCE == (1 << SEQUENCE_BITS) - 1);

/// The high bits of `frame`: one number per camera of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamNumber(i64);

impl StreamNumber {
    pub(crate) fn of(recording: &RecordingId, camera: &Camera) -> StreamNumber {
        let mut hash = Sha256::new();
        hash.update(recording.as_str());
        // No name holds this byte, so ("ab", "c") and ("a", "bc") differ.
        hash.update([0]);
        hash.update(camera.as_str());
        let digest = hash.finalize();
        let mut number = 0;
        for byte in &digest[..5] {
            number = number << 8 | i64::from(*byte);
        }
        StreamNumber(number)
    }

    pub(crate) fn frame(self, sequence: u32) -> i64 {
        self.0 << SEQUENCE_BITS | i64::from(sequence)
    }
}

pub(crate) fn frame_number(id: &FrameId) -> i64 {
    StreamNumber::of(&id.recording, &id.camera).frame(id.sequence)
}

/// The number of a frame's camera and recording.
pub(crate) fn stream_of(frame: i64) -> i64 {
    frame >> SEQUENCE_BITS
}

pub(crate) fn sequence_of(frame: i64) -> u32 {
    (frame & i64::from(MAX_SEQUENCE)) as u32
}

/// The frames a shard may hold.
pub(crate) fn frames_of_shard(shard: &ShardId) -> RangeInclusive<i64> {
    let stream = StreamNumber::of(&shard.recording, &shard.camera);
    let first = shard.index.saturating_mul(SHARD_FRAMES).min(MAX_SEQUENCE);
    let last = first.saturating_add(SHARD_FRAMES - 1).min(MAX_SEQUENCE);
    stream.frame(first)..=stream.frame(last)
}

/// The first and the last number the frames of a run of shards may have; where
/// none may be in it, the last is before the first.
pub(crate) fn frame_numbers(recording: &RecordingId, run: &ShardRun) -> (i64, i64) {
    let (from, before) = run.sequences();
    let first = StreamNumber::of(recording, &run.camera).frame(0);
    (first + i64::from(from), first + i64::from(before) - 1)
}

/// Columns as the data files have them: all but the partition's.
pub(crate) fn frames_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("frame", DataType::Int64, false),
        Field::new("recording", DataType::Utf8, false),
        Field::new("camera", DataType::Utf8, false),
        Field::new("sequence", DataType::Int32, false),
        Field::new("topic", DataType::Utf8, false),
        Field::new("taken_at", timestamp(), false),
        Field::new("taken_at_ns", DataType::Int64, false),
        Field::new("stamp_ns", DataType::Int64, false),
        Field::new("image", DataType::Utf8, false),
        Field::new("width", DataType::Int32, false),
        Field::new("height", DataType::Int32, false),
        Field::new("encoding", DataType::Utf8, false),
        Field::new("brightness", DataType::Float32, false),
        Field::new("sharpness", DataType::Float32, false),
        Field::new("latitude", DataType::Float64, true),
        Field::new("longitude", DataType::Float64, true),
        Field::new("altitude", DataType::Float64, true),
        Field::new("sun_elevation", DataType::Float32, true),
        Field::new("phash", DataType::Int64, true),
        Field::new("shard", DataType::Int32, false),
    ]))
}

/// Columns as the data files have them: all but the partition's.
pub(crate) fn detections_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("frame", DataType::Int64, false),
        Field::new("number", DataType::Int32, false),
        Field::new("stage", DataType::Utf8, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("label", DataType::Utf8, false),
        Field::new("confidence", DataType::Float32, true),
        Field::new("model", DataType::Utf8, false),
        Field::new("bbox_left", DataType::Float32, true),
        Field::new("bbox_top", DataType::Float32, true),
        Field::new("bbox_right", DataType::Float32, true),
        Field::new("bbox_bottom", DataType::Float32, true),
        Field::new("recording", DataType::Utf8, false),
        Field::new("camera", DataType::Utf8, false),
        Field::new("taken_at", timestamp(), false),
        Field::new("taken_at_ns", DataType::Int64, false),
        Field::new("shard", DataType::Int32, false),
    ]))
}

/// Columns of attached data: whose it is, then what is said.
pub(crate) fn attached_schema(columns: &[SourceColumn]) -> SchemaRef {
    let mut fields = whose();
    fields
        .extend(columns.iter().map(|column| Field::new(&column.name, column.value.arrow(), true)));
    Arc::new(Schema::new(fields))
}

/// Columns of the tags people gave: a row for each.
pub(crate) fn tags_schema() -> SchemaRef {
    let mut fields = whose();
    fields.push(Field::new("tag", DataType::Utf8, false));
    Arc::new(Schema::new(fields))
}

/// Columns of what people say: a row for each box, and one that marks its frame, which
/// has no label.
pub(crate) fn annotations_schema() -> SchemaRef {
    let mut fields = whose();
    fields.extend([
        Field::new("number", DataType::Int32, false),
        Field::new("label", DataType::Utf8, false),
        Field::new("left_px", DataType::Float64, true),
        Field::new("top_px", DataType::Float64, true),
        Field::new("width_px", DataType::Float64, true),
        Field::new("height_px", DataType::Float64, true),
        Field::new("confidence", DataType::Float32, true),
        Field::new("tags", DataType::Utf8, false),
        Field::new("author", DataType::Utf8, false),
        Field::new("saved_at_ns", DataType::Int64, false),
        Field::new("revision", DataType::Utf8, false),
    ]);
    Arc::new(Schema::new(fields))
}

fn whose() -> Vec<Field> {
    vec![
        Field::new("frame", DataType::Int64, false),
        Field::new("recording", DataType::Utf8, false),
        Field::new("camera", DataType::Utf8, false),
        Field::new("taken_at", timestamp(), false),
        Field::new("taken_at_ns", DataType::Int64, false),
        Field::new("shard", DataType::Int32, false),
    ]
}

/// Microseconds, the finest Delta Lake has; `taken_at_ns` keeps the rest.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The same columns in Delta Lake's words, the partition's last.
pub(crate) fn delta_columns(schema: &Schema) -> Vec<StructField> {
    let mut columns = Vec::new();
    for field in schema.fields() {
        let delta_type = match field.data_type() {
            DataType::Int32 => DeltaType::INTEGER,
            DataType::Int64 => DeltaType::LONG,
            DataType::Float32 => DeltaType::FLOAT,
            DataType::Float64 => DeltaType::DOUBLE,
            DataType::Boolean => DeltaType::BOOLEAN,
            DataType::Timestamp(..) => DeltaType::TIMESTAMP,
            _ => DeltaType::STRING,
        };
        columns.push(StructField::new(field.name().clone(), delta_type, field.is_nullable()));
    }
    columns.push(StructField::new(PARTITION, DeltaType::DATE, false));
    columns
}

/// The columns of data files, back from Delta Lake's words.
pub(crate) fn data_schema(columns: &StructType) -> SchemaRef {
    let columns = columns.fields().filter(|column| column.name() != PARTITION);
    let field = |column: &StructField| {
        let data_type = match column.data_type() {
            delta_type if *delta_type == DeltaType::INTEGER => DataType::Int32,
            delta_type if *delta_type == DeltaType::LONG => DataType::Int64,
            delta_type if *delta_type == DeltaType::FLOAT => DataType::Float32,
            delta_type if *delta_type == DeltaType::DOUBLE => DataType::Float64,
            delta_type if *delta_type == DeltaType::BOOLEAN => DataType::Boolean,
            delta_type if *delta_type == DeltaType::TIMESTAMP => timestamp(),
            _ => DataType::Utf8,
        };
        Field::new(column.name(), data_type, column.is_nullable())
    };
    Arc::new(Schema::new(columns.map(field).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_number() {
        let recording = RecordingId::new("drive-1a2b3c4d").unwrap();
        let camera = Camera::new("front").unwrap();
        let stream = StreamNumber::of(&recording, &camera);
        assert_ne!(stream, StreamNumber::of(&recording, &Camera::new("rear").unwrap()));
        let id = FrameId { recording: recording.clone(), camera: camera.clone(), sequence: 130 };
        let number = frame_number(&id);
        assert!(number >= 0);
        assert_eq!(sequence_of(number), 130);
        assert!(frames_of_shard(&id.shard()).contains(&number));
        let next = ShardId { recording, camera, index: 3 };
        assert!(!frames_of_shard(&next).contains(&number));
        let last = frames_of_shard(&ShardId { index: MAX_SEQUENCE / SHARD_FRAMES, ..next });
        assert_eq!(*last.end() >> SEQUENCE_BITS, number >> SEQUENCE_BITS);
    }

    // These numbers are in every table ever written: they may not change.
    #[test]
    fn stream_numbers_are_for_ever() {
        let recording = RecordingId::new("a").unwrap();
        let camera = Camera::new("b").unwrap();
        assert_eq!(StreamNumber::of(&recording, &camera), StreamNumber(EXPECTED_STREAM));
    }

    /// `sha256(b"a\0b")`, its first five bytes.
    const EXPECTED_STREAM: i64 = 0x59b271ae1b;
}
