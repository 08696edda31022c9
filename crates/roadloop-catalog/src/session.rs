//! A DataFusion session over the newest tables, and what it may use.
//!
//! The tables as queries see them:
//!
//! - `frames`: one row per frame
//! - `detections`: one row per thing found
//! - `looked`, `anonymized`: the frames a detector looked at, and those with an
//!   anonymised copy
//! - `detection_rows`: the table behind the last three

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use deltalake::arrow::array::RecordBatch;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use deltalake::datafusion::execution::memory_pool::FairSpillPool;
use deltalake::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use deltalake::datafusion::prelude::{SessionConfig, SessionContext};
use deltalake::logstore::object_store::ObjectStore;

use crate::schema::{LOOKED, REDACTED};
use crate::table::{ROOT, Table};
use crate::{Catalog, CatalogError, CatalogOptions};

/// What all sessions share: memory, caches, the store.
pub(crate) struct Engine {
    runtime: Arc<RuntimeEnv>,
    threads: usize,
    memory_limit_bytes: usize,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({} threads, {} bytes)", self.threads, self.memory_limit_bytes)
    }
}

/// Makes the folder where it is missing. A catalog can be asked where nothing
/// can be written.
fn can_write_in(folder: &Path) -> bool {
    let probe = folder.join(format!("probe-{}", std::process::id()));
    let made = fs::create_dir_all(folder).and_then(|()| fs::create_dir(&probe));
    made.and_then(|()| fs::remove_dir(&probe)).is_ok()
}

impl Engine {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        options: CatalogOptions,
    ) -> Result<Engine, CatalogError> {
        let CatalogOptions { memory_limit_bytes, spill_folder, threads } = options;
        // DataFusion would make the folder too, and fail when another process
        // makes it at the same time.
        let spill = match spill_folder {
            Some(folder) if can_write_in(&folder) => DiskManagerMode::Directories(vec![folder]),
            _ => DiskManagerMode::OsTmpDirectory,
        };
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory_limit_bytes)))
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(spill))
            .build_arc()?;
        runtime.register_object_store(ObjectStoreUrl::parse(ROOT)?.as_ref(), store);
        // DataFusion reads the machine's own files by default; no query is to
        // reach beyond the store.
        runtime.deregister_object_store(ObjectStoreUrl::local_filesystem().as_ref())?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.unwrap_or_else(cores).max(1);
        Ok(Engine { runtime, threads, memory_limit_bytes })
    }

    pub(crate) fn memory_limit_bytes(&self) -> usize {
        self.memory_limit_bytes
    }

    fn context(&self, memory_limit_bytes: Option<usize>) -> SessionContext {
        let mut runtime = Arc::clone(&self.runtime);
        if let Some(limit) = memory_limit_bytes {
            let own = RuntimeEnv {
                memory_pool: Arc::new(FairSpillPool::new(limit)),
                ..RuntimeEnv::clone(&self.runtime)
            };
            runtime = Arc::new(own);
        }
        // Filters stay above the scan: pushed into it, they decode a column
        // twice and cost up to twice the time.
        let config = SessionConfig::new()
            .with_target_partitions(self.threads)
            .with_information_schema(true)
            .set_bool("datafusion.execution.parquet.pushdown_filters", false);
        SessionContext::new_with_config_rt(config, runtime)
    }
}

impl Catalog {
    /// A session that sees the newest version of both tables, with memory of
    /// its own where a limit is given.
    pub(crate) async fn session(
        &self,
        memory_limit_bytes: Option<usize>,
    ) -> Result<SessionContext, CatalogError> {
        let context = self.engine().context(memory_limit_bytes);
        register(&context, "frames", self.frames_table()).await?;
        register(&context, "detection_rows", self.detections_table()).await?;
        let found = format!("kind NOT IN ('{LOOKED}', '{REDACTED}')");
        let looked = format!("kind = '{LOOKED}' AND label = ''");
        let redacted = format!("kind = '{REDACTED}' AND label = ''");
        let whose = "frame, recording, camera, taken_at, taken_at_ns, model, shard, date";
        let what = "frame, number, kind, label, confidence, model, bbox_left, bbox_top, \
                    bbox_right, bbox_bottom, recording, camera, taken_at, taken_at_ns, shard, date";
        for (view, columns, rows) in [
            ("detections", what, found),
            ("looked", whose, looked),
            ("anonymized", whose, redacted),
        ] {
            let query = format!("SELECT {columns} FROM detection_rows WHERE {rows}");
            let rows = context.sql(&query).await?;
            context.register_table(view, rows.into_view())?;
        }
        Ok(context)
    }

    /// All rows of one of our own queries.
    pub(crate) async fn query(
        &self,
        context: &SessionContext,
        query: &str,
    ) -> Result<Vec<RecordBatch>, CatalogError> {
        let limit = self.engine().memory_limit_bytes();
        let rows = async { context.sql(query).await?.collect().await }.await;
        rows.map_err(|source| query_error(source, limit))
    }
}

/// A question that ran out of memory is told from one that failed.
pub(crate) fn query_error(source: DataFusionError, limit_bytes: usize) -> CatalogError {
    let source = Box::new(source);
    match source.find_root() {
        DataFusionError::ResourcesExhausted(_) => {
            CatalogError::TooBig { limit_mib: limit_bytes >> 20, source }
        }
        _ => CatalogError::Query { source },
    }
}

async fn register(context: &SessionContext, name: &str, table: &Table) -> Result<(), CatalogError> {
    let view = table.newest().await?;
    let provider = view.table.table_provider().with_session(Arc::new(context.state())).await?;
    context.register_table(name, provider)?;
    Ok(())
}
