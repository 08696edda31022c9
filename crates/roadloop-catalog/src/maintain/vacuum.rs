//! Files that nobody needs any more: data that no version of the last days has,
//! leftovers of writers that were killed, old log entries, old transactions.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use deltalake::ObjectMeta;
use deltalake::checkpoints::create_checkpoint;
use deltalake::kernel::Version;
use deltalake::logstore::LogStore;
use deltalake::logstore::object_store::ObjectStore;
use deltalake::logstore::object_store::path::Path;
use deltalake::protocol::DeltaOperation;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::forget::{self, before};
use super::log_files::{self, LogFile};
use crate::files;
use crate::table::{Commit, FORGET_PROPERTY, Step, Table, View, back_off};
use crate::{Catalog, CatalogError};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A file that no commit speaks of may be about to get one. Writers commit what
/// they wrote within minutes, and write it anew after hours.
const LEFT_OVER_AFTER: Duration = DAY;

const MAX_ATTEMPTS: u32 = 20;

/// For how long what is kept.
#[derive(Clone, Debug)]
pub struct VacuumOptions {
    /// Versions that were the newest within this time can be read in full:
    /// questions that are being answered and datasets that pin a version.
    pub keep: Duration,
    /// History; never less than `keep`.
    pub keep_log: Duration,
    /// How long a second delivery of a shard is known at once. A later one is
    /// found out by a look into the table; at least seven days.
    pub keep_transactions: Duration,
    /// Only say what would go.
    pub dry_run: bool,
}

impl Default for VacuumOptions {
    fn default() -> VacuumOptions {
        VacuumOptions {
            keep: 7 * DAY,
            keep_log: 30 * DAY,
            keep_transactions: 90 * DAY,
            dry_run: false,
        }
    }
}

/// What was deleted of a table, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vacuumed {
    pub table: String,
    /// Data files that no kept version has.
    pub files: u64,
    pub bytes: u64,
    /// Data files that no version ever had.
    pub leftovers: u64,
    pub leftover_bytes: u64,
    /// Log entries and checkpoints.
    pub log_files: u64,
    pub log_bytes: u64,
    pub transactions: u64,
}

impl Catalog {
    /// Deletes what is old and not needed, beside readers and writers.
    pub async fn vacuum(&self, options: &VacuumOptions) -> Result<Vec<Vacuumed>, CatalogError> {
        let mut vacuumed = Vec::new();
        for table in self.tables().await? {
            vacuumed.push(vacuum(&table, options).await?);
        }
        Ok(vacuumed)
    }
}

async fn vacuum(table: &Table, options: &VacuumOptions) -> Result<Vacuumed, CatalogError> {
    let view = table.newest().await?;
    let keep_log = options.keep_log.max(options.keep);
    let transactions = forget::forgettable(&view, options.keep_transactions);
    let mut done = Vacuumed { table: table.name().to_owned(), transactions, ..Vacuumed::default() };

    let mut forgets = transactions > 0;
    if !options.dry_run && (forgets || view.property(FORGET_PROPERTY).is_some()) {
        // Where it is allowed already, the time may have changed.
        if !view.transactions.has_others() {
            forget::allow(table, options.keep_transactions).await?;
        }
    }
    let garbage = garbage(table, &view, options.keep).await?;
    for (file, is_leftover) in &garbage {
        let (files, bytes) = match is_leftover {
            true => (&mut done.leftovers, &mut done.leftover_bytes),
            false => (&mut done.files, &mut done.bytes),
        };
        *files += 1;
        *bytes += file.size;
    }
    let mut log = log_files::list(table).await?;
    let time = before(keep_log);
    let needed = log_files::needed_since(&log, view.version(), time);
    // Nothing was written for long: with a checkpoint, all before it can go.
    let is_asleep = needed == view.version()
        && log_files::oldest(&log) < needed
        && !log_files::checkpoints(&log).contains(&needed);
    forgets |= is_asleep;
    if forgets && !options.dry_run {
        let view = table.newest().await?;
        let failed = |source| CatalogError::table("write to", table.name(), source);
        create_checkpoint(&view.table, None).await.map_err(failed)?;
        log = log_files::list(table).await?;
    }
    let old: Vec<LogFile> = if is_asleep && options.dry_run {
        log_files::before_version(&log, needed, time)
    } else {
        log_files::expendable(&log, needed, time)
    };
    done.log_files = old.len() as u64;
    done.log_bytes = old.iter().map(|file| file.bytes).sum();
    if options.dry_run {
        return Ok(done);
    }
    let data: Vec<Path> = garbage.into_iter().map(|(file, _)| file.location).collect();
    if !data.is_empty() {
        delete(table, data).await?;
        note(table, &done).await?;
    }
    delete(table, old.into_iter().map(|file| file.key).collect()).await?;
    Ok(done)
}

/// The data files that may go, and whether they are leftovers.
async fn garbage(
    table: &Table,
    view: &View,
    keep: Duration,
) -> Result<Vec<(ObjectMeta, bool)>, CatalogError> {
    let cutoff = before(keep);
    let left_over_cutoff = before(keep.max(LEFT_OVER_AFTER));
    // Listed first: what is committed after this is no garbage of this list.
    let failed = |source| CatalogError::object("list", "", source);
    let listed: Vec<ObjectMeta> = table.store().list(None).try_collect().await.map_err(failed)?;
    let view = match table.newest().await {
        Ok(newest) => newest,
        Err(_) => view.clone(),
    };
    let active: HashSet<Path> =
        files::active(table, &view).await?.into_iter().map(|file| file.path).collect();
    let removed = removed(table, &view, cutoff).await?;
    let mut garbage = Vec::new();
    for file in listed {
        let is_data = !file.location.as_ref().starts_with(['_', '.']);
        if !is_data || active.contains(&file.location) {
            continue;
        }
        match removed.get(&file.location) {
            Some(at) if *at < cutoff => garbage.push((file, false)),
            Some(_) => {}
            None if file.last_modified.timestamp_millis() < left_over_cutoff => {
                garbage.push((file, true));
            }
            None => {}
        }
    }
    Ok(garbage)
}

/// Files that are out of the table, and when they were taken out, in ms since
/// 1970. A checkpoint forgets them after a while: those of the last time are
/// read from the commits as well.
async fn removed(
    table: &Table,
    view: &View,
    since: i64,
) -> Result<HashMap<Path, i64>, CatalogError> {
    let failed = |source| CatalogError::table("read", table.name(), source);
    let mut removed = HashMap::new();
    let state = view.table.snapshot().map_err(failed)?;
    let mut tombstones = state.all_tombstones(table.log().as_ref());
    while let Some(tombstone) = tombstones.try_next().await.map_err(failed)? {
        let at = tombstone.deletion_timestamp().unwrap_or(i64::MAX);
        keep_latest(&mut removed, &tombstone.path(), at);
    }
    let log = log_files::list(table).await?;
    let versions = log_files::commits_since(&log, since);
    let mut commits = stream::iter(versions)
        .map(async |version: Version| table.log().read_commit_entry(version).await)
        .buffered(8);
    while let Some(commit) = commits.next().await {
        let Some(commit) = commit.map_err(failed)? else { continue };
        for line in commit.split(|byte| *byte == b'\n') {
            if !line.starts_with(b"{\"remove\"") {
                continue;
            }
            let Ok(action) = serde_json::from_slice::<Value>(line) else { continue };
            let remove = &action["remove"];
            if let Some(path) = remove["path"].as_str() {
                let at = remove["deletionTimestamp"].as_i64().unwrap_or(i64::MAX);
                keep_latest(&mut removed, path, at);
            }
        }
    }
    Ok(removed)
}

fn keep_latest(removed: &mut HashMap<Path, i64>, path: &str, at: i64) {
    let path = Path::parse(path).unwrap_or_else(|_| Path::from(path));
    let latest = removed.entry(path).or_insert(at);
    *latest = (*latest).max(at);
}

/// Files that are gone already are as good as deleted.
async fn delete(table: &Table, keys: Vec<Path>) -> Result<(), CatalogError> {
    use deltalake::logstore::object_store::Error;
    let keys = stream::iter(keys).map(Ok).boxed();
    let mut deleted = table.store().delete_stream(keys);
    while let Some(key) = deleted.next().await {
        match key {
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(source) => return Err(CatalogError::object("delete", "", source)),
        }
    }
    Ok(())
}

/// A line in the table's history. It changes no row, and is left out where
/// writers are first again and again.
async fn note(table: &Table, done: &Vacuumed) -> Result<(), CatalogError> {
    let _turn = table.turn_to_write().await;
    for attempt in 0..MAX_ATTEMPTS {
        let view = table.newest().await?;
        let step = Step {
            operation: DeltaOperation::VacuumEnd { status: "COMPLETED".to_owned() },
            actions: Vec::new(),
            transactions: Vec::new(),
            notes: vec![("numDeletedFiles", done.files + done.leftovers)],
        };
        match table.commit_as(&view, step).await {
            Commit::Done => return Ok(()),
            Commit::Outrun => back_off(attempt).await,
            Commit::Unknown(error) => return Err(error),
        }
    }
    Ok(())
}
