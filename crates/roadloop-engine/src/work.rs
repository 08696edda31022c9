//! The main job by way of a queue: orders in, jobs for any number of workers.
//!
//! An [`Order`] asks for one recording to be taken through stages. [`submit`] makes
//! its first jobs; a [`Worker`] claims jobs, does each with the stage that `run`
//! calls too, and pushes those that follow from it: a recording's shards are detected
//! and anonymised part by part, while it is still being read. The [`Board`], a few
//! small objects in the store, says what became of each job, and keeps the dead ones.
//!
//! A job may be done twice and has one effect: stages are idempotent, the ids of jobs
//! follow from what they are about, and those that follow from a job are in the queue
//! before it is finished.

mod board;
mod children;
mod hold;
mod orders;
mod perform;
mod policy;
mod records;
mod state;
mod task;
mod worker;

pub use board::{Board, Control};
pub use orders::submit;
pub use policy::Policy;
pub(crate) use records::now_ms;
pub use records::{DeadLetter, JobRecord, JobState};
pub use state::{OrderState, StageState};
pub use task::{Order, OrderId, Task};
pub use worker::{Silence, WorkEvent, WorkLog, Worker, WorkerSettings};

use roadloop_base::Stage;
use roadloop_queue::{Lane, Priority};

/// Where the jobs of a stage wait.
pub fn lane(stage: Stage, priority: Priority) -> Lane {
    Lane::new(stage.name(), priority)
}
