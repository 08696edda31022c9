//! `catalog vacuum`: what nobody needs any more is deleted.

use std::time::Duration;

use anyhow::Result;
use roadloop_engine::catalog::{VacuumOptions, Vacuumed};
use roadloop_engine::{Ctx, upkeep};
use serde_json::{Value, json};

use crate::cli::Outcome;
use crate::render::{self, bytes, counted};
use crate::session::Session;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Delete files of the tables that no recent version needs
///
/// That is: files that were merged or replaced, what killed writers left over,
/// old entries of the log. What the tables hold now stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Of every version that was the newest within the last --keep days all files stay, so
questions that are being answered and datasets that pin a version go on. With --keep 0
questions that are being answered this very moment may fail. Files that no version has
are deleted after a day at the earliest: a writer may be about to commit them.

Examples:
  roadloop catalog vacuum --dry-run
  roadloop catalog vacuum
  roadloop catalog vacuum --keep 1 --json")]
pub(super) struct Args {
    /// Keep what versions of the last days need
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    keep: u32,
    /// Keep the history of the last days, but never less than --keep
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    keep_log: u32,
    /// Keep in mind what was delivered in the last days, so that it is not done twice; a
    /// recording that is run again later is done anew [at least: 7]
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    #[arg(value_parser = clap::value_parser!(u32).range(7..))]
    keep_transactions: u32,
    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, ctx: &Ctx, args: &Args) -> Result<Outcome> {
    let options = VacuumOptions {
        keep: DAY * args.keep,
        keep_log: DAY * args.keep_log,
        keep_transactions: DAY * args.keep_transactions,
        dry_run: args.dry_run,
    };
    let tables = upkeep::vacuum(ctx, &options).await?;
    if args.json {
        render::print_json(&tables.iter().map(as_json).collect::<Vec<_>>())?;
        return Ok(Outcome::Done);
    }
    let text: String = tables.iter().map(as_text).collect();
    render::print(&text)?;
    if args.dry_run {
        session.note("dry run: nothing was deleted");
    }
    Ok(Outcome::Done)
}

fn as_text(table: &Vacuumed) -> String {
    let mut gone = Vec::new();
    let mut say = |count: u64, what: &str, size: Option<u64>| {
        if count > 0 {
            let size = size.map_or(String::new(), |size| format!(" ({})", bytes(size)));
            gone.push(format!("{}{size}", counted(count, what)));
        }
    };
    say(table.files, "old file", Some(table.bytes));
    say(table.leftovers, "left-over file", Some(table.leftover_bytes));
    say(table.log_files, "log file", Some(table.log_bytes));
    say(table.transactions, "old delivery", None);
    let gone = if gone.is_empty() { "nothing to do".to_owned() } else { gone.join(", ") };
    format!("{}: {gone}\n", table.table)
}

fn as_json(table: &Vacuumed) -> Value {
    json!({
        "table": table.table,
        "files": table.files,
        "bytes": table.bytes,
        "leftovers": table.leftovers,
        "leftover_bytes": table.leftover_bytes,
        "log_files": table.log_files,
        "log_bytes": table.log_bytes,
        "transactions": table.transactions,
    })
}
