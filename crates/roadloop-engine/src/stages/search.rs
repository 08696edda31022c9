//! Questions to the catalog, and their answers as a picture.

use futures::{StreamExt, TryStreamExt, stream};

use roadloop_catalog::{Filter, Found, Hit, SearchOptions};
use roadloop_vision::{Pixels, Tile, contact_sheet, decode_bytes, encode_jpeg, thumbnail};

use crate::stages::redact;
use crate::{Ctx, EngineError};

/// Good enough for a few hundred pixels, and small.
const THUMBNAIL_QUALITY: u8 = 75;

/// Which image of a hit is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The anonymised copy where there is one.
    Anonymized,
    Raw,
}

/// Frames that match a filter, by time.
pub async fn run(
    ctx: &Ctx,
    filter: &Filter,
    options: &SearchOptions,
) -> Result<Found, EngineError> {
    Ok(ctx.catalog.search(filter, options).await?)
}

/// The hits as thumbnails with their boxes. Images that cannot be read are
/// left out.
pub async fn sheet(
    ctx: &Ctx,
    title: &str,
    hits: &[Hit],
    shown: Shown,
) -> Result<Pixels, EngineError> {
    let tiles = stream::iter(hits).map(|hit| tile(ctx, hit, shown)).buffered(2 * ctx.cpu.jobs());
    let tiles: Vec<Tile> = tiles.filter_map(async |tile| tile).collect().await;
    let title = title.to_owned();
    ctx.cpu.run(move || contact_sheet(&title, &tiles)).await
}

/// Small JPEGs of hits, in their order; of one whose image cannot be read, and of
/// one without an anonymised copy where those are shown, there is none.
pub async fn thumbnails(
    ctx: &Ctx,
    hits: Vec<Hit>,
    shown: Shown,
    max_side: u32,
) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
    let small = async |hit: Hit| {
        if shown == Shown::Anonymized && !hit.anonymized {
            return Ok(None);
        }
        let Ok(pixels) = image_of(ctx, &hit, shown).await else { return Ok(None) };
        let jpeg = move || encode_jpeg(&thumbnail(&pixels, max_side), THUMBNAIL_QUALITY).ok();
        ctx.cpu.run(jpeg).await
    };
    stream::iter(hits).map(small).buffered(2 * ctx.cpu.jobs()).try_collect().await
}

/// The image of a hit, decoded.
pub async fn image_of(ctx: &Ctx, hit: &Hit, shown: Shown) -> Result<Pixels, EngineError> {
    let key = match shown {
        Shown::Anonymized if hit.anonymized => redact::redacted_key(&hit.frame),
        Shown::Anonymized | Shown::Raw => hit.frame.image.clone(),
    };
    let bytes = ctx.store.get(&key).await?;
    Ok(ctx.cpu.run(move || decode_bytes(&bytes)).await??)
}

async fn tile(ctx: &Ctx, hit: &Hit, shown: Shown) -> Option<Tile> {
    let pixels = image_of(ctx, hit, shown).await.ok()?;
    let time = hit.frame.taken_at.iso();
    let caption = format!("{} {} #{}", hit.frame.id.camera, &time[..23], hit.frame.id.sequence);
    Some(Tile { pixels, detections: hit.detections.clone(), caption })
}
