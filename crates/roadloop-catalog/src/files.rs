//! Data files: rows to Parquet and back, and what the log says about a file.

mod pieces;
mod tally;

use std::collections::HashMap;
use std::ops::RangeInclusive;

use bytes::Bytes;
use chrono::Utc;
use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::{DataType, Schema};
use deltalake::kernel::{Action, Add, LogicalFileView, Remove};
use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::logstore::object_store::path::Path;
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake::parquet::schema::types::ColumnPath;
use futures::TryStreamExt;
use serde_json::Value;
use uuid::Uuid;

use self::tally::Tally;
use crate::CatalogError;
use crate::schema::PARTITION;
use crate::table::{Table, View};

pub(crate) use self::pieces::{Growing, rows_of};

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

/// Measured: larger groups cost memory, smaller ones skip no better.
const ROW_GROUP_ROWS: usize = 131_072;

/// Measured: what is known of a page spares reading it. Of one frame's detections,
/// spread over the labels, pages of 20,000 rows, Parquet's own choice, spared a
/// quarter.
const PAGE_ROWS: usize = 2048;

/// Writes sorted rows of one date as a file of the table, not yet part of it.
pub(crate) async fn write(
    table: &Table,
    date: &str,
    rows: RecordBatch,
) -> Result<Add, CatalogError> {
    let mut tally = Tally::new(table.statistics());
    tally.add(&rows);
    let bytes = tokio::task::spawn_blocking(move || encode(&rows))
        .await
        .map_err(|_| CatalogError::Stopped)??;
    let path = fresh_path(date);
    let size = bytes.len() as i64;
    let key = Path::from(path.as_str());
    let written = table.store().put(&key, bytes.into()).await;
    written.map_err(|source| CatalogError::object("write", path.clone(), source))?;
    Ok(added(path, date, size, tally))
}

/// A name nobody else writes.
fn fresh_path(date: &str) -> String {
    format!("{PARTITION}={date}/part-{}.zstd.parquet", Uuid::new_v4())
}

fn added(path: String, date: &str, size: i64, tally: Tally) -> Add {
    Add {
        path,
        partition_values: HashMap::from([(PARTITION.to_owned(), Some(date.to_owned()))]),
        size,
        modification_time: Utc::now().timestamp_millis(),
        data_change: true,
        stats: Some(tally.json().to_string()),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

fn properties(schema: &Schema) -> Result<WriterProperties, CatalogError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        // The limit is looked at once per batch.
        .set_write_batch_size(PAGE_ROWS);
    for field in schema.fields() {
        if field.data_type() == &DataType::Float32 {
            let column = ColumnPath::from(field.name().as_str());
            properties = properties.set_column_dictionary_enabled(column, false);
        }
    }
    Ok(properties.build())
}

fn encode(rows: &RecordBatch) -> Result<Bytes, CatalogError> {
    let mut bytes = Vec::new();
    let properties = properties(rows.schema_ref())?;
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties))?;
    writer.write(rows)?;
    writer.close()?;
    Ok(Bytes::from(bytes))
}

/// A file of the table, as one of its versions has it.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    pub(crate) path: Path,
    pub(crate) date: String,
    pub(crate) bytes: u64,
    bounds: Bounds,
    remove: Remove,
}

impl DataFile {
    fn new(file: &LogicalFileView) -> DataFile {
        DataFile {
            path: file.object_store_path(),
            date: file.partition_values_map().remove(PARTITION).flatten().unwrap_or_default(),
            bytes: file.size().max(0) as u64,
            bounds: bounds_of(file),
            remove: file.remove_action(true),
        }
    }

    /// Unknown where another engine wrote the file without statistics.
    pub(crate) fn rows(&self) -> Option<u64> {
        self.bounds.0["numRecords"].as_u64()
    }

    /// Out of the table, and its rows with it.
    pub(crate) fn remove(self) -> Action {
        Action::Remove(self.remove)
    }

    /// Out of the table, its rows being elsewhere in it.
    pub(crate) fn replace(&self) -> Action {
        let deletion_timestamp = Some(Utc::now().timestamp_millis());
        Action::Remove(Remove { data_change: false, deletion_timestamp, ..self.remove.clone() })
    }
}

/// What the log says of a file's rows.
#[derive(Clone, Debug)]
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

fn bounds_of(file: &LogicalFileView) -> Bounds {
    let text = file.stats();
    Bounds(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null))
}

/// The files of a version.
pub(crate) async fn active(table: &Table, view: &View) -> Result<Vec<DataFile>, CatalogError> {
    candidates(table, view, |_| true).await
}

/// The files that may hold some rows, by their statistics.
pub(crate) async fn candidates(
    table: &Table,
    view: &View,
    may_be_in: impl Fn(&Bounds) -> bool,
) -> Result<Vec<DataFile>, CatalogError> {
    let failed = |source| CatalogError::table("read", table.name(), source);
    let snapshot = view.table.snapshot().map_err(failed)?.snapshot();
    let mut files = snapshot.file_views(table.log().as_ref(), None);
    let mut candidates = Vec::new();
    while let Some(file) = files.try_next().await.map_err(failed)? {
        let file = DataFile::new(&file);
        if may_be_in(&file.bounds) {
            candidates.push(file);
        }
    }
    Ok(candidates)
}

/// Takes back files that no commit speaks of. What cannot be deleted is left to
/// the next vacuum.
pub(crate) async fn delete_uncommitted(table: &Table, adds: &[Add]) {
    for add in adds {
        let _ = table.store().delete(&Path::from(add.path.as_str())).await;
    }
}
