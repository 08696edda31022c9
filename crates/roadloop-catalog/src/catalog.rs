//! The catalog as a whole: two tables and what is needed to ask about them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use deltalake::logstore::object_store::ObjectStore;

use roadloop_base::{RecordingId, ShardId, Stage};

use crate::files::STATISTICS;
use crate::schema::{detections_schema, frames_schema};
use crate::session::Engine;
use crate::table::{Layout, Table};
use crate::{CatalogError, Revision};

/// How much of the machine questions may use.
#[derive(Clone, Debug)]
pub struct CatalogOptions {
    /// All running questions together; what does not fit is spilled to disk.
    pub memory_limit_bytes: usize,
    /// Where it is spilled; the system's temporary folder when absent.
    pub spill_folder: Option<PathBuf>,
    /// Threads a question is spread over; one per core when absent.
    pub threads: Option<usize>,
}

impl Default for CatalogOptions {
    fn default() -> CatalogOptions {
        CatalogOptions { memory_limit_bytes: 512 << 20, spill_folder: None, threads: None }
    }
}

/// The frames there are and what models said about them. Clones are the same
/// catalog.
#[derive(Clone, Debug)]
pub struct Catalog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    frames: Table,
    detections: Table,
    engine: Engine,
}

impl Catalog {
    /// Opens the tables under `tables/` of a store, making them when missing.
    pub async fn open(
        store: Arc<dyn ObjectStore>,
        options: CatalogOptions,
    ) -> Result<Catalog, CatalogError> {
        let engine = Engine::new(Arc::clone(&store), options)?;
        let layout =
            |name: &str, schema| Layout { name: name.to_owned(), schema, statistics: STATISTICS };
        let frames = Table::open(&layout("frames", frames_schema()), Arc::clone(&store)).await?;
        let detections = Table::open(&layout("detections", detections_schema()), store).await?;
        Ok(Catalog(Arc::new(Inner { frames, detections, engine })))
    }

    /// The shards of a recording that a stage has delivered.
    pub async fn delivered(
        &self,
        stage: Stage,
        recording: &RecordingId,
    ) -> Result<HashMap<ShardId, Revision>, CatalogError> {
        let table = match stage {
            Stage::Extract => self.frames_table(),
            Stage::Detect | Stage::Anonymize => self.detections_table(),
            Stage::Tables | Stage::Video => return Ok(HashMap::new()),
        };
        let view = table.newest().await?;
        let mut delivered = HashMap::new();
        for (shard, revision) in view.transactions.shards(stage, recording) {
            delivered.insert(shard, Revision(revision));
        }
        Ok(delivered)
    }

    pub(crate) fn frames_table(&self) -> &Table {
        &self.0.frames
    }

    pub(crate) fn detections_table(&self) -> &Table {
        &self.0.detections
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }
}
