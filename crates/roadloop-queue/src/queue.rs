//! The seam: what every queue does, and what it promises.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Claim, Depth, Job, Lane, QueueError};

/// Hands each job to one worker at a time, and again if that worker dies.
///
/// Promises, each a case in `suite.rs`:
/// - what was pushed is there after a crash of everybody;
/// - a claimed job is hidden from others while it is held;
/// - held without an extension, it comes back after [`QueueOptions::hold`], its
///   deliveries counted;
/// - what is finished does not come back, and the jobs that follow from it are
///   there before it is gone;
/// - finishing late, or twice, is harmless: the job may be done by another one,
///   and is never lost;
/// - what is given back comes again, not before its delay is over;
/// - lanes do not see each other's jobs.
///
/// Not promised: order, that a job is given out once only, that a job which is
/// pushed twice is given out twice. Work must have one effect however often it is
/// done.
#[async_trait]
pub trait Queue: Send + Sync + Debug {
    /// Adds jobs; they are safe when this returns. After an error some may be in.
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError>;

    /// Takes up to so many jobs of a lane; waits for the first, but no longer than
    /// so long.
    async fn claim(
        &self,
        lane: &Lane,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Claim>, QueueError>;

    /// Holds a job for the whole [`QueueOptions::hold`] again, from now on. An error
    /// that [`is_lost`](QueueError::is_lost) says that another may have it.
    async fn extend(&self, claim: &Claim) -> Result<(), QueueError>;

    /// The job is done, and these follow from it.
    async fn finish(&self, claim: Claim, children: &[Job]) -> Result<(), QueueError>;

    /// The job is to be done later, by anybody.
    async fn give_back(&self, claim: Claim, after: Duration) -> Result<(), QueueError>;

    /// How much waits; where nothing ever did, this makes nothing.
    async fn depth(&self, lane: &Lane) -> Result<Depth, QueueError>;
}

/// What is agreed between all who use a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// How long a job is held that nobody speaks of: longer than a worker may
    /// be silent, shorter than a dead one's work may wait. At least a second.
    pub hold: Duration,
}

impl Default for QueueOptions {
    fn default() -> QueueOptions {
        QueueOptions { hold: Duration::from_secs(60) }
    }
}
