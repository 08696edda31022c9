//! Hits on a map: which, with what text and picture.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use roadloop_base::RecordingId;
use roadloop_engine::Ctx;
use roadloop_engine::catalog::{Filter, Found, Hit, Sampling, SearchOptions};
use roadloop_engine::stages::search::{self, Shown};
use roadloop_engine::stages::select;

use super::remark;
use crate::cli::output::write_file;
use crate::map_page::{self, MapPage, MapPoint};
use crate::render::counted;
use crate::session::Session;

/// Points a browser draws without effort.
const MAX_POINTS: u64 = 20_000;

/// Pictures in the page, some 10 kB each.
const THUMBNAILS: usize = 36;
const THUMBNAIL_SIDE: u32 = 320;

/// Recordings whose ways are drawn: those with the most hits.
const MAX_TRAILS: usize = 500;

pub(super) async fn write(
    session: &Session,
    ctx: &Ctx,
    filter: &Filter,
    limit: Option<usize>,
    (path, shown): (&Path, Shown),
) -> Result<()> {
    let found = hits(session, ctx, filter, limit).await?;
    let mut recordings = BTreeMap::<RecordingId, usize>::new();
    let mut placed = Vec::new();
    for hit in found.hits {
        if hit.frame.position.is_some() {
            *recordings.entry(hit.frame.id.recording.clone()).or_default() += 1;
            placed.push(hit);
        }
    }
    let drawn = placed.len() as u64;
    let without_position = found.shown - drawn;
    let mut by_hits: Vec<(RecordingId, usize)> = recordings.into_iter().collect();
    by_hits.sort_by_key(|(_, hits)| std::cmp::Reverse(*hits));
    by_hits.truncate(MAX_TRAILS);
    let wanted: BTreeSet<RecordingId> = by_hits.into_iter().map(|(id, _)| id).collect();
    let trails = ctx.catalog.trails(&wanted).await?;
    let pictures = pictures(ctx, &placed, shown).await?;
    let (with_picture, total) = (pictures.len() as u64, found.total);
    let page = MapPage {
        filter: filter.to_string(),
        total,
        points: points(placed, pictures),
        trails: trails.into_iter().map(|trail| trail.points).collect(),
        without_position,
    };
    let replaced = write_file(path, map_page::render(&page).as_bytes())?;
    let points = counted(drawn, "point");
    session.note(&format!("map with {points}: {}{}", path.display(), replaced.in_words()));
    if drawn + without_position < total {
        session.note(&format!(
            "{} of {}, chosen at random; --limit N draws the first N",
            drawn + without_position,
            counted(total, "frame")
        ));
    }
    if without_position > 0 {
        let frames = counted(without_position, "frame");
        session.note(&format!("note: of {frames} no place is known: no GPS in their recordings"));
    }
    if with_picture == 0 && drawn > 0 && shown == Shown::Anonymized {
        session.note("note: no pictures, for no hit has an anonymised copy; --raw shows raw ones");
    }
    Ok(())
}

struct Chosen {
    hits: Vec<Hit>,
    shown: u64,
    total: u64,
}

/// As many as a limit says; without one all, or a sample of very many.
async fn hits(
    session: &Session,
    ctx: &Ctx,
    filter: &Filter,
    limit: Option<usize>,
) -> Result<Chosen> {
    let (found, total) = match limit {
        Some(_) => {
            let found = search::run(ctx, filter, &SearchOptions { limit, recording: None }).await?;
            remark(session, filter, &found.warnings, found.not_looked_at);
            let total = found.total;
            (found, total)
        }
        None => {
            let sampling = Sampling { frames: Some(MAX_POINTS), ..Sampling::default() };
            let (draw, _) = select::draw(ctx, filter, sampling).await?;
            remark(session, filter, &draw.count().warnings, draw.count().not_looked_at);
            let found: Found = ctx.catalog.describe(draw.rows(&ctx.catalog).await?).await?;
            (found, draw.count().total)
        }
    };
    let shown = found.hits.len() as u64;
    Ok(Chosen { hits: found.hits, shown, total })
}

/// Of hits spread over all of them; those that have one.
async fn pictures(ctx: &Ctx, hits: &[Hit], shown: Shown) -> Result<BTreeMap<usize, Vec<u8>>> {
    let can_be_shown = |place: &usize| shown == Shown::Raw || hits[*place].anonymized;
    let places: Vec<usize> = (0..hits.len()).filter(can_be_shown).collect();
    let every = places.len().div_ceil(THUMBNAILS).max(1);
    let places: Vec<usize> = places.into_iter().step_by(every).collect();
    let chosen = places.iter().map(|place| hits[*place].clone()).collect();
    let jpegs = search::thumbnails(ctx, chosen, shown, THUMBNAIL_SIDE).await?;
    let pictures = places.into_iter().zip(jpegs);
    Ok(pictures.filter_map(|(place, jpeg)| Some((place, jpeg?))).collect())
}

fn points(hits: Vec<Hit>, mut pictures: BTreeMap<usize, Vec<u8>>) -> Vec<MapPoint> {
    let mut points = Vec::new();
    for (place, hit) in hits.into_iter().enumerate() {
        let Some(position) = hit.frame.position else { continue };
        points.push(MapPoint {
            position,
            camera: hit.frame.id.camera.to_string(),
            caption: caption(&hit),
            things: hit.detections.len(),
            thumbnail_jpeg: pictures.remove(&place),
        });
    }
    points
}

/// Three lines: which frame, when, what is on it.
fn caption(hit: &Hit) -> String {
    let time = hit.frame.taken_at.iso();
    let labels = hit.labels();
    let labels = match (labels.as_str(), hit.looked_at) {
        ("", true) => "nothing found",
        ("", false) => "not looked at yet",
        (labels, _) => labels,
    };
    format!("{}\n{}Z\n{labels}", hit.frame.id, &time[..23])
}
