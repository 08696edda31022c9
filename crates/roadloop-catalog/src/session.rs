//! A DataFusion session over the newest tables, and what it may use.
//!
//! The tables as queries see them:
//!
//! - `frames`: one row per frame
//! - `detections`: one row per thing found
//! - `looked`, `anonymized`: the frames a detector looked at, and those with an
//!   anonymised copy
//! - `detection_rows`: the table behind the last three
//! - `attrs_<name>`, `tags`, `frames_joined`: attached data (`attached/view.rs`)
//! - `selections`: the frames of each saved selection

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::{FieldRef, Schema};
use deltalake::datafusion::common::ScalarValue;
use deltalake::datafusion::config::ConfigOptions;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use deltalake::datafusion::execution::memory_pool::FairSpillPool;
use deltalake::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use deltalake::datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use deltalake::datafusion::optimizer::Optimizer;
use deltalake::datafusion::physical_plan::SendableRecordBatchStream;
use deltalake::datafusion::prelude::{SessionConfig, SessionContext, lit};
use deltalake::logstore::object_store::ObjectStore;

use crate::attached::AttachedSchema;
use crate::filter::{Vocabulary, quoted};
use crate::grouping::is_always_there;
use crate::join_order::OnesFirst;
use crate::one_date::OneDate;
use crate::rows::Columns;
use crate::scan::FrameCount;
use crate::schema::{LOOKED, REDACTED, frames_schema};
use crate::select::SelectionsView;
use crate::sql::CountsAreSums;
use crate::table::ROOT;
use crate::{Catalog, CatalogError, CatalogOptions, Filter, functions};

/// The names of attached tables start with it.
pub(crate) const ATTACHED: &str = "attrs_";
/// The attached table of tags: any number of rows per frame.
pub(crate) const TAGS: &str = "attrs_tags";
/// The view of saved selections.
pub(crate) const SELECTIONS: &str = "selections";

/// Where DataFusion looks for a table whose name says nothing else.
const CATALOG: &str = "datafusion";
const SCHEMA: &str = "public";

/// What all sessions share: memory, caches, the store.
pub(crate) struct Engine {
    runtime: Arc<RuntimeEnv>,
    /// How tables are read, whoever asks.
    tables: Arc<SessionState>,
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
        let tables = Arc::new(context(Arc::clone(&runtime), threads).state());
        Ok(Engine { runtime, tables, threads, memory_limit_bytes })
    }

    pub(crate) fn tables(&self) -> &Arc<SessionState> {
        &self.tables
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    pub(crate) fn memory_limit_bytes(&self) -> usize {
        self.memory_limit_bytes
    }

    /// A context without tables, with memory of its own where a limit is given.
    pub(crate) fn context(&self, memory_limit_bytes: Option<usize>) -> SessionContext {
        let mut runtime = Arc::clone(&self.runtime);
        if let Some(limit) = memory_limit_bytes {
            let own = RuntimeEnv {
                memory_pool: Arc::new(FairSpillPool::new(limit)),
                ..RuntimeEnv::clone(&self.runtime)
            };
            runtime = Arc::new(own);
        }
        context(runtime, self.threads)
    }
}

fn context(runtime: Arc<RuntimeEnv>, threads: usize) -> SessionContext {
    // Filters stay above the scan: pushed into it, they decode a column
    // twice and cost up to twice the time.
    let config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.pushdown_filters", false)
        .with_extension(Arc::new(Versions::default()))
        .with_extension(Arc::new(FrameCount::default()));
    let mut rules = Optimizer::new().rules;
    // Before the engine puts projections between joins.
    let place = rules.iter().position(|rule| rule.name() == "optimize_projections");
    rules.insert(place.unwrap_or(rules.len()), Arc::new(OnesFirst));
    rules.push(Arc::new(OneDate));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_optimizer_rules(rules);
    SessionContext::new_with_state(state.build())
}

/// The same session for a question that few rows answer: other columns than those
/// its conditions speak of are read at these rows only.
pub(crate) fn looking_up(context: &SessionContext) -> SessionContext {
    tuned(context, |options| options.execution.parquet.pushdown_filters = true)
}

/// The same session for conditions on labels. One label is rare: where nothing
/// else tells how many rows a condition leaves, three in a hundred. The smaller
/// side of a join is kept in memory.
pub(crate) fn looking_for_labels(context: &SessionContext) -> SessionContext {
    tuned(context, |options| options.optimizer.default_filter_selectivity = 3)
}

/// The same session for what does not fit in memory: joins by sorting and not by
/// hashing, groups in the one operator that uses the disk, and distinct values as
/// groups.
pub(crate) fn on_disk(context: &SessionContext) -> SessionContext {
    let context = tuned(context, |options| {
        options.optimizer.prefer_hash_join = false;
        options.execution.skip_partial_aggregation_probe_ratio_threshold = 0.0;
    });
    context.add_optimizer_rule(Arc::new(CountsAreSums));
    context
}

fn tuned(context: &SessionContext, tune: impl FnOnce(&mut ConfigOptions)) -> SessionContext {
    let mut state = context.state();
    tune(state.config_mut().options_mut());
    SessionContext::new_with_state(state)
}

/// The versions of the tables a session sees, by their names: of those it has
/// opened so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions(Arc<Mutex<BTreeMap<String, u64>>>);

impl Versions {
    pub(crate) fn of(context: &SessionContext) -> Versions {
        let versions = context.state_ref().read().config().get_extension::<Versions>();
        versions.map(|versions| versions.as_ref().clone()).unwrap_or_default()
    }

    pub(crate) fn note(&self, name: &str, version: u64) {
        let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        versions.insert(name.to_owned(), version);
    }

    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn of_frames_and_detections(&self) -> Option<(u64, u64)> {
        let versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        versions.get("frames").copied().zip(versions.get("detections").copied())
    }
}

impl Catalog {
    /// A session that sees the newest version of both tables, with memory of
    /// its own where a limit is given.
    pub(crate) async fn session(
        &self,
        memory_limit_bytes: Option<usize>,
    ) -> Result<SessionContext, CatalogError> {
        Ok(self.session_of(memory_limit_bytes).await?.0)
    }

    /// The same, and the versions it sees, by the names of the tables.
    pub(crate) async fn session_of(
        &self,
        memory_limit_bytes: Option<usize>,
    ) -> Result<(SessionContext, Versions), CatalogError> {
        let context = self.engine().context(memory_limit_bytes);
        for function in functions::all() {
            context.register_udf(function);
        }
        let (names, (version, frames), (of_detections, detections)) = futures::try_join!(
            self.attached_names(),
            self.frames_table().source(self.engine().tables()),
            self.detections_table().source(self.engine().tables()),
        )?;
        let versions = Versions::of(&context);
        versions.note("frames", version);
        versions.note("detections", of_detections);
        let attached = Arc::new(AttachedSchema::new(self.clone(), names, versions.clone()));
        let ours = context.catalog(CATALOG).ok_or(CatalogError::Stopped)?;
        ours.register_schema(SCHEMA, attached)?;
        if let Some(count) = context.state_ref().read().config().get_extension::<FrameCount>() {
            count.note(frames.as_ref());
        }
        context.register_table("frames", frames)?;
        complete(&context, "frames", &frames_schema()).await?;
        context.register_table("detection_rows", detections)?;
        let selections = SelectionsView::new(self.shelf());
        context.register_table(SELECTIONS, Arc::new(selections))?;
        // No marker has a label, and whoever asks for detections asks for labels.
        let found = "label <> ''".to_owned();
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
        Ok((context, versions))
    }

    /// The rows of one of our own queries, as they come.
    pub(crate) async fn stream(
        &self,
        context: &SessionContext,
        query: &str,
    ) -> Result<SendableRecordBatchStream, CatalogError> {
        let limit = self.engine().memory_limit_bytes();
        let rows = async { context.sql(query).await?.execute_stream().await }.await;
        rows.map_err(|source| query_error(source, limit))
    }

    /// What a filter may speak of in a session, and words that name columns too.
    pub(crate) async fn vocabulary(
        &self,
        context: &SessionContext,
        filter: &Filter,
        words: &[String],
    ) -> Result<Vocabulary, CatalogError> {
        let mut vocabulary = Vocabulary::new(context.table("frames").await?.schema().as_arrow());
        // Who speaks of no column opens none of the tables that are attached.
        let is_attached =
            |word: &String| !is_always_there(word) && vocabulary.resolve(word).is_err();
        if (filter.has_columns() || words.iter().any(is_attached))
            && let Some(tables) = context.catalog(CATALOG).and_then(|ours| ours.schema(SCHEMA))
        {
            for table in tables.table_names() {
                let name = table.strip_prefix(ATTACHED).filter(|_| table != TAGS);
                if let Some(name) = name
                    && let Some(provider) = tables.table(&table).await?
                {
                    vocabulary.attach(name, &provider.schema());
                }
            }
        }
        let asked = filter.selections();
        if !asked.is_empty() {
            // Those it names are looked for; the others are for suggestions.
            let names: Vec<String> = asked.iter().map(|name| quoted(name)).collect();
            let names = names.join(", ");
            let query = format!("SELECT DISTINCT name FROM {SELECTIONS} WHERE name IN ({names})");
            for batch in self.query(context, &query).await? {
                let names = Columns(&batch).texts("name")?;
                vocabulary.add_selections(names.iter().flatten().map(str::to_owned));
            }
            if asked.iter().any(|name| vocabulary.selection(name).is_err()) {
                let names = self.selection_names().await?;
                vocabulary.add_selections(names.into_iter().map(String::from));
            }
        }
        Ok(vocabulary)
    }

    /// All rows of one of our own queries; by way of the disk where memory does not do.
    pub(crate) async fn query(
        &self,
        context: &SessionContext,
        query: &str,
    ) -> Result<Vec<RecordBatch>, CatalogError> {
        let limit = self.engine().memory_limit_bytes();
        let rows = async { context.sql(query).await?.collect().await }.await;
        match rows.map_err(|source| query_error(source, limit)) {
            Err(CatalogError::TooBig { .. }) => {
                let rows = async { on_disk(context).sql(query).await?.collect().await }.await;
                rows.map_err(|source| query_error(source, limit))
            }
            rows => rows,
        }
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

/// A table that is older than some columns, and cannot be written to, has
/// nothing there.
async fn complete(
    context: &SessionContext,
    name: &str,
    schema: &Schema,
) -> Result<(), CatalogError> {
    let mut rows = context.table(name).await?;
    let there = Arc::clone(rows.schema().inner());
    let is_missing = |field: &&FieldRef| there.field_with_name(field.name()).is_err();
    let missing: Vec<&FieldRef> = schema.fields().iter().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for field in missing {
        let nothing = lit(ScalarValue::try_new_null(field.data_type())?);
        rows = rows.with_column(field.name(), nothing)?;
    }
    context.deregister_table(name)?;
    context.register_table(name, rows.into_view())?;
    Ok(())
}
