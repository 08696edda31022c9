//! Stored frames looked at in order, shard by shard, several at a time: what
//! detection and anonymisation have in common.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};

use roadloop_base::{
    Detection, FrameId, FrameRow, ModelId, RecordingId, Report, ShardId, Skip, Stage,
};
use roadloop_catalog::{DetectionShard, LookedAt, Revision};
use roadloop_store::Staged;

use crate::revision::RevisionBuilder;
use crate::{Ctx, EngineError, JobStart, Unit};

/// What looking at one frame gave.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) detections: Vec<Detection>,
    /// An image to be kept beside it: its key and bytes.
    pub(crate) copy: Option<(String, Bytes)>,
}

/// Why a frame gave no result.
#[derive(Debug)]
pub(crate) enum FrameError {
    /// This frame is damaged; others are not.
    Damaged(String),
    /// Nothing will work: stop.
    Broken(EngineError),
}

/// A pass of one stage over frames of one recording.
pub(super) struct Pass {
    pub(super) stage: Stage,
    pub(super) recording: RecordingId,
    /// In order of camera and sequence.
    pub(super) rows: Vec<FrameRow>,
    /// What the result depends on besides the frames.
    pub(super) settings: RevisionBuilder,
    /// Whom the rows name as the one who looked.
    pub(super) model: ModelId,
    /// Frames to look at whatever was delivered: what came of them is gone.
    pub(super) again: HashSet<FrameId>,
}

impl Pass {
    /// Frames that were looked at like this before.
    pub(super) async fn already_done(&self, ctx: &Ctx) -> Result<u64, EngineError> {
        let left: usize = self.left(ctx).await?.iter().map(|(_, _, rows)| rows.len()).sum();
        Ok((self.rows.len() - left) as u64)
    }

    /// The shards that are not in the catalog at the wanted revision, which is
    /// the second of each.
    async fn left(&self, ctx: &Ctx) -> Result<Vec<(ShardId, Revision, &[FrameRow])>, EngineError> {
        let delivered = ctx.catalog.delivered(self.stage, &self.recording).await?;
        let shards = self
            .rows
            .chunk_by(|a, b| a.id.shard() == b.id.shard())
            .map(|rows| (rows[0].id.shard(), self.settings.clone().of_frames(rows), rows));
        let is_done = |(id, revision, rows): &(ShardId, Revision, &[FrameRow])| {
            delivered.get(id) == Some(revision)
                && !rows.iter().any(|row| self.again.contains(&row.id))
        };
        Ok(shards.filter(|shard| !is_done(shard)).collect())
    }
}

/// Finished shards are committed together when the last commit is this old.
const COMMIT_AFTER: Duration = Duration::from_secs(2);

/// Looks at each frame, so many ahead of the one whose turn it is, and commits
/// shards whose last frame is done. Shards delivered at the wanted revision are
/// left alone; a frame that cannot be read or decoded is a skip. Where nothing
/// works any more, what was looked at until then is kept.
pub(super) async fn run<L>(
    ctx: &Ctx,
    pass: Pass,
    ahead: usize,
    look: impl Fn(Arc<FrameRow>, Bytes) -> L,
) -> Result<Report, EngineError>
where
    L: Future<Output = Result<Look, FrameError>>,
{
    let (mut report, shards) = (Report::default(), pass.left(ctx).await?);
    let Pass { stage, recording, rows, settings, model, .. } = &pass;
    let (stage, recording) = (*stage, recording.clone());
    let frames: usize = shards.iter().map(|(_, _, rows)| rows.len()).sum();
    report.already_done = (rows.len() - frames) as u64;
    let start = JobStart {
        job: stage.name(),
        recording: Some(recording),
        unit: Unit::Frames,
        units: Some(frames as u64),
        bytes: None,
    };
    let meter = ctx.progress.start(start);

    let pending = shards.iter().flat_map(|(_, _, rows)| rows.iter().cloned().map(Arc::new));
    let mut looks = stream::iter(pending).map(|row| look_at(ctx, row, &look)).buffered(ahead);
    let mut finished = Finished::new();
    for (id, revision, rows) in &shards {
        let mut looked = Vec::new();
        let mut unread = HashSet::new();
        for row in *rows {
            let Some(outcome) = looks.next().await else { break };
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(error) => {
                    finished.commit(ctx, stage).await?;
                    return Err(error);
                }
            };
            match outcome {
                Looked::Result(row, detections, staged) => {
                    let (id, taken_at, model) = (row.id.clone(), row.taken_at, model.clone());
                    looked.push(LookedAt { id, taken_at, model, detections });
                    finished.images.extend(staged);
                    report.done += 1;
                }
                Looked::Damaged(skip) => {
                    meter.skipped(&skip);
                    report.skipped.push(skip);
                }
                Looked::Unread(skip) => {
                    unread.insert(row.id.clone());
                    meter.skipped(&skip);
                    report.skipped.push(skip);
                }
            }
            meter.advance(1, 0);
        }
        // An image may come back; without it this is another, smaller shard.
        let revision = if unread.is_empty() {
            *revision
        } else {
            settings.clone().of_frames(rows.iter().filter(|row| !unread.contains(&row.id)))
        };
        finished.shards.push(DetectionShard { id: id.clone(), revision, looked });
        if finished.since.elapsed() >= COMMIT_AFTER {
            finished.commit(ctx, stage).await?;
        }
    }
    finished.commit(ctx, stage).await?;
    meter.finish(&report);
    Ok(report)
}

/// Shards whose frames were all looked at, on their way into the catalog.
struct Finished {
    shards: Vec<DetectionShard>,
    images: Vec<Staged>,
    since: Instant,
}

impl Finished {
    fn new() -> Finished {
        Finished { shards: Vec::new(), images: Vec::new(), since: Instant::now() }
    }

    /// Images first, rows after: a row never speaks of an image that is not there.
    async fn commit(&mut self, ctx: &Ctx, stage: Stage) -> Result<(), EngineError> {
        ctx.store.publish(std::mem::take(&mut self.images)).await?;
        let shards = std::mem::take(&mut self.shards);
        if !shards.is_empty() {
            ctx.catalog.put_detections(stage, &shards).await?;
        }
        self.since = Instant::now();
        Ok(())
    }
}

/// What came of looking at one frame.
enum Looked {
    Result(Arc<FrameRow>, Vec<Detection>, Option<Staged>),
    Damaged(Skip),
    /// Its image could not be had from the store.
    Unread(Skip),
}

async fn look_at<L>(
    ctx: &Ctx,
    row: Arc<FrameRow>,
    look: &impl Fn(Arc<FrameRow>, Bytes) -> L,
) -> Result<Looked, EngineError>
where
    L: Future<Output = Result<Look, FrameError>>,
{
    let skip = |reason: String| Skip::new(format!("frame {}", row.id), reason);
    let image = match ctx.store.get(&row.image).await {
        Ok(image) => image,
        Err(error) if error.is_of_the_store() => return Err(error.into()),
        Err(error) => return Ok(Looked::Unread(skip(error.to_string()))),
    };
    match look(Arc::clone(&row), image).await {
        Ok(Look { detections, copy }) => {
            let staged = match copy {
                Some((key, bytes)) => Some(ctx.store.stage(&key, bytes).await?),
                None => None,
            };
            Ok(Looked::Result(row, detections, staged))
        }
        Err(FrameError::Damaged(reason)) => Ok(Looked::Damaged(skip(reason))),
        Err(FrameError::Broken(error)) => Err(error),
    }
}
