//! Files of one date into as few as possible, in the table's order.
//!
//! Each file is sorted, so they are merged as they are read: what is in memory is
//! a piece of every file, not the files.

use std::sync::Arc;

use deltalake::arrow::compute::SortOptions;
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryPool, UnboundedMemoryPool,
};
use deltalake::datafusion::physical_expr::expressions::col;
use deltalake::datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use deltalake::datafusion::physical_plan::SendableRecordBatchStream;
use deltalake::datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use deltalake::datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use deltalake::datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake::kernel::Add;
use futures::{StreamExt, TryStreamExt, stream};

use crate::CatalogError;
use crate::files::{self, DataFile, Growing};
use crate::schema::order_of;
use crate::table::{Table, View};

/// Rows written at once.
const BATCH_ROWS: usize = 8192;
/// Rows of all files together that are decoded and wait for their turn.
const WAITING_ROWS: usize = 131_072;
/// Files whose first rows are fetched at once.
const OPENED_AT_ONCE: usize = 16;

/// Merges files of one date. A new file ends when it has so many bytes.
pub(super) async fn merge(
    table: &Table,
    view: &View,
    files: &[DataFile],
    target_bytes: u64,
    on_rows: &(dyn Fn(u64) + Send + Sync),
) -> Result<Vec<Add>, CatalogError> {
    let Some(DataFile { date, .. }) = files.first() else { return Ok(Vec::new()) };
    let schema = table.schema(view)?;
    let mut rows = in_order(table, &schema, files).await?;
    let mut added = Vec::new();
    let mut growing: Option<Growing> = None;
    let written: Result<(), CatalogError> = async {
        while let Some(batch) = rows.try_next().await.map_err(unwrapped)? {
            let mut file = match growing.take() {
                Some(file) => file,
                None => Growing::new(table, &schema, date)?,
            };
            let pushed = file.push(&batch).await;
            let bytes = file.bytes();
            growing = Some(file);
            pushed?;
            on_rows(batch.num_rows() as u64);
            if bytes >= target_bytes
                && let Some(file) = growing.take()
            {
                added.push(file.finish().await?);
            }
        }
        Ok(())
    }
    .await;
    match (written, growing) {
        (Ok(()), Some(last)) => added.push(last.finish().await?),
        (Ok(()), None) => {}
        (Err(error), growing) => {
            if let Some(file) = growing {
                file.abandon().await;
            }
            files::delete_uncommitted(table, &added).await;
            return Err(error);
        }
    }
    for add in &mut added {
        add.data_change = false;
    }
    Ok(added)
}

async fn in_order(
    table: &Table,
    schema: &SchemaRef,
    files: &[DataFile],
) -> Result<SendableRecordBatchStream, CatalogError> {
    let batch_rows = (WAITING_ROWS / files.len()).clamp(64, BATCH_ROWS);
    let opened = stream::iter(files.iter().cloned())
        .map(|file| async move {
            let rows = files::rows_of(table, &file, schema, batch_rows).await?;
            let rows = rows.map_err(|error| DataFusionError::External(Box::new(error)));
            let rows = RecordBatchStreamAdapter::new(Arc::clone(schema), rows.boxed());
            Ok(Box::pin(rows) as SendableRecordBatchStream)
        })
        .buffered(OPENED_AT_ONCE);
    let streams: Vec<_> =
        opened.try_collect::<Vec<_>>().await.map_err(|error: CatalogError| error)?;
    let mut order = Vec::new();
    for name in order_of(table.name()) {
        let options = SortOptions { descending: false, nulls_first: true };
        order.push(PhysicalSortExpr { expr: col(name, schema)?, options });
    }
    let Some(order) = LexOrdering::new(order) else {
        return Err(CatalogError::DamagedRows { what: "a table has no order".to_owned() });
    };
    // Memory is bounded by what is planned into one merge, not by a pool.
    let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
    let merged = StreamingMergeBuilder::new()
        .with_streams(streams)
        .with_schema(Arc::clone(schema))
        .with_expressions(&order)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_batch_size(BATCH_ROWS)
        .with_reservation(MemoryConsumer::new("compaction").register(&pool))
        .build()?;
    Ok(merged)
}

/// Our own error, out of the wrapping the merge put it in.
fn unwrapped(error: DataFusionError) -> CatalogError {
    match error {
        DataFusionError::External(source) => match source.downcast::<CatalogError>() {
            Ok(error) => *error,
            Err(source) => DataFusionError::External(source).into(),
        },
        error => error.into(),
    }
}
