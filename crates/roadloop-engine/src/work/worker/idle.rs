//! A worker that ends when nothing is left to do, and what it leaves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use roadloop_base::Stage;
use tokio::time::sleep;

use super::{Stop, WAIT, Worker};
use crate::EngineError;
use crate::work::{JobRecord, JobState, depth};

/// What came of the jobs a worker had, as far as its end is told by it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    has_dead: AtomicBool,
    has_skips: AtomicBool,
    /// Stages that are paused, and how many jobs wait there.
    paused: Mutex<Vec<(Stage, u64)>>,
}

impl Tally {
    pub(super) fn count(&self, record: &JobRecord) {
        self.has_dead.fetch_or(record.state == JobState::Dead, Ordering::Relaxed);
        let has_skips = record.state == JobState::Done && record.skips > 0;
        self.has_skips.fetch_or(has_skips, Ordering::Relaxed);
    }
}

/// What a worker leaves that has nothing more to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// A job failed for the last time.
    pub has_dead: bool,
    /// Something was skipped in a job that is done.
    pub has_skips: bool,
    /// Jobs wait for another store.
    pub has_strangers: bool,
    /// Stages that are paused, and how many jobs wait there.
    pub paused: Vec<(Stage, u64)>,
}

impl Worker {
    /// What it leaves, once it has ended.
    pub fn left(&self) -> Left {
        let Tally { has_dead, has_skips, paused } = &self.tally;
        Left {
            has_dead: has_dead.load(Ordering::Relaxed),
            has_skips: has_skips.load(Ordering::Relaxed),
            has_strangers: self.strangers.were_met(),
            paused: paused.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    pub(super) async fn stop_when_idle(&self) {
        if !self.settings.stops_when_idle {
            return;
        }
        let mut idle = 0;
        // Twice: engines count roughly, and a job may be on its way to its children.
        while idle < 2 {
            sleep(WAIT / 3).await;
            idle = match self.left_in_queue().await {
                Ok(Some(paused)) => {
                    *self.tally.paused.lock().unwrap_or_else(PoisonError::into_inner) = paused;
                    idle + 1
                }
                Ok(None) | Err(_) => 0,
            };
        }
        self.tell(Stop::Finish);
    }

    /// What waits in paused stages, if there is nothing to do in the others and nobody
    /// works. Jobs of another store that are held here are no work.
    async fn left_in_queue(&self) -> Result<Option<Vec<(Stage, u64)>>, EngineError> {
        let (mut jobs, mut paused) = (0, Vec::new());
        for stage in self.stages() {
            let depth = depth(&*self.queue, stage).await?;
            jobs += depth.in_flight;
            match self.is_paused(stage) {
                true if depth.waiting > 0 => paused.push((stage, depth.waiting)),
                true => {}
                false => jobs += depth.waiting,
            }
        }
        Ok((jobs <= self.strangers.held() as u64).then_some(paused))
    }
}
