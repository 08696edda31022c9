//! `sql`: read-only questions in SQL.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use roadloop_engine::catalog::SqlLimits;

use crate::cli::Outcome;
use crate::cli::output::{FormatName, choose_format, export};
use crate::config::Overrides;
use crate::render::{self, counted};
use crate::session::Session;

/// Ask the catalog in SQL, read-only
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Tables:
  frames       frame, recording, camera, topic, sequence, taken_at (recorded, UTC),
               stamp_ns (the message's own, ns since 1970), image (its file), width,
               height, encoding, brightness (mean luma, 0 to 255), sharpness (variance
               of the Laplacian; low means blurred), latitude, longitude (degrees),
               altitude (m), sun_elevation (degrees above the horizon), phash (64 bits
               of what the image looks like), date, ...
  detections   frame, kind, label, confidence, model, bbox_left, bbox_top, bbox_right,
               bbox_bottom (shares of width and height, 0 to 1), ...
  attrs_NAME, frames_joined, tags    attached data: each source, frames with all of
               them beside, and the tags of frames
  looked, anonymized    frames a detector saw; frames that have an anonymised copy
  selections   name, frame: the frames of saved selections
  'describe frames' lists all columns of a table

Functions of its own:
  tod(sun_elevation)    day, dusk or night
  sun_elevation(latitude, longitude, taken_at_ns)
  distance_m(latitude, longitude, latitude, longitude)    metres over ground

Examples:
  roadloop sql 'select label, count(*) from detections group by label order by 2 desc'
  roadloop sql 'select camera, avg(brightness) from frames group by camera' --format csv
  roadloop sql 'select tod(sun_elevation) as tod, count(*) from frames group by tod'
  roadloop sql 'select * from detections' --out detections.parquet --max-rows 1000000")]
pub(crate) struct Args {
    /// One SELECT
    #[arg(value_name = "QUERY")]
    query: String,
    /// Form of the output [default: table, or what the file's name says]
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<FormatName>,
    /// The same as --format jsonl
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to a file: .parquet, .csv, .jsonl, or any with --format
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Most rows [default: 10000]
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// Longest time [default: 60]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::new();
        overrides.extend(self.max_rows.map(|rows| ("sql.max_rows", rows.to_string())));
        overrides.extend(self.timeout.map(|secs| ("sql.timeout_secs", secs.to_string())));
        overrides
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let format = choose_format(args.format, args.json, args.out.as_deref())?;
    let ctx = session.reader().await?;
    let limits = SqlLimits {
        max_rows: session.config.number("sql.max_rows").unwrap_or(10_000),
        max_time: Duration::from_secs(session.config.number("sql.timeout_secs").unwrap_or(60)),
        max_memory_bytes: session.config.number::<usize>("sql.memory_mb").unwrap_or(1024) << 20,
    };
    let rows = ctx.catalog.sql(&args.query, &limits).await?;
    match &args.out {
        Some(path) => export(session, &rows, format, path, "row")?,
        None => render::print_rows(&rows, format)?,
    }
    if rows.truncated() {
        let rows = counted(rows.num_rows() as u64, "row");
        session.note(&format!("stopped after {rows}; --max-rows N allows more"));
    }
    Ok(Outcome::Done)
}
