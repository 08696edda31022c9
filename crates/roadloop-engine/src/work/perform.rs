//! A task is done by the stage that `run` calls too.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use roadloop_bag::BagError;
use roadloop_base::{Camera, Part, RecordingId, Report, Skip, Stage};
use roadloop_queue::{Job, Queue};
use tokio::sync::mpsc;

use super::children::{Children, follow_up};
use super::{Board, JobState, Policy, Task};
use crate::stages::{attach, detect, files, ingest, redact};
use crate::{Ctx, EngineError, flow};

/// What came of a task.
pub(super) struct Performed {
    pub(super) recording: RecordingId,
    pub(super) report: Report,
    /// What is to be pushed when it is finished; an extraction pushed the rest before.
    pub(super) children: Vec<Job>,
    pub(super) parts: Option<BTreeMap<Camera, Vec<u32>>>,
}

pub(super) async fn perform(
    ctx: &Ctx,
    queue: &dyn Queue,
    policy: &Policy,
    task: &Task,
) -> Result<Performed, EngineError> {
    match task.stage {
        Stage::Extract => extract(ctx, queue, policy, task).await,
        Stage::Tables | Stage::Video => write_files(ctx, task).await,
        Stage::Detect | Stage::Anonymize | Stage::Attach => look(ctx, task).await,
    }
}

async fn extract(
    ctx: &Ctx,
    queue: &dyn Queue,
    policy: &Policy,
    task: &Task,
) -> Result<Performed, EngineError> {
    let order = &task.order;
    // Not after an hour of reading.
    if let Some(only) = order.only()?.filter(|_| order.wants(Stage::Anonymize)) {
        ctx.catalog.check(&only).await?;
    }
    let (recording, content) =
        flow::open(ctx, Path::new(&order.source), order.name.clone()).await?;
    let id = recording.id().clone();
    let recording = Arc::new(recording);
    for stage in [Stage::Tables, Stage::Video].into_iter().filter(|stage| order.wants(*stage)) {
        let task = Task { order: order.clone(), stage, part: None };
        // Where this is not the first attempt, it may be done by now.
        let known = Board::new(ctx.store.clone()).record(&task.id()).await?;
        if known.is_none_or(|record| record.state != JobState::Done) {
            queue.push(&[task.job()?]).await?;
        }
    }
    let mut children = Children::new(queue, policy, task, id.clone());
    let mut report = Report::default();
    if order.wants(Stage::Extract) {
        let selection = order.selection(ctx.cpu.jobs());
        let (sender, receiver) = mpsc::channel(1);
        let reading = async {
            match ingest::run(ctx, &recording, content, &selection, Some(sender)).await {
                // Its tables are worth having all the same.
                Err(EngineError::Bag(error @ BagError::NoCameras { .. })) => {
                    let reason = error.to_string();
                    let skipped = vec![Skip::new("frames", reason)];
                    Ok(Report { skipped, ..Report::default() })
                }
                read => read,
            }
        };
        ((), report) = tokio::try_join!(children.follow(receiver), reading)?;
    }
    let parts = Some(children.finish(ctx).await?);
    let mut children = Vec::new();
    if order.wants(Stage::Attach) {
        children.push(follow_up(task, Stage::Attach, Part::whole(id.clone()))?);
    }
    Ok(Performed { recording: id, report, children, parts })
}

async fn write_files(ctx: &Ctx, task: &Task) -> Result<Performed, EngineError> {
    let order = &task.order;
    let (recording, content) =
        flow::open(ctx, Path::new(&order.source), order.name.clone()).await?;
    let id = recording.id().clone();
    let recording = Arc::new(recording);
    let report = match task.stage {
        Stage::Tables => files::tables(ctx, &recording, &content).await?,
        _ => {
            let selection = order.selection(ctx.cpu.jobs());
            files::video(ctx, &recording, &content, &selection).await?
        }
    };
    Ok(Performed { recording: id, report, children: Vec::new(), parts: None })
}

async fn look(ctx: &Ctx, task: &Task) -> Result<Performed, EngineError> {
    let Task { order, stage, part } = task;
    let part = part.as_ref().ok_or_else(|| EngineError::BadLetter { job: task.id() })?;
    let report = match stage {
        Stage::Detect => detect::run(ctx, part).await?,
        Stage::Attach => attach::run(ctx, &part.recording).await?.unwrap_or_default(),
        _ => redact::run(ctx, part, order.only()?.as_ref(), order.redact()).await?,
    };
    let mut children = Vec::new();
    if let Some(next) = order.stage_after(*stage) {
        children.push(follow_up(task, next, part.clone())?);
    }
    Ok(Performed { recording: part.recording.clone(), report, children, parts: None })
}
