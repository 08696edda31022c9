//! Samples of the frames that match a filter. Where a sample is to hold no two
//! frames alike, and the catalog does not know what some look like, their images
//! are looked at here.

use futures::{StreamExt, stream};

use roadloop_base::{FrameRow, PictureHash, Report, Skip};
use roadloop_catalog::{Draw, Filter, Sampling};
use roadloop_vision::{decode_bytes, picture_hash};

use crate::{Ctx, EngineError, JobStart, Unit};

/// Draws a sample. The report tells of frames that could not be looked at; they
/// are not in it.
pub async fn draw(
    ctx: &Ctx,
    filter: &Filter,
    sampling: Sampling,
) -> Result<(Draw, Report), EngineError> {
    let mut draw = ctx.catalog.draw(filter, sampling).await?;
    let mut report = Report::default();
    let mut meter = None;
    loop {
        let unseen = draw.go_on(&ctx.catalog).await?;
        if unseen.is_empty() {
            break;
        }
        let meter = meter.get_or_insert_with(|| {
            let (recording, units, bytes) = (None, None, None);
            ctx.progress.start(JobStart {
                job: "look",
                recording,
                unit: Unit::Frames,
                units,
                bytes,
            })
        });
        let looks = stream::iter(unseen).map(|row| look_at(ctx, row));
        let mut looks = looks.buffered(2 * ctx.cpu.jobs());
        let mut seen = Vec::new();
        while let Some(look) = looks.next().await {
            let (row, look) = look?;
            match look {
                Ok(look) => {
                    report.done += 1;
                    seen.push((row, Some(look)));
                }
                Err(skip) => {
                    meter.skipped(&skip);
                    report.skipped.push(skip);
                    seen.push((row, None));
                }
            }
            meter.advance(1, 0);
        }
        draw.see(seen);
    }
    if let Some(meter) = meter {
        meter.finish(&report);
    }
    Ok((draw, report))
}

async fn look_at(
    ctx: &Ctx,
    row: FrameRow,
) -> Result<(FrameRow, Result<PictureHash, Skip>), EngineError> {
    let bytes = match ctx.store.get(&row.image).await {
        Ok(bytes) => bytes,
        Err(error) if error.is_of_the_store() => return Err(error.into()),
        Err(error) => return Ok(skipped(row, &error.to_string())),
    };
    let hashed = ctx.cpu.run(move || Ok(picture_hash(&decode_bytes(&bytes)?)));
    let hashed: Result<PictureHash, roadloop_vision::VisionError> = hashed.await?;
    Ok(match hashed {
        Ok(look) => (row, Ok(look)),
        Err(error) => skipped(row, &error.to_string()),
    })
}

fn skipped(row: FrameRow, reason: &str) -> (FrameRow, Result<PictureHash, Skip>) {
    let skip = Skip::new(format!("frame {}", row.id), reason);
    (row, Err(skip))
}
