//! `down`: takes away what `up` made.

use anyhow::Result;

use crate::cli::Outcome;
use crate::deploy::{self, Target, local};
use crate::session::Session;

/// Stop what `up` started, and delete what it made
///
/// Images and tables stay, and so do jobs that wait, buckets and volumes, unless
/// --delete-data is said.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop down --target local
  roadloop down --target compose --delete-data --dry-run    what would be gone?
  roadloop down --target aws --delete-data                  buckets as well")]
pub(crate) struct Args {
    /// Where it runs
    #[arg(long, value_enum, value_name = "WHERE")]
    target: Target,
    /// Delete data too: volumes and jobs that wait; at Amazon, both buckets with all that
    /// is in them
    #[arg(long)]
    delete_data: bool,
    /// Local: how long workers may finish what they are doing, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace: u64,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let Args { target, delete_data, grace, dry_run } = args;
    if target == Target::Local {
        if dry_run {
            return local::show_down(session, delete_data).map(|()| Outcome::Done);
        }
        let workspace = session.config.workspace().to_owned();
        let down = move || local::down(&workspace, grace, delete_data);
        return tokio::task::spawn_blocking(down).await?;
    }
    let steps = deploy::down(session, target, delete_data);
    if dry_run {
        deploy::show(&steps)?;
    } else {
        tokio::task::spawn_blocking(move || deploy::take(&steps)).await??;
    }
    Ok(Outcome::Done)
}
