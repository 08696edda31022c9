//! `queue`: what waits, what is being done, what failed; and what is to become of it.

mod dead;
pub(crate) mod follow;
pub(crate) mod status;

use anyhow::Result;
use clap::Subcommand;
use roadloop_base::Stage;
use roadloop_engine::work::{Board, Control, Order, OrderId, OrderState};
use serde_json::json;

use super::run::StageName;
use crate::cli::Outcome;
use crate::config::Overrides;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// Look at the queue of jobs, and say what is to become of them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop queue status                    what waits, what goes on, what died?
  roadloop queue status drive-1a2b3c4d     how far is a recording, and who has it?
  roadloop queue follow drive-1a2b3c4d     look at it until it is over
  roadloop queue dead list                 what failed for the last time, and why?
  roadloop queue redrive --stage detect    try those again
  roadloop queue pause anonymize           begin no more jobs of a stage
  roadloop queue cancel drive-1a2b3c4d     drop what is left of a recording")]
pub(crate) struct Args {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(subcommand)]
    command: Command,
}

/// Which queue is spoken of.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct QueueArgs {
    /// Where jobs wait [default: queue.db in the workspace]
    #[arg(long, value_name = "URI", global = true)]
    queue: Option<String>,
}

impl QueueArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        self.queue.iter().map(|address| ("queue.address", address.clone())).collect()
    }
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        self.queue.overrides()
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Args),
    Follow(follow::Args),
    Dead(dead::Args),
    Redrive(dead::RedriveArgs),
    /// Begin no more jobs; those that go on come to their end
    #[command(after_help = "\
Examples:
  roadloop queue pause
  roadloop queue pause detect,anonymize")]
    Pause(StagesArgs),
    /// Begin jobs again
    #[command(after_help = "Example:\n  roadloop queue resume")]
    Resume(StagesArgs),
    Cancel(CancelArgs),
}

#[derive(Debug, clap::Args)]
struct StagesArgs {
    /// Stages that are meant [default: all]
    #[arg(value_enum, value_delimiter = ',', value_name = "STAGE")]
    stages: Vec<StageName>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl StagesArgs {
    fn stages(&self) -> Vec<Stage> {
        let named = if self.stages.is_empty() { &StageName::ALL[..] } else { &self.stages[..] };
        named.iter().map(|name| name.stage()).collect()
    }
}

/// Drop what is left to do for recordings
///
/// What is stored already stays, and jobs that go on are stopped within seconds.
/// The same order given again begins anew.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop queue cancel drive-1a2b3c4d
  roadloop queue cancel --all")]
struct CancelArgs {
    /// Recordings or orders by name
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,
    /// Everything that is not over
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let board = session.board()?;
    match args.command {
        Command::Status(args) => status::run(session, &board, &args).await,
        Command::Follow(args) => follow::run(session, &board, &args).await,
        Command::Dead(args) => dead::run(session, &board, &args).await,
        Command::Redrive(args) => dead::redrive(session, &board, &args).await,
        Command::Pause(args) => {
            let stages = args.stages();
            board.say(|control| add(&mut control.paused, &stages)).await?;
            told(&board.control().await?, args.json)
        }
        Command::Resume(args) => {
            let stages = args.stages();
            board.say(|control| control.paused.retain(|stage| !stages.contains(stage))).await?;
            told(&board.control().await?, args.json)
        }
        Command::Cancel(args) => cancel(&board, &args).await,
    }
}

fn add(paused: &mut Vec<Stage>, stages: &[Stage]) {
    paused.extend(stages);
    paused.sort_unstable();
    paused.dedup();
}

/// What holds from now on.
fn told(control: &Control, is_json: bool) -> Result<Outcome> {
    if is_json {
        render::print_json(&json!({"paused": paused_as_json(control)}))?;
        return Ok(Outcome::Done);
    }
    let names: Vec<&str> = control.paused.iter().map(|stage| stage.name()).collect();
    match names.as_slice() {
        [] => render::print("nothing is paused")?,
        names => render::print(&format!("paused: {}", names.join(", ")))?,
    }
    Ok(Outcome::Done)
}

async fn cancel(board: &Board, args: &CancelArgs) -> Result<Outcome> {
    let mut ids: Vec<OrderId> = Vec::new();
    if args.all {
        for order in board.orders().await? {
            let state = OrderState::load(board, order).await?;
            if !state.is_over() {
                ids.push(state.order.id);
            }
        }
    }
    for name in &args.names {
        for order in named(board, name).await? {
            let state = OrderState::load(board, order).await?;
            if !state.is_over() {
                ids.push(state.order.id);
            }
        }
    }
    if args.json {
        board.cancel(&ids).await?;
        render::print_json(&json!({"cancelled": ids}))?;
        return Ok(Outcome::Done);
    }
    if ids.is_empty() {
        render::print("nothing to cancel: all of it is over")?;
        return Ok(Outcome::Done);
    }
    board.cancel(&ids).await?;
    let count = ids.len() as u64;
    render::print(&format!("cancelled: {}", counted(count, "order")))?;
    Ok(Outcome::Done)
}

/// The orders a name speaks of: an order's own, that of a recording, or its source.
async fn named(board: &Board, name: &str) -> Result<Vec<Order>> {
    if let Some(id) = OrderId::new(name)
        && let Some(order) = board.order(&id).await?
    {
        return Ok(vec![order]);
    }
    let mut found = Vec::new();
    for order in board.orders().await? {
        let ends_so = |source: &str| {
            source == name || source.rsplit('/').next().is_some_and(|file| file == name)
        };
        if ends_so(&order.source) || order.name.as_ref().is_some_and(|id| id.as_str() == name) {
            found.push(order);
            continue;
        }
        // A recording is called like its file, and then some digits.
        let stem = name.rsplit_once('-').map_or(name, |(stem, _)| stem);
        if !order.id.as_str().starts_with(stem) {
            continue;
        }
        let state = OrderState::load(board, order).await?;
        if state.recording().is_some_and(|id| id.as_str() == name) {
            found.push(state.order);
        }
    }
    if found.is_empty() {
        return Err(usage(format!(
            "no recording or order is called {name:?}; roadloop queue status lists them"
        )));
    }
    Ok(found)
}

/// A time of the records, as people write it.
fn time(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(chrono::DateTime::from_timestamp_millis);
    at.map_or(String::new(), |at| {
        at.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M:%S").to_string()
    })
}

fn paused_as_json(control: &Control) -> serde_json::Value {
    json!(control.paused)
}
