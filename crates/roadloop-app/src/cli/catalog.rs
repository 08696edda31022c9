//! `catalog`: the tables themselves, what they hold and how they are kept in
//! shape.

mod compact;
mod history;
mod stats;
mod vacuum;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::Outcome;
use crate::session::Session;

/// Look at the catalog's tables and keep them in shape
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop catalog stats               how many rows, files, labels?
  roadloop catalog compact             merge small files: questions get faster
  roadloop catalog vacuum --dry-run    what could be deleted?
  roadloop catalog history             who changed what, and when?")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compact(compact::Args),
    Vacuum(vacuum::Args),
    History(history::Args),
    Stats(stats::Args),
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let ctx = session.reader().await?;
    match args.command {
        Command::Compact(args) => compact::run(session, &ctx, &args).await,
        Command::Vacuum(args) => vacuum::run(session, &ctx, &args).await,
        Command::History(args) => history::run(&ctx, &args).await,
        Command::Stats(args) => stats::run(&ctx, &args).await,
    }
}

/// Columns under each other: the first and texts to the left, numbers to the
/// right.
fn lined_up(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let is_number = |column: usize| {
        let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column));
        cells.all(|cell| cell.starts_with(|c: char| c.is_ascii_digit()) && !cell.contains('T'))
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let fill = " ".repeat(widths[column] - cell.chars().count());
            line += &match column > 0 && is_number(column) {
                true => format!("{fill}{cell}  "),
                false => format!("{cell}{fill}  "),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_under_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["table", "rows", "done"]), row(["a", "1", "x"]), row(["bc", "234", "y"])];
        assert_eq!(lined_up(&rows), "table  rows  done\na         1  x\nbc      234  y\n");
    }
}
