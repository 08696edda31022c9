//! `bag`: looks into recordings and mends them, without a workspace.

mod cat;
mod copy;
mod doctor;
mod info;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use roadloop_engine::bag::Recording;
use roadloop_engine::{find_recordings, open_recording};
use serde_json::json;
use tokio::runtime::Handle;

use crate::cli::Outcome;
use crate::render;
use crate::session::Session;

/// Look into recordings, check and mend them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop bag info drive.bag
  roadloop bag doctor drive.mcap
  roadloop bag cat drive.mcap --topics /gps/fix --limit 3
  roadloop bag recover broken.bag --out drive.mcap
  roadloop bag filter drive.bag --topics /gps,/imu --out small.mcap")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Info(info::Args),
    Doctor(doctor::Args),
    Cat(cat::Args),
    Recover(copy::RecoverArgs),
    Filter(copy::FilterArgs),
}

pub(crate) async fn run(session: Session, args: Args) -> Result<Outcome> {
    // Recordings are read by plain synchronous code.
    let ran = tokio::task::spawn_blocking(move || match args.command {
        Command::Info(args) => info::run(&session, &args),
        Command::Doctor(args) => doctor::run(&session, &args),
        Command::Cat(args) => cat::run(&session, &args),
        Command::Recover(args) => copy::recover(&session, &args),
        Command::Filter(args) => copy::filter(&session, &args),
    });
    ran.await.context("the command stopped")?
}

/// Goes over the recordings that are meant: each path, or what lies below a
/// folder. One that cannot be opened is named, in JSON too; the others are looked at.
fn for_each(
    paths: &[PathBuf],
    as_json: bool,
    mut look: impl FnMut(Recording) -> Result<Outcome>,
) -> Result<Outcome> {
    let mut found = Vec::new();
    for path in paths {
        found.extend(wait_for(find_recordings(path))?);
    }
    let mut outcome = Outcome::Done;
    for path in &found {
        outcome = match (open(path).and_then(&mut look), outcome) {
            (Err(error), _) if render::is_broken_pipe(&error) => return Err(error),
            (Err(error), _) => {
                if as_json {
                    let reason = format!("{error:#}");
                    render::print_json(&json!({"source": path, "error": reason}))?;
                }
                if found.len() == 1 {
                    return Err(error);
                }
                render::error(&error);
                Outcome::Failed
            }
            (Ok(Outcome::Done), so_far) | (Ok(_), so_far @ Outcome::Failed) => so_far,
            (Ok(here), _) => here,
        };
    }
    Ok(outcome)
}

fn open(path: &Path) -> Result<Recording> {
    Ok(wait_for(open_recording(path))?)
}

/// The commands are plain code, on a thread where waiting is allowed.
fn wait_for<T>(work: impl Future<Output = T>) -> T {
    Handle::current().block_on(work)
}
