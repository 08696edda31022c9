//! `search`: which frames match a filter, as a table, a file, a picture, counts or
//! a map.

mod histogram;
mod map;

use std::path::PathBuf;

use anyhow::Result;
use roadloop_engine::catalog::{Filter, Found, SearchOptions};
use roadloop_engine::stages::search::{self, Shown};
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::hits::{HitForm, HitFormName, choose_form, export_hits, print_hits};
use crate::cli::output::PictureForm;
use crate::command::command;
use crate::config::Overrides;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Tiles on a contact sheet; more hits are counted in its title.
const SHEET_TILES: u64 = 60;

/// Find frames by what is on them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Filters:
  has(car)                            a label, on a box or of the whole image
  has(car, conf >= 0.5, area > 0.1)   sure ones, on more than a tenth of the image
  count(person, conf >= 0.5) >= 2     how many boxes, counting sure ones
  camera = camera__front              a column of frames: width >= 1280, brightness < 40,
                                      recording in (NAME, NAME), encoding != jpeg
  weather.condition = rain            a column of an attached table; condition, or weather,
                                      where that is enough to tell which
  within(48.12, 11.70, 2km)           at most so far from a latitude and longitude
  in_box(48.0, 11.4, 48.2, 11.8)      between south, west, north and east
  time in 2026-05-04T09:30..09:45     when it was recorded: ISO, UTC, parts may be left
                                      out; a range ends before its last time of day, and
                                      after its last day, month or year
  time in 22:00..06:00                a time of day in UTC, on any date
  tod = night                         day, dusk (civil twilight, dawn too) or night, by the
                                      sun where it was recorded
  tag = night_drive                   also tag in (a, b)
  selection = NAME                    what was saved under that name
  and, or, not, ( )                   texts with spaces: has(\"traffic light\")

A frame that no detector has looked at is no hit of has(bus), nor of not has(bus); one
without a position is none of within(…), nor of not within(…). stderr says how many
such frames there are.

Examples:
  roadloop search 'count(person, conf >= 0.5) >= 2 and not has(bus)' --json
  roadloop search 'has(car)' --contact-sheet cars.png
  roadloop search 'has(bicycle) and camera = camera__front and tod != day' --count
  roadloop search 'has(truck) and within(48.12, 11.70, 2km)' --export trucks.parquet
  roadloop search '' --histogram label,hour
  roadloop search 'has(bus)' --map buses.html
  roadloop search 'has(car)' --export cars.json --format coco
  roadloop search 'has(car)' --export cars.jsonl --format detect-labels")]
pub(crate) struct Args {
    /// What to look for
    #[arg(value_name = "FILTER")]
    filter: String,
    /// Most hits to print [default: 100]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Print only how many frames match
    #[arg(long)]
    count: bool,
    /// Form of the hits [default: table, or what the file's name says]
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<HitFormName>,
    /// Print hits as JSON lines, the same as --format jsonl
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write the hits to a file: .parquet, .csv, .jsonl, or any with --format
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Write a picture of the hits, with their boxes: .png or .jpg
    #[arg(long, value_name = "FILE", group = "picture")]
    contact_sheet: Option<PathBuf>,
    /// Write the hits on a map to one HTML file, with the ways of their recordings
    #[arg(long, value_name = "FILE", group = "picture")]
    #[arg(conflicts_with_all = ["count", "histogram", "export"])]
    map: Option<PathBuf>,
    /// Count by these: label, hour, and any column that a filter can name
    #[arg(long, value_delimiter = ',', value_name = "WORDS")]
    #[arg(conflicts_with_all = ["count", "contact_sheet", "limit"])]
    histogram: Vec<String>,
    /// Show raw images, not anonymised copies, on a contact sheet or a map
    #[arg(long, requires = "picture")]
    raw: bool,
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        self.limit.map(|limit| ("search.limit", limit.to_string())).into_iter().collect()
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let filter = Filter::parse(&args.filter)?;
    let form = choose_form(args.format, args.json, args.export.as_deref())?;
    let sheet_form = args.contact_sheet.as_deref().map(PictureForm::of_file).transpose()?;
    let ctx = session.reader().await?;
    if args.count {
        let count = ctx.catalog.count(&filter, None).await?;
        remark(session, &filter, &count.warnings, count.not_looked_at);
        if args.json {
            let count = json!({
                "frames": count.total,
                "not_looked_at": count.not_looked_at,
                "without_values": count.without_values,
            });
            render::print(&count.to_string())?;
        } else {
            render::print(&count.total.to_string())?;
        }
        return Ok(Outcome::Done);
    }
    let shown = if args.raw { Shown::Raw } else { Shown::Anonymized };
    if !args.histogram.is_empty() {
        let HitForm::Rows(format) = form else {
            return Err(usage("counts are rows: --format table, jsonl, csv or parquet"));
        };
        let to = (format, args.export.as_deref());
        histogram::show(session, &ctx, &filter, &args.histogram, to).await?;
        return Ok(Outcome::Done);
    }
    if let Some(path) = &args.map {
        let limit = args.limit.map(|limit| limit as usize);
        map::write(session, &ctx, &filter, limit, (path, shown)).await?;
        return Ok(Outcome::Done);
    }
    // An export is whole unless a limit is given; a listing is short unless one is.
    let limit = match (&args.export, args.limit) {
        (Some(_), None) => None,
        _ => session.config.number("search.limit"),
    };
    let found = search::run(&ctx, &filter, &SearchOptions { limit, recording: None }).await?;
    remark(session, &filter, &found.warnings, found.not_looked_at);
    if let (Some(path), Some(form)) = (&args.contact_sheet, sheet_form) {
        let tiles = &found.hits[..found.hits.len().min(SHEET_TILES as usize)];
        let title = format!("{filter}   {} frames, {} shown", found.total, tiles.len());
        let sheet = search::sheet(&ctx, &title, tiles, shown).await?;
        form.write(session, &sheet, path, "contact sheet")?;
        let bare = tiles.iter().filter(|hit| !hit.anonymized).count() as u64;
        if bare > 0 && !args.raw {
            let bare = counted(bare, "frame");
            session.note(&format!("note: {bare} on it as recorded, with no anonymised copy yet"));
        }
    }
    if let Some(path) = &args.export {
        export_hits(session, &found, form, path)?;
        remark_on_limit(session, &found);
        return Ok(Outcome::Done);
    }
    if args.contact_sheet.is_some() && !args.json && args.format.is_none() {
        return Ok(Outcome::Done);
    }
    print_hits(session, &found, form)?;
    if !remark_on_limit(session, &found) {
        session.note(&counted(found.total, "frame"));
    }
    Ok(Outcome::Done)
}

fn remark_on_limit(session: &Session, found: &Found) -> bool {
    let (shown, total) = (found.hits.len() as u64, found.total);
    if shown < total {
        session.note(&format!("{shown} of {}; --limit N shows more", counted(total, "frame")));
    }
    shown < total
}

pub(super) fn remark(session: &Session, filter: &Filter, warnings: &[String], frames: u64) {
    for warning in warnings {
        session.note(&format!("note: {warning}"));
    }
    if frames > 0 {
        let were = if frames == 1 { "1 frame was" } else { &format!("{frames} frames were") };
        let stages = filter.stages();
        let verbs = stages.iter().map(|stage| format!("{} {stage}", command()));
        session.note(&format!(
            "note: {were} not looked at yet and cannot match labels; do it with {}",
            verbs.collect::<Vec<_>>().join(" and "),
        ));
    }
}
