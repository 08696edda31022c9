//! Shards into the tables, exactly once.
//!
//! A shard of a stage is one application transaction, its version the shard's
//! revision. Every attempt looks the transactions up at the newest version,
//! and commits right after that version or not at all; after any failure it
//! looks again. So a shard delivered twice, by one process or by two at once,
//! is there once, and nobody ever sees half of one.
//!
//! The loop itself, [`deliver`], knows no shards: any [`Change`] to a table goes
//! through it.

mod outdated;
mod take_out;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use deltalake::arrow::array::RecordBatch;
use deltalake::kernel::{Action, Add, Metadata, Transaction};

use roadloop_base::{Detection, FrameId, FrameRow, MAX_SEQUENCE, ModelId, Nanos, ShardId, Stage};

use crate::schema::{StreamNumber, frames_of_shard};
use crate::table::{Commit, Table, View, back_off};
use crate::transactions::{app_id, stream_id};
use crate::{Catalog, CatalogError, files, rows};

use self::take_out::take_out;

pub(crate) use outdated::Outdated;

/// Times other writers may be first before we give up.
const MAX_OUTRUN: u32 = 100;
/// Times a commit may fail for another reason.
const MAX_FAILED: u32 = 5;
/// So long a written file may wait for its commit: a fraction of what a vacuum
/// waits for.
const UNCOMMITTED_FOR: Duration = Duration::from_secs(6 * 3600);

/// What a shard was made from and how: any number, the same for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub i64);

/// The frames of a shard.
#[derive(Clone, Debug)]
pub struct FrameShard {
    pub id: ShardId,
    pub revision: Revision,
    pub rows: Vec<FrameRow>,
}

/// What a stage said about the frames of a shard.
#[derive(Clone, Debug)]
pub struct DetectionShard {
    pub id: ShardId,
    pub revision: Revision,
    pub looked: Vec<LookedAt>,
}

/// A frame that was looked at; nothing found is an answer too.
#[derive(Clone, Debug, PartialEq)]
pub struct LookedAt {
    pub id: FrameId,
    pub taken_at: Nanos,
    pub model: ModelId,
    pub detections: Vec<Detection>,
}

/// What became of a delivery, in shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    pub written: u64,
    /// There already, at the same revision.
    pub already: u64,
}

impl Catalog {
    /// Keeps shards of frames, all in one commit. Shards that are there at the
    /// same revision are left alone; ones at another revision are replaced.
    pub async fn put_frames(&self, shards: &[FrameShard]) -> Result<Delivery, CatalogError> {
        let mut unique = HashSet::new();
        for shard in shards {
            check_ids(&mut unique, &shard.id, shard.rows.iter().map(|row| &row.id))?;
        }
        let written = deliver(self.frames_table(), &Frames(shards)).await?;
        Ok(Delivery { written, already: shards.len() as u64 - written })
    }

    /// Keeps what a stage said about shards of frames, all in one commit, under
    /// the same rules.
    pub async fn put_detections(
        &self,
        stage: Stage,
        shards: &[DetectionShard],
    ) -> Result<Delivery, CatalogError> {
        let mut unique = HashSet::new();
        for shard in shards {
            check_ids(&mut unique, &shard.id, shard.looked.iter().map(|looked| &looked.id))?;
            for looked in &shard.looked {
                check_detections(looked)?;
            }
        }
        let written = deliver(self.detections_table(), &Detections(stage, shards)).await?;
        Ok(Delivery { written, already: shards.len() as u64 - written })
    }
}

/// A shard holds its own frames, each once, and is delivered once at a time.
fn check_ids<'a>(
    shards: &mut HashSet<&'a ShardId>,
    shard: &'a ShardId,
    frames: impl Iterator<Item = &'a FrameId>,
) -> Result<(), CatalogError> {
    let bad = |reason: String| CatalogError::BadShard { shard: shard.to_string(), reason };
    if !shards.insert(shard) {
        return Err(bad("it is there twice in one delivery".to_owned()));
    }
    let mut sequences = HashSet::new();
    for id in frames {
        if id.sequence > MAX_SEQUENCE {
            let reason = format!("frame {id} is beyond the last sequence, {MAX_SEQUENCE}");
            return Err(bad(reason));
        }
        if id.shard() != *shard {
            return Err(bad(format!("frame {id} is not one of its")));
        }
        if !sequences.insert(id.sequence) {
            return Err(bad(format!("frame {id} is there twice")));
        }
    }
    Ok(())
}

fn check_detections(looked: &LookedAt) -> Result<(), CatalogError> {
    for detection in &looked.detections {
        let reason = if !(0.0..=1.0).contains(&detection.confidence) {
            format!("a confidence of {} is not between 0 and 1", detection.confidence)
        } else if detection.label.is_empty() {
            "a detection has no label".to_owned()
        } else {
            continue;
        };
        let shard = looked.id.shard().to_string();
        return Err(CatalogError::BadShard {
            shard,
            reason: format!("frame {}: {reason}", looked.id),
        });
    }
    Ok(())
}

/// A change to a table: what is left of it is decided anew at every version,
/// until it is made.
pub(crate) trait Change: Sync {
    /// What is still to be done at a version of the table.
    async fn left(&self, table: &Table, view: &View) -> Result<Left, CatalogError>;

    /// The rows that parts of it add, by date, each batch in its table's order.
    fn rows(&self, parts: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError>;
}

/// What is left to do of a change.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// The parts whose rows are missing.
    pub(crate) parts: Vec<usize>,
    /// Rows that go.
    pub(crate) outdated: Option<Outdated>,
    /// Application transactions and their versions.
    pub(crate) transactions: Vec<(String, i64)>,
    /// Streams that begin with this, by their ids: those without a transaction
    /// of their own.
    pub(crate) begun: BTreeSet<String>,
    /// What the table is to be.
    pub(crate) metadata: Option<Metadata>,
}

impl Left {
    fn is_nothing(&self) -> bool {
        // A stream begins with a shard, so it is not looked at alone.
        let Left { parts, outdated, transactions, metadata, begun: _ } = self;
        parts.is_empty() && outdated.is_none() && transactions.is_empty() && metadata.is_none()
    }
}

struct Frames<'a>(&'a [FrameShard]);

impl Change for Frames<'_> {
    async fn left(&self, _: &Table, view: &View) -> Result<Left, CatalogError> {
        let keys = self.0.iter().map(|shard| (&shard.id, shard.revision));
        shards_left(view, Stage::Extract, &keys.collect::<Vec<_>>())
    }

    fn rows(&self, parts: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        let shards: Vec<_> = parts.iter().map(|index| &self.0[*index]).collect();
        rows::frame_batches(&shards)
    }
}

struct Detections<'a>(Stage, &'a [DetectionShard]);

impl Change for Detections<'_> {
    async fn left(&self, _: &Table, view: &View) -> Result<Left, CatalogError> {
        let keys = self.1.iter().map(|shard| (&shard.id, shard.revision));
        shards_left(view, self.0, &keys.collect::<Vec<_>>())
    }

    fn rows(&self, parts: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        let shards: Vec<_> = parts.iter().map(|index| &self.1[*index]).collect();
        rows::detection_batches(self.0, &shards)
    }
}

/// The shards that are not there at their revision; those that are there at
/// another one, or at one that was forgotten, lose their rows.
fn shards_left(
    view: &View,
    stage: Stage,
    keys: &[(&ShardId, Revision)],
) -> Result<Left, CatalogError> {
    check_streams(view, keys)?;
    let mut left = Left::default();
    let mut replaced = Vec::new();
    for (index, (shard, Revision(revision))) in keys.iter().enumerate() {
        let app_id = app_id(stage, shard);
        match view.transactions.revision(&app_id) {
            Some(there) if there == *revision => continue,
            Some(_) => replaced.push(frames_of_shard(shard)),
            None if view.may_have_forgotten(stage, shard) => {
                replaced.push(frames_of_shard(shard));
            }
            None => {}
        }
        let stream = stream_id(stage, &shard.recording, &shard.camera);
        if view.transactions.begun(&stream).is_none() {
            left.begun.insert(stream);
        }
        left.parts.push(index);
        left.transactions.push((app_id, *revision));
    }
    if !replaced.is_empty() {
        left.outdated = Some(Outdated::Frames { stage, ranges: replaced });
    }
    Ok(left)
}

/// Two cameras on one stream number would be one camera ever after.
fn check_streams(view: &View, keys: &[(&ShardId, Revision)]) -> Result<(), CatalogError> {
    for (shard, _) in keys {
        let number = StreamNumber::of(&shard.recording, &shard.camera);
        let Some((recording, camera)) = view.transactions.stream(number) else { continue };
        if *recording != shard.recording || *camera != shard.camera {
            return Err(CatalogError::StreamTaken {
                new: format!("{}/{}", shard.recording, shard.camera),
                old: format!("{recording}/{camera}"),
            });
        }
    }
    Ok(())
}

/// Makes a change, in one commit; says how many of its parts that wrote.
pub(crate) async fn deliver(table: &Table, change: &impl Change) -> Result<u64, CatalogError> {
    let _turn = table.turn_to_write().await;
    let mut outrun = 0;
    let mut failed = 0;
    // Files of new rows are good for every attempt that wants the same parts.
    let mut written: Option<(Vec<usize>, Vec<Add>)> = None;
    // A commit that failed may have happened all the same.
    let mut in_doubt: Option<(u64, CatalogError)> = None;
    loop {
        let view = table.newest().await?;
        let left = change.left(table, &view).await?;
        if left.is_nothing() {
            return Ok(in_doubt.map_or(0, |(parts, _)| parts));
        }
        if failed > MAX_FAILED || matches!(&in_doubt, Some((_, CatalogError::Full { .. }))) {
            return in_doubt.map_or(Ok(0), |(_, error)| Err(error));
        }
        let Left { parts, outdated, transactions, begun, metadata } = left;
        let adds = match written.take() {
            Some((same, adds)) if same == parts && !are_old(&adds) => adds,
            _ => write_new(table, change, &parts).await?,
        };
        let mut actions: Vec<Action> = adds.iter().cloned().map(Action::Add).collect();
        if let Some(outdated) = &outdated {
            match take_out(table, &view, outdated).await {
                Ok(taken_out) => actions.extend(taken_out),
                // It was compacted meanwhile, and vacuumed.
                Err(error) if error.is_of_a_missing_file() && failed < MAX_FAILED => {
                    failed += 1;
                    written = Some((parts, adds));
                    back_off(failed).await;
                    continue;
                }
                Err(error) => return Err(error),
            }
        }
        actions.extend(metadata.map(Action::Metadata));
        if actions.is_empty() && transactions.is_empty() {
            return Ok(in_doubt.map_or(0, |(parts, _)| parts));
        }
        let now = chrono::Utc::now().timestamp_millis();
        // Without a time, that a stream has begun is never forgotten.
        let begun = begun.into_iter().map(|stream| Transaction::new(stream, now));
        let transactions = transactions
            .into_iter()
            .map(|(app_id, version)| Transaction::new_with_last_update(app_id, version, Some(now)));
        match table.commit(&view, actions, transactions.chain(begun).collect()).await {
            Commit::Done => return Ok(parts.len() as u64),
            Commit::Outrun if outrun < MAX_OUTRUN => outrun += 1,
            Commit::Outrun => return Err(CatalogError::Contended { attempts: outrun }),
            Commit::Unknown(error) => {
                failed += 1;
                in_doubt = Some((parts.len() as u64, error));
            }
        }
        written = Some((parts, adds));
        back_off(outrun + failed).await;
    }
}

/// A vacuum takes files for leftovers that no commit spoke of for a day: a
/// process that was asleep meanwhile writes them anew.
fn are_old(adds: &[Add]) -> bool {
    let now = chrono::Utc::now().timestamp_millis();
    adds.iter().any(|add| now - add.modification_time > UNCOMMITTED_FOR.as_millis() as i64)
}

async fn write_new(
    table: &Table,
    change: &impl Change,
    parts: &[usize],
) -> Result<Vec<Add>, CatalogError> {
    let mut adds = Vec::new();
    if parts.is_empty() {
        return Ok(adds);
    }
    for (date, rows) in change.rows(parts)? {
        adds.push(files::write(table, &date, rows).await?);
    }
    Ok(adds)
}

#[cfg(test)]
mod tests;
