//! A span, and the JSON that OTLP has for it:
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

use std::time::{SystemTime, UNIX_EPOCH};

use roadloop_engine::work::{JobRecord, Order, OrderId, Task};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::work_log::JobEnd;

/// `SPAN_KIND_CONSUMER`: who does what another one left in a queue.
const CONSUMER: u8 = 5;

/// `SPAN_KIND_PRODUCER`: who left it there.
const PRODUCER: u8 = 4;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

pub(super) type TraceId = [u8; 16];
pub(super) type SpanId = [u8; 8];

/// One attempt at a job, or an order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) trace: TraceId,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    name: String,
    kind: u8,
    /// In milliseconds since 1970.
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    attributes: Vec<(&'static str, Value)>,
    /// What went wrong, where something did.
    error: Option<String>,
}

/// The trace of an order and its root span, the same for everybody: 16 and 8 bytes of a
/// hash of its id.
pub(super) fn ids_of(order: &OrderId) -> (TraceId, SpanId) {
    let digest = Sha256::digest(order.as_str());
    let (mut trace, mut root) = (TraceId::default(), SpanId::default());
    trace.copy_from_slice(&digest[..16]);
    root.copy_from_slice(&digest[16..24]);
    (trace, root)
}

/// Of one attempt by one worker.
fn id_of(job: &str, attempt: &str, worker: &str, from_ms: u64) -> SpanId {
    let mut hash = Sha256::new();
    for part in [job, attempt, worker, &from_ms.to_string()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut id = SpanId::default();
    id.copy_from_slice(&hash.finalize()[..8]);
    id
}

impl Span {
    pub(super) fn of_job(task: &Task, record: &JobRecord, end: JobEnd, from_ms: u64) -> Span {
        let attempts = record.attempts;
        let mut span = Span::of_attempt(task, &record.worker, end, (from_ms, record.at_ms));
        span.id = id_of(&record.job, &attempts.to_string(), &record.worker, from_ms);
        span.attributes.extend([
            ("roadloop.attempts", json!(attempts)),
            ("roadloop.frames", json!(record.done)),
            ("roadloop.frames_before", json!(record.already_done)),
            ("roadloop.skips", json!(record.skips)),
        ]);
        if let Some(recording) = &record.recording {
            span.attributes.push(("roadloop.recording", json!(recording)));
        }
        if matches!(end, JobEnd::Failed | JobEnd::Dead) {
            span.error = Some(record.error.join(", caused by: "));
        }
        span
    }

    pub(super) fn of_lost_job(task: &Task, worker: &str, from_ms: Option<u64>) -> Span {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let to_ms = since.as_millis() as u64;
        let from_ms = from_ms.unwrap_or(to_ms);
        let mut span = Span::of_attempt(task, worker, JobEnd::Lost, (from_ms, to_ms));
        span.attributes
            .extend(task.part.iter().map(|part| ("roadloop.recording", json!(part.recording))));
        span.error = Some("the claim was over: another worker may have it".to_owned());
        span
    }

    fn of_attempt(task: &Task, worker: &str, end: JobEnd, (from_ms, to_ms): (u64, u64)) -> Span {
        let (trace, root) = ids_of(&task.order.id);
        let mut attributes = vec![
            ("roadloop.order", json!(task.order.id)),
            ("roadloop.job", json!(task.id())),
            ("roadloop.stage", json!(task.stage)),
            ("roadloop.outcome", json!(end.name())),
            ("roadloop.worker", json!(worker)),
        ];
        if let Some(part) = task.part.as_ref().filter(|part| part.shards.is_some()) {
            attributes.push(("roadloop.part", json!(part.to_string())));
        }
        Span {
            trace,
            id: id_of(&task.id(), "", worker, from_ms),
            parent: Some(root),
            name: task.stage.name().to_owned(),
            kind: CONSUMER,
            from_ms,
            to_ms: to_ms.max(from_ms),
            attributes,
            error: None,
        }
    }

    /// The root of the trace. It ends with the extraction: what follows goes on, and
    /// nobody waits for the last of it.
    pub(super) fn of_order(order: &Order, extraction: &JobRecord) -> Span {
        let (trace, root) = ids_of(&order.id);
        let stages: Vec<&str> = order.stages.iter().map(|stage| stage.name()).collect();
        let mut attributes =
            vec![("roadloop.order", json!(order.id)), ("roadloop.stages", json!(stages.join(",")))];
        if let Some(recording) = &extraction.recording {
            attributes.push(("roadloop.recording", json!(recording)));
        }
        Span {
            trace,
            id: root,
            parent: None,
            name: "order".to_owned(),
            kind: PRODUCER,
            from_ms: order.ordered_at_ms,
            to_ms: extraction.at_ms.max(order.ordered_at_ms),
            attributes,
            error: None,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut span = json!({
            "traceId": hex(&self.trace),
            "spanId": hex(&self.id),
            "name": self.name,
            "kind": self.kind,
            "startTimeUnixNano": nanos(self.from_ms),
            "endTimeUnixNano": nanos(self.to_ms),
            "attributes": attributes(&self.attributes),
        });
        if let Some(parent) = &self.parent {
            span["parentSpanId"] = json!(hex(parent));
        }
        if let Some(error) = &self.error {
            span["status"] = json!({"code": ERROR, "message": error});
        }
        span
    }
}

/// A 64-bit number is a text in the JSON of protocol buffers.
fn nanos(ms: u64) -> String {
    (u128::from(ms) * 1_000_000).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Texts and whole numbers.
pub(super) fn attributes(attributes: &[(impl AsRef<str>, Value)]) -> Value {
    let typed = attributes.iter().map(|(key, value)| {
        let value = match value {
            Value::Number(number) => json!({"intValue": number.to_string()}),
            Value::String(text) => json!({"stringValue": text}),
            other => json!({"stringValue": other.to_string()}),
        };
        json!({"key": key.as_ref(), "value": value})
    });
    typed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work_log::tests::{record, task};
    use roadloop_base::Stage;
    use roadloop_engine::work::JobState;

    #[test]
    fn ids_follow_from_the_order() {
        // By another program: printf drive-0011223344556677 | sha256sum
        let (trace, root) = ids_of(&OrderId::new("drive-0011223344556677").unwrap());
        let digest = hex(&trace) + &hex(&root);
        assert_eq!(digest, "b3a75c1de2da7c2e84d24d9de6b81eac9f833bba298f7f3f");
        let task = task(Stage::Detect);
        let record = record(&task, JobState::Done);
        let first = Span::of_job(&task, &record, JobEnd::Done, 1);
        assert_eq!((first.trace, first.parent), (trace, Some(root)));
        let again = JobRecord { attempts: 3, ..record };
        assert_ne!(Span::of_job(&task, &again, JobEnd::Done, 1).id, first.id);
    }

    #[test]
    fn a_span_is_json_as_otlp_has_it() {
        let task = task(Stage::Extract);
        let mut failed = record(&task, JobState::Waiting);
        failed.error = vec!["no".to_owned(), "none".to_owned()];
        let span = Span::of_job(&task, &failed, JobEnd::of(&failed), 4_500).to_json();
        assert_eq!(span["startTimeUnixNano"], "4500000000");
        assert_eq!(span["endTimeUnixNano"], "5000000000");
        assert_eq!(span["name"], "extract");
        assert_eq!(span["status"], json!({"code": 2, "message": "no, caused by: none"}));
        assert_eq!(span["traceId"].as_str().unwrap().len(), 32);
        assert_eq!(span["parentSpanId"].as_str().unwrap().len(), 16);
        let has = |expected: Value| {
            let attributes = span["attributes"].as_array().unwrap();
            assert!(attributes.contains(&expected), "{expected} in {attributes:?}");
        };
        has(json!({"key": "roadloop.attempts", "value": {"intValue": "2"}}));
        has(json!({"key": "roadloop.outcome", "value": {"stringValue": "failed"}}));
        has(json!({"key": "roadloop.stage", "value": {"stringValue": "extract"}}));
    }
}
