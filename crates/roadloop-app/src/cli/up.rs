//! `up`: makes a system of workers, here or elsewhere.

use std::net::SocketAddr;

use anyhow::Result;

use crate::cli::Outcome;
use crate::deploy::{self, Target, local};
use crate::session::Session;
use crate::usage::usage;

/// Start workers, their queue and one that watches, here or elsewhere
///
/// The files that say how are inside the program and are written to the workspace, below
/// deploy/. Every command is shown before it is run. `down` takes it all away again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop up --target local                         processes of this machine
  roadloop up --target local --source ./incoming --workers 4
  roadloop up --target compose --dry-run             what would be done?
  roadloop --store s3://fleet-lake/main up --target k8s --source s3://fleet-ingest
  roadloop up --target aws --set VpcId=vpc-1 --set SubnetIds=subnet-1,subnet-2")]
pub(crate) struct Args {
    /// Where it is to run
    #[arg(long, value_enum, value_name = "WHERE")]
    target: Target,
    /// Where recordings come from; local: a folder or bucket [default: incoming in the workspace]
    #[arg(long, value_name = "PLACE")]
    source: Option<String>,
    /// Container image; at Amazon, the tag of one in ECR
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// At Amazon: a parameter of the template
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Local: how many workers
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=256))]
    workers: u32,
    /// Local: where it can be asked
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Local: how long workers may finish what they are doing, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace: u64,
    /// Local: look after it here, instead of in the background
    #[arg(long)]
    foreground: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    /// Whether it goes on until it is told to stop.
    pub(crate) fn goes_on(&self) -> bool {
        self.foreground
    }

    /// What was said that means nothing where it is to run.
    fn check(&self) -> Result<()> {
        let is_local = self.target == Target::Local;
        let of_others = [
            (self.foreground && !is_local, "--foreground is for --target local"),
            (self.image.is_some() && is_local, "--image is for containers"),
            (!self.set.is_empty() && self.target != Target::Aws, "--set is for --target aws"),
            (
                self.source.is_some() && matches!(self.target, Target::Compose | Target::Aws),
                "recordings come from the bucket that is made; --source is for local and k8s",
            ),
        ];
        match of_others.into_iter().find(|(is_said, _)| *is_said) {
            Some((_, reason)) => Err(usage(reason)),
            None => Ok(()),
        }
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    args.check()?;
    if args.target == Target::Local {
        let Args { source, workers, listen, grace: grace_secs, .. } = args;
        let wishes = local::Wishes { source, workers, listen, grace_secs };
        return match (args.dry_run, args.foreground) {
            (true, _) => local::show_up(session, &wishes).map(|()| Outcome::Done),
            (false, true) => local::supervise(session, &wishes).await,
            (false, false) => local::up(session, &wishes).await,
        };
    }
    let wishes = deploy::Wishes { source: args.source, image: args.image, set: args.set };
    let steps = deploy::up(session, args.target, &wishes)?;
    if args.dry_run {
        deploy::show(&steps)?;
    } else {
        tokio::task::spawn_blocking(move || deploy::take(&steps)).await??;
    }
    Ok(Outcome::Done)
}
