//! Detection: frames in, detections in the catalog.

use std::collections::HashSet;
use std::sync::Arc;

use roadloop_base::{Part, Report, Stage};
use roadloop_vision::{Detector, decode_bytes};

use crate::revision::RevisionBuilder;
use crate::stages::by_shard::{self, FrameError, Look, Pass};
use crate::{Ctx, EngineError};

/// Changes when the code below starts to give other results.
const FORMAT: u32 = 1;

/// Looks at every frame of a recording, or of a part of it, with the detector, and
/// with the tagger where one is set. Frames looked at with other settings are looked at anew,
/// and their old detections replaced.
pub async fn run(ctx: &Ctx, part: &Part) -> Result<Report, EngineError> {
    let (pass, detector, tagger) = pass(ctx, part).await?;
    by_shard::run(ctx, pass, move |_, image| {
        let pixels = decode_bytes(image).map_err(|error| FrameError::Damaged(error.to_string()))?;
        let broken = |error| FrameError::Broken(EngineError::Model(error));
        let mut detections = detector.detect(&pixels).map_err(broken)?;
        if let Some(tagger) = &tagger {
            detections.extend(tagger.detect(&pixels).map_err(broken)?);
        }
        Ok(Look { detections, copy: None })
    })
    .await
}

/// Frames that a run would leave as they are.
pub(crate) async fn already_done(ctx: &Ctx, part: &Part) -> Result<u64, EngineError> {
    pass(ctx, part).await?.0.already_done(ctx).await
}

type Looking = (Pass, Arc<dyn Detector>, Option<Arc<dyn Detector>>);

async fn pass(ctx: &Ctx, part: &Part) -> Result<Looking, EngineError> {
    let rows = ctx.catalog.frames(part).await?;
    let models = Arc::clone(&ctx.models);
    let (detector, tagger) =
        ctx.cpu.run(move || Ok::<_, EngineError>((models.detector()?, models.tagger()?))).await??;
    let mut settings = RevisionBuilder::new("detect", FORMAT)
        .and(detector.model().as_str())
        .and(&ctx.models.settings().confidence.to_string());
    if let Some(tagger) = &tagger {
        settings = settings.and(tagger.model().as_str());
    }
    let pass = Pass {
        stage: Stage::Detect,
        recording: part.recording.clone(),
        rows,
        settings,
        model: detector.model().clone(),
        again: HashSet::new(),
    };
    Ok((pass, detector, tagger))
}
