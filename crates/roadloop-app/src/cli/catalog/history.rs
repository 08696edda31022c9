//! `catalog history`: the versions of the tables.

use anyhow::Result;
use roadloop_engine::Ctx;
use roadloop_engine::catalog::{Change, TableHistory};
use serde_json::{Value, json};

use super::lined_up;
use crate::cli::Outcome;
use crate::render;

/// Show the versions of the tables and what each changed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop catalog history
  roadloop catalog history --limit 100 --json")]
pub(super) struct Args {
    /// Most versions of each table, the newest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(ctx: &Ctx, args: &Args) -> Result<Outcome> {
    let tables = ctx.catalog.history(args.limit).await?;
    if args.json {
        render::print_json(&tables.iter().map(as_json).collect::<Vec<_>>())?;
        return Ok(Outcome::Done);
    }
    let header = ["table", "version", "time", "operation", "shards", "files", "", "rows", ""];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for TableHistory { table, changes } in &tables {
        rows.extend(changes.iter().map(|change| as_row(table, change)));
    }
    render::print(&lined_up(&rows))?;
    Ok(Outcome::Done)
}

fn as_row(table: &str, change: &Change) -> Vec<String> {
    let time = change.at.as_deref().unwrap_or("?");
    let removed = change.rows_removed.map_or("?".to_owned(), |rows| rows.to_string());
    vec![
        table.to_owned(),
        change.version.to_string(),
        time.get(..19).unwrap_or(time).to_owned(),
        change.operation.clone(),
        change.shards.to_string(),
        format!("+{}", change.files_added),
        format!("-{}", change.files_removed),
        format!("+{}", change.rows_added),
        format!("-{removed}"),
    ]
}

fn as_json(history: &TableHistory) -> Value {
    let changes = history.changes.iter().map(|change| {
        json!({
            "version": change.version,
            "time": change.at,
            "operation": change.operation,
            "shards": change.shards,
            "files_added": change.files_added,
            "files_removed": change.files_removed,
            "rows_added": change.rows_added,
            "rows_removed": change.rows_removed,
        })
    });
    json!({"table": history.table, "versions": changes.collect::<Vec<_>>()})
}
