//! One Delta table: made when missing, read at its newest version, and
//! committed to by one writer of this process at a time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use deltalake::arrow::datatypes::{Schema, SchemaRef};
use deltalake::datafusion::catalog::TableProvider;
use deltalake::datafusion::execution::session_state::SessionState;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, StructField, Transaction, Version};
use deltalake::logstore::object_store::ObjectStore;
use deltalake::logstore::object_store::prefix::PrefixStore;
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableError};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};
use url::Url;
use uuid::Uuid;

use roadloop_base::{ShardId, Stage};

use crate::CatalogError;
use crate::files::{self, DataFile, Statistics};
use crate::scan::Files;
use crate::schema::{FORMAT, FORMAT_PROPERTY, PARTITION, data_schema, delta_columns};
use crate::transactions::{Transactions, stream_id};

/// A checkpoint every so many versions, unless the table's property says
/// otherwise. Handles are opened anew as often: one kept for longer pays more
/// for each commit than a fresh one pays once.
const CHECKPOINT_VERSIONS: u64 = 100;
const CHECKPOINT_PROPERTY: &str = "delta.checkpointInterval";
/// Checkpoints leave out transactions that are older than this property says.
pub(crate) const FORGET_PROPERTY: &str = "delta.setTransactionRetentionDuration";
/// The least it may say, and a day less for clocks that are apart.
pub(crate) const LEAST_REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);
const NOTHING_FORGOTTEN_FOR: Duration = Duration::from_secs(6 * 24 * 3600);
/// The columns with statistics of each file: readers look at no others.
const STATISTICS_PROPERTY: &str = "delta.dataSkippingStatsColumns";

/// Where tables seem to lie. Only its path is used, on the store the caller
/// gave. The host's ending is that of S3 directory buckets, which list in no
/// order: Delta Lake then sorts the listings, and a folder needs that too.
pub(crate) const ROOT: &str = "roadloop://catalog--x-s3";

/// Two processes may make a table at once; the second finds the first's.
const CREATE_ATTEMPTS: u32 = 10;

/// How a table is made, and what is kept of its files.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) name: String,
    /// The columns of its data files that it has at the least.
    pub(crate) schema: SchemaRef,
    pub(crate) statistics: Statistics,
}

#[derive(Debug)]
pub(crate) struct Table {
    name: String,
    statistics: Statistics,
    store: Arc<dyn ObjectStore>,
    log: LogStoreRef,
    opened: Mutex<Opened>,
    /// What queries of the version in hand read from.
    source: Mutex<Option<(Version, Arc<dyn TableProvider>)>>,
    writing: Mutex<()>,
}

/// A table at one version, with all that was delivered up to it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) table: DeltaTable,
    pub(crate) transactions: Arc<Transactions>,
}

impl View {
    pub(crate) fn version(&self) -> Version {
        self.table.version().unwrap_or_default()
    }

    /// A property of the table.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        property(&self.table, name)
    }

    /// Whether a shard of which no transaction is left may have been delivered
    /// all the same. Only of streams that began long ago anything is forgotten,
    /// so what is new is not looked for.
    pub(crate) fn may_have_forgotten(&self, stage: Stage, shard: &ShardId) -> bool {
        let stream = stream_id(stage, &shard.recording, &shard.camera);
        let Some(begun) = self.transactions.begun(&stream) else { return false };
        let age = chrono::Utc::now().timestamp_millis().saturating_sub(begun);
        self.property(FORGET_PROPERTY).is_some() && age >= NOTHING_FORGOTTEN_FOR.as_millis() as i64
    }
}

#[derive(Debug)]
struct Opened {
    table: DeltaTable,
    opened_at: Version,
    /// Read once somebody writes: a fleet has a million of them, and questions
    /// need none.
    transactions: Option<Arc<Transactions>>,
}

/// What a new version changes.
pub(crate) struct Step {
    pub(crate) operation: DeltaOperation,
    pub(crate) actions: Vec<Action>,
    pub(crate) transactions: Vec<Transaction>,
    /// Numbers for the table's history, beside those every version has.
    pub(crate) notes: Vec<(&'static str, u64)>,
}

/// What became of a commit.
pub(crate) enum Commit {
    Done,
    /// Somebody else made a version since the view was taken.
    Outrun,
    /// It may have happened or not.
    Unknown(CatalogError),
}

impl Table {
    /// Opens a table under `tables/` of a store, making it when missing.
    pub(crate) async fn open(
        layout: &Layout,
        root: Arc<dyn ObjectStore>,
    ) -> Result<Table, CatalogError> {
        let place = Place::of(&layout.name, root)?;
        let table = load_or_create(layout, &place.log).await?;
        Table::opened(layout, place, table).await
    }

    /// As [`Table::open`], where the table is there already.
    pub(crate) async fn find(
        layout: &Layout,
        root: Arc<dyn ObjectStore>,
    ) -> Result<Option<Table>, CatalogError> {
        let place = Place::of(&layout.name, root)?;
        match load(&layout.name, &place.log).await? {
            Some(table) => Table::opened(layout, place, table).await.map(Some),
            None => Ok(None),
        }
    }

    async fn opened(
        layout: &Layout,
        place: Place,
        table: DeltaTable,
    ) -> Result<Table, CatalogError> {
        let Layout { name, schema, statistics } = layout.clone();
        let Place { store, log } = place;
        check_format(&name, &table)?;
        let table = with_all_columns(table, &schema, statistics).await;
        let opened_at = table.version().unwrap_or_default();
        let opened = Mutex::new(Opened { table, opened_at, transactions: None });
        let (source, writing) = (Mutex::default(), Mutex::default());
        Ok(Table { name, statistics, store, log, opened, source, writing })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The columns of its data files: all but the partition's.
    pub(crate) fn schema(&self, view: &View) -> Result<SchemaRef, CatalogError> {
        let snapshot = view.table.snapshot();
        let schema = snapshot.map(|snapshot| data_schema(&snapshot.schema()));
        schema.map_err(|source| CatalogError::table("read", &self.name, source))
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Its own folder of the object store.
    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub(crate) fn log(&self) -> &LogStoreRef {
        &self.log
    }

    /// Writers of one process take turns: outrunning each other costs more.
    pub(crate) async fn turn_to_write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    /// The newest version.
    pub(crate) async fn newest(&self) -> Result<View, CatalogError> {
        let mut opened = self.opened.lock().await;
        self.follow(&mut opened).await?;
        let Opened { table, transactions, .. } = &mut *opened;
        let version = table.version().unwrap_or_default();
        match transactions {
            Some(transactions) => {
                let transactions = Arc::make_mut(transactions);
                transactions.follow(&self.name, self.log.as_ref(), version).await?;
            }
            None => {
                let loaded = Transactions::load(&self.name, self.log.as_ref(), version).await?;
                *transactions = Some(Arc::new(loaded));
            }
        }
        let transactions = transactions.clone().unwrap_or_default();
        Ok(View { table: table.clone(), transactions })
    }

    /// The number of the newest version.
    pub(crate) async fn newest_version(&self) -> Result<Version, CatalogError> {
        Ok(self.newest_table().await?.version().unwrap_or_default())
    }

    /// The newest version, without what was delivered up to it.
    async fn newest_table(&self) -> Result<DeltaTable, CatalogError> {
        let mut opened = self.opened.lock().await;
        self.follow(&mut opened).await?;
        Ok(opened.table.clone())
    }

    async fn follow(&self, opened: &mut Opened) -> Result<(), CatalogError> {
        let failed = |source| CatalogError::table("read", &self.name, source);
        let Opened { table, opened_at, .. } = opened;
        // Fails where the log was cleaned since: then all is read anew.
        let is_followed = table.update_state().await.is_ok();
        let version = table.version().unwrap_or_default();
        let interval = checkpoint_interval(table);
        if !is_followed || version / interval != *opened_at / interval {
            let mut anew = DeltaTable::new(Arc::clone(&self.log));
            anew.load().await.map_err(failed)?;
            check_format(&self.name, &anew)?;
            *opened_at = anew.version().unwrap_or_default();
            *table = anew;
        }
        Ok(())
    }

    /// The newest version, and where queries of it read from.
    pub(crate) async fn source(
        &self,
        session: &Arc<SessionState>,
    ) -> Result<(Version, Arc<dyn TableProvider>), CatalogError> {
        let table = self.newest_table().await?;
        let version = table.version().unwrap_or_default();
        let mut source = self.source.lock().await;
        if let Some((of_version, source)) = &*source
            && *of_version == version
        {
            return Ok((version, Arc::clone(source)));
        }
        let newest: Arc<dyn TableProvider> = match Files::gather(self, &table).await? {
            Some(files) => Arc::new(files),
            None => table.table_provider().with_session(Arc::clone(session)).await?,
        };
        *source = Some((version, Arc::clone(&newest)));
        Ok((version, newest))
    }

    /// Adds a version with rows, right after the view's or not at all.
    pub(crate) async fn commit(
        &self,
        view: &View,
        actions: Vec<Action>,
        transactions: Vec<Transaction>,
    ) -> Commit {
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(vec![PARTITION.to_owned()]),
            predicate: None,
        };
        self.commit_as(view, Step { operation, actions, transactions, notes: Vec::new() }).await
    }

    /// Adds a version, right after the view's or not at all.
    pub(crate) async fn commit_as(&self, view: &View, step: Step) -> Commit {
        let Step { operation, actions, transactions, notes } = step;
        let snapshot = match view.table.snapshot() {
            Ok(snapshot) => snapshot,
            Err(error) => return Commit::Unknown(CatalogError::table("read", &self.name, error)),
        };
        let mut metrics = match self.metrics(view, &actions).await {
            Ok(metrics) => metrics,
            Err(error) => return Commit::Unknown(error),
        };
        for (name, number) in notes {
            metrics[name] = json!(number);
        }
        // Without retries Delta Lake commits only what was decided with the
        // newest version in view; the decision itself is made anew by us.
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_metadata([("operationMetrics".to_owned(), metrics)])
            .with_application_transactions(transactions)
            .with_cleanup_expired_logs(Some(false));
        let commit = CommitBuilder::from(properties).with_actions(actions);
        match commit.build(Some(snapshot), Arc::clone(&self.log), operation).await {
            Ok(done) => {
                self.keep(done.version(), done.snapshot()).await;
                Commit::Done
            }
            Err(error) if is_outrun(&error) => Commit::Outrun,
            Err(error) => Commit::Unknown(CatalogError::table("write to", &self.name, error)),
        }
    }

    /// What a commit adds and takes away, for the table's history.
    async fn metrics(&self, view: &View, actions: &[Action]) -> Result<Value, CatalogError> {
        let mut added = (0, 0);
        let mut removed = HashSet::new();
        for action in actions {
            match action {
                Action::Add(add) => {
                    let stats = add.stats.as_deref().unwrap_or_default();
                    let stats: Value = serde_json::from_str(stats).unwrap_or_default();
                    added = (added.0 + 1, added.1 + stats["numRecords"].as_u64().unwrap_or(0));
                }
                Action::Remove(remove) => {
                    removed.insert(remove.path.as_str());
                }
                _ => {}
            }
        }
        let mut removed_rows = 0;
        if !removed.is_empty() {
            let files = files::active(self, view).await?;
            let gone = files.iter().filter(|file| removed.contains(file.path.as_ref()));
            removed_rows = gone.filter_map(DataFile::rows).sum();
        }
        Ok(json!({
            "numAddedFiles": added.0,
            "numAddedRows": added.1,
            "numRemovedFiles": removed.len(),
            "numRemovedRows": removed_rows,
        }))
    }

    /// A commit leaves the newest version in hand: the next look is cheaper.
    async fn keep(&self, version: Version, state: DeltaTableState) {
        let mut opened = self.opened.lock().await;
        let table = &mut opened.table;
        if table.version().is_none_or(|kept| kept < version) {
            table.state = Some(state);
        }
    }
}

/// Where a table lies.
struct Place {
    store: Arc<dyn ObjectStore>,
    log: LogStoreRef,
}

impl Place {
    fn of(name: &str, root: Arc<dyn ObjectStore>) -> Result<Place, CatalogError> {
        let failed = |source| CatalogError::table("open", name, source);
        let location = Url::parse(&format!("{ROOT}/tables/{name}/"))
            .map_err(|error| failed(DeltaTableError::InvalidTableLocation(error.to_string())))?;
        let store: Arc<dyn ObjectStore> =
            Arc::new(PrefixStore::new(Arc::clone(&root), format!("tables/{name}")));
        let log = default_logstore(Arc::clone(&store), root, &location, &StorageConfig::default());
        Ok(Place { store, log })
    }
}

fn is_outrun(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_)
                    | TransactionError::VersionAlreadyExists(_)
                    | TransactionError::CommitConflict(_)
            }
    )
}

/// Waits a random while that grows with the attempts, up to half a second.
pub(crate) async fn back_off(attempt: u32) {
    let longest = Duration::from_millis(5 << attempt.min(7)).min(Duration::from_millis(500));
    let share = (Uuid::new_v4().as_u128() & 0xffff) as f64 / 65536.0;
    tokio::time::sleep(longest.mul_f64(share)).await;
}

/// Adds columns that newer tables are made with, and their statistics. Where that
/// cannot be done, without write access, the table is read as it is.
async fn with_all_columns(
    table: DeltaTable,
    schema: &Schema,
    statistics: Statistics,
) -> DeltaTable {
    let Ok(snapshot) = table.snapshot() else { return table };
    let known = snapshot.schema();
    let is_new = |column: &StructField| known.field(column.name()).is_none();
    let missing: Vec<StructField> = delta_columns(schema).into_iter().filter(is_new).collect();
    if missing.is_empty() {
        return table;
    }
    let Ok(added) = table.clone().add_columns().with_fields(missing).await else { return table };
    let Statistics::Of(columns) = statistics else { return added };
    let properties = HashMap::from([(STATISTICS_PROPERTY.to_owned(), columns.join(","))]);
    let told = added.clone().set_tbl_properties().with_properties(properties).await;
    told.unwrap_or(added)
}

async fn load(name: &str, log: &LogStoreRef) -> Result<Option<DeltaTable>, CatalogError> {
    let failed = |source| CatalogError::table("open", name, source);
    if !log.is_delta_table_location().await.map_err(failed)? {
        return Ok(None);
    }
    let mut table = DeltaTable::new(Arc::clone(log));
    table.load().await.map_err(failed)?;
    Ok(Some(table))
}

async fn load_or_create(layout: &Layout, log: &LogStoreRef) -> Result<DeltaTable, CatalogError> {
    let Layout { name, schema, statistics } = layout;
    let mut attempt = 0;
    loop {
        if let Some(table) = load(name, log).await? {
            return Ok(table);
        }
        let mut properties = vec![
            (FORMAT_PROPERTY, Some(FORMAT.to_string())),
            (CHECKPOINT_PROPERTY, Some(CHECKPOINT_VERSIONS.to_string())),
        ];
        if let Statistics::Of(columns) = statistics {
            properties.push((STATISTICS_PROPERTY, Some(columns.join(","))));
        }
        let created = CreateBuilder::new()
            .with_log_store(Arc::clone(log))
            .with_table_name(name)
            .with_columns(delta_columns(schema))
            .with_partition_columns([PARTITION])
            .with_raise_if_key_not_exists(false)
            .with_configuration(properties)
            .await;
        match created {
            Ok(table) => return Ok(table),
            Err(source) if attempt >= CREATE_ATTEMPTS => {
                return Err(CatalogError::table("make", name, source));
            }
            Err(_) => back_off(attempt).await,
        }
        attempt += 1;
    }
}

fn property<'a>(table: &'a DeltaTable, name: &str) -> Option<&'a str> {
    let metadata = table.snapshot().ok().map(DeltaTableState::metadata)?;
    metadata.configuration().get(name).map(String::as_str)
}

fn checkpoint_interval(table: &DeltaTable) -> u64 {
    let interval = property(table, CHECKPOINT_PROPERTY).and_then(|text| text.parse().ok());
    interval.filter(|interval| *interval > 0).unwrap_or(CHECKPOINT_VERSIONS)
}

fn check_format(name: &str, table: &DeltaTable) -> Result<(), CatalogError> {
    let failed = |source| CatalogError::table("open", name, source);
    let properties = table.snapshot().map_err(failed)?.metadata().configuration().clone();
    let Some(found) = properties.get(FORMAT_PROPERTY).and_then(|text| text.parse().ok()) else {
        return Err(CatalogError::NotOurs { table: name.to_owned() });
    };
    if found > FORMAT {
        return Err(CatalogError::NewerFormat { table: name.to_owned(), found, known: FORMAT });
    }
    Ok(())
}
