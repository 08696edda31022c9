//! Frames and the rows of a source, joined recording by recording.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use deltalake::arrow::compute::{concat_batches, filter_record_batch, take};
use deltalake::logstore::object_store::path::Path;
use deltalake::logstore::object_store::{self, ObjectStoreExt};
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use roadloop_base::{Nanos, RecordingId, Stage};

use super::card::Card;
use super::matcher::Matcher;
use super::name::SourceName;
use crate::deliver::{Change, Left, Outdated, deliver};
use crate::filter::quoted;
use crate::rows::{self, Columns, date_of, recording_id, times};
use crate::schema::{attached_schema, order_of};
use crate::table::{Table, View};
use crate::{AttachError, Catalog, CatalogError};

/// Frames joined and committed at once, at the least; a recording is never
/// parted.
const GROUP_FRAMES: u64 = if cfg!(test) { 6 } else { 200_000 };

/// Joins the frames of recordings to an attached source.
#[derive(Debug)]
pub struct Joiner {
    pub(super) catalog: Catalog,
    name: SourceName,
    table: Arc<Table>,
    pub(super) card: Card,
    rows: OnceCell<(RecordBatch, Matcher)>,
}

/// Recordings whose frames are to be joined, in groups that are joined at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    pub groups: Vec<JoinGroup>,
    /// Their frames.
    pub frames: u64,
    /// Recordings that are joined already.
    pub already: u64,
    pub already_frames: u64,
}

/// Recordings that are joined in one commit, and what they are at.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroup(Vec<(RecordingId, i64)>);

impl JoinGroup {
    /// How many they are.
    pub fn recordings(&self) -> u64 {
        self.0.len() as u64
    }
}

/// What came of joining.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    pub frames: u64,
    /// Of them, those that found a row.
    pub matched: u64,
}

impl Joined {
    pub fn merge(&mut self, other: Joined) {
        self.frames += other.frames;
        self.matched += other.matched;
    }
}

impl Catalog {
    /// Of what is attached by a name.
    pub async fn joiner(&self, name: &SourceName) -> Result<Joiner, CatalogError> {
        let (table, _, card) = self.find_attached(name).await?;
        let (catalog, name) = (self.clone(), name.clone());
        Ok(Joiner { catalog, name, table, card, rows: OnceCell::new() })
    }

    /// A joiner for everything attached.
    pub async fn joiners(&self) -> Result<Vec<Joiner>, CatalogError> {
        let mut joiners = Vec::new();
        for name in self.attached_names().await? {
            match self.joiner(&name).await {
                Ok(joiner) => joiners.push(joiner),
                // It was dropped, but for what a killed process left of it.
                Err(CatalogError::Attach(AttachError::NotAttached { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(joiners)
    }
}

impl Joiner {
    pub fn name(&self) -> &SourceName {
        &self.name
    }

    /// The recordings with frames that are not joined yet; one of them, where
    /// one is given.
    pub async fn waiting(&self, only: Option<&RecordingId>) -> Result<Waiting, CatalogError> {
        // Revisions first: frames that come while others are read are joined
        // the next time.
        let revisions = self.revisions(only).await?;
        let view = self.table.newest().await?;
        let context = self.catalog.session(None).await?;
        let of = only
            .map_or(String::new(), |only| format!(" WHERE recording = {}", quoted(only.as_str())));
        let query = format!(
            "SELECT recording, count(*) AS n FROM frames{of} GROUP BY recording ORDER BY recording"
        );
        let mut waiting = Waiting::default();
        let mut room = 0;
        for batch in self.catalog.query(&context, &query).await? {
            let (recordings, counts) =
                (Columns(&batch).texts("recording")?, Columns(&batch).longs("n")?);
            for row in 0..batch.num_rows() {
                let recording = recording_id(recordings.value(row))?;
                let frames = counts.value(row) as u64;
                let revision = self.revision(&revisions, &recording);
                if view.transactions.revision(&app_id(&recording)) == Some(revision) {
                    waiting.already += 1;
                    waiting.already_frames += frames;
                    continue;
                }
                waiting.frames += frames;
                match waiting.groups.last_mut().filter(|_| frames <= room) {
                    Some(JoinGroup(group)) => group.push((recording, revision)),
                    None => {
                        waiting.groups.push(JoinGroup(vec![(recording, revision)]));
                        room = GROUP_FRAMES;
                    }
                }
                room = room.saturating_sub(frames);
            }
        }
        Ok(waiting)
    }

    /// Joins a group of recordings, in one commit. What is joined already is
    /// left alone.
    pub async fn join(&self, group: &JoinGroup) -> Result<Joined, CatalogError> {
        let (joined, rows) = self.joined_rows(group).await?;
        let change = JoinedFrames { name: &self.name, card: &self.card, keys: &group.0, rows };
        deliver(&self.table, &change).await?;
        Ok(joined)
    }

    async fn revisions(
        &self,
        only: Option<&RecordingId>,
    ) -> Result<BTreeMap<String, u64>, CatalogError> {
        let view = self.catalog.frames_table().newest().await?;
        let digests = view.transactions.digests(Stage::Extract, only);
        Ok(digests.into_iter().map(|(recording, digest)| (recording.to_owned(), digest)).collect())
    }

    /// Of what is attached and of the frames of a recording.
    fn revision(&self, frames: &BTreeMap<String, u64>, recording: &RecordingId) -> i64 {
        let frames = frames.get(recording.as_str()).copied().unwrap_or(0);
        let mut hash = Sha256::new();
        hash.update(&self.card.content);
        hash.update(self.card.generation.to_le_bytes());
        hash.update(frames.to_le_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        (u64::from_le_bytes(first) >> 1) as i64
    }

    /// The rows of the source, read from the store when they are first wanted.
    pub(super) async fn rows(&self) -> Result<&(RecordBatch, Matcher), CatalogError> {
        self.rows.get_or_try_init(|| self.read_rows()).await
    }

    async fn read_rows(&self) -> Result<(RecordBatch, Matcher), CatalogError> {
        let key = self.card.object.clone();
        let object = self.catalog.store().get(&Path::from(key.as_str())).await;
        let bytes = match object {
            Ok(object) => object.bytes().await,
            Err(error) => Err(error),
        };
        let bytes = bytes.map_err(|source| match source {
            object_store::Error::NotFound { .. } => {
                AttachError::RowsGone { name: self.name.to_string(), key: key.clone() }.into()
            }
            source => CatalogError::object("read", key.clone(), source),
        })?;
        let joining = self.card.joining.clone();
        let read = move || -> Result<(RecordBatch, Matcher), CatalogError> {
            let damaged = |source| CatalogError::damaged(key.clone(), source);
            let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(damaged)?;
            let schema = Arc::clone(builder.schema());
            let reader = builder.build().map_err(damaged)?;
            let batches = reader.collect::<Result<Vec<_>, _>>();
            let batches = batches.map_err(|source| CatalogError::damaged(key.clone(), source))?;
            let rows = concat_batches(&schema, &batches)?;
            let matcher = Matcher::new(&joining, &rows)?;
            Ok((rows, matcher))
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| CatalogError::Stopped)?
    }

    async fn joined_rows(
        &self,
        JoinGroup(recordings): &JoinGroup,
    ) -> Result<(Joined, RecordBatch), CatalogError> {
        let (rows, matcher) = self.rows().await?;
        let mut columns = vec!["frame", "recording", "camera", "taken_at_ns", "shard"];
        columns.extend(Matcher::looks_at(&self.card.joining));
        let ids: Vec<String> = recordings.iter().map(|(id, _)| quoted(id.as_str())).collect();
        let query = format!(
            "SELECT {} FROM frames WHERE recording IN ({})",
            columns.join(", "),
            ids.join(", ")
        );
        let context = self.catalog.session(None).await?;
        let mut joined = Joined::default();
        let schema = attached_schema(&self.card.columns);
        let mut batches = Vec::new();
        for frames in self.catalog.query(&context, &query).await? {
            let found = matcher.rows_of(&frames)?;
            joined.frames += found.len() as u64;
            joined.matched += found.iter().flatten().count() as u64;
            batches.push(self.rows_of_frames(&frames, rows, found)?);
        }
        Ok((joined, concat_batches(&schema, &batches)?))
    }

    /// The frames that found a row, with its values.
    fn rows_of_frames(
        &self,
        frames: &RecordBatch,
        rows: &RecordBatch,
        found: Vec<Option<u32>>,
    ) -> Result<RecordBatch, CatalogError> {
        let matched: BooleanArray = found.iter().map(|row| Some(row.is_some())).collect();
        let frames = filter_record_batch(frames, &matched)?;
        let whose = Columns(&frames);
        let taken = whose.longs("taken_at_ns")?;
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(whose.longs("frame")?),
            Arc::new(whose.texts("recording")?),
            Arc::new(whose.texts("camera")?),
            times(taken.values().iter().map(|nanos| Nanos(*nanos))),
            Arc::new(taken),
            Arc::new(whose.ints("shard")?),
        ];
        let places: UInt32Array = found.into_iter().flatten().collect::<Vec<u32>>().into();
        for column in &self.card.columns {
            let Some(values) = rows.column_by_name(&column.name) else {
                let what = format!("the rows of {} have no column {}", self.name, column.name);
                return Err(CatalogError::DamagedRows { what });
            };
            columns.push(take(values, &places, None)?);
        }
        Ok(RecordBatch::try_new(attached_schema(&self.card.columns), columns)?)
    }
}

/// `attach/<recording>`, in the table of a source.
fn app_id(recording: &RecordingId) -> String {
    format!("{}/{recording}", Stage::Attach)
}

/// The joined rows of some recordings, on their way into a table.
struct JoinedFrames<'a> {
    name: &'a SourceName,
    card: &'a Card,
    /// Recordings and their revisions.
    keys: &'a [(RecordingId, i64)],
    rows: RecordBatch,
}

impl Change for JoinedFrames<'_> {
    async fn left(&self, _: &Table, view: &View) -> Result<Left, CatalogError> {
        let wanted = Card::of(view)?;
        let is_wanted = |card: &Card| {
            card.content == self.card.content && card.generation == self.card.generation
        };
        if !wanted.as_ref().is_some_and(is_wanted) {
            return Err(AttachError::Superseded { name: self.name.to_string() }.into());
        }
        let mut left = Left::default();
        let mut replaced = BTreeSet::new();
        for (index, (recording, revision)) in self.keys.iter().enumerate() {
            let app_id = app_id(recording);
            match view.transactions.revision(&app_id) {
                Some(there) if there == *revision => continue,
                Some(_) => {
                    replaced.insert(recording.clone());
                }
                None => {}
            }
            left.parts.push(index);
            left.transactions.push((app_id, *revision));
        }
        if !replaced.is_empty() {
            left.outdated = Some(Outdated::Recordings(replaced));
        }
        Ok(left)
    }

    fn rows(&self, parts: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        let columns = Columns(&self.rows);
        let (recordings, taken) = (columns.texts("recording")?, columns.longs("taken_at_ns")?);
        let wanted: BTreeSet<&str> = parts.iter().map(|part| self.keys[*part].0.as_str()).collect();
        let mut dates = BTreeMap::<String, Vec<u32>>::new();
        for row in 0..self.rows.num_rows() {
            if wanted.contains(recordings.value(row)) {
                dates.entry(date_of(Nanos(taken.value(row)))).or_default().push(row as u32);
            }
        }
        rows::by_date(&self.rows, dates, order_of(&self.name.table()))
    }
}
