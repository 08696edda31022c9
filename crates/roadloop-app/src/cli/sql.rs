//! `sql`: read-only questions in SQL.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use roadloop_engine::catalog::{Format, SqlLimits};

use crate::cli::Outcome;
use crate::cli::search::{format_of, write_file};
use crate::config::Overrides;
use crate::session::Session;

/// Ask the catalog in SQL, read-only
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Tables:
  frames       recording, camera, sequence, taken_at, image, width, height, brightness, ...
  detections   frame, kind, label, confidence, model, bbox_left, bbox_top, ...

Examples:
  roadloop sql 'select label, count(*) from detections group by label order by 2 desc'
  roadloop sql 'select camera, avg(brightness) from frames group by camera' --format csv
  roadloop sql 'select * from detections' --out detections.parquet --max-rows 1000000")]
pub(crate) struct Args {
    /// One SELECT
    #[arg(value_name = "QUERY")]
    query: String,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = FormatName::Table, value_name = "FORM")]
    format: FormatName,
    /// The same as --format jsonl
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to a file: .csv, .parquet or .jsonl
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Most rows [default: 10000]
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// Longest time [default: 60]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Table,
    Jsonl,
    Csv,
    Parquet,
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
    let file_format = args.out.as_deref().map(format_of).transpose()?;
    let ctx = session.reader().await?;
    let limits = SqlLimits {
        max_rows: session.config.number("sql.max_rows").unwrap_or(10_000),
        max_time: Duration::from_secs(session.config.number("sql.timeout_secs").unwrap_or(60)),
        max_memory_bytes: session.config.number::<usize>("sql.memory_mb").unwrap_or(1024) << 20,
    };
    let rows = ctx.catalog.sql(&args.query, &limits).await?;
    if let (Some(format), Some(path)) = (file_format, &args.out) {
        let mut bytes = Vec::new();
        rows.write(format, &mut bytes)?;
        write_file(path, &bytes)?;
        session.note(&format!("{} rows: {}", rows.num_rows(), path.display()));
    } else {
        let format = match args.format {
            _ if args.json => Format::JsonLines,
            FormatName::Table => Format::Table,
            FormatName::Jsonl => Format::JsonLines,
            FormatName::Csv => Format::Csv,
            FormatName::Parquet => Format::Parquet,
        };
        rows.write(format, &mut std::io::stdout().lock())?;
    }
    if rows.truncated() {
        session.note(&format!("stopped after {} rows; --max-rows N allows more", rows.num_rows()));
    }
    Ok(Outcome::Done)
}
