//! `search`: which frames match a filter, as a table, a file or a picture.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use roadloop_engine::catalog::{Filter, Format, SearchOptions};
use roadloop_engine::stages::search::{self, Shown};
use roadloop_engine::vision::{Pixels, encode_jpeg, encode_png};
use serde_json::json;

use crate::cli::Outcome;
use crate::config::Overrides;
use crate::render;
use crate::session::Session;

/// Tiles on a contact sheet; more hits are counted in its title.
const SHEET_TILES: u64 = 60;

/// Find frames by what is on them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Filters:
  has(car)                            a label, on a box or of the whole image
  count(person, conf >= 0.5) >= 2     how many boxes, counting sure ones
  camera = camera__front              also recording = NAME
  time in 2026-05-04T09:30..09:45     ISO, UTC; parts may be left out
  and, or, not, ( )                   labels with spaces: has(\"traffic light\")

Examples:
  roadloop search 'count(person, conf >= 0.5) >= 2 and not has(bus)' --json
  roadloop search 'has(car)' --contact-sheet cars.png
  roadloop search 'has(bicycle) and camera = camera__front' --count
  roadloop search 'has(truck)' --export trucks.parquet")]
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
    /// Print hits as JSON lines
    #[arg(long)]
    json: bool,
    /// Write the hits to a file: .csv, .parquet or .jsonl
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Write a picture of the hits, with their boxes: .png or .jpg
    #[arg(long, value_name = "FILE")]
    contact_sheet: Option<PathBuf>,
    /// Show raw images on the contact sheet even where anonymised copies are
    #[arg(long, requires = "contact_sheet")]
    raw: bool,
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        self.limit.map(|limit| ("search.limit", limit.to_string())).into_iter().collect()
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let filter = Filter::parse(&args.filter)?;
    let export = args.export.as_deref().map(format_of).transpose()?;
    let ctx = session.reader().await?;
    if args.count {
        let count = ctx.catalog.count(&filter, None).await?;
        remark(session, &count.warnings, count.not_looked_at);
        if args.json {
            let count = json!({"frames": count.total, "not_looked_at": count.not_looked_at});
            render::print(&count.to_string())?;
        } else {
            render::print(&count.total.to_string())?;
        }
        return Ok(Outcome::Done);
    }
    // An export is whole unless a limit is given; a listing is short unless one is.
    let limit = match (&export, args.limit) {
        (Some(_), None) => None,
        _ => session.config.number("search.limit"),
    };
    let found = search::run(&ctx, &filter, &SearchOptions { limit, recording: None }).await?;
    remark(session, &found.warnings, found.not_looked_at);
    if let Some(path) = &args.contact_sheet {
        let shown = if args.raw { Shown::Raw } else { Shown::Anonymized };
        let tiles = &found.hits[..found.hits.len().min(SHEET_TILES as usize)];
        let title = format!("{filter}   {} frames, {} shown", found.total, tiles.len());
        let sheet = search::sheet(&ctx, &title, tiles, shown).await?;
        write_file(path, &encode_picture(path, &sheet)?)?;
        session.note(&format!("contact sheet: {}", path.display()));
    }
    let format = export.unwrap_or(if args.json { Format::JsonLines } else { Format::Table });
    let rows = found.rows(format)?;
    if let Some(path) = &args.export {
        let mut bytes = Vec::new();
        rows.write(format, &mut bytes)?;
        write_file(path, &bytes)?;
        session.note(&format!("{} hits: {}", found.hits.len(), path.display()));
        return Ok(Outcome::Done);
    }
    if args.contact_sheet.is_some() && !args.json {
        return Ok(Outcome::Done);
    }
    rows.write(format, &mut std::io::stdout().lock())?;
    let shown = found.hits.len() as u64;
    if shown < found.total {
        session.note(&format!("{shown} of {} frames; --limit N shows more", found.total));
    } else {
        session.note(&format!("{shown} frames"));
    }
    Ok(Outcome::Done)
}

fn remark(session: &Session, warnings: &[String], frames: u64) {
    for warning in warnings {
        session.note(&format!("note: {warning}"));
    }
    if frames > 0 {
        session.note(&format!(
            "note: {frames} frames were not looked at yet and cannot match labels; \
             roadloop detect does it"
        ));
    }
}

/// PNG, or JPEG when the file's name says so.
fn encode_picture(path: &Path, pixels: &Pixels) -> Result<Vec<u8>> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("jpg" | "jpeg") => Ok(encode_jpeg(pixels, 90)?),
        Some("png") => Ok(encode_png(pixels)?),
        _ => bail!("the picture's name must end in .png or .jpg\npath: {}", path.display()),
    }
}

/// The format a file's name asks for.
pub(super) fn format_of(path: &Path) -> Result<Format> {
    let Some(format) = Format::of_file(&path.to_string_lossy()) else {
        bail!("the file's name must end in .csv, .parquet or .jsonl\npath: {}", path.display());
    };
    Ok(format)
}

/// Writes a file whole or not at all.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let partial = path.with_extension("partial");
        std::fs::write(&partial, bytes)?;
        std::fs::rename(&partial, path)
    };
    write().with_context(|| format!("cannot write a file\npath: {}", path.display()))
}
