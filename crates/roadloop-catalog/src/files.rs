//! Data files: rows to Parquet and back, and what the log says about a file.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use deltalake::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use deltalake::arrow::compute::{max, max_string, min, min_string};
use deltalake::arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use deltalake::kernel::{Action, Add, LogicalFileView, Remove};
use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::logstore::object_store::path::Path;
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake::parquet::schema::types::ColumnPath;
use futures::TryStreamExt;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::CatalogError;
use crate::schema::PARTITION;
use crate::table::{Table, View};

/// Columns whose least and greatest value the log keeps for each file, so that
/// a query need not open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistics {
    Of(&'static [&'static str]),
    /// The first ones, as Delta Lake does where nothing else is said.
    First,
}

/// Of the tables whose columns we know.
pub(crate) const STATISTICS: Statistics = Statistics::Of(&[
    "frame",
    "recording",
    "camera",
    "taken_at",
    "taken_at_ns",
    "latitude",
    "longitude",
    "sun_elevation",
    "shard",
    "label",
    "kind",
]);

/// `delta.dataSkippingNumIndexedCols`, its default.
const FIRST_COLUMNS: usize = 32;

/// Measured: larger groups cost memory, smaller ones skip no better.
const ROW_GROUP_ROWS: usize = 131_072;

/// Statistics of longer texts are left out rather than cut.
const MAX_STATISTIC_BYTES: usize = 256;

/// Writes sorted rows of one date as a file of the table, not yet part of it.
pub(crate) async fn write(
    table: &Table,
    date: &str,
    rows: RecordBatch,
) -> Result<Add, CatalogError> {
    let stats = statistics(&rows, table.statistics());
    let bytes = tokio::task::spawn_blocking(move || encode(&rows))
        .await
        .map_err(|_| CatalogError::Stopped)??;
    let path = format!("{PARTITION}={date}/part-{}.zstd.parquet", Uuid::new_v4());
    let size = bytes.len() as i64;
    let key = Path::from(path.as_str());
    let written = table.store().put(&key, bytes.into()).await;
    written.map_err(|source| CatalogError::object("write", path.clone(), source))?;
    Ok(Add {
        path,
        partition_values: HashMap::from([(PARTITION.to_owned(), Some(date.to_owned()))]),
        size,
        modification_time: Utc::now().timestamp_millis(),
        data_change: true,
        stats: Some(stats.to_string()),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    })
}

fn encode(rows: &RecordBatch) -> Result<Bytes, CatalogError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    for field in rows.schema().fields() {
        if field.data_type() == &DataType::Float32 {
            let column = ColumnPath::from(field.name().as_str());
            properties = properties.set_column_dictionary_enabled(column, false);
        }
    }
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties.build()))?;
    writer.write(rows)?;
    writer.close()?;
    Ok(Bytes::from(bytes))
}

/// A file of the table.
pub(crate) struct Candidate {
    pub(crate) path: Path,
    pub(crate) date: String,
    remove: Remove,
}

impl Candidate {
    pub(crate) fn remove(self) -> Action {
        Action::Remove(self.remove)
    }
}

/// What the log says of a file's rows.
pub(crate) struct Bounds(Value);

impl Bounds {
    /// The least and the greatest number in a column; without statistics it may
    /// hold any.
    pub(crate) fn numbers(&self, column: &str) -> RangeInclusive<i64> {
        let least = self.0["minValues"][column].as_i64().unwrap_or(i64::MIN);
        let greatest = self.0["maxValues"][column].as_i64().unwrap_or(i64::MAX);
        least..=greatest
    }

    /// Whether a text may be in a column.
    pub(crate) fn may_hold(&self, column: &str, text: &str) -> bool {
        self.0["minValues"][column].as_str().is_none_or(|least| least <= text)
            && self.0["maxValues"][column].as_str().is_none_or(|greatest| text <= greatest)
    }
}

/// The files that may hold some rows, by their statistics.
pub(crate) async fn candidates(
    table: &Table,
    view: &View,
    may_be_in: impl Fn(&Bounds) -> bool,
) -> Result<Vec<Candidate>, CatalogError> {
    let failed = |source| CatalogError::table("read", table.name(), source);
    let snapshot = view.table.snapshot().map_err(failed)?.snapshot();
    let mut files = snapshot.file_views(table.log().as_ref(), None);
    let mut candidates = Vec::new();
    while let Some(file) = files.try_next().await.map_err(failed)? {
        if !may_be_in(&bounds_of(&file)) {
            continue;
        }
        let date = file.partition_values_map().remove(PARTITION).flatten().unwrap_or_default();
        candidates.push(Candidate {
            path: file.object_store_path(),
            date,
            remove: file.remove_action(true),
        });
    }
    Ok(candidates)
}

fn bounds_of(file: &LogicalFileView) -> Bounds {
    let text = file.stats();
    Bounds(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null))
}

/// All rows of a data file.
pub(crate) async fn read(table: &Table, key: &Path) -> Result<Vec<RecordBatch>, CatalogError> {
    let failed = |source| CatalogError::object("read", key.to_string(), source);
    let object = table.store().get(key).await.map_err(failed)?;
    let bytes = object.bytes().await.map_err(failed)?;
    let name = key.to_string();
    let read = move || -> Result<Vec<RecordBatch>, CatalogError> {
        let damaged = |source| CatalogError::damaged(name.clone(), source);
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(damaged)?;
        let reader = builder.build().map_err(damaged)?;
        let batches: Result<Vec<_>, _> = reader.collect();
        batches.map_err(|source| CatalogError::damaged(name.clone(), source))
    };
    tokio::task::spawn_blocking(read).await.map_err(|_| CatalogError::Stopped)?
}

/// The statistics of the Delta Lake protocol.
fn statistics(rows: &RecordBatch, of: Statistics) -> Value {
    let mut least = Map::new();
    let mut greatest = Map::new();
    let mut nulls = Map::new();
    for (index, field) in rows.schema().fields().iter().enumerate() {
        let is_wanted = match of {
            Statistics::Of(columns) => columns.contains(&field.name().as_str()),
            Statistics::First => index < FIRST_COLUMNS,
        };
        if !is_wanted {
            continue;
        }
        let column = rows.column(index);
        nulls.insert(field.name().clone(), json!(column.null_count()));
        if let Some((low, high)) = bounds(column) {
            least.insert(field.name().clone(), low);
            greatest.insert(field.name().clone(), high);
        }
    }
    json!({
        "numRecords": rows.num_rows(),
        "minValues": least,
        "maxValues": greatest,
        "nullCount": nulls,
    })
}

fn bounds(column: &ArrayRef) -> Option<(Value, Value)> {
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
