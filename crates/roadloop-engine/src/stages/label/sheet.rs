//! Some tasks of a job on one picture: anonymised images with the boxes people agreed on.

use futures::{StreamExt, stream};

use roadloop_base::{BBox, Detection, Kind, ModelId};
use roadloop_label::{JobName, Labels, ResultBox, TaskResult};
use roadloop_vision::{Pixels, Tile, contact_sheet, decode_bytes};

use super::deliver::is_final;
use super::{PAGE, on_file};
use crate::{Ctx, EngineError};

/// Which tasks are on it.
#[derive(Clone, Copy, Debug)]
pub struct SheetSettings {
    /// At most so many, drawn anyhow from those with a result.
    pub sample: usize,
    /// Another seed draws others.
    pub seed: u64,
    pub images: Images,
}

/// Where images are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// Anonymised copies in the store, and no others.
    Anonymized,
    /// Of a job that was done elsewhere also files of this machine, as its manifest names them.
    AnonymizedOrNamed,
}

/// The picture; and how many tasks with a result there were to be drawn from.
pub async fn sheet(
    ctx: &Ctx,
    labels: &Labels,
    job: &JobName,
    settings: SheetSettings,
) -> Result<(Pixels, u64), EngineError> {
    let (drawn, of) = draw(labels, job, settings).await?;
    if drawn.is_empty() {
        return Err(EngineError::NothingLabelled { job: job.to_string() });
    }
    let tiles = stream::iter(drawn)
        .map(|result| tile(ctx, result, settings.images))
        .buffered(2 * ctx.cpu.jobs());
    let tiles: Vec<Tile> = tiles.filter_map(async |tile| tile).collect().await;
    if tiles.is_empty() {
        return Err(EngineError::NoImages { job: job.to_string() });
    }
    let title = format!("{job}: {} of {of} labelled images", tiles.len());
    Ok((ctx.cpu.run(move || contact_sheet(&title, &tiles)).await?, of))
}

/// Tasks by the smallest of a number that a seed gives each of them: the same seed, the same
/// tasks, whatever order they are met in.
async fn draw(
    labels: &Labels,
    job: &JobName,
    settings: SheetSettings,
) -> Result<(Vec<TaskResult>, u64), EngineError> {
    let (mut drawn, mut of, mut after) = (Vec::new(), 0, 0);
    loop {
        let name = job.clone();
        let results = on_file(labels, move |labels| labels.results(&name, after, PAGE)).await?;
        let Some(last) = results.last() else { break };
        after = last.number;
        for result in
            results.into_iter().filter(|result| is_final(result) && result.boxes.is_some())
        {
            of += 1;
            drawn.push((lot(settings.seed, result.number), result));
        }
        drawn.sort_by_key(|(lot, _)| *lot);
        drawn.truncate(settings.sample);
    }
    drawn.sort_by_key(|(_, result)| result.number);
    Ok((drawn.into_iter().map(|(_, result)| result).collect(), of))
}

/// By which samples are drawn: the same for the same seed, whatever order things are met in.
pub(in crate::stages) fn lot(seed: u64, number: u64) -> u64 {
    fastrand::Rng::with_seed(seed.rotate_left(32) ^ number).u64(..)
}

async fn tile(ctx: &Ctx, result: TaskResult, images: Images) -> Option<Tile> {
    let bytes = match (&result.image_key, images) {
        (Some(key), _) => ctx.store.get(key).await.ok()?,
        (None, Images::AnonymizedOrNamed) => tokio::fs::read(&result.source).await.ok()?.into(),
        (None, Images::Anonymized) => return None,
    };
    let pixels: Result<Pixels, roadloop_vision::VisionError> =
        ctx.cpu.run(move || decode_bytes(&bytes)).await.ok()?;
    let pixels = pixels.ok()?;
    let size = (pixels.width(), pixels.height());
    let said = |merged: &ResultBox| {
        said_by_people(&merged.label, merged.pixels.ltrb(), size, merged.confidence)
    };
    let detections = result.boxes.iter().flatten().filter_map(said).collect();
    Some(Tile { pixels, detections, caption: caption(&result) })
}

fn caption(result: &TaskResult) -> String {
    match &result.frame {
        Some(frame) => format!("{} #{} task {}", frame.camera, frame.sequence, result.number),
        None => {
            let name = result.source.rsplit('/').next().unwrap_or_default();
            format!("{name} task {}", result.number)
        }
    }
}

/// What people say, as the drawing of detections takes it: the sides in pixels of an image of
/// that size.
pub(in crate::stages) fn said_by_people(
    label: &str,
    sides: [f64; 4],
    size: (u32, u32),
    confidence: Option<f64>,
) -> Option<Detection> {
    Some(Detection {
        kind: Kind::Object,
        label: label.to_owned(),
        confidence: confidence.unwrap_or(0.0) as f32,
        bbox: Some(BBox::from_pixels(sides, size)?),
        model: ModelId::from_content("people", [0; 4]),
    })
}
