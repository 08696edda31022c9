//! Nouns to columns and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deltalake::arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float32Builder, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use deltalake::arrow::compute::{
    SortColumn, SortOptions, cast, lexsort_to_indices, take_record_batch,
};
use deltalake::arrow::datatypes::{
    DataType, FieldRef, Float32Type, Float64Type, Int32Type, Int64Type, SchemaRef,
};

use roadloop_base::{
    BBox, Camera, Detection, FrameId, FrameRow, Kind, ModelId, Nanos, PictureHash, Position,
    RecordingId, ShardId, Stage,
};

use crate::deliver::LookedAt;
use crate::schema::{
    LOOKED, REDACTED, detections_schema, frame_number, frames_schema, sequence_of,
};
use crate::{CatalogError, DetectionShard, FrameShard, sun};

/// The UTC date a frame was taken on: its partition.
pub(crate) fn date_of(taken_at: Nanos) -> String {
    DateTime::<Utc>::from_timestamp_nanos(taken_at.0).format("%Y-%m-%d").to_string()
}

/// The rows of some shards, by date, each sorted as its table is.
pub(crate) fn frame_batches(
    shards: &[&FrameShard],
) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
    let mut by_date = BTreeMap::<String, Vec<(&FrameRow, u32)>>::new();
    for shard in shards {
        for row in &shard.rows {
            by_date.entry(date_of(row.taken_at)).or_default().push((row, shard.id.index));
        }
    }
    let mut batches = BTreeMap::new();
    for (date, mut rows) in by_date {
        rows.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        batches.insert(date, frame_batch(&rows)?);
    }
    Ok(batches)
}

fn frame_batch(rows: &[(&FrameRow, u32)]) -> Result<RecordBatch, CatalogError> {
    let texts = |of: fn(&FrameRow) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(row, _)| of(row))))
    };
    let longs = |of: fn(&FrameRow) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(row, _)| of(row))))
    };
    let counts = |of: fn(&FrameRow) -> u32| -> ArrayRef {
        let counts = rows.iter().map(|(row, _)| i32::try_from(of(row)).unwrap_or(i32::MAX));
        Arc::new(Int32Array::from_iter_values(counts))
    };
    let floats = |of: fn(&FrameRow) -> f32| -> ArrayRef {
        Arc::new(Float32Array::from_iter_values(rows.iter().map(|(row, _)| of(row))))
    };
    let degrees = |of: fn(&Position) -> Option<f64>| -> ArrayRef {
        let positions = rows.iter().map(|(row, _)| row.position.as_ref().and_then(of));
        Arc::new(positions.collect::<Float64Array>())
    };
    let sun = |row: &FrameRow| sun::elevation(row.position.as_ref()?, row.taken_at);
    let suns = rows.iter().map(|(row, _)| sun(row));
    let looks = rows.iter().map(|(row, _)| row.look.map(PictureHash::to_i64));
    let shards = rows.iter().map(|(_, shard)| *shard as i32);
    let columns = vec![
        longs(|row| frame_number(&row.id)),
        texts(|row| row.id.recording.as_str()),
        texts(|row| row.id.camera.as_str()),
        counts(|row| row.id.sequence),
        texts(|row| &row.topic),
        times(rows.iter().map(|(row, _)| row.taken_at)),
        longs(|row| row.taken_at.0),
        longs(|row| row.stamp.0),
        texts(|row| &row.image),
        counts(|row| row.width),
        counts(|row| row.height),
        texts(|row| &row.encoding),
        floats(|row| row.brightness),
        floats(|row| row.sharpness),
        degrees(|position| Some(position.latitude())),
        degrees(|position| Some(position.longitude())),
        degrees(Position::altitude),
        Arc::new(suns.collect::<Float32Array>()),
        Arc::new(looks.collect::<Int64Array>()),
        Arc::new(Int32Array::from_iter_values(shards)),
    ];
    Ok(RecordBatch::try_new(frames_schema(), columns)?)
}

pub(crate) fn times(times: impl Iterator<Item = Nanos>) -> ArrayRef {
    let micros = times.map(|time| time.0.div_euclid(1000));
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

/// One row of `detections`: what was found, or that a frame was looked at.
struct DetectionRow<'a> {
    frame: i64,
    number: i32,
    kind: &'static str,
    label: &'a str,
    confidence: Option<f32>,
    model: &'a ModelId,
    bbox: Option<BBox>,
    looked: &'a LookedAt,
    shard: &'a ShardId,
}

/// The rows of some shards, by date, each sorted as its table is.
pub(crate) fn detection_batches(
    stage: Stage,
    shards: &[&DetectionShard],
) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
    let mut by_date = BTreeMap::<String, Vec<DetectionRow<'_>>>::new();
    for shard in shards {
        for looked in &shard.looked {
            let rows = by_date.entry(date_of(looked.taken_at)).or_default();
            push_rows(stage, &shard.id, looked, rows);
        }
    }
    let mut batches = BTreeMap::new();
    for (date, mut rows) in by_date {
        rows.sort_by_key(|row| (row.label, row.frame, row.number));
        batches.insert(date, detection_batch(stage, &rows)?);
    }
    Ok(batches)
}

fn push_rows<'a>(
    stage: Stage,
    shard: &'a ShardId,
    looked: &'a LookedAt,
    rows: &mut Vec<DetectionRow<'a>>,
) {
    let marker = match stage {
        Stage::Anonymize => REDACTED,
        _ => LOOKED,
    };
    let frame = frame_number(&looked.id);
    rows.push(DetectionRow {
        frame,
        number: -1,
        kind: marker,
        label: "",
        confidence: None,
        model: &looked.model,
        bbox: None,
        looked,
        shard,
    });
    for (number, detection) in looked.detections.iter().enumerate() {
        rows.push(DetectionRow {
            frame,
            number: number as i32,
            kind: detection.kind.name(),
            label: &detection.label,
            confidence: Some(detection.confidence),
            model: &detection.model,
            bbox: detection.bbox,
            looked,
            shard,
        });
    }
}

fn detection_batch(stage: Stage, rows: &[DetectionRow<'_>]) -> Result<RecordBatch, CatalogError> {
    let side = |of: fn(BBox) -> f32| -> ArrayRef {
        let mut sides = Float32Builder::with_capacity(rows.len());
        for row in rows {
            sides.append_option(row.bbox.map(of));
        }
        Arc::new(sides.finish())
    };
    let texts = |of: fn(&DetectionRow<'_>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
    };
    let columns = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.frame))) as ArrayRef,
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.number))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|_| stage.name()))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.kind))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.label))),
        Arc::new(rows.iter().map(|row| row.confidence).collect::<Float32Array>()),
        texts(|row| row.model.to_string()),
        side(BBox::left),
        side(BBox::top),
        side(BBox::right),
        side(BBox::bottom),
        texts(|row| row.shard.recording.to_string()),
        texts(|row| row.shard.camera.to_string()),
        times(rows.iter().map(|row| row.looked.taken_at)),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.looked.taken_at.0))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.shard.index as i32))),
    ];
    Ok(RecordBatch::try_new(detections_schema(), columns)?)
}

/// Rows of a data file with the columns of its table: those that are younger than
/// the file are empty.
pub(crate) fn conform(schema: &SchemaRef, rows: &RecordBatch) -> Result<RecordBatch, CatalogError> {
    if rows.schema_ref() == schema {
        return Ok(rows.clone());
    }
    let column = |field: &FieldRef| match rows.column_by_name(field.name()) {
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), rows.num_rows())),
    };
    let columns = schema.fields().iter().map(column).collect::<Result<_, _>>()?;
    // A column that must not be empty and is missing ends here.
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The rows that stand under each date, in their table's order.
pub(crate) fn by_date(
    rows: &RecordBatch,
    dates: BTreeMap<String, Vec<u32>>,
    order: &[&str],
) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
    let mut batches = BTreeMap::new();
    for (date, places) in dates {
        let of_date = take_record_batch(rows, &UInt32Array::from(places))?;
        let mut columns = Vec::new();
        for name in order {
            let Some(values) = of_date.column_by_name(name) else { continue };
            let options = Some(SortOptions { descending: false, nulls_first: true });
            columns.push(SortColumn { values: Arc::clone(values), options });
        }
        let places = lexsort_to_indices(&columns, None)?;
        batches.insert(date, take_record_batch(&of_date, &places)?);
    }
    Ok(batches)
}

/// The columns of a query's answer, each read as one plain type.
pub(crate) struct Columns<'a>(pub(crate) &'a RecordBatch);

impl Columns<'_> {
    fn cast(&self, name: &str, to: &DataType) -> Result<ArrayRef, CatalogError> {
        let column = self.0.column_by_name(name).ok_or_else(|| damaged(name, "is missing"))?;
        Ok(cast(column, to)?)
    }

    pub(crate) fn texts(&self, name: &str) -> Result<StringArray, CatalogError> {
        Ok(self.cast(name, &DataType::Utf8)?.as_string::<i32>().clone())
    }

    pub(crate) fn longs(&self, name: &str) -> Result<Int64Array, CatalogError> {
        Ok(self.cast(name, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
    }

    pub(crate) fn ints(&self, name: &str) -> Result<Int32Array, CatalogError> {
        Ok(self.cast(name, &DataType::Int32)?.as_primitive::<Int32Type>().clone())
    }

    /// All empty where the table is older than the column.
    pub(crate) fn longs_or_none(&self, name: &str) -> Result<Int64Array, CatalogError> {
        if self.0.column_by_name(name).is_none() {
            return Ok(Int64Array::new_null(self.0.num_rows()));
        }
        self.longs(name)
    }

    pub(crate) fn floats(&self, name: &str) -> Result<Float32Array, CatalogError> {
        Ok(self.cast(name, &DataType::Float32)?.as_primitive::<Float32Type>().clone())
    }

    /// All empty where the table is older than the column.
    pub(crate) fn doubles(&self, name: &str) -> Result<Float64Array, CatalogError> {
        if self.0.column_by_name(name).is_none() {
            return Ok(Float64Array::new_null(self.0.num_rows()));
        }
        Ok(self.cast(name, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    }
}

fn damaged(column: &str, what: impl std::fmt::Display) -> CatalogError {
    CatalogError::DamagedRows { what: format!("column {column} {what}") }
}

pub(crate) fn recording_id(text: &str) -> Result<RecordingId, CatalogError> {
    RecordingId::new(text).map_err(|error| damaged("recording", format!("holds {error}")))
}

pub(crate) fn camera(text: &str) -> Result<Camera, CatalogError> {
    Camera::new(text).map_err(|error| damaged("camera", format!("holds {error}")))
}

/// Reads ids from `recording`, `camera` and `frame`.
pub(crate) fn frame_ids(batch: &RecordBatch) -> Result<Vec<FrameId>, CatalogError> {
    let columns = Columns(batch);
    let recordings = columns.texts("recording")?;
    let cameras = columns.texts("camera")?;
    let frames = columns.longs("frame")?;
    let mut ids = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        ids.push(FrameId {
            recording: recording_id(recordings.value(row))?,
            camera: camera(cameras.value(row))?,
            sequence: sequence_of(frames.value(row)),
        });
    }
    Ok(ids)
}

pub(crate) fn frame_rows(batch: &RecordBatch) -> Result<Vec<FrameRow>, CatalogError> {
    let columns = Columns(batch);
    let topics = columns.texts("topic")?;
    let taken = columns.longs("taken_at_ns")?;
    let stamps = columns.longs("stamp_ns")?;
    let images = columns.texts("image")?;
    let widths = columns.longs("width")?;
    let heights = columns.longs("height")?;
    let encodings = columns.texts("encoding")?;
    let brightness = columns.floats("brightness")?;
    let sharpness = columns.floats("sharpness")?;
    let [latitudes, longitudes, altitudes] =
        [columns.doubles("latitude")?, columns.doubles("longitude")?, columns.doubles("altitude")?];
    let looks = columns.longs_or_none("phash")?;
    let double = |doubles: &Float64Array, row| doubles.is_valid(row).then(|| doubles.value(row));
    let mut rows = Vec::with_capacity(batch.num_rows());
    for (row, id) in frame_ids(batch)?.into_iter().enumerate() {
        rows.push(FrameRow {
            id,
            topic: topics.value(row).to_owned(),
            taken_at: Nanos(taken.value(row)),
            stamp: Nanos(stamps.value(row)),
            image: images.value(row).to_owned(),
            width: u32::try_from(widths.value(row)).map_err(|e| damaged("width", e))?,
            height: u32::try_from(heights.value(row)).map_err(|e| damaged("height", e))?,
            encoding: encodings.value(row).to_owned(),
            brightness: brightness.value(row),
            sharpness: sharpness.value(row),
            look: looks.is_valid(row).then(|| PictureHash::from_i64(looks.value(row))),
            position: double(&latitudes, row).zip(double(&longitudes, row)).and_then(
                |(latitude, longitude)| Position::new(latitude, longitude, double(&altitudes, row)),
            ),
        });
    }
    Ok(rows)
}

/// Reads detections and the frame each belongs to; the rows that only mark a
/// frame are not among them.
pub(crate) fn detections(batch: &RecordBatch) -> Result<Vec<(i64, Detection)>, CatalogError> {
    let columns = Columns(batch);
    let frames = columns.longs("frame")?;
    let kinds = columns.texts("kind")?;
    let labels = columns.texts("label")?;
    let confidences = columns.floats("confidence")?;
    let models = columns.texts("model")?;
    let sides = [
        columns.floats("bbox_left")?,
        columns.floats("bbox_top")?,
        columns.floats("bbox_right")?,
        columns.floats("bbox_bottom")?,
    ];
    let mut detections = Vec::with_capacity(batch.num_rows());
    for row in (0..batch.num_rows()).filter(|row| !labels.value(*row).is_empty()) {
        let kind: Kind = kinds.value(row).parse().map_err(|e| damaged("kind", e))?;
        let model = ModelId::new(models.value(row)).map_err(|e| damaged("model", e))?;
        let bbox = if sides.iter().all(|side| side.is_valid(row)) {
            let [left, top, right, bottom] = [0, 1, 2, 3].map(|side: usize| sides[side].value(row));
            BBox::from_ltrb(left, top, right, bottom)
        } else {
            None
        };
        let label = labels.value(row).to_owned();
        let confidence = confidences.value(row);
        detections.push((frames.value(row), Detection { kind, label, confidence, bbox, model }));
    }
    Ok(detections)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a time when its table had fewer columns is read with all.
    #[test]
    fn rows_of_older_files_get_the_new_columns() {
        let shard = crate::testing::frame_shard("front", 2, 1);
        let whole = frame_batches(&[&shard]).unwrap().remove("2020-11-19").unwrap();
        let altitude = whole.schema().index_of("altitude").unwrap();
        let older = (0..whole.num_columns()).filter(|column| *column != altitude);
        let older = whole.project(&older.collect::<Vec<_>>()).unwrap();
        let rows = conform(&frames_schema(), &older).unwrap();
        assert_eq!((rows.num_rows(), rows.column(altitude).null_count()), (2, 2));
        assert_eq!(frame_rows(&rows).unwrap(), shard.rows);
        let frames = whole.schema().index_of("frame").unwrap();
        let without = (0..whole.num_columns()).filter(|column| *column != frames);
        let without = whole.project(&without.collect::<Vec<_>>()).unwrap();
        assert!(conform(&frames_schema(), &without).is_err(), "what no row may lack");
    }

    #[test]
    fn dates_are_utc() {
        assert_eq!(date_of(Nanos(0)), "1970-01-01");
        assert_eq!(date_of(Nanos(-1)), "1969-12-31");
        assert_eq!(date_of(Nanos(1_605_823_200_123_456_789)), "2020-11-19");
    }
}
