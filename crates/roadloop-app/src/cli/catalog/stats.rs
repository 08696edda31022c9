//! `catalog stats`: the tables in numbers.

use anyhow::Result;
use roadloop_engine::Ctx;
use roadloop_engine::catalog::{CatalogStats, CompactOptions, TableStats};
use serde_json::{Value, json};

use super::{compact, lined_up};
use crate::cli::Outcome;
use crate::command::command;
use crate::render::{self, bytes, counted};

/// Show how much the tables hold and in what shape they are
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Small files are those catalog compact would merge. Old files are of earlier versions, or
left over; catalog vacuum deletes them in time.

Examples:
  roadloop catalog stats
  roadloop catalog stats --json")]
pub(super) struct Args {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(ctx: &Ctx, args: &Args) -> Result<Outcome> {
    let stats = ctx.catalog.stats(&CompactOptions::default()).await?;
    if args.json {
        render::print_json(&as_json(&stats))?;
        return Ok(Outcome::Done);
    }
    render::print(&as_text(&stats))?;
    Ok(Outcome::Done)
}

fn as_text(stats: &CatalogStats) -> String {
    let header = [
        "table", "rows", "dates", "files", "size", "small", "old", "size", "log", "size",
        "versions", "shards",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(stats.tables.iter().map(as_row));
    let mut text = format!(
        "{}, {}, {}\n\n{}",
        counted(stats.recordings, "recording"),
        counted(stats.cameras, "camera"),
        counted(stats.labels, "label"),
        lined_up(&rows),
    );
    let plans = || stats.tables.iter().map(|table| &table.compaction);
    let before: u64 = plans().map(|plan| plan.files_before).sum();
    if before > 0 {
        let after: u64 = plans().map(|plan| plan.files_after).sum();
        text += &format!(
            "\n{} catalog compact would make {} of {}\n",
            command(),
            counted(after, "file"),
            counted(before, "small file"),
        );
    }
    text
}

fn as_row(table: &TableStats) -> Vec<String> {
    vec![
        table.table.clone(),
        table.rows.to_string(),
        table.dates.to_string(),
        table.files.to_string(),
        bytes(table.bytes),
        table.compaction.files_before.to_string(),
        table.old_files.to_string(),
        bytes(table.old_bytes),
        table.log_files.to_string(),
        bytes(table.log_bytes),
        format!("{}..{}", table.oldest_version, table.newest_version),
        table.shards.to_string(),
    ]
}

fn as_json(stats: &CatalogStats) -> Value {
    let tables = stats.tables.iter().map(|table| {
        json!({
            "table": table.table,
            "rows": table.rows,
            "dates": table.dates,
            "files": table.files,
            "bytes": table.bytes,
            "small_files": table.compaction.files_before,
            "old_files": table.old_files,
            "old_bytes": table.old_bytes,
            "log_files": table.log_files,
            "log_bytes": table.log_bytes,
            "oldest_version": table.oldest_version,
            "newest_version": table.newest_version,
            "shards": table.shards,
            "compaction": compact::as_json(&table.compaction),
        })
    });
    json!({
        "recordings": stats.recordings,
        "cameras": stats.cameras,
        "labels": stats.labels,
        "tables": tables.collect::<Vec<_>>(),
    })
}
