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
mod home;
mod orders;
mod perform;
mod policy;
mod records;
mod state;
mod task;
mod worker;

pub use board::{Board, Control};
pub use home::Home;
pub use orders::submit;
pub use policy::Policy;
pub(crate) use records::now_ms;
pub use records::{DeadLetter, JobRecord, JobState};
pub use state::{OrderState, StageState};
pub use task::{Order, OrderId, Task};
pub use worker::{Left, Silence, WorkEvent, WorkLog, Worker, WorkerSettings};

use roadloop_base::Stage;
use roadloop_queue::{Depth, Lane, Priority, Queue, QueueError};

/// Where the jobs of a stage wait.
pub fn lane(stage: Stage, priority: Priority) -> Lane {
    Lane::new(stage.name(), priority)
}

/// How much waits in a stage, of all priorities together.
pub async fn depth(queue: &dyn Queue, stage: Stage) -> Result<Depth, QueueError> {
    let mut sum = Depth::default();
    for priority in Priority::ALL {
        let Depth { waiting, in_flight, oldest } = queue.depth(&lane(stage, priority)).await?;
        sum.waiting += waiting;
        sum.in_flight += in_flight;
        sum.oldest = sum.oldest.max(oldest);
    }
    Ok(sum)
}

/// Whether nothing waits in these stages and nobody works there.
pub async fn is_idle(
    queue: &dyn Queue,
    stages: impl IntoIterator<Item = Stage>,
) -> Result<bool, QueueError> {
    for stage in stages {
        let Depth { waiting, in_flight, .. } = depth(queue, stage).await?;
        if waiting + in_flight > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
