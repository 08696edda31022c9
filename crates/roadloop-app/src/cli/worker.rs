//! `worker`: does the jobs of a queue until it is told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use roadloop_engine::work::{WorkLog, Worker, WorkerSettings};
use roadloop_engine::{Ctx, Silent};
use tokio::signal::unix::{SignalKind, signal};

use super::queue::QueueArgs;
use super::run::StageName;
use crate::cli::Outcome;
use crate::config::Overrides;
use crate::server::node::About;
use crate::server::{Counts, Node, Server};
use crate::session::Session;
use crate::usage::usage;
use crate::work_log::{Each, Lines};

/// Do the jobs of a queue
///
/// Any number of workers share a queue and a store, on one machine or many. One
/// that dies costs nothing but time: its jobs come to the others. Told to stop
/// (SIGTERM, Ctrl-C), it takes no more jobs, finishes those it has, and hands back
/// what is not finished after --grace; told twice, at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop worker                                  all stages, the workspace's own queue
  roadloop worker --roles extract,tables,video     only what reads recordings
  roadloop worker --slots detect=4                 four jobs of detection at once
  roadloop worker --until-idle                     end when nothing is left to do
  roadloop worker --listen 127.0.0.1:9090          /healthz, /readyz, /metrics, /api/orders")]
pub(crate) struct Args {
    /// Stages it does [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STAGE")]
    roles: Vec<StageName>,
    /// Jobs of a stage at once [default: 1 of each]
    #[arg(long, value_delimiter = ',', value_name = "STAGE=N", value_parser = slots)]
    slots: Vec<(StageName, usize)>,
    /// How long what it is doing may go on when it is told to stop, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace: u64,
    /// End when nothing waits and nobody works in its stages
    #[arg(long)]
    until_idle: bool,
    /// Answer HTTP here: health, metrics, progress; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// By what name it is known [default: the machine and the process]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    detector: super::detect::DetectorArgs,
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = self.queue.overrides();
        overrides.extend(self.detector.overrides());
        overrides
    }
}

/// `detect=4`.
fn slots(text: &str) -> Result<(StageName, usize), String> {
    let expected = || "a stage and how many of its jobs at once, such as detect=4".to_owned();
    let (stage, count) = text.split_once('=').ok_or_else(expected)?;
    let stage = <StageName as clap::ValueEnum>::from_str(stage, true).map_err(|_| expected())?;
    let count = count.parse().ok().filter(|count| (1..=64).contains(count));
    Ok((stage, count.ok_or_else(expected)?))
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let roles = if args.roles.is_empty() { StageName::ALL.to_vec() } else { args.roles.clone() };
    let mut stages: BTreeMap<_, usize> = roles.iter().map(|role| (role.stage(), 1)).collect();
    for (stage, count) in &args.slots {
        let Some(slots) = stages.get_mut(&stage.stage()) else {
            let stage = stage.stage();
            return Err(usage(format!("--slots names {stage}, which is not among the --roles")));
        };
        *slots = *count;
    }
    let started_at = SystemTime::now();
    // Before anything is opened: an address that is taken is said at once.
    let server = match &args.listen {
        Some(address) => Some(Server::bind(address).await?),
        None => None,
    };
    let queue = session.queue().await?;
    let ctx = Ctx::open(session.engine_settings(), Arc::new(Silent)).await?;
    let settings = WorkerSettings {
        name: args.name.clone().unwrap_or_else(own_name),
        slots: stages,
        policy: session.policy(),
        queue: session.queue_options(),
        stops_when_idle: args.until_idle,
    };
    let names: Vec<&str> = settings.slots.keys().map(|stage| stage.name()).collect();
    session.note(&format!(
        "worker {} does {} of {}; Ctrl-C stops it",
        settings.name,
        names.join(", "),
        session.queue_address()?,
    ));
    let counts = Arc::new(Counts::new(settings.slots.keys().copied()));
    let log = Each(vec![Arc::new(Lines), Arc::clone(&counts) as Arc<dyn WorkLog>]);
    let serving = server.map(|server| {
        let about = About {
            name: settings.name.clone(),
            roles: settings.slots.keys().copied().collect(),
            store: ctx.store.clone(),
            queue: Arc::clone(&queue),
            counts,
            started_at,
        };
        let routes = Node::new(about, server.closing()).routes();
        server.serve(routes)
    });
    let worker = Worker::new(ctx, queue, settings, Arc::new(log));
    let worked = work(session, &worker, Duration::from_secs(args.grace)).await;
    if let Some(serving) = serving {
        serving.close().await;
    }
    worked
}

/// Works until it is done, or told to stop by a signal; the second one is obeyed at
/// once.
pub(crate) async fn work(
    session: &Session,
    worker: &Arc<Worker>,
    grace: Duration,
) -> Result<Outcome> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let working = worker.run();
    tokio::pin!(working);
    tokio::select! {
        worked = &mut working => {
            worked?;
            return Ok(Outcome::Done);
        }
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    session.note("stopping: nothing new is begun; once more stops at once");
    let stopping = async {
        worker.stop(grace).await;
        std::future::pending::<()>().await;
    };
    tokio::pin!(stopping);
    tokio::select! {
        worked = &mut working => {
            worked?;
            return Ok(Outcome::Done);
        }
        () = &mut stopping => {}
        _ = terminate.recv() => worker.stop(Duration::ZERO).await,
        _ = interrupt.recv() => worker.stop(Duration::ZERO).await,
    }
    // What was handed back is on its way to the queue.
    let _ = tokio::time::timeout(Duration::from_secs(20), working).await;
    Ok(Outcome::Done)
}

/// `machine-1234`.
pub(crate) fn own_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "worker" } else { host.trim() };
    format!("{host}-{}", std::process::id())
}
