//! The data files of a table at one version, as queries read them.
//!
//! Delta Lake's own provider reads the log anew for every scan, and hands each
//! batch through a second evaluation. Our tables need neither: which files there
//! are and what is in them is gathered once per version, and files are read as
//! they are. Tables that need more, because another engine turned on a feature
//! for readers (deletion vectors, renamed columns), are left to that provider.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::DateTime;
use deltalake::DeltaTable;
use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::datafusion::catalog::{Session, TableProvider};
use deltalake::datafusion::common::pruning::PrunableStatistics;
use deltalake::datafusion::common::stats::Precision;
use deltalake::datafusion::common::{ColumnStatistics, DFSchema, Result, ScalarValue, Statistics};
use deltalake::datafusion::config::TableParquetOptions;
use deltalake::datafusion::datasource::TableType;
use deltalake::datafusion::datasource::listing::PartitionedFile;
use deltalake::datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use deltalake::datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetSource,
};
use deltalake::datafusion::datasource::source::DataSourceExec;
use deltalake::datafusion::datasource::table_schema::TableSchema;
use deltalake::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::datafusion::logical_expr::execution_props::ExecutionProps;
use deltalake::datafusion::logical_expr::expr_rewriter::unnormalize_cols;
use deltalake::datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use deltalake::datafusion::logical_expr::utils::conjunction;
use deltalake::datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use deltalake::datafusion::physical_expr::create_physical_expr;
use deltalake::datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use deltalake::datafusion::physical_plan::empty::EmptyExec;
use deltalake::datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use deltalake::kernel::LogicalFileView;
use deltalake::logstore::object_store::ObjectMeta;
use deltalake::logstore::object_store::path::Path;
use futures::TryStreamExt;
use serde_json::Value;

use crate::CatalogError;
use crate::schema::{PARTITION, has_one_row_per_frame};
use crate::table::{ROOT, Table};

/// The version of readers that knows of nothing but files and their columns.
const PLAIN_READER: i32 = 1;

/// Other engines cut the greatest time of a file to milliseconds.
const MICROS_CUT: i64 = 999;

/// How many frames there are, for the sessions of a catalog to know: of no other
/// table anything tells of how many frames its rows are, and without that a planner
/// takes a join of them for a small one.
#[derive(Debug, Default)]
pub(crate) struct FrameCount(AtomicUsize);

impl FrameCount {
    pub(crate) fn note(&self, frames: &dyn TableProvider) {
        let rows = frames.statistics().and_then(|known| known.num_rows.get_value().copied());
        self.0.store(rows.unwrap_or_default(), Ordering::Relaxed);
    }

    /// Of as many frames the rows of a table can be.
    fn bound(&self, table: &mut Statistics, schema: &Schema) {
        let frames = self.0.load(Ordering::Relaxed);
        if let Ok(column) = schema.index_of("frame")
            && frames > 0
        {
            let most = table.num_rows.get_value().map_or(frames, |rows| frames.min(*rows));
            table.column_statistics[column].distinct_count = Precision::Inexact(most);
        }
    }
}

/// The files of a table at one version, a query's source of rows.
#[derive(Debug)]
pub(crate) struct Files {
    /// In the order of the table's own columns.
    schema: SchemaRef,
    /// The columns of the files, then those that the log tells.
    columns: TableSchema,
    /// Where each column of `schema` is among `columns`.
    places: Vec<usize>,
    files: Vec<PartitionedFile>,
    /// What every value of a file lies between.
    bounds: Vec<Arc<Statistics>>,
    store: ObjectStoreUrl,
    one_row_per_frame: bool,
}

impl Files {
    /// Gathers the files of a table. None where reading them takes more than
    /// that.
    pub(crate) async fn gather(
        table: &Table,
        view: &DeltaTable,
    ) -> std::result::Result<Option<Files>, CatalogError> {
        let failed = |source| CatalogError::table("read", table.name(), source);
        let snapshot = view.snapshot().map_err(failed)?.snapshot();
        if snapshot.protocol().min_reader_version() > PLAIN_READER {
            return Ok(None);
        }
        let plain = |field: &Arc<Field>| match field.data_type() {
            // The form of texts that the engine compares and copies fastest.
            DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
            _ => Arc::clone(field),
        };
        let schema: SchemaRef = Arc::new(Schema::new(
            snapshot.arrow_schema().fields().iter().map(plain).collect::<Vec<_>>(),
        ));
        let is_told =
            |field: &&Arc<Field>| snapshot.metadata().partition_columns().contains(field.name());
        let (told, in_files): (Vec<_>, Vec<_>) =
            schema.fields().iter().partition(|field| is_told(field));
        let told: Vec<Arc<Field>> = told.into_iter().cloned().collect();
        let in_files = Arc::new(Schema::new(in_files.into_iter().cloned().collect::<Vec<_>>()));
        let columns = TableSchema::builder(Arc::clone(&in_files))
            .with_table_partition_cols(told.clone())
            .build();
        let mut places = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            places.push(columns.table_schema().index_of(field.name())?);
        }
        let mut files = Vec::new();
        let mut bounds = Vec::new();
        let mut views = snapshot.file_views(table.log().as_ref(), None);
        while let Some(view) = views.try_next().await.map_err(failed)? {
            let (file, within) = file(table, &view, &in_files, &told)?;
            files.push(file);
            bounds.push(within);
        }
        let store = ObjectStoreUrl::parse(ROOT)?;
        let one_row_per_frame = has_one_row_per_frame(table.name());
        Ok(Some(Files { schema, columns, places, files, bounds, store, one_row_per_frame }))
    }

    pub(crate) fn has_one_row_per_frame(&self) -> bool {
        self.one_row_per_frame
    }

    /// The dates on which rows may lie for which all conditions are true. None where
    /// the log tells of no dates.
    pub(crate) fn dates(&self, conditions: &[Expr]) -> Option<BTreeSet<i32>> {
        let in_files = self.columns.file_schema().fields().len();
        let place = self.columns.table_schema().index_of(PARTITION).ok()?.checked_sub(in_files)?;
        let condition = conjunction(unnormalize_cols(conditions.iter().cloned()));
        let condition = condition.and_then(|condition| {
            let schema = DFSchema::try_from(Arc::clone(self.columns.table_schema())).ok()?;
            let (now, context) = (ExecutionProps::new(), PhysicalPlanningContext::default());
            create_physical_expr(&condition, &schema, &now, &context).ok()
        });
        let mut dates = BTreeSet::new();
        for file in self.kept(condition.as_ref()).ok()? {
            let ScalarValue::Date32(Some(date)) = file.partition_values.get(place)? else {
                return None;
            };
            dates.insert(*date);
        }
        Some(dates)
    }

    /// The files that may hold rows for which a condition is true.
    fn kept(&self, condition: Option<&Arc<dyn PhysicalExpr>>) -> Result<Vec<&PartitionedFile>> {
        // The engine warns of statistics of nothing.
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        let schema = self.columns.table_schema();
        // A condition that statistics say nothing about keeps them all.
        let by_bounds = condition.and_then(|condition| {
            let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema));
            builder.try_build(Arc::clone(condition)).ok()
        });
        let Some(by_bounds) = by_bounds.filter(|by_bounds| !by_bounds.always_true()) else {
            return Ok(self.files.iter().collect());
        };
        let bounds = PrunableStatistics::new(self.bounds.clone(), Arc::clone(schema));
        let kept = by_bounds.prune(&bounds)?;
        let files = self.files.iter().zip(kept).filter(|(_, kept)| *kept);
        Ok(files.map(|(file, _)| file).collect())
    }
}

#[async_trait]
impl TableProvider for Files {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        let files = self.files.iter().filter_map(|file| file.statistics.as_deref());
        Statistics::try_merge_iter(files, self.columns.table_schema()).ok()
    }

    /// Statistics may spare files and parts of them; what is left is looked at
    /// row by row by the query.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.columns.table_schema();
        let condition = match conjunction(filters.iter().cloned()) {
            Some(condition) => {
                let named = DFSchema::try_from(Arc::clone(schema))?;
                Some(session.create_physical_expr(condition, &named)?)
            }
            None => None,
        };
        let places = match projection {
            Some(projection) => projection.iter().map(|column| self.places[*column]).collect(),
            None => self.places.clone(),
        };
        let files = self.kept(condition.as_ref())?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(schema.project(&places)?))));
        }
        let statistics = files.iter().filter_map(|file| file.statistics.as_deref());
        let mut statistics = Statistics::try_merge_iter(statistics, schema)?;
        if let Some(frames) = session.config().get_extension::<FrameCount>() {
            frames.bound(&mut statistics, schema);
        }
        let runtime = session.runtime_env();
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let reader =
            CachedParquetFileReaderFactory::new(runtime.object_store(&self.store)?, footers);
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        // The planner hands it the conditions a second time, those of joins too.
        let source = ParquetSource::new(self.columns.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(reader));
        let files: Vec<PartitionedFile> = files.into_iter().cloned().collect();
        let groups = FileGroup::new(files).split_files(session.config().target_partitions());
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_limit(limit.filter(|_| filters.is_empty()))
            .with_projection_indices(Some(places))?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// A file of the log, and what its values lie between.
fn file(
    table: &Table,
    view: &LogicalFileView,
    in_files: &Schema,
    told: &[Arc<Field>],
) -> std::result::Result<(PartitionedFile, Arc<Statistics>), CatalogError> {
    let failed = |source| CatalogError::table("read", table.name(), source);
    let values = view.partition_values_map();
    let mut partition_values = Vec::with_capacity(told.len());
    for field in told {
        let value = values.get(field.name()).cloned().flatten();
        partition_values.push(match value {
            Some(value) => ScalarValue::try_from_string(value, field.data_type())?,
            None => ScalarValue::try_from(field.data_type())?,
        });
    }
    let folder = Path::from(format!("tables/{}", table.name()));
    let size = u64::try_from(view.size()).unwrap_or_default();
    let meta = ObjectMeta {
        location: folder.parts().chain(view.object_store_path().parts()).collect(),
        last_modified: view.modification_datetime().map_err(failed)?,
        size,
        e_tag: None,
        version: None,
    };
    let file = PartitionedFile::new_from_meta(meta).with_partition_values(partition_values);

    let text = view.stats();
    let stats = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    let between = Statistics {
        num_rows: count(&stats["numRecords"]),
        total_byte_size: Precision::Inexact(size as usize),
        column_statistics: in_files.fields().iter().map(|field| between(field, &stats)).collect(),
    };
    let mut file = file.with_statistics(Arc::new(between));
    let bounds = file.statistics.clone().unwrap_or_default();
    // Other engines cut long texts and times: what was least or greatest is
    // known of numbers only.
    let mut known = Statistics::clone(&bounds);
    for (column, field) in known.column_statistics.iter_mut().zip(in_files.fields()) {
        if !field.data_type().is_integer() {
            *column = std::mem::take(column).to_inexact();
        }
    }
    file.statistics = Some(Arc::new(known));
    Ok((file, bounds))
}

/// What the values of a column lie between, by the log.
fn between(field: &Field, stats: &Value) -> ColumnStatistics {
    let name = field.name().as_str();
    let value = |value: &Value, later: i64| match field.data_type() {
        DataType::Int32 => Some(ScalarValue::Int32(Some(i32::try_from(value.as_i64()?).ok()?))),
        DataType::Int64 => Some(ScalarValue::Int64(Some(value.as_i64()?))),
        DataType::Float32 => Some(ScalarValue::Float32(Some(value.as_f64()? as f32))),
        DataType::Float64 => Some(ScalarValue::Float64(Some(value.as_f64()?))),
        DataType::Utf8View => Some(ScalarValue::Utf8View(Some(value.as_str()?.to_owned()))),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            let micros = time.timestamp_micros().checked_add(later)?;
            Some(ScalarValue::TimestampMicrosecond(Some(micros), zone.clone()))
        }
        _ => None,
    };
    let exact = |value: Option<ScalarValue>| value.map_or(Precision::Absent, Precision::Exact);
    ColumnStatistics {
        min_value: exact(value(&stats["minValues"][name], 0)),
        max_value: exact(value(&stats["maxValues"][name], MICROS_CUT)),
        null_count: count(&stats["nullCount"][name]),
        ..ColumnStatistics::default()
    }
}

fn count(value: &Value) -> Precision<usize> {
    let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
    count.map_or(Precision::Absent, Precision::Exact)
}

#[cfg(test)]
mod tests;
