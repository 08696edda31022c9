//! A worker: claims jobs of its stages, does them, and says what became of them.
//!
//! Each stage has slots of its own, and claims a job only for a free one. While a job
//! goes on its claim is extended; a worker that dies stops doing so, and the job comes
//! to another one. Told to stop, it claims nothing more, and hands back what it has not
//! finished when its time of grace is over.
//!
//! A job that ends its worker takes those down that go on beside it. So a job whose
//! worker went without a word has its last attempt alone: then it harms no other, and
//! one that was only beside it comes through.

mod idle;
mod one_job;
mod stranger;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use roadloop_base::Stage;
use roadloop_queue::{Claim, Priority, Queue, QueueOptions};
use tokio::runtime::Handle;
use tokio::sync::{RwLock, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::children::is_full;
use super::{Board, Control, Home, JobRecord, Order, Policy, Task, lane};
use crate::{Ctx, EngineError};
pub use idle::Left;
use idle::Tally;
use stranger::Strangers;

/// How long a claim waits for a job before the worker looks around.
const WAIT: Duration = Duration::from_secs(1);

/// How often is read what people said to all workers.
const LISTEN_EVERY: Duration = Duration::from_secs(2);

/// Pause of a worker whose queue does not answer, doubled each time up to the second.
const TROUBLE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// By what people know it.
    pub name: String,
    /// Stages it does, and how many jobs of each at once.
    pub slots: BTreeMap<Stage, usize>,
    pub policy: Policy,
    /// As the queue was opened.
    pub queue: QueueOptions,
    /// By what people know the queue.
    pub address: String,
    /// Ends when nothing waits and nobody works in its stages.
    pub stops_when_idle: bool,
}

/// Who is told what a worker does.
pub trait WorkLog: Send + Sync + Debug {
    fn told(&self, event: WorkEvent<'_>);
}

/// What there is to tell.
#[derive(Clone, Copy, Debug)]
pub enum WorkEvent<'a> {
    Began(&'a Task, &'a JobRecord),
    /// Done, given up, or to be tried again: see its state.
    Ended(&'a Task, &'a JobRecord),
    /// Another worker may have the job.
    Lost(&'a Task),
    /// Something does not answer; it is tried again.
    Trouble {
        doing: &'static str,
        error: &'a EngineError,
        pause: Duration,
    },
    /// A recording that came by itself is to be worked on.
    Ordered(&'a Order),
    /// A job of another store is in the queue; said once for each order.
    Stranger {
        task: &'a Task,
        /// The store it is for, and the one that this worker has.
        wanted: &'a Home,
        own: &'a Home,
        queue: &'a str,
    },
    /// A stage waits since so much waits in the next one.
    Held {
        stage: Stage,
        by: Stage,
    },
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silence;

impl WorkLog for Silence {
    fn told(&self, _: WorkEvent<'_>) {}
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    No,
    /// Nothing more is begun.
    Finish,
    /// What is not finished is handed back.
    Now,
}

/// One node's work. See the module.
#[derive(Debug)]
pub struct Worker {
    ctx: Ctx,
    queue: Arc<dyn Queue>,
    board: Board,
    home: OnceLock<Home>,
    strangers: Strangers,
    tally: Tally,
    settings: WorkerSettings,
    log: Arc<dyn WorkLog>,
    stop: watch::Sender<Stop>,
    control: watch::Sender<Control>,
    /// Read by jobs that go on beside others, written by one that is alone.
    company: RwLock<()>,
}

impl Worker {
    pub fn new(
        ctx: Ctx,
        queue: Arc<dyn Queue>,
        settings: WorkerSettings,
        log: Arc<dyn WorkLog>,
    ) -> Arc<Worker> {
        ctx.models.keep_all();
        let board = Board::new(ctx.store.clone());
        let (stop, control) = (watch::Sender::new(Stop::No), watch::Sender::default());
        let company = RwLock::default();
        let (home, strangers, tally) = (OnceLock::new(), Strangers::default(), Tally::default());
        Arc::new(Worker {
            ctx,
            queue,
            board,
            home,
            strangers,
            tally,
            settings,
            log,
            stop,
            control,
            company,
        })
    }

    /// Works until it is [told to stop](Worker::stop), or nothing is left to do where
    /// it stops then.
    pub async fn run(self: &Arc<Worker>) -> Result<(), EngineError> {
        // Also to find out now that the store does not answer.
        self.control.send_replace(self.board.control().await?);
        let _ = self.home.set(self.board.home().await?);
        let mut loops = JoinSet::new();
        for (stage, slots) in self.settings.slots.clone() {
            let worker = Arc::clone(self);
            loops.spawn(async move { worker.serve(stage, slots.max(1)).await });
        }
        let worker = Arc::clone(self);
        let listening = tokio::spawn(async move { worker.listen().await });
        let worker = Arc::clone(self);
        let idling = tokio::spawn(async move { worker.stop_when_idle().await });
        while let Some(ended) = loops.join_next().await {
            ended.map_err(EngineError::stopped)?;
        }
        listening.abort();
        idling.abort();
        Ok(())
    }

    /// Begins nothing more; what goes on has so long to come to its end.
    pub async fn stop(&self, grace: Duration) {
        self.tell(Stop::Finish);
        sleep(grace).await;
        self.tell(Stop::Now);
    }

    /// Ends with the first word to stop.
    pub async fn stopping(&self) {
        self.told_to(Stop::Finish).await;
    }

    fn tell(&self, stop: Stop) {
        self.stop.send_if_modified(|told| {
            let is_more = *told < stop;
            *told = stop.max(*told);
            is_more
        });
    }

    async fn told_to(&self, stop: Stop) {
        // The sender is our own: it does not go away before us.
        let _ = self.stop.subscribe().wait_for(|told| *told >= stop).await;
    }

    /// What people say to all workers reaches this one.
    async fn listen(&self) {
        loop {
            sleep(LISTEN_EVERY).await;
            match self.board.control().await {
                Ok(control) => {
                    self.control.send_if_modified(|known| {
                        let is_new = *known != control;
                        *known = control;
                        is_new
                    });
                }
                Err(error) => self.trouble("reading what is to be paused", &error, LISTEN_EVERY),
            }
        }
    }

    fn trouble(&self, doing: &'static str, error: &EngineError, pause: Duration) {
        self.log.told(WorkEvent::Trouble { doing, error, pause });
    }

    /// Claims jobs of a stage for its slots until the worker is to stop, and waits for
    /// those that go on.
    async fn serve(self: &Arc<Worker>, stage: Stage, slots: usize) {
        let free = Arc::new(Semaphore::new(slots));
        let mut jobs = JoinSet::new();
        let (mut pause, mut was_held) = (TROUBLE.0, false);
        loop {
            let slot = tokio::select! {
                slot = Arc::clone(&free).acquire_owned() => slot,
                () = self.told_to(Stop::Finish) => break,
            };
            let Ok(slot) = slot else { break };
            while jobs.try_join_next().is_some() {}
            // Not selected against the stop: a claim that is dropped half way is
            // somebody's job that waits for its time to be over.
            match self.next(stage, &mut was_held).await {
                Ok(Some(claim)) => {
                    pause = TROUBLE.0;
                    let worker = Arc::clone(self);
                    if let Some(wanted) = self.stranger(&claim) {
                        jobs.spawn(async move { worker.pass_on(claim, &wanted).await });
                        continue;
                    }
                    let runtime = Handle::current();
                    // A thread for each job, which the futures of stages need not
                    // be able to change.
                    jobs.spawn_blocking(move || {
                        runtime.block_on(worker.work(claim));
                        drop(slot);
                    });
                }
                Ok(None) => pause = TROUBLE.0,
                Err(error) => {
                    self.trouble("claiming a job", &error, pause);
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = self.told_to(Stop::Finish) => break,
                    }
                    pause = (pause * 2).min(TROUBLE.1);
                }
            }
        }
        while jobs.join_next().await.is_some() {}
    }

    /// The next job of a stage, the urgent ones first; `None` after a while without.
    async fn next(&self, stage: Stage, was_held: &mut bool) -> Result<Option<Claim>, EngineError> {
        if self.strangers.are_many() || self.is_paused(stage) {
            sleep(WAIT).await;
            return Ok(None);
        }
        // Not every order goes on to it, but then nothing waits there for long.
        if stage == Stage::Detect
            && is_full(&*self.queue, &self.settings.policy, Stage::Anonymize).await?
        {
            if !std::mem::replace(was_held, true) {
                self.log.told(WorkEvent::Held { stage, by: Stage::Anonymize });
            }
            sleep(WAIT).await;
            return Ok(None);
        }
        *was_held = false;
        let urgent = lane(stage, Priority::High);
        if let Some(claim) = self.queue.claim(&urgent, 1, Duration::ZERO).await?.pop() {
            return Ok(Some(claim));
        }
        Ok(self.queue.claim(&lane(stage, Priority::Normal), 1, WAIT).await?.pop())
    }

    fn is_paused(&self, stage: Stage) -> bool {
        self.control.borrow().paused.contains(&stage)
    }

    /// What it does.
    pub fn stages(&self) -> impl Iterator<Item = Stage> {
        self.settings.slots.keys().copied()
    }

    pub fn name(&self) -> &str {
        &self.settings.name
    }
}
