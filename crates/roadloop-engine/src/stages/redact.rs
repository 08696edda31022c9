//! Anonymisation: frames in, copies without faces, plates and texts out.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use roadloop_base::{
    BBox, Detection, FrameId, FrameRow, ModelId, Part, Report, Stage, anonymized_key, anonymized_of,
};
use roadloop_catalog::Filter;
use roadloop_vision::{
    Detector, Pixels, RedactStyle, decode_bytes, encode_jpeg, encode_png, encode_webp, redact,
};

use crate::models::Detectors;
use crate::rekognition::{self, Rekognition};
use crate::revision::RevisionBuilder;
use crate::stages::by_shard::{self, FrameError, Look, Pass};
use crate::{Ctx, EngineError, present};

/// Changes when the code below starts to give other results.
const FORMAT: u32 = 2;

/// Anonymised JPEGs are written anew at this quality, so that nothing of the
/// original file, its metadata and thumbnails included, travels along.
const JPEG_QUALITY: u8 = 92;

/// How boxes are hidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RedactSettings {
    pub style: RedactStyle,
    /// Each box is grown on every side by this share of its size.
    pub margin: f32,
}

/// A frame whose faces, plates and texts are gone, as an encoded image.
/// [`load`] is the only way to get one; labelling and export accept nothing else.
#[derive(Clone, Debug)]
pub struct Redacted {
    pub id: FrameId,
    pub image: Bytes,
}

/// Reads a frame's anonymised copy.
pub async fn load(ctx: &Ctx, row: &FrameRow) -> Result<Redacted, EngineError> {
    let image = ctx.store.get(&redacted_key(row)).await?;
    Ok(Redacted { id: row.id.clone(), image })
}

/// Where a frame's anonymised copy lies.
pub fn redacted_key(row: &FrameRow) -> String {
    let extension = row.image.rsplit_once('.').map_or("png", |(_, extension)| extension);
    anonymized_key(&row.id, row.taken_at, extension)
}

/// Anonymises the frames of a recording, or of a part of it; with `only`, those that match it, besides
/// the ones that have an anonymised copy already.
pub async fn run(
    ctx: &Ctx,
    part: &Part,
    only: Option<&Filter>,
    settings: RedactSettings,
) -> Result<Report, EngineError> {
    let (pass, finders) = pass(ctx, part, only, settings).await?;
    let ahead = match finders.service {
        Some(_) => rekognition::AT_ONCE,
        None => 2 * ctx.cpu.jobs(),
    };
    by_shard::run(ctx, pass, ahead, |row, image| finders.hide(ctx, row, image, settings)).await
}

/// Who finds what must not be seen: a service, or models.
struct Finders {
    service: Option<Arc<Rekognition>>,
    models: Detectors,
    /// One frame at a time: a look takes hundreds of megabytes, and all cores.
    turn: Arc<Mutex<()>>,
}

impl Finders {
    async fn hide(
        &self,
        ctx: &Ctx,
        row: Arc<FrameRow>,
        image: Bytes,
        settings: RedactSettings,
    ) -> Result<Look, FrameError> {
        let found = match &self.service {
            Some(service) => service.private(&ctx.cpu, &image).await?,
            None => Vec::new(),
        };
        let (models, turn) = (Arc::clone(&self.models), Arc::clone(&self.turn));
        let hiding = move || hide_in_frame(&row, &image, found, &models, &turn, settings);
        ctx.cpu.run(hiding).await.map_err(FrameError::Broken)?
    }
}

/// Frames that a run would leave as they are.
pub(crate) async fn already_done(
    ctx: &Ctx,
    part: &Part,
    only: Option<&Filter>,
    settings: RedactSettings,
) -> Result<u64, EngineError> {
    pass(ctx, part, only, settings).await?.0.already_done(ctx).await
}

async fn pass(
    ctx: &Ctx,
    part: &Part,
    only: Option<&Filter>,
    settings: RedactSettings,
) -> Result<(Pass, Finders), EngineError> {
    let mut rows = ctx.catalog.frames(part).await?;
    let anonymized = ctx.catalog.anonymized(part).await?;
    let copies = match (&part.shards, anonymized.is_empty()) {
        (_, true) => HashSet::new(),
        (None, false) => present::images(ctx, &anonymized_of(&part.recording)).await?,
        (Some(run), false) => {
            let folder = format!("{}/{}", anonymized_of(&part.recording), run.camera);
            present::images(ctx, &folder).await?
        }
    };
    let is_lost =
        |row: &&FrameRow| anonymized.contains(&row.id) && !copies.contains(&redacted_key(row));
    let lost = rows.iter().filter(is_lost).map(|row| row.id.clone()).collect();
    if let Some(filter) = only {
        let mut wanted: BTreeSet<FrameId> =
            ctx.catalog.matching(filter, Some(&part.recording)).await?;
        wanted.extend(anonymized);
        rows.retain(|row| wanted.contains(&row.id));
    }
    let models = Arc::clone(&ctx.models);
    let service = models.finder().await?;
    let models = ctx.cpu.run(move || models.finders()).await??;
    let mut made_like = RevisionBuilder::new("anonymize", FORMAT)
        .and(&format!("{:?} {}", settings.style, settings.margin));
    let of_models = models.iter().map(|model| model.model());
    for name in service.iter().map(|service| service.model()).chain(of_models) {
        made_like = made_like.and(name.as_str());
    }
    let pass = Pass {
        stage: Stage::Anonymize,
        recording: part.recording.clone(),
        rows,
        settings: made_like,
        model: anonymizer_id(settings),
        again: lost,
    };
    Ok((pass, Finders { service, models, turn: Arc::default() }))
}

/// The name the catalog keeps for "made anonymous like this".
fn anonymizer_id(settings: RedactSettings) -> ModelId {
    let name = match settings.style {
        RedactStyle::Blur => "blur",
        RedactStyle::Solid => "solid",
    };
    ModelId::from_content(name, settings.margin.to_bits().to_be_bytes())
}

/// Hides what was found in a frame, and what models find in it besides.
pub(crate) fn hide_in_frame(
    row: &FrameRow,
    image: &Bytes,
    mut detections: Vec<Detection>,
    models: &[Arc<dyn Detector>],
    turn: &Mutex<()>,
    settings: RedactSettings,
) -> Result<Look, FrameError> {
    let damaged = |error: roadloop_vision::VisionError| FrameError::Damaged(error.to_string());
    let mut pixels = decode_bytes(image).map_err(damaged)?;
    {
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        for model in models {
            let found = model.detect(&pixels);
            detections.extend(found.map_err(|error| FrameError::Broken(error.into()))?);
        }
    }
    hide(&mut pixels, &detections, settings);
    let encoded = match row.image.rsplit_once('.') {
        Some((_, "jpg")) => encode_jpeg(&pixels, JPEG_QUALITY),
        Some((_, "webp")) => encode_webp(&pixels),
        _ => encode_png(&pixels),
    };
    let copy = Bytes::from(encoded.map_err(damaged)?);
    Ok(Look { detections, copy: Some((redacted_key(row), copy)) })
}

fn hide(pixels: &mut Pixels, detections: &[Detection], settings: RedactSettings) {
    let boxes: Vec<BBox> = detections
        .iter()
        .filter_map(|detection| detection.bbox)
        .map(|bbox| bbox.grown(settings.margin))
        .collect();
    redact(pixels, &boxes, settings.style);
}
