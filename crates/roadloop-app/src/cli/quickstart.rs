//! `quickstart`: all of it on the recording inside the binary, and where to look.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use roadloop_base::{FrameRow, Stage};
use roadloop_engine::Ctx;
use roadloop_engine::catalog::{Filter, Format, Hit, SearchOptions, SqlLimits};
use roadloop_engine::flow;
use roadloop_engine::stages::search::{self, Shown};
use roadloop_engine::vision::{Pixels, encode_jpeg, thumbnail};

use crate::assets;
use crate::cli::{Global, Outcome};
use crate::command::command;
use crate::config::Overrides;
use crate::page::{self, BeforeAfter, Page, SearchShown, StageLine};
use crate::render::counted;
use crate::session::Session;

/// Searches the page shows, each with the reason somebody would ask it.
const SEARCHES: [(&str, &str); 3] = [
    ("count(person, conf >= 0.5) >= 2 and not has(bus)", "two people or more, and no bus"),
    ("has(car)", "any car"),
    ("has(face) or has(license_plate)", "what had to be hidden"),
];

const QUALITY: u8 = 85;

/// Pictures before and after, of each camera, and how far apart in time: not
/// the same thing twice.
const PAIRS_A_CAMERA: usize = 2;
const APART_NS: u64 = 1_000_000_000;

/// Hits on a sheet of the page: three rows of three.
const SHEET_TILES: usize = 9;

/// Try everything on a small recording that comes with roadloop
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop quickstart
  roadloop quickstart --workspace /tmp/try")]
pub(crate) struct Args {}

pub(crate) async fn run(global: &Global, _: Args) -> Result<Outcome> {
    let session = Session::open(global, Overrides::new())?;
    super::doctor::install_runtime(&session).await?;
    let folder = session.folder("quickstart")?;
    let recording = folder.join("demo.mcap");
    super::output::write_file(&recording, assets::DEMO_RECORDING)?;
    session.note(&format!("the recording: {}", recording.display()));

    let ctx = session.engine().await?;
    let settings = session.run_settings(&Stage::ALL, None)?;
    let run = flow::run(&ctx, &recording, &settings).await?;
    let page_path = folder.join("index.html");
    let page = compose(&ctx, &run, &recording).await?;
    super::output::write_file(&page_path, page::render(&page).as_bytes())?;
    explain(&session, &page_path, run.recording.as_str());
    Ok(if run.has_skips() { Outcome::DoneWithSkips } else { Outcome::Done })
}

async fn compose(ctx: &Ctx, run: &flow::RecordingRun, recording: &Path) -> Result<Page> {
    let stages = run.stages.iter().map(|stage| StageLine {
        name: stage.stage.to_string(),
        frames: stage.report.done,
        already_done: stage.report.already_done,
        skipped: stage.report.skipped.len(),
        seconds: stage.elapsed.as_secs_f64(),
    });
    let mut searches = Vec::new();
    for (filter, meaning) in SEARCHES {
        let filter = Filter::parse(filter)?;
        let options = SearchOptions { limit: None, recording: Some(run.recording.clone()) };
        let found = search::run(ctx, &filter, &options).await?;
        let hits = spread(&found.hits, SHEET_TILES);
        let title = format!("{filter}   {}", counted(found.total, "frame"));
        let sheet = search::sheet(ctx, &title, &hits, Shown::Anonymized).await?;
        searches.push(SearchShown {
            filter: filter.to_string(),
            meaning: meaning.to_owned(),
            frames: found.total,
            sheet_jpeg: encode_jpeg(&sheet, QUALITY)?,
        });
    }
    Ok(Page {
        recording: run.recording.to_string(),
        source: recording.display().to_string(),
        stages: stages.collect(),
        pairs: before_after(ctx, run).await?,
        videos: videos(ctx, run).await?,
        searches,
        label_counts: label_counts(ctx).await?,
    })
}

/// Each camera's video, as recorded.
async fn videos(ctx: &Ctx, run: &flow::RecordingRun) -> Result<Vec<(String, Vec<u8>)>> {
    let mut videos = Vec::new();
    for folder in flow::files(ctx, run).await? {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let camera = path.file_name().and_then(|name| name.to_str());
            if let Some(camera) = camera.and_then(|name| name.strip_suffix(".mp4")) {
                videos.push((camera.to_owned(), std::fs::read(&path)?));
            }
        }
    }
    videos.sort();
    Ok(videos)
}

/// Raw and anonymised side by side, of the frames where most was hidden.
async fn before_after(ctx: &Ctx, run: &flow::RecordingRun) -> Result<Vec<BeforeAfter>> {
    let filter = Filter::parse("has(face) or has(license_plate)")?;
    let options = SearchOptions { limit: None, recording: Some(run.recording.clone()) };
    let mut hits = search::run(ctx, &filter, &options).await?.hits;
    let hidden = |hit: &Hit| hit.detections.iter().filter(|found| found.kind.is_private()).count();
    hits.sort_by_key(|hit| std::cmp::Reverse(hidden(hit)));
    let mut pairs = Vec::new();
    let mut shown: Vec<&Hit> = Vec::new();
    for hit in &hits {
        let of_camera: Vec<&&Hit> =
            shown.iter().filter(|other| other.frame.id.camera == hit.frame.id.camera).collect();
        let is_near =
            |other: &&&Hit| other.frame.taken_at.0.abs_diff(hit.frame.taken_at.0) < APART_NS;
        if of_camera.len() == PAIRS_A_CAMERA || of_camera.iter().any(is_near) {
            continue;
        }
        shown.push(hit);
        let before = search::image_of(ctx, hit, Shown::Raw).await?;
        let after = search::image_of(ctx, hit, Shown::Anonymized).await?;
        pairs.push(BeforeAfter {
            caption: format!("{}, {}", hit.frame.id.camera, to_the_millisecond(&hit.frame)),
            hidden: hidden(hit),
            before_jpeg: jpeg(&before)?,
            after_jpeg: jpeg(&after)?,
        });
    }
    Ok(pairs)
}

/// `2026-05-04 09:30:03.149 UTC`.
fn to_the_millisecond(frame: &FrameRow) -> String {
    frame.taken_at.iso().chars().take(23).collect::<String>().replace('T', " ") + " UTC"
}

fn jpeg(pixels: &Pixels) -> Result<Vec<u8>> {
    Ok(encode_jpeg(&thumbnail(pixels, 768), QUALITY)?)
}

/// So many hits, evenly over all of them, so that neighbours do not fill a page.
fn spread(hits: &[Hit], most: usize) -> Vec<Hit> {
    let step = hits.len().div_ceil(most).max(1);
    hits.iter().step_by(step).cloned().collect()
}

async fn label_counts(ctx: &Ctx) -> Result<Vec<(String, u64)>> {
    let query = "select label, count(*) as boxes from detections group by label order by 2 desc";
    let limits = SqlLimits { max_rows: 20, ..SqlLimits::default() };
    let mut lines = Vec::new();
    ctx.catalog.sql(query, &limits).await?.write(Format::JsonLines, &mut lines)?;
    let mut counts = Vec::new();
    for line in String::from_utf8_lossy(&lines).lines() {
        let row: serde_json::Value = serde_json::from_str(line).context("a row is not JSON")?;
        let label = row["label"].as_str().unwrap_or_default().to_owned();
        counts.push((label, row["boxes"].as_u64().unwrap_or_default()));
    }
    Ok(counts)
}

fn explain(session: &Session, page: &Path, recording: &str) {
    let command = command();
    let store = session.config.store();
    let link = std::fs::canonicalize(page).unwrap_or_else(|_| PathBuf::from(page));
    session.note(&format!(
        "\nDone. Look at:\n\
         \x20 file://{}\n\
         \x20 {store}/images/{recording}        the frames\n\
         \x20 {store}/anonymized/{recording}    the same without faces, plates and texts\n\
         \x20 {store}/video/{recording}         each camera as a video\n\
         \x20 {store}/topics/{recording}        the other topics as tables\n\
         Then try:\n\
         \x20 {command} studio        and open http://127.0.0.1:4747 in a browser\n\
         \x20 {command} search 'has(car)' --contact-sheet cars.png\n\
         \x20 {command} sql 'select label, count(*) from detections group by label'\n\
         \x20 {command} run YOUR_RECORDING",
        link.display()
    ));
}
