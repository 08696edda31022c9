//! The catalog as a whole: its tables and what is needed to ask about them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use deltalake::logstore::object_store::ObjectStore;
use tokio::sync::Mutex;

use roadloop_base::{RecordingId, ShardId, Stage};

use crate::annotated;
use crate::attached::Missing;
use crate::files::STATISTICS;
use crate::schema::{detections_schema, frames_schema};
use crate::search::Known;
use crate::select::Shelf;
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
    frames: Arc<Table>,
    detections: Arc<Table>,
    /// Those of attached data, once they were wanted.
    others: Mutex<HashMap<String, Arc<Table>>>,
    store: Arc<dyn ObjectStore>,
    engine: Engine,
    known: Known,
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
        let frames = layout("frames", frames_schema());
        let detections = layout("detections", detections_schema());
        // Far away, opening is waiting.
        let (frames, detections) = futures::try_join!(
            Table::open(&frames, Arc::clone(&store)),
            Table::open(&detections, Arc::clone(&store)),
        )?;
        let (frames, detections) = (Arc::new(frames), Arc::new(detections));
        let others = Mutex::default();
        Ok(Catalog(Arc::new(Inner {
            frames,
            detections,
            others,
            store,
            engine,
            known: Known::default(),
        })))
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
            Stage::Tables | Stage::Video | Stage::Attach => return Ok(HashMap::new()),
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

    /// All tables there are, the two first.
    pub(crate) async fn tables(&self) -> Result<Vec<Arc<Table>>, CatalogError> {
        let mut tables = vec![Arc::clone(&self.0.frames), Arc::clone(&self.0.detections)];
        tables.extend(self.table_of(&annotated::layout(), Missing::Left).await?);
        tables.extend(self.attached_tables().await?);
        Ok(tables)
    }

    /// A table that is opened when it is first wanted, and kept open.
    pub(crate) async fn table_of(
        &self,
        layout: &Layout,
        missing: Missing,
    ) -> Result<Option<Arc<Table>>, CatalogError> {
        let mut others = self.0.others.lock().await;
        if let Some(table) = others.get(&layout.name) {
            return Ok(Some(Arc::clone(table)));
        }
        let store = Arc::clone(&self.0.store);
        let table = match missing {
            Missing::Made => Some(Table::open(layout, store).await?),
            Missing::Left => Table::find(layout, store).await?,
        };
        let Some(table) = table.map(Arc::new) else { return Ok(None) };
        others.insert(layout.name.clone(), Arc::clone(&table));
        Ok(Some(table))
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.0.store
    }

    pub(crate) fn known(&self) -> &Known {
        &self.0.known
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Where saved selections lie.
    pub(crate) fn shelf(&self) -> Shelf {
        Shelf::new(Arc::clone(self.store()))
    }
}
