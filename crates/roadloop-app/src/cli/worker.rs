//! `worker`: does the jobs of a queue until it is told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use roadloop_base::Stage;
use roadloop_engine::work::{Left, WorkLog, Worker, WorkerSettings};
use roadloop_engine::{Ctx, EngineError, Silent};
use tokio::signal::unix::{SignalKind, signal};

use super::queue::QueueArgs;
use super::run::StageName;
use crate::cli::Outcome;
use crate::command::command;
use crate::config::Overrides;
use crate::render::counted;
use crate::session::Session;
use crate::shown::Shown;
use crate::usage::usage;

/// Longest wait for a queue to take back what is not finished.
const HANDING_BACK: Duration = Duration::from_secs(40);

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
    #[command(flatten)]
    does: Does,
    /// End when nothing waits and nobody works in its stages
    #[arg(long)]
    until_idle: bool,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    detector: super::detect::DetectorArgs,
    #[command(flatten)]
    finder: super::anonymize::FinderArgs,
}

/// What a node works on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Does {
    /// Stages it does [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STAGE")]
    pub(crate) roles: Vec<StageName>,
    /// Jobs of a stage at once [default: 1 of each]
    #[arg(long, value_delimiter = ',', value_name = "STAGE=N", value_parser = slots)]
    slots: Vec<(StageName, usize)>,
    /// How long what it is doing may go on when it is told to stop, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) grace: u64,
    /// By what name it is known [default: the machine and the process]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Answer HTTP here: health, metrics, progress; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = self.queue.overrides();
        overrides.extend(self.detector.overrides());
        overrides.extend(self.finder.overrides());
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

impl Does {
    /// By what it is known.
    pub(crate) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(own_name)
    }

    /// Its stages, and how many jobs of each at once.
    pub(crate) fn stages(&self) -> Result<BTreeMap<Stage, usize>> {
        let roles =
            if self.roles.is_empty() { StageName::ALL.to_vec() } else { self.roles.clone() };
        let mut stages: BTreeMap<_, usize> = roles.iter().map(|role| (role.stage(), 1)).collect();
        for (stage, count) in &self.slots {
            let Some(slots) = stages.get_mut(&stage.stage()) else {
                let stage = stage.stage();
                return Err(usage(format!(
                    "--slots names {stage}, which is not among the --roles"
                )));
            };
            *slots = *count;
        }
        Ok(stages)
    }

    /// The worker that is meant.
    pub(crate) async fn worker(
        &self,
        session: &Session,
        stops_when_idle: bool,
        log: Arc<dyn WorkLog>,
    ) -> Result<Arc<Worker>> {
        let slots = self.stages()?;
        let queue = session.queue().await?;
        let ctx = Ctx::open(session.engine_settings(), Arc::new(Silent)).await?;
        let settings = WorkerSettings {
            name: self.name(),
            slots,
            policy: session.policy(),
            queue: session.queue_options(),
            address: session.queue_address()?.to_string(),
            stops_when_idle,
        };
        Ok(Worker::new(ctx, queue, settings, log))
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let stages = args.does.stages()?.into_keys().collect();
    let mut shown = Shown::start(&args.does, stages).await?;
    let worker = args.does.worker(session, args.until_idle, shown.log()).await?;
    shown.serve(session, axum::Router::new()).await?;
    let names: Vec<&str> = worker.stages().map(Stage::name).collect();
    session.note(&format!(
        "worker {} does {} of {}; Ctrl-C stops it",
        worker.name(),
        names.join(", "),
        session.queue_address()?,
    ));
    let grace = Duration::from_secs(args.does.grace);
    let ended = signals(session, &worker, worker.run(), grace).await;
    shown.end().await;
    ended
}

/// Works until it is done, or told to stop by a signal; the second one is obeyed at
/// once.
pub(crate) async fn signals(
    session: &Session,
    worker: &Worker,
    working: impl Future<Output = Result<(), EngineError>>,
    grace: Duration,
) -> Result<Outcome> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::pin!(working);
    tokio::select! {
        worked = &mut working => {
            worked?;
            return Ok(outcome(session, &worker.left()));
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
    let _ = tokio::time::timeout(HANDING_BACK, working).await;
    Ok(Outcome::Done)
}

/// How work ended after which nothing is left to do here.
fn outcome(session: &Session, left: &Left) -> Outcome {
    for (stage, jobs) in &left.paused {
        let waits = counted(*jobs, "job");
        let command = command();
        session.note(&format!(
            "note: {stage} is paused, with {waits} to do; {command} queue resume {stage} goes on"
        ));
    }
    if left.has_dead {
        return Outcome::Failed;
    }
    let is_all = !left.has_skips && !left.has_strangers && left.paused.is_empty();
    if is_all { Outcome::Done } else { Outcome::DoneWithSkips }
}

/// `machine-1234`.
fn own_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "worker" } else { host.trim() };
    format!("{host}-{}", std::process::id())
}
