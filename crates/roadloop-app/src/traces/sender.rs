//! Sends spans by the batch; what a collector does not take is dropped and counted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use super::SpanCounts;
use super::collector::Collector;
use super::span::Span;

/// Spans of one request.
const BATCH: usize = 512;

/// How long a batch that is not full waits for more.
const GATHER: Duration = Duration::from_secs(5);

/// Before a batch is sent once more.
const AGAIN: Duration = Duration::from_secs(1);

/// Sends until it is told to stop, and then what waits still.
pub(super) async fn send(
    collector: Collector,
    mut waiting: mpsc::Receiver<Span>,
    mut stop: oneshot::Receiver<()>,
    counts: Arc<SpanCounts>,
) {
    let mut was_refused = false;
    loop {
        let batch = gather(&mut waiting, &mut stop).await;
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        match take(&collector, &batch, waiting.is_closed()).await {
            Ok(rejected) => {
                let rejected = rejected.min(count);
                counts.add_sent(count - rejected);
                counts.add_dropped(rejected);
                was_refused = false;
            }
            Err(reason) => {
                counts.add_dropped(count);
                // Once, not every five seconds for as long as it is away.
                if !std::mem::replace(&mut was_refused, true) {
                    tracing::warn!(
                        "traces are dropped: the collector does not take them: {reason}"
                    );
                }
            }
        }
    }
}

/// A full batch, or what came within some seconds of the first; empty at the end.
async fn gather(waiting: &mut mpsc::Receiver<Span>, stop: &mut oneshot::Receiver<()>) -> Vec<Span> {
    let mut batch = Vec::new();
    let mut until = None;
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        let far = || Instant::now() + Duration::from_secs(3600);
        tokio::select! {
            biased;
            received = timeout_at(until.unwrap_or_else(far), waiting.recv_many(&mut batch, room)) => {
                match received {
                    Ok(0) => break,
                    Ok(_) => until = until.or_else(|| Some(Instant::now() + GATHER)),
                    Err(_) if batch.is_empty() => {}
                    Err(_) => break,
                }
            }
            // Who told us is gone, or told us: what waits is received first.
            _ = &mut *stop, if !waiting.is_closed() => waiting.close(),
        }
    }
    batch
}

/// Tries twice where it may help, and there is time.
async fn take(collector: &Collector, batch: &[Span], is_last: bool) -> Result<u64, String> {
    let refused = match collector.take(batch).await {
        Ok(rejected) => return Ok(rejected),
        Err(refused) => refused,
    };
    if !refused.is_passing || is_last {
        return Err(refused.reason);
    }
    sleep(AGAIN).await;
    collector.take(batch).await.map_err(|refused| refused.reason)
}
