//! A claim is held while its work goes on.

use std::time::Duration;

use roadloop_queue::{Claim, Queue};
use tokio::time::{Instant, sleep};

use crate::EngineError;

/// Extends a claim for ever, each time a third of its time is over; ends when another
/// worker may have it. Trouble with the queue is waited out as long as the claim lasts.
pub(super) async fn hold(queue: &dyn Queue, claim: &Claim, lasts: Duration) -> EngineError {
    let mut held_at = Instant::now();
    let mut pause = lasts / 3;
    loop {
        sleep(pause).await;
        match queue.extend(claim).await {
            Ok(()) => {
                held_at = Instant::now();
                pause = lasts / 3;
            }
            Err(error) if error.is_lost() || held_at.elapsed() >= lasts => return error.into(),
            Err(_) => pause = lasts / 12,
        }
    }
}
