//! Shards into the tables, exactly once.
//!
//! A shard of a stage is one application transaction, its version the shard's
//! revision. Every attempt looks the transactions up at the newest version,
//! and commits right after that version or not at all; after any failure it
//! looks again. So a shard delivered twice, by one process or by two at once,
//! is there once, and nobody ever sees half of one.

use std::collections::{BTreeMap, HashSet};

use deltalake::arrow::array::{AsArray, BooleanArray, RecordBatch};
use deltalake::arrow::compute::filter_record_batch;
use deltalake::kernel::{Action, Add, Transaction};

use roadloop_base::{Detection, FrameId, FrameRow, MAX_SEQUENCE, ModelId, Nanos, ShardId, Stage};

use crate::schema::{StreamNumber, frames_of_shard};
use crate::table::{Commit, Table, View, back_off};
use crate::transactions::app_id;
use crate::{Catalog, CatalogError, files, rows};

/// Times other writers may be first before we give up.
const MAX_OUTRUN: u32 = 100;
/// Times a commit may fail for another reason.
const MAX_FAILED: u32 = 5;

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
        deliver(self.frames_table(), &Frames(shards)).await
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
        deliver(self.detections_table(), &Detections(stage, shards)).await
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

/// Shards on their way into a table, and how they are laid out there.
trait Shards: Sync {
    fn stage(&self) -> Stage;
    fn keys(&self) -> Vec<(&ShardId, Revision)>;
    fn batches(&self, chosen: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError>;
    fn order(&self) -> &'static [&'static str];
}

struct Frames<'a>(&'a [FrameShard]);

impl Shards for Frames<'_> {
    fn stage(&self) -> Stage {
        Stage::Extract
    }

    fn keys(&self) -> Vec<(&ShardId, Revision)> {
        self.0.iter().map(|shard| (&shard.id, shard.revision)).collect()
    }

    fn batches(&self, chosen: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        let shards: Vec<_> = chosen.iter().map(|index| &self.0[*index]).collect();
        rows::frame_batches(&shards)
    }

    fn order(&self) -> &'static [&'static str] {
        &["recording", "camera", "sequence"]
    }
}

struct Detections<'a>(Stage, &'a [DetectionShard]);

impl Shards for Detections<'_> {
    fn stage(&self) -> Stage {
        self.0
    }

    fn keys(&self) -> Vec<(&ShardId, Revision)> {
        self.1.iter().map(|shard| (&shard.id, shard.revision)).collect()
    }

    fn batches(&self, chosen: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        let shards: Vec<_> = chosen.iter().map(|index| &self.1[*index]).collect();
        rows::detection_batches(self.0, &shards)
    }

    fn order(&self) -> &'static [&'static str] {
        &["label", "frame", "number"]
    }
}

async fn deliver(table: &Table, shards: &dyn Shards) -> Result<Delivery, CatalogError> {
    let keys = shards.keys();
    let mut delivery = Delivery { written: 0, already: keys.len() as u64 };
    if keys.is_empty() {
        return Ok(delivery);
    }
    let _turn = table.turn_to_write().await;
    let mut outrun = 0;
    let mut failed = 0;
    // Files of new rows are good for every attempt that wants the same shards.
    let mut written: Option<(Vec<usize>, Vec<Add>)> = None;
    let mut first_look = true;
    loop {
        let view = table.newest().await?;
        check_streams(&view, &keys)?;
        let Plan { missing, replaced } = plan(&view, shards.stage(), &keys);
        if first_look {
            delivery.written = missing.len() as u64;
            delivery.already -= delivery.written;
            first_look = false;
        }
        if missing.is_empty() {
            return Ok(delivery);
        }
        let adds = match written.take() {
            Some((same, adds)) if same == missing => adds,
            _ => write_new(table, shards, &missing).await?,
        };
        let mut actions: Vec<Action> = adds.iter().cloned().map(Action::Add).collect();
        if !replaced.is_empty() {
            let old: Vec<&ShardId> = replaced.iter().map(|index| keys[*index].0).collect();
            actions.extend(take_out(table, &view, shards, &old).await?);
        }
        let now = chrono::Utc::now().timestamp_millis();
        let mut transactions = Vec::new();
        for index in &missing {
            let (shard, Revision(revision)) = keys[*index];
            let app_id = app_id(shards.stage(), shard);
            transactions.push(Transaction::new_with_last_update(app_id, revision, Some(now)));
        }
        match table.commit(&view, actions, transactions).await {
            Commit::Done => return Ok(delivery),
            Commit::Outrun if outrun < MAX_OUTRUN => outrun += 1,
            Commit::Outrun => return Err(CatalogError::Contended { attempts: outrun }),
            Commit::Unknown(error) => {
                // It may have happened all the same.
                let view = table.newest().await?;
                if plan(&view, shards.stage(), &keys).missing.is_empty() {
                    return Ok(delivery);
                }
                failed += 1;
                if failed > MAX_FAILED || matches!(error, CatalogError::Full { .. }) {
                    return Err(error);
                }
            }
        }
        written = Some((missing, adds));
        back_off(outrun + failed).await;
    }
}

/// Which shards are to be written, as indices.
struct Plan {
    missing: Vec<usize>,
    /// Those of them that are there at another revision.
    replaced: Vec<usize>,
}

fn plan(view: &View, stage: Stage, keys: &[(&ShardId, Revision)]) -> Plan {
    let mut plan = Plan { missing: Vec::new(), replaced: Vec::new() };
    for (index, (shard, revision)) in keys.iter().enumerate() {
        match view.transactions.revision(&app_id(stage, shard)) {
            Some(there) if there == revision.0 => {}
            Some(_) => {
                plan.missing.push(index);
                plan.replaced.push(index);
            }
            None => plan.missing.push(index),
        }
    }
    plan
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

async fn write_new(
    table: &Table,
    shards: &dyn Shards,
    missing: &[usize],
) -> Result<Vec<Add>, CatalogError> {
    let mut adds = Vec::new();
    for (date, rows) in shards.batches(missing)? {
        adds.push(files::write(table, &date, rows).await?);
    }
    Ok(adds)
}

/// Rewrites the files that hold rows of these shards without those rows.
async fn take_out(
    table: &Table,
    view: &View,
    shards: &dyn Shards,
    old: &[&ShardId],
) -> Result<Vec<Action>, CatalogError> {
    let ranges: Vec<_> = old.iter().map(|shard| frames_of_shard(shard)).collect();
    let stage = shards.stage();
    let mut actions = Vec::new();
    for file in files::candidates(table, view, &ranges).await? {
        let mut survivors = Vec::new();
        let mut rows_before = 0;
        for batch in files::read(table, &file.path).await? {
            let frames = rows::Columns(&batch).longs("frame")?;
            let stages =
                batch.column_by_name("stage").and_then(|column| column.as_string_opt::<i32>());
            let keep: BooleanArray = (0..batch.num_rows())
                .map(|row| {
                    let of_stage = stages.is_none_or(|stages| stages.value(row) == stage.name());
                    let frame = frames.value(row);
                    Some(!of_stage || !ranges.iter().any(|range| range.contains(&frame)))
                })
                .collect();
            rows_before += batch.num_rows();
            survivors.push(filter_record_batch(&batch, &keep)?);
        }
        let rows_after: usize = survivors.iter().map(RecordBatch::num_rows).sum();
        if rows_after == rows_before {
            continue;
        }
        if rows_after > 0 {
            let rows = rows::sorted(table.schema(), &survivors, shards.order())?;
            actions.push(Action::Add(files::write(table, &file.date, rows).await?));
        }
        actions.push(file.remove());
    }
    Ok(actions)
}

#[cfg(test)]
mod tests;
