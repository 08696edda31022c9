//! Traces that follow one recording through all stages and workers, as OpenTelemetry
//! has them; off unless the environment names a collector.
//!
//! Workers agree on a trace without speaking to each other: its id, and that of its root
//! span, follow from the id of the order. Each attempt at a job is a span below the root;
//! the root itself is told by who ends the extraction, and lasts from the order to that.
//! Why no library is used: `docs/decisions/0012-traces-as-otlp-json.md`.

mod collector;
mod sender;
mod span;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use roadloop_base::Stage;
use roadloop_engine::work::{JobRecord, Task, WorkEvent, WorkLog};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::work_log::JobEnd;
use collector::Collector;
use span::Span;

/// Spans that may wait to be sent: some minutes of a busy worker.
const WAITING: usize = 4096;

/// How long is waited for the last spans to be sent when the work is over.
const FLUSH: Duration = Duration::from_secs(5);

/// What became of spans.
#[derive(Debug, Default)]
pub(crate) struct SpanCounts {
    sent: AtomicU64,
    dropped: AtomicU64,
}

/// Makes spans of what a worker is told, and hands them to who sends them.
#[derive(Debug)]
pub(crate) struct Traces {
    spans: mpsc::Sender<Span>,
    /// When jobs were begun that have not come to an end, in milliseconds since 1970.
    began: Mutex<HashMap<String, u64>>,
    worker: String,
    counts: Arc<SpanCounts>,
}

/// Who sends them, until [`finish`](Sending::finish).
#[derive(Debug)]
pub(crate) struct Sending {
    stop: oneshot::Sender<()>,
    sending: JoinHandle<()>,
}

/// Begins to send spans to the collector that the environment names; `None` where it
/// names none.
pub(crate) fn start(
    worker: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<(Arc<Traces>, Sending)>> {
    let Some(collector) = Collector::named(worker, variable)? else { return Ok(None) };
    let (spans, waiting) = mpsc::channel(WAITING);
    let counts = Arc::<SpanCounts>::default();
    let (stop, told) = oneshot::channel();
    let sending = tokio::spawn(sender::send(collector, waiting, told, Arc::clone(&counts)));
    let (began, worker) = (Mutex::default(), worker.to_owned());
    let traces = Traces { spans, began, worker, counts };
    Ok(Some((Arc::new(traces), Sending { stop, sending })))
}

impl SpanCounts {
    /// Sent and dropped.
    pub(crate) fn get(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }

    fn add_sent(&self, count: u64) {
        self.sent.fetch_add(count, Ordering::Relaxed);
    }

    fn add_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }
}

impl Sending {
    /// Sends what was told so far, and nothing more. A collector that does not answer
    /// keeps nobody for long.
    pub(crate) async fn finish(self) {
        let Sending { stop, mut sending } = self;
        // Who sends may have come to its end by itself.
        let _ = stop.send(());
        if tokio::time::timeout(FLUSH, &mut sending).await.is_err() {
            sending.abort();
        }
    }
}

impl Traces {
    pub(crate) fn counts(&self) -> Arc<SpanCounts> {
        Arc::clone(&self.counts)
    }

    fn send(&self, span: Span) {
        // Work does not wait for those who watch it.
        if self.spans.try_send(span).is_err() {
            self.counts.add_dropped(1);
        }
    }

    fn take_begin(&self, job: &str) -> Option<u64> {
        self.began.lock().unwrap_or_else(PoisonError::into_inner).remove(job)
    }

    fn ended(&self, task: &Task, record: &JobRecord) {
        let end = JobEnd::of(record);
        // One that was given up before it began has no time.
        let began = self.take_begin(&record.job).unwrap_or(record.at_ms);
        self.send(Span::of_job(task, record, end, began));
        let is_last = matches!(end, JobEnd::Done | JobEnd::Dead | JobEnd::Cancelled);
        if task.stage == Stage::Extract && is_last {
            self.send(Span::of_order(&task.order, record));
        }
    }
}

impl WorkLog for Traces {
    fn told(&self, event: WorkEvent<'_>) {
        match event {
            WorkEvent::Began(_, record) => {
                let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
                began.insert(record.job.clone(), record.at_ms);
            }
            WorkEvent::Ended(task, record) => self.ended(task, record),
            WorkEvent::Lost(task) => {
                let began = self.take_begin(&task.id());
                self.send(Span::of_lost_job(task, &self.worker, began));
            }
            WorkEvent::Trouble { .. }
            | WorkEvent::Ordered(_)
            | WorkEvent::Held { .. }
            | WorkEvent::Stranger { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work_log::tests::{record, task};
    use roadloop_engine::work::JobState;

    #[tokio::test]
    async fn jobs_become_spans_of_their_orders_trace() {
        let (spans, mut told) = mpsc::channel(4);
        let (worker, counts) = ("one".to_owned(), Arc::<SpanCounts>::default());
        let traces = Traces { spans, began: Mutex::default(), worker, counts };
        let extract = task(Stage::Extract);
        let mut running = record(&extract, JobState::Running);
        running.at_ms = 3_000;
        traces.told(WorkEvent::Began(&extract, &running));
        traces.told(WorkEvent::Ended(&extract, &record(&extract, JobState::Done)));
        let tables = task(Stage::Tables);
        traces.told(WorkEvent::Began(&tables, &record(&tables, JobState::Running)));
        traces.told(WorkEvent::Lost(&tables));
        assert!(traces.began.lock().unwrap().is_empty());
        let [job, order, lost] =
            [told.try_recv().unwrap(), told.try_recv().unwrap(), told.try_recv().unwrap()];
        assert_eq!((job.trace, job.parent), (order.trace, Some(order.id)));
        assert_eq!((lost.trace, lost.parent), (order.trace, Some(order.id)));
        assert_eq!(order.parent, None);
        assert_eq!((job.from_ms, job.to_ms), (3_000, 5_000));
        assert_eq!((order.from_ms, order.to_ms), (1_000, 5_000));

        // What finds no place is counted, and nobody waits.
        for _ in 0..6 {
            traces.told(WorkEvent::Lost(&tables));
        }
        assert_eq!(traces.counts.get(), (0, 2));
    }

    #[test]
    fn without_a_collector_there_is_nothing() {
        assert!(start("one", |_| None).unwrap().is_none());
        assert!(start("one", |_| Some(String::new())).unwrap().is_none());
    }
}
