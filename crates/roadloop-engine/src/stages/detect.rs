//! Detection: frames in, detections in the catalog, and in a table of others where one
//! is named.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use roadloop_base::{Detection, Part, Report, Stage};
use roadloop_vision::decode_bytes;

use crate::models::Detectors;
use crate::rekognition::{self, Rekognition};
use crate::revision::RevisionBuilder;
use crate::stages::by_shard::{self, FrameError, Look, Pass};
use crate::{Ctx, EngineError};

/// Changes when the code below starts to give other results.
const FORMAT: u32 = 1;

/// Looks at every frame of a recording, or of a part of it, with the detector, and
/// with the tagger where one is set. Frames looked at with other settings are looked at anew,
/// and their old detections replaced.
pub async fn run(ctx: &Ctx, part: &Part) -> Result<Report, EngineError> {
    let (pass, lookers) = pass(ctx, part).await?;
    let ahead = match lookers.service {
        Some(_) => rekognition::AT_ONCE,
        None => 2 * ctx.cpu.jobs(),
    };
    let report = by_shard::run(ctx, pass, ahead, |_, image| lookers.look(ctx, image)).await?;
    if let Some(sink) = &ctx.sink {
        sink.send(ctx, part).await?;
    }
    Ok(report)
}

/// Frames that a run would leave as they are.
pub(crate) async fn already_done(ctx: &Ctx, part: &Part) -> Result<u64, EngineError> {
    pass(ctx, part).await?.0.already_done(ctx).await
}

/// Who looks at a frame: a service, models, or both.
struct Lookers {
    service: Option<Arc<Rekognition>>,
    models: Detectors,
}

impl Lookers {
    async fn look(&self, ctx: &Ctx, image: Bytes) -> Result<Look, FrameError> {
        let mut detections = match &self.service {
            Some(service) => {
                service.labels(&ctx.cpu, &image, ctx.models.settings().confidence).await?
            }
            None => Vec::new(),
        };
        if !self.models.is_empty() {
            let models = Arc::clone(&self.models);
            let looking = ctx.cpu.run(move || see(&models, &image)).await;
            detections.extend(looking.map_err(FrameError::Broken)??);
        }
        Ok(Look { detections, copy: None })
    }
}

fn see(models: &Detectors, image: &[u8]) -> Result<Vec<Detection>, FrameError> {
    let pixels = decode_bytes(image).map_err(|error| FrameError::Damaged(error.to_string()))?;
    let mut detections = Vec::new();
    for model in models.iter() {
        let found = model.detect(&pixels);
        detections.extend(found.map_err(|error| FrameError::Broken(EngineError::Model(error)))?);
    }
    Ok(detections)
}

async fn pass(ctx: &Ctx, part: &Part) -> Result<(Pass, Lookers), EngineError> {
    let rows = ctx.catalog.frames(part).await?;
    let models = Arc::clone(&ctx.models);
    let service = models.labeler().await?;
    let models = ctx.cpu.run(move || models.detectors()).await??;
    let of_models = models.iter().map(|model| model.model());
    let mut names = service.iter().map(|service| service.model()).chain(of_models);
    let model = names.next().expect("somebody looks, a service or a model").clone();
    let mut settings = RevisionBuilder::new("detect", FORMAT)
        .and(model.as_str())
        .and(&ctx.models.settings().confidence.to_string());
    for name in names {
        settings = settings.and(name.as_str());
    }
    let pass = Pass {
        stage: Stage::Detect,
        recording: part.recording.clone(),
        rows,
        settings,
        model,
        again: HashSet::new(),
    };
    Ok((pass, Lookers { service, models }))
}
