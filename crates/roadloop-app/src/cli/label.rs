//! `label`: labelling jobs, from frames to a manifest.

mod create;
mod files;
mod review;
mod sheet;
mod show;

use anyhow::{Result, bail};
use clap::Subcommand;
use roadloop_base::Nanos;
use roadloop_engine::labels::{JobName, Labels};

use crate::cli::Outcome;
use crate::command::command;
use crate::session::Session;

/// The file of jobs, in the workspace.
pub(crate) const LABELS: &str = "labels.db";

/// Have people draw boxes: jobs, their results, and their files
///
/// A job shows anonymised frames, each to several people who do not see each other's boxes;
/// what they agree on is one set of boxes, each with a confidence. People work in the
/// studio, under Work; see roadloop studio --help and roadloop users --help.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop label create av --from crowds --labels car,person --workers 3 --pre-label
  roadloop label create av-checked --verify av
  roadloop label list
  roadloop label show av
  roadloop label review av                          where people disagree, worst first
  roadloop label sheet av --sample 10 --out av.png
  roadloop label export av --images raw --out output.manifest
  roadloop label import output.manifest --as delivered
  roadloop label close av")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::Args),
    List(show::ListArgs),
    Show(show::ShowArgs),
    Stats(show::StatsArgs),
    Review(review::Args),
    Consolidate(review::ConsolidateArgs),
    Sheet(sheet::Args),
    Export(files::ExportArgs),
    Import(files::ImportArgs),
    Refs(files::RefsArgs),
    Close(review::CloseArgs),
    Reopen(review::ReopenArgs),
    Drop(review::DropArgs),
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    match args.command {
        Command::Create(args) => create::run(session, args).await,
        Command::List(args) => show::list(session, &args),
        Command::Show(args) => show::one(session, &args),
        Command::Stats(args) => show::statistics(session, &args),
        Command::Review(args) => review::run(session, args),
        Command::Consolidate(args) => review::consolidate(session, &args),
        Command::Sheet(args) => sheet::run(session, args).await,
        Command::Export(args) => files::export(session, args).await,
        Command::Import(args) => files::import(session, args).await,
        Command::Refs(args) => files::refs(session, args),
        Command::Close(args) => review::close(session, &args),
        Command::Reopen(args) => review::reopen(session, &args),
        Command::Drop(args) => review::drop_half_made(session, &args),
    }
}

/// The file of jobs, made when missing.
pub(crate) fn open(session: &Session) -> Result<Labels> {
    session.folder("")?;
    Ok(Labels::open(&session.config.workspace().join(LABELS))?)
}

/// The file of jobs for who only looks: none is made.
pub(super) fn look(session: &Session) -> Result<Option<Labels>> {
    let file = session.config.workspace().join(LABELS);
    if !file.exists() {
        return Ok(None);
    }
    Ok(Some(Labels::open(&file)?))
}

/// The file of jobs that has one of that name, or what to do.
fn having(session: &Session, job: &JobName) -> Result<Labels> {
    match look(session)? {
        Some(labels) => Ok(labels),
        None => bail!(
            "no job is called {job}: there is none yet; make one with: {} label create",
            command()
        ),
    }
}

/// What is written down of who did something from the command line.
pub(super) fn operator() -> String {
    let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return "operator".to_owned();
    }
    name.to_owned()
}

fn now() -> Nanos {
    Nanos(chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default())
}
