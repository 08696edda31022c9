//! Pictures of a dataset: some images with their boxes, and its numbers.

use bytes::Bytes;
use futures::{StreamExt, stream};

use roadloop_dataset::{Card, Sample, SampleBox, Split};
use roadloop_vision::{
    Pixels, PlateText, Tile, contact_sheet_with, decode_bytes, encode_jpeg, thumbnail,
};

use super::look::image_bytes;
use super::shelf;
use crate::stages::label::{lot, said_by_people};
use crate::{Ctx, EngineError};

/// Good enough for a few hundred pixels, and small.
const THUMBNAIL_QUALITY: u8 = 78;

/// Which images are on a sheet.
#[derive(Clone, Debug, Default)]
pub struct SheetSettings {
    /// At most so many, drawn by lot.
    pub sample: usize,
    /// Of these splits; of all where it is empty.
    pub splits: Vec<Split>,
    /// With a box of that class.
    pub class: Option<String>,
    /// Another seed draws others.
    pub seed: u64,
}

/// The picture; and how many images there were to be drawn from.
pub async fn sheet(
    ctx: &Ctx,
    card: &Card,
    settings: &SheetSettings,
) -> Result<(Pixels, u64), EngineError> {
    let class = match &settings.class {
        None => None,
        Some(name) => {
            let place = card.classes.iter().position(|class| class == name);
            let missing = || EngineError::NoSuchClass {
                wanted: name.clone(),
                known: card.classes.iter().take(50).cloned().collect(),
            };
            Some(place.ok_or_else(missing)? as u32)
        }
    };
    let rows = shelf::rows(ctx, card).await?;
    let (splits, seed, most) = (settings.splits.clone(), settings.seed, settings.sample);
    let (drawn, of) = ctx.cpu.run(move || draw(rows, &splits, class, seed, most)).await??;
    let tiles =
        stream::iter(drawn).map(|sample| tile(ctx, card, sample)).buffered(2 * ctx.cpu.jobs());
    let tiles: Vec<Tile> = tiles.filter_map(async |tile| tile).collect().await;
    if tiles.is_empty() {
        let name = format!("{}@{}", card.name, card.version);
        return Err(EngineError::NoDatasetImages { name });
    }
    let title = format!("{}@{}: {} of {of} images", card.name, card.version, tiles.len());
    // Of boxes that one person drew nobody asks how sure they are: it says 0 then.
    let mut boxes = tiles.iter().flat_map(|tile| &tile.detections);
    let text = match boxes.any(|found| found.confidence > 0.0) {
        true => PlateText::LabelAndConfidence,
        false => PlateText::Label,
    };
    Ok((ctx.cpu.run(move || contact_sheet_with(&title, &tiles, text)).await?, of))
}

type Row = Result<Sample, roadloop_dataset::DatasetError>;

/// Samples by the smallest of a number that a seed gives each of them.
fn draw(
    rows: impl Iterator<Item = Row>,
    splits: &[Split],
    class: Option<u32>,
    seed: u64,
    most: usize,
) -> Result<(Vec<Sample>, u64), EngineError> {
    let (mut drawn, mut of) = (Vec::new(), 0);
    for (number, row) in (0u64..).zip(rows) {
        let sample = row?;
        let is_of_split = splits.is_empty() || splits.contains(&sample.split);
        let has = |class| sample.boxes.iter().flatten().any(|found| found.class == class);
        if !is_of_split || class.is_some_and(|class| !has(class)) {
            continue;
        }
        of += 1;
        drawn.push((lot(seed, number), number, sample));
        if drawn.len() > 4 * most.max(64) {
            drawn.sort_unstable_by_key(|(lot, ..)| *lot);
            drawn.truncate(most);
        }
    }
    drawn.sort_unstable_by_key(|(lot, ..)| *lot);
    drawn.truncate(most);
    drawn.sort_unstable_by_key(|(_, number, _)| *number);
    Ok((drawn.into_iter().map(|(.., sample)| sample).collect(), of))
}

async fn tile(ctx: &Ctx, card: &Card, sample: Sample) -> Option<Tile> {
    let bytes = image_bytes(ctx, &sample).await.ok()?.ok()?;
    let pixels: Result<Pixels, roadloop_vision::VisionError> =
        ctx.cpu.run(move || decode_bytes(&bytes)).await.ok()?;
    let size = (sample.image.width, sample.image.height);
    let said = |found: &SampleBox| {
        let class = card.classes.get(found.class as usize)?;
        said_by_people(class, found.area.ltrb(), size, found.confidence)
    };
    let detections = sample.boxes.iter().flatten().filter_map(said).collect();
    let state = match &sample.boxes {
        None => ", not labelled",
        Some(boxes) if boxes.is_empty() => ", nothing on it",
        Some(_) => "",
    };
    let caption = match (&sample.frame, sample.taken_at) {
        (Some(frame), Some(taken_at)) => {
            let time = taken_at.iso();
            let time = time.get(11..23).unwrap_or(&time);
            format!("{}{state} {} {time} #{}", sample.split, frame.camera, frame.sequence)
        }
        _ => format!("{}{state} {}", sample.split, sample.name),
    };
    Some(Tile { pixels: pixels.ok()?, detections, caption })
}

/// A small JPEG of an image.
pub async fn thumbnail_of(ctx: &Ctx, bytes: Bytes, side: u32) -> Result<Bytes, EngineError> {
    let small = move || {
        let pixels = decode_bytes(&bytes)?;
        encode_jpeg(&thumbnail(&pixels, side), THUMBNAIL_QUALITY)
    };
    Ok(ctx.cpu.run(small).await??.into())
}
