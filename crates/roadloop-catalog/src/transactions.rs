//! Which shards a table has, at which revision: the application transactions
//! of its log.
//!
//! Delta Lake's own look-up reads the log anew for each transaction; a catalog
//! asks about hundreds, so they are gathered once and then followed commit by
//! commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use deltalake::arrow::array::{Array, AsArray};
use deltalake::arrow::datatypes::Int64Type;
use deltalake::kernel::Version;
use deltalake::logstore::LogStore;
use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::logstore::object_store::path::Path;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use sha2::{Digest, Sha256};

use roadloop_base::{Camera, RecordingId, ShardId, Stage};

use crate::CatalogError;
use crate::schema::StreamNumber;

/// Commits fetched ahead of the one that is read.
const AHEAD: usize = 8;

/// The transactions of a table up to one of its versions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transactions {
    version: Version,
    delivered: HashMap<String, Delivered>,
    /// When the first shard of a stream came, in ms since 1970.
    begun: HashMap<String, i64>,
    /// Whose frames carry a stream number.
    streams: HashMap<StreamNumber, (RecordingId, Camera)>,
    /// There are transactions that are of no shard.
    has_others: bool,
}

/// What was delivered, as it was the last time.
#[derive(Clone, Copy, Debug)]
struct Delivered {
    revision: i64,
    /// In ms since 1970.
    at: Option<i64>,
}

impl Transactions {
    pub(crate) fn revision(&self, app_id: &str) -> Option<i64> {
        self.delivered.get(app_id).map(|delivered| delivered.revision)
    }

    /// When a stream's first shard came, by its [`stream_id`].
    pub(crate) fn begun(&self, stream: &str) -> Option<i64> {
        self.begun.get(stream).copied()
    }

    /// How many deliveries are remembered.
    pub(crate) fn len(&self) -> u64 {
        self.delivered.len() as u64
    }

    /// How many were delivered before a time, in ms since 1970.
    pub(crate) fn older_than(&self, time: i64) -> u64 {
        self.delivered.values().filter(|one| one.at.is_some_and(|at| at <= time)).count() as u64
    }

    /// Streams of which it is not noted that they have begun: those of tables
    /// that were made before it was.
    pub(crate) fn unnoted_streams(&self) -> BTreeSet<String> {
        let ids = self.delivered.keys().filter_map(|app_id| parse_app_id(app_id));
        let streams = ids.map(|(stage, shard)| stream_id(stage, &shard.recording, &shard.camera));
        streams.filter(|stream| !self.begun.contains_key(stream)).collect()
    }

    /// Whether there are any that are of no shard.
    pub(crate) fn has_others(&self) -> bool {
        self.has_others
    }

    pub(crate) fn stream(&self, number: StreamNumber) -> Option<&(RecordingId, Camera)> {
        self.streams.get(&number)
    }

    /// The shards of one stage and recording.
    pub(crate) fn shards(&self, stage: Stage, recording: &RecordingId) -> Vec<(ShardId, i64)> {
        let of_recording = format!("{stage}/{recording}/");
        let mut shards = Vec::new();
        for (app_id, delivered) in &self.delivered {
            if !app_id.starts_with(&of_recording) {
                continue;
            }
            if let Some((_, shard)) = parse_app_id(app_id) {
                shards.push((shard, delivered.revision));
            }
        }
        shards
    }

    /// One number for all shards of each recording that a stage delivered, in
    /// whatever order: another number, other shards. Of one recording only,
    /// where one is given.
    pub(crate) fn digests(&self, stage: Stage, only: Option<&RecordingId>) -> HashMap<&str, u64> {
        let of_stage = format!("{stage}/");
        let mut digests = HashMap::<&str, u64>::new();
        for (app_id, Delivered { revision, .. }) in &self.delivered {
            let Some(shard) = app_id.strip_prefix(&of_stage) else { continue };
            let Some((recording, _)) = shard.split_once('/') else { continue };
            if only.is_some_and(|only| only.as_str() != recording) {
                continue;
            }
            let mut hash = Sha256::new();
            hash.update(app_id);
            hash.update(revision.to_le_bytes());
            let mut first = [0; 8];
            first.copy_from_slice(&hash.finalize()[..8]);
            let digest = digests.entry(recording).or_default();
            *digest = digest.wrapping_add(u64::from_le_bytes(first));
        }
        digests
    }

    /// Reads the newest checkpoint up to `version`, then the commits after it.
    pub(crate) async fn load(
        table: &str,
        log: &dyn LogStore,
        version: Version,
    ) -> Result<Transactions, CatalogError> {
        let mut transactions = Transactions::default();
        let mut next = 0;
        if let Some((checkpoint, parts)) = newest_checkpoint(log, version).await? {
            for part in parts {
                let bytes = get(log, &part).await?;
                transactions.read_checkpoint(&part, bytes)?;
            }
            next = checkpoint + 1;
        }
        transactions.read_commits(table, log, next, version).await?;
        Ok(transactions)
    }

    /// Reads the commits after the last one read. Cleaned-up commits lie in a
    /// checkpoint by then: everything is read anew.
    pub(crate) async fn follow(
        &mut self,
        table: &str,
        log: &dyn LogStore,
        version: Version,
    ) -> Result<(), CatalogError> {
        if self.read_commits(table, log, self.version + 1, version).await.is_err() {
            *self = Transactions::load(table, log, version).await?;
        }
        Ok(())
    }

    async fn read_commits(
        &mut self,
        table: &str,
        log: &dyn LogStore,
        first: Version,
        last: Version,
    ) -> Result<(), CatalogError> {
        let mut commits = stream::iter(first..=last)
            .map(async |version| (version, log.read_commit_entry(version).await))
            .buffered(AHEAD);
        while let Some((version, commit)) = commits.next().await {
            let commit = commit.map_err(|source| CatalogError::table("read", table, source))?;
            let Some(commit) = commit else {
                let what = format!("the {table} table's log has no version {version}");
                return Err(CatalogError::DamagedRows { what });
            };
            self.read_commit(&commit);
        }
        self.version = last;
        Ok(())
    }

    fn read_commit(&mut self, commit: &[u8]) {
        for line in commit.split(|byte| *byte == b'\n') {
            // Most actions are large and none of our business.
            if !line.starts_with(b"{\"txn\"") {
                continue;
            }
            let Ok(action) = serde_json::from_slice::<Value>(line) else { continue };
            let txn = &action["txn"];
            if let (Some(app_id), Some(version)) = (txn["appId"].as_str(), txn["version"].as_i64())
            {
                self.insert(app_id, version, txn["lastUpdated"].as_i64());
            }
        }
    }

    fn read_checkpoint(&mut self, key: &Path, bytes: Bytes) -> Result<(), CatalogError> {
        let damaged = |source| CatalogError::damaged(key.to_string(), source);
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(damaged)?;
        let columns = ProjectionMask::columns(builder.parquet_schema(), ["txn"]);
        let reader = builder.with_projection(columns).build().map_err(damaged)?;
        for batch in reader {
            let batch = batch.map_err(|source| CatalogError::damaged(key.to_string(), source))?;
            let Some(txn) = batch.column_by_name("txn").and_then(|c| c.as_struct_opt()) else {
                continue;
            };
            let app_ids = txn.column_by_name("appId").and_then(|c| c.as_string_opt::<i32>());
            let versions =
                txn.column_by_name("version").and_then(|c| c.as_primitive_opt::<Int64Type>());
            let times =
                txn.column_by_name("lastUpdated").and_then(|c| c.as_primitive_opt::<Int64Type>());
            let (Some(app_ids), Some(versions)) = (app_ids, versions) else { continue };
            for row in 0..txn.len() {
                if txn.is_valid(row) && app_ids.is_valid(row) && versions.is_valid(row) {
                    let at =
                        times.filter(|times| times.is_valid(row)).map(|times| times.value(row));
                    self.insert(app_ids.value(row), versions.value(row), at);
                }
            }
        }
        Ok(())
    }

    fn insert(&mut self, app_id: &str, version: i64, at: Option<i64>) {
        let (recording, camera) = if let Some(stream) = parse_stream_id(app_id) {
            self.begun.insert(app_id.to_owned(), version);
            stream
        } else {
            self.delivered.insert(app_id.to_owned(), Delivered { revision: version, at });
            let Some((_, shard)) = parse_app_id(app_id) else {
                self.has_others = true;
                return;
            };
            (shard.recording, shard.camera)
        };
        self.streams.insert(StreamNumber::of(&recording, &camera), (recording, camera));
    }
}

/// `<stage>/<recording>/<camera>/<shard index>`; no name holds a `/`.
pub(crate) fn app_id(stage: Stage, shard: &ShardId) -> String {
    format!("{stage}/{}/{}/{}", shard.recording, shard.camera, shard.index)
}

/// `begun/<stage>/<recording>/<camera>`: that a stage has delivered something of
/// a camera of a recording. It outlives the shards' own transactions, see
/// the decision on what a table may forget.
pub(crate) fn stream_id(stage: Stage, recording: &RecordingId, camera: &Camera) -> String {
    format!("{BEGUN}/{stage}/{recording}/{camera}")
}

const BEGUN: &str = "begun";

fn parse_app_id(app_id: &str) -> Option<(Stage, ShardId)> {
    let mut parts = app_id.split('/');
    let stage = parse_stage(parts.next()?)?;
    let recording = RecordingId::new(parts.next()?).ok()?;
    let camera = Camera::new(parts.next()?).ok()?;
    let index = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some((stage, ShardId { recording, camera, index }))
}

fn parse_stream_id(app_id: &str) -> Option<(RecordingId, Camera)> {
    let mut parts = app_id.strip_prefix(BEGUN)?.strip_prefix('/')?.split('/');
    parse_stage(parts.next()?)?;
    let recording = RecordingId::new(parts.next()?).ok()?;
    let camera = Camera::new(parts.next()?).ok()?;
    parts.next().is_none().then_some((recording, camera))
}

fn parse_stage(name: &str) -> Option<Stage> {
    Stage::ALL.into_iter().find(|known| known.name() == name)
}

async fn get(log: &dyn LogStore, key: &Path) -> Result<Bytes, CatalogError> {
    let failed = |source| CatalogError::object("read", key.to_string(), source);
    log.object_store(None).get(key).await.map_err(failed)?.bytes().await.map_err(failed)
}

/// The newest complete checkpoint up to a version, and its files.
async fn newest_checkpoint(
    log: &dyn LogStore,
    version: Version,
) -> Result<Option<(Version, Vec<Path>)>, CatalogError> {
    let folder = log.log_path();
    let failed = |source| CatalogError::object("list", folder.to_string(), source);
    let mut checkpoints = BTreeMap::<(Version, u64), Vec<Path>>::new();
    let store = log.object_store(None);
    let mut files = store.list(Some(folder));
    while let Some(file) = files.try_next().await.map_err(failed)? {
        let name = file.location.filename().unwrap_or_default();
        if let Some((of_version, parts)) = parse_checkpoint(name)
            && of_version <= version
        {
            checkpoints.entry((of_version, parts)).or_default().push(file.location);
        }
    }
    let complete =
        checkpoints.into_iter().rev().find(|((_, parts), files)| files.len() as u64 == *parts);
    Ok(complete.map(|((version, _), files)| (version, files)))
}

/// `<version>.checkpoint.parquet` or `<version>.checkpoint.<part>.<parts>.parquet`.
pub(crate) fn parse_checkpoint(name: &str) -> Option<(Version, u64)> {
    let (version, rest) = name.split_once(".checkpoint.")?;
    let version = version.parse().ok()?;
    match rest.split('.').collect::<Vec<_>>()[..] {
        ["parquet"] => Some((version, 1)),
        [_, parts, "parquet"] => Some((version, parts.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_ids_come_back() {
        let shard = ShardId {
            recording: RecordingId::new("drive-1a2b3c4d").unwrap(),
            camera: Camera::new("front").unwrap(),
            index: 12,
        };
        let id = app_id(Stage::Detect, &shard);
        assert_eq!(id, "detect/drive-1a2b3c4d/front/12");
        assert_eq!(parse_app_id(&id), Some((Stage::Detect, shard)));
        for foreign in
            ["", "detect", "detect/a/b", "other/a/b/1", "detect/a/b/1/2", "detect/../b/1"]
        {
            assert_eq!(parse_app_id(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn streams_are_no_shards() {
        let recording = RecordingId::new("drive-1a2b3c4d").unwrap();
        let camera = Camera::new("front").unwrap();
        let id = stream_id(Stage::Detect, &recording, &camera);
        assert_eq!(id, "begun/detect/drive-1a2b3c4d/front");
        assert_eq!(parse_app_id(&id), None);
        assert_eq!(parse_stream_id(&id), Some((recording, camera)));
        for foreign in ["begun", "begun/detect/a", "begun/x/a/b", "begun/detect/a/b/1"] {
            assert_eq!(parse_stream_id(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn checkpoints_are_told_from_other_files() {
        let name = "00000000000000000099.checkpoint";
        assert_eq!(parse_checkpoint(&format!("{name}.parquet")), Some((99, 1)));
        let part = format!("{name}.0000000001.0000000003.parquet");
        assert_eq!(parse_checkpoint(&part), Some((99, 3)));
        assert_eq!(parse_checkpoint("00000000000000000099.json"), None);
        assert_eq!(parse_checkpoint("_last_checkpoint"), None);
    }

    #[test]
    fn damaged_lines_cost_only_themselves() {
        let mut transactions = Transactions::default();
        transactions.read_commit(
            b"{\"txn\":{\"appId\":\"extract/a/b/0\",\"version\":7}}\n{\"txn\":{\"appId\"\n\
              {\"txn\":{\"appId\":\"extract/a/b/1\",\"version\":8}}",
        );
        assert_eq!(transactions.revision("extract/a/b/0"), Some(7));
        assert_eq!(transactions.revision("extract/a/b/1"), Some(8));
    }
}
