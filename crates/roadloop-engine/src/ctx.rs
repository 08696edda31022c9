//! What every stage needs, opened once and passed down.

use std::path::PathBuf;
use std::sync::Arc;

use roadloop_catalog::{Catalog, CatalogOptions};
use roadloop_store::Store;

use crate::sink::Sink;
use crate::{Cpu, EngineError, ModelSettings, Models, Progress};

/// Where things lie and how much of the machine may be used.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of the project: runtime, spilled queries.
    pub workspace: PathBuf,
    /// URI of the store for images and tables.
    pub store: String,
    /// Frames worked on at once; 0 means one per core.
    pub jobs: usize,
    pub query_memory_bytes: usize,
    pub models: ModelSettings,
    /// The table of DynamoDB that is told what is on frames.
    pub dynamodb: Option<String>,
}

/// Files of a store that is far away are waited for: a question reads so many at
/// once, however few the cores. Measured, with 20 ms a request: six times as fast.
const FILES_AT_ONCE: usize = 16;

/// The engine, opened. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ctx {
    pub store: Store,
    pub catalog: Catalog,
    pub models: Arc<Models>,
    pub cpu: Cpu,
    pub progress: Arc<dyn Progress>,
    pub(crate) sink: Option<Arc<Sink>>,
}

impl Ctx {
    /// Opens store and catalog (made when missing; a bucket is not). Models are opened when a
    /// stage first wants them.
    pub async fn open(settings: Settings, progress: Arc<dyn Progress>) -> Result<Ctx, EngineError> {
        let Settings { workspace, store, jobs, query_memory_bytes, models, dynamodb } = settings;
        let store = roadloop_store::open(&store)?;
        store.ready().await?;
        let options = CatalogOptions {
            memory_limit_bytes: query_memory_bytes,
            // A command that only reads makes no workspace to spill into.
            spill_folder: workspace.is_dir().then(|| workspace.join("spill")),
            threads: store.is_far().then(|| Cpu::new(0).jobs().max(FILES_AT_ONCE)),
        };
        let catalog = Catalog::open(store.object_store(), options).await?;
        let cpu = Cpu::new(jobs);
        let models = Arc::new(Models::new(models, &workspace, cpu.jobs()));
        let sink = dynamodb.map(|table| Arc::new(Sink::new(table)));
        Ok(Ctx { store, catalog, models, cpu, progress, sink })
    }
}
