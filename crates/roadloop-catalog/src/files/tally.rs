//! The statistics of the Delta Lake protocol: a file's rows, and the least and
//! greatest value of some columns, gathered batch by batch.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use deltalake::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use deltalake::arrow::compute::{max, max_string, min, min_string};
use deltalake::arrow::datatypes::{
    Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use serde_json::{Map, Value, json};

use super::Statistics;

/// `delta.dataSkippingNumIndexedCols`, its default.
const FIRST_COLUMNS: usize = 32;

/// Statistics of longer texts are left out rather than cut.
const MAX_STATISTIC_BYTES: usize = 256;

#[derive(Debug)]
pub(super) struct Tally {
    of: Statistics,
    rows: usize,
    columns: BTreeMap<String, Column>,
}

#[derive(Debug, Default)]
struct Column {
    nulls: usize,
    bounds: Bounds,
}

#[derive(Debug, Default)]
enum Bounds {
    /// There was no value yet.
    #[default]
    None,
    Known(Value, Value),
    /// A value could not be told: nothing is claimed about the column.
    Unknown,
}

impl Tally {
    pub(super) fn new(of: Statistics) -> Tally {
        Tally { of, rows: 0, columns: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, rows: &RecordBatch) {
        self.rows += rows.num_rows();
        for (index, field) in rows.schema().fields().iter().enumerate() {
            let is_wanted = match self.of {
                Statistics::Of(columns) => columns.contains(&field.name().as_str()),
                Statistics::First => index < FIRST_COLUMNS,
            };
            if !is_wanted {
                continue;
            }
            let values = rows.column(index);
            let column = self.columns.entry(field.name().clone()).or_default();
            column.nulls += values.null_count();
            if values.null_count() == values.len() {
                continue;
            }
            let bounds = std::mem::take(&mut column.bounds);
            column.bounds = bounds.with(bounds_of(values));
        }
    }

    pub(super) fn json(self) -> Value {
        let mut least = Map::new();
        let mut greatest = Map::new();
        let mut nulls = Map::new();
        for (name, column) in self.columns {
            nulls.insert(name.clone(), json!(column.nulls));
            if let Bounds::Known(low, high) = column.bounds {
                least.insert(name.clone(), low);
                greatest.insert(name, high);
            }
        }
        json!({
            "numRecords": self.rows,
            "minValues": least,
            "maxValues": greatest,
            "nullCount": nulls,
        })
    }
}

impl Bounds {
    fn with(self, other: Option<(Value, Value)>) -> Bounds {
        match (self, other) {
            (Bounds::Unknown, _) | (_, None) => Bounds::Unknown,
            (Bounds::None, Some((low, high))) => Bounds::Known(low, high),
            (Bounds::Known(low, high), Some((other_low, other_high))) => {
                let low = if is_less(&other_low, &low) { other_low } else { low };
                let high = if is_less(&high, &other_high) { other_high } else { high };
                Bounds::Known(low, high)
            }
        }
    }
}

/// Numbers by value, texts by their bytes; times are texts of one length.
fn is_less(a: &Value, b: &Value) -> bool {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a < b;
    }
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a < b,
        _ => a.as_str() < b.as_str(),
    }
}

fn bounds_of(column: &ArrayRef) -> Option<(Value, Value)> {
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        return Some((json!(min(numbers)?), json!(max(numbers)?)));
    }
    if let Some(numbers) = column.as_primitive_opt::<Int32Type>() {
        return Some((json!(min(numbers)?), json!(max(numbers)?)));
    }
    if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        let text = |micros: i64| {
            let time = DateTime::<Utc>::from_timestamp_micros(micros)?;
            Some(json!(time.to_rfc3339_opts(SecondsFormat::Micros, true)))
        };
        return Some((text(min(times)?)?, text(max(times)?)?));
    }
    // What is no number has no place in an order, nor in JSON.
    if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        if !numbers.iter().flatten().all(f64::is_finite) {
            return None;
        }
        return Some((json!(min(numbers)?), json!(max(numbers)?)));
    }
    if let Some(numbers) = column.as_primitive_opt::<Float32Type>() {
        if !numbers.iter().flatten().all(f32::is_finite) {
            return None;
        }
        return Some((json!(min(numbers)?), json!(max(numbers)?)));
    }
    let texts = column.as_string_opt::<i32>()?;
    let (low, high) = (min_string(texts)?, max_string(texts)?);
    if low.len() > MAX_STATISTIC_BYTES || high.len() > MAX_STATISTIC_BYTES {
        return None;
    }
    Some((json!(low), json!(high)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use deltalake::arrow::array::{Float64Array, Int64Array, StringArray};
    use deltalake::arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    #[track_caller]
    fn check(of: Statistics, batches: &[(&[Option<i64>], &[&str])], expected: Value) {
        let schema = Arc::new(Schema::new(vec![
            Field::new("frame", DataType::Int64, true),
            Field::new("label", DataType::Utf8, false),
            Field::new("latitude", DataType::Float64, true),
        ]));
        let mut tally = Tally::new(of);
        for (frames, labels) in batches {
            let halves = frames.iter().map(|frame| frame.map(|frame| frame as f64 / 2.0));
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(frames.to_vec())),
                Arc::new(StringArray::from(labels.to_vec())),
                Arc::new(halves.collect::<Float64Array>()),
            ];
            tally.add(&RecordBatch::try_new(Arc::clone(&schema), columns).unwrap());
        }
        assert_eq!(tally.json(), expected);
    }

    #[test]
    fn batches_are_one_file() {
        check(
            Statistics::First,
            &[(&[Some(10), None], &["car", "bus"]), (&[Some(9), Some(100)], &["dog", "cat"])],
            json!({
                "numRecords": 4,
                "minValues": {"frame": 9, "label": "bus", "latitude": 4.5},
                "maxValues": {"frame": 100, "label": "dog", "latitude": 50.0},
                "nullCount": {"frame": 1, "label": 0, "latitude": 1},
            }),
        );
    }

    #[test]
    fn what_cannot_be_told_is_not_claimed() {
        let long = "x".repeat(MAX_STATISTIC_BYTES + 1);
        check(
            Statistics::Of(&["frame", "label"]),
            &[(&[None], &["a"]), (&[None], &[&long]), (&[None], &["b"])],
            json!({
                "numRecords": 3,
                "minValues": {},
                "maxValues": {},
                "nullCount": {"frame": 3, "label": 0},
            }),
        );
    }
}
