//! `queue dead` and `queue redrive`: jobs nobody tries any more.

use anyhow::Result;
use clap::Subcommand;
use roadloop_engine::work::{Board, DeadLetter};

use serde_json::json;

use super::time;
use crate::cli::Outcome;
use crate::cli::run::StageName;
use crate::render::{self, columns, counted};
use crate::session::Session;
use crate::usage::usage;

/// Jobs that failed for the last time
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop queue dead list
  roadloop queue dead show drive-1a2b3c4d-5e6f7a8b/detect/front/000000")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All of them, with what went wrong
    #[command(after_help = "Example:\n  roadloop queue dead list --json")]
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// One of them: the job, the errors, the attempts and the worker
    #[command(after_help = "\
Example:
  roadloop queue dead show drive-1a2b3c4d-5e6f7a8b/detect/front/000000")]
    Show {
        /// As the list names it
        #[arg(value_name = "ID")]
        job: String,
        /// Print as JSON, in one line
        #[arg(long)]
        json: bool,
    },
}

/// Put dead jobs back into the queue, with all their attempts before them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop queue redrive                   all of them
  roadloop queue redrive --stage detect
  roadloop queue redrive drive-1a2b3c4d-5e6f7a8b/detect/front/000000")]
pub(super) struct RedriveArgs {
    /// Jobs as `queue dead list` names them [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only those of a stage
    #[arg(long, value_enum, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Only say which
    #[arg(long)]
    dry_run: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(session: &Session, board: &Board, args: &Args) -> Result<Outcome> {
    match &args.command {
        Command::List { json } => {
            let letters = board.dead().await?;
            if *json {
                render::print_json(&letters)?;
            } else if letters.is_empty() {
                session.note("no job is dead");
            } else {
                render::print(&as_text(&letters))?;
                session.note("roadloop queue redrive tries them again");
            }
        }
        Command::Show { job, json } => {
            let letter = letter(board, job).await?;
            if *json {
                render::print_json(&letter)?;
                return Ok(Outcome::Done);
            }
            render::print(&serde_json::to_string_pretty(&letter)?)?;
        }
    }
    Ok(Outcome::Done)
}

async fn letter(board: &Board, job: &str) -> Result<DeadLetter> {
    let unknown =
        || usage(format!("no dead job is called {job:?}; roadloop queue dead list lists them"));
    board.dead_letter(job).await?.ok_or_else(unknown)
}

fn as_text(letters: &[DeadLetter]) -> String {
    let heading = ["job", "attempts", "worker", "when", "why"].map(str::to_owned).to_vec();
    let mut rows = vec![heading];
    for letter in letters {
        rows.push(vec![
            letter.job.clone(),
            letter.attempts.to_string(),
            letter.worker.clone(),
            time(letter.at_ms),
            letter.error.join(", caused by: ").replace('\n', ", "),
        ]);
    }
    columns(&rows)
}

pub(super) async fn redrive(
    session: &Session,
    board: &Board,
    args: &RedriveArgs,
) -> Result<Outcome> {
    let mut letters = Vec::new();
    for job in &args.ids {
        letters.push(letter(board, job).await?);
    }
    if args.ids.is_empty() {
        letters = board.dead().await?;
    }
    if let Some(stage) = args.stage {
        let is_of_stage =
            |letter: &DeadLetter| letter.task().is_some_and(|task| task.stage == stage.stage());
        letters.retain(is_of_stage);
    }
    if args.dry_run {
        if args.json {
            let jobs: Vec<&str> = letters.iter().map(|letter| letter.job.as_str()).collect();
            render::print_json(&json!({"dry_run": true, "jobs": jobs}))?;
            return Ok(Outcome::Done);
        }
        for letter in &letters {
            render::print(&letter.job)?;
        }
        session.note("dry run: nothing was put back");
        return Ok(Outcome::Done);
    }
    let queue = session.queue().await?;
    let (mut put_back, mut failed) = (Vec::new(), Vec::new());
    for letter in &letters {
        match board.redrive(&*queue, letter).await {
            Ok(()) => put_back.push(letter.job.as_str()),
            Err(error) => {
                render::error_of(&error);
                failed.push(letter.job.as_str());
            }
        }
    }
    match args.json {
        true => render::print_json(&json!({"put_back": put_back, "failed": failed}))?,
        false => render::print(&format!("put back: {}", counted(put_back.len() as u64, "job")))?,
    }
    Ok(if !failed.is_empty() { Outcome::Failed } else { Outcome::Done })
}
