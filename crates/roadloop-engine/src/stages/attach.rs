//! Attached data: rows of others' files, joined to the frames.

use std::path::Path;

use roadloop_base::{RecordingId, Report, Skip, Stage};
use roadloop_catalog::{
    AttachError, Attachment, CatalogError, Joined, Joiner, MAX_FILE_BYTES, Source, SourceName,
    SourceSettings,
};

use crate::sources::read_whole;
use crate::{Ctx, EngineError, JobStart, Unit};

/// What joining a source to the frames did.
#[derive(Clone, Debug)]
pub struct SourceRun {
    pub name: SourceName,
    pub joined: Joined,
    /// Recordings joined now, and those that were before.
    pub recordings: u64,
    pub already: u64,
    pub already_frames: u64,
    /// Why no frame found a row, where none of those joined did.
    pub unmatched: Option<String>,
}

/// Reads a file that is to be attached. Nothing is written.
pub async fn read(
    ctx: &Ctx,
    path: &Path,
    settings: &SourceSettings,
) -> Result<Source, EngineError> {
    let (file, bytes) = read_whole(path, MAX_FILE_BYTES).await?;
    let attach_error = |error| EngineError::Catalog(AttachError::into(error));
    let bytes = bytes.ok_or_else(|| attach_error(AttachError::too_long(&file)))?;
    let settings = settings.clone();
    let read = ctx.cpu.run(move || Source::read(&file, bytes, &settings)).await?;
    read.map_err(attach_error)
}

/// Attaches what was read and joins it to all frames.
pub async fn attach(
    ctx: &Ctx,
    name: &SourceName,
    source: &Source,
) -> Result<(Attachment, SourceRun), EngineError> {
    let attachment = ctx.catalog.attach(name, source).await?;
    Ok((attachment, refresh(ctx, name).await?))
}

/// Joins frames that came since, and recordings whose frames are others now.
pub async fn refresh(ctx: &Ctx, name: &SourceName) -> Result<SourceRun, EngineError> {
    join(ctx, &ctx.catalog.joiner(name).await?, None).await
}

/// Joins the frames of a recording to all that is attached; `None` where nothing
/// is. A frame counts as done once, however many sources it was joined to.
pub async fn run(ctx: &Ctx, recording: &RecordingId) -> Result<Option<Report>, EngineError> {
    let mut report: Option<Report> = None;
    for joiner in ctx.catalog.joiners().await? {
        let report = report.get_or_insert_default();
        match join(ctx, &joiner, Some(recording)).await {
            Ok(run) => {
                report.done = report.done.max(run.joined.frames);
                let frames = run.joined.frames + run.already_frames;
                report.already_done = frames - report.done.min(frames);
            }
            Err(EngineError::Catalog(CatalogError::Attach(error))) => {
                // Whoever attached other data meanwhile joins it.
                if !matches!(error, AttachError::Superseded { .. }) {
                    let reason = error.to_string();
                    report.skipped.push(Skip::new(format!("source {}", joiner.name()), reason));
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(report)
}

async fn join(
    ctx: &Ctx,
    joiner: &Joiner,
    only: Option<&RecordingId>,
) -> Result<SourceRun, EngineError> {
    let waiting = joiner.waiting(only).await?;
    let mut run = SourceRun {
        name: joiner.name().clone(),
        joined: Joined::default(),
        recordings: 0,
        already: waiting.already,
        already_frames: waiting.already_frames,
        unmatched: None,
    };
    if waiting.groups.is_empty() {
        return Ok(run);
    }
    let meter = ctx.progress.start(JobStart {
        job: Stage::Attach.name(),
        recording: only.cloned(),
        unit: Unit::Frames,
        units: Some(waiting.frames),
        bytes: None,
    });
    for group in &waiting.groups {
        let joined = joiner.join(group).await?;
        run.joined.merge(joined);
        run.recordings += group.recordings();
        meter.advance(joined.frames, 0);
    }
    meter.finish(&Report { done: run.joined.frames, ..Report::default() });
    if run.joined.matched == 0 {
        run.unmatched = Some(joiner.unmatched().await?);
    }
    Ok(run)
}
