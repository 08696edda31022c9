//! Data files read and written piece by piece: what is merged or rewritten may
//! be more than memory holds.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::kernel::Add;
use deltalake::logstore::object_store::buffered::BufWriter;
use deltalake::logstore::object_store::path::Path;
use deltalake::logstore::object_store::{self, ObjectStore, ObjectStoreExt};
use deltalake::parquet::arrow::arrow_reader::ArrowReaderOptions;
use deltalake::parquet::arrow::async_reader::AsyncFileReader;
use deltalake::parquet::arrow::{
    AsyncArrowWriter, ParquetRecordBatchStreamBuilder, ProjectionMask,
};
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, TryFutureExt};

use super::tally::Tally;
use super::{DataFile, added, fresh_path, properties};
use crate::CatalogError;
use crate::rows::conform;
use crate::table::Table;

/// Fetched at once from a file's end: the footers of small files are in it, and
/// most of what else they hold.
const FOOTER_BYTES: usize = 64 << 10;

/// Rows of a file, some at a time, with these columns of its table.
pub(crate) async fn rows_of(
    table: &Table,
    file: &DataFile,
    schema: &SchemaRef,
    batch_rows: usize,
) -> Result<impl Stream<Item = Result<RecordBatch, CatalogError>> + Send + use<>, CatalogError> {
    let key = file.path.clone();
    let failed = move |source| failed(&key, source);
    let reader =
        Ranges { store: Arc::clone(table.store()), key: file.path.clone(), bytes: file.bytes };
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(&failed)?;
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let columns = ProjectionMask::columns(builder.parquet_schema(), names);
    let builder = builder.with_projection(columns).with_batch_size(batch_rows);
    let schema = Arc::clone(schema);
    let rows = builder.build().map_err(&failed)?;
    Ok(rows.map(move |batch| conform(&schema, &batch.map_err(&failed)?)))
}

/// A file that is gone is told from one that is damaged.
fn failed(key: &Path, source: ParquetError) -> CatalogError {
    match source {
        ParquetError::External(source) => match source.downcast::<object_store::Error>() {
            Ok(source) => CatalogError::object("read", key.to_string(), *source),
            Err(source) => CatalogError::damaged(key.to_string(), ParquetError::External(source)),
        },
        source => CatalogError::damaged(key.to_string(), source),
    }
}

/// An object, read in ranges.
struct Ranges {
    store: Arc<dyn ObjectStore>,
    key: Path,
    bytes: u64,
}

fn external(source: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(source))
}

impl AsyncFileReader for Ranges {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        self.store.get_range(&self.key, range).map_err(external).boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        async move { self.store.get_ranges(&self.key, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let bytes = self.bytes;
            let reader = ParquetMetaDataReader::new()
                .with_arrow_reader_options(options)
                .with_prefetch_hint(Some(FOOTER_BYTES));
            Ok(Arc::new(reader.load_and_finish(self, bytes).await?))
        }
        .boxed()
    }
}

/// A file of one date that grows batch by batch, not yet part of its table. The
/// rows must come in the table's order.
pub(crate) struct Growing {
    writer: AsyncArrowWriter<BufWriter>,
    path: String,
    date: String,
    tally: Tally,
}

impl Growing {
    pub(crate) fn new(
        table: &Table,
        schema: &SchemaRef,
        date: &str,
    ) -> Result<Growing, CatalogError> {
        let path = fresh_path(date);
        let upload = BufWriter::new(Arc::clone(table.store()), Path::from(path.as_str()));
        let properties = properties(schema)?;
        let writer = AsyncArrowWriter::try_new(upload, Arc::clone(schema), Some(properties))?;
        Ok(Growing { writer, path, date: date.to_owned(), tally: Tally::new(table.statistics()) })
    }

    pub(crate) async fn push(&mut self, rows: &RecordBatch) -> Result<(), CatalogError> {
        self.tally.add(rows);
        self.writer.write(rows).await.map_err(|source| writing(&self.path, source))
    }

    /// What the file has so far, about.
    pub(crate) fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    /// The whole file, durable.
    pub(crate) async fn finish(mut self) -> Result<Add, CatalogError> {
        let path = self.path.clone();
        self.writer.finish().await.map_err(|source| writing(&path, source))?;
        let size = self.writer.bytes_written() as i64;
        Ok(added(self.path, &self.date, size, self.tally))
    }

    /// What was written so far goes, where the store can let it go.
    pub(crate) async fn abandon(self) {
        let _ = self.writer.into_inner().abort().await;
    }
}

fn writing(path: &str, source: ParquetError) -> CatalogError {
    match source {
        ParquetError::External(source) => {
            let source = object_store::Error::Generic { store: "Parquet", source };
            CatalogError::object("write", path, source)
        }
        source => CatalogError::Encode(source),
    }
}
