//! `catalog compact`: small files into large ones.

use anyhow::Result;
use roadloop_engine::catalog::{CompactOptions, Compaction};
use roadloop_engine::{Ctx, upkeep};
use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::render::{self, bytes, counted};
use crate::session::Session;

/// Merge the tables' small files into large ones
///
/// Readers and writers go on meanwhile. The small files stay for questions that
/// are being answered and for older versions; catalog vacuum deletes them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop catalog compact
  roadloop catalog compact --dry-run
  roadloop catalog compact --json")]
pub(super) struct Args {
    /// Only say what would be merged
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, ctx: &Ctx, args: &Args) -> Result<Outcome> {
    let options = CompactOptions::default();
    let tables = match args.dry_run {
        true => ctx.catalog.plan_compaction(&options).await?,
        false => upkeep::compact(ctx, &options).await?,
    };
    if args.json {
        render::print_json(&tables.iter().map(as_json).collect::<Vec<_>>())?;
        return Ok(Outcome::Done);
    }
    let text: String = tables.iter().map(|table| as_text(table, args.dry_run)).collect();
    render::print(&text)?;
    if args.dry_run {
        session.note("dry run: nothing was written");
    }
    Ok(Outcome::Done)
}

fn as_text(table: &Compaction, is_dry_run: bool) -> String {
    let Compaction { files_before, files_after, dates, given_up, .. } = table;
    if table.dates == 0 {
        return format!("{}: nothing to do\n", table.table);
    }
    let verb = if is_dry_run { "would become" } else { "became" };
    let about = if is_dry_run { "about " } else { "" };
    let mut text = format!(
        "{}: {} of {} {verb} {about}{files_after}, {}, {}",
        table.table,
        counted(*files_before, "small file"),
        counted(*dates, "date"),
        counted(table.rows, "row"),
        bytes(table.bytes_before),
    );
    if let Some(after) = table.bytes_after {
        text += &format!(" before, {} after", bytes(after));
    }
    if *given_up > 0 {
        let merges = counted(*given_up, "merge");
        text += &format!("; {merges} gave way to writers: run it again for those");
    }
    text + "\n"
}

/// Also for `catalog stats`.
pub(super) fn as_json(table: &Compaction) -> Value {
    json!({
        "table": table.table,
        "dates": table.dates,
        "rows": table.rows,
        "files_before": table.files_before,
        "files_after": table.files_after,
        "bytes_before": table.bytes_before,
        "bytes_after": table.bytes_after,
        "given_up": table.given_up,
    })
}
