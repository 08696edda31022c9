//! Jobs of other stores: not done, and handed back as they were.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use roadloop_queue::Claim;
use tokio::time::sleep;

use super::{Stop, WorkEvent, Worker};
use crate::work::hold::hold;
use crate::work::{Home, OrderId, Task};

/// How long such a job is kept back: who may do it has a chance, and nobody turns it
/// over all the time.
const PAUSE: Duration = Duration::from_secs(30);

/// A worker that has so many of them takes no jobs: those that may do them are to find
/// some.
const MANY: usize = 64;

/// What a worker met of others' jobs.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// Orders that were spoken of.
    told: Mutex<HashSet<OrderId>>,
    held: AtomicUsize,
}

impl Strangers {
    pub(super) fn are_many(&self) -> bool {
        self.held() >= MANY
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether it is the first of its order.
    fn is_new(&self, order: &OrderId) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(order.clone())
    }

    pub(super) fn were_met(&self) -> bool {
        !self.told.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Worker {
    /// The store a job is for, where that is another one, and its task.
    pub(super) fn stranger(&self, claim: &Claim) -> Option<(Task, Home)> {
        let task = Task::of(&claim.job).ok()?;
        let wanted = task.order.home.clone()?;
        (!self.home.get()?.is(&wanted)).then_some((task, wanted))
    }

    /// Holds it for a while, and hands it back as a new job: that costs it no attempt.
    pub(super) async fn pass_on(&self, claim: Claim, (task, wanted): &(Task, Home)) {
        self.strangers.held.fetch_add(1, Ordering::Relaxed);
        let is_new = self.strangers.is_new(&task.order.id);
        if let Some(own) = self.home.get().filter(|_| is_new) {
            let queue = &self.settings.address;
            self.log.told(WorkEvent::Stranger { task, wanted, own, queue });
        }
        let lost = tokio::select! {
            lost = hold(&*self.queue, &claim, self.settings.queue.hold) => Some(lost),
            () = sleep(PAUSE) => None,
            () = self.told_to(Stop::Finish) => None,
        };
        if lost.is_none() {
            let again = claim.job.again(claim.attempts().saturating_sub(1));
            self.said("handing a job back", self.queue.finish(claim, &[again]).await);
        }
        self.strangers.held.fetch_sub(1, Ordering::Relaxed);
    }
}
