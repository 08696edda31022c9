//! Orders given, taken back, and given again.

use std::collections::HashSet;

use roadloop_base::Stage;
use roadloop_queue::{Job, Queue};

use super::records::now_ms;
use super::{Board, DeadLetter, JobRecord, JobState, Order, OrderId, Task, lane};
use crate::EngineError;

/// Puts the first job of an order into the queue, unless that was done before;
/// says whether it was not, and to one only of those who do it at once. An order that was cancelled is one again.
pub async fn submit(board: &Board, queue: &dyn Queue, order: &Order) -> Result<bool, EngineError> {
    let is_cancelled = board.control().await?.cancelled.contains(&order.id);
    if board.order(&order.id).await?.is_some() && !is_cancelled {
        return Ok(false);
    }
    if is_cancelled {
        board.say(|control| control.cancelled.retain(|id| *id != order.id)).await?;
    }
    let order = &Order { home: Some(board.home().await?), ..order.clone() };
    // Whoever opens the recording knows what follows, also where nothing is extracted.
    let first = Task { order: order.clone(), stage: Stage::Extract, part: None };
    queue.push(&[first.job()?]).await?;
    // Only now: an order that is known is one whose job is safe.
    if is_cancelled {
        board.put_order(order).await?;
        return Ok(true);
    }
    board.put_new_order(order).await
}

impl Board {
    /// No job of these orders is begun or gone on with from now on.
    pub async fn cancel(&self, orders: &[OrderId]) -> Result<(), EngineError> {
        self.say(|control| {
            let known: HashSet<OrderId> = control.cancelled.iter().cloned().collect();
            control.cancelled.extend(orders.iter().filter(|id| !known.contains(id)).cloned());
        })
        .await
    }

    /// Puts dead letters back into the queue, with all their attempts before them.
    pub async fn redrive(&self, queue: &dyn Queue, dead: &DeadLetter) -> Result<(), EngineError> {
        let task = dead.task().ok_or_else(|| EngineError::BadLetter { job: dead.job.clone() })?;
        let lane = lane(task.stage, task.order.priority());
        let mut job = Job::new(lane, dead.job.clone(), dead.body.clone());
        // Another generation, or it would be taken for a copy.
        job.generation = dead.generation.wrapping_add(1);
        queue.push(&[job]).await?;
        // Its end may be written before this: then that stands.
        if let Some(record) = self.record(&dead.job).await?
            && record.state == JobState::Dead
        {
            let record = JobRecord { state: JobState::Waiting, at_ms: now_ms(), ..record };
            self.put_record(&record).await?;
        }
        self.exhume(dead).await
    }
}
