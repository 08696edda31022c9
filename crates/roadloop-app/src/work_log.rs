//! What a worker does: how jobs end, who is told, and the lines that people and programs
//! read of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::Local;
use roadloop_base::Stage;
use roadloop_engine::work::{JobRecord, JobState, Task, WorkEvent, WorkLog};
use serde_json::{Value, json};

use crate::command::quoted;
use crate::render::{self, Voice, counted, in_words};

/// How an attempt at a job ended: one word for it in logs, metrics and traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum JobEnd {
    Done,
    /// It is tried again.
    Failed,
    Dead,
    Cancelled,
    /// Another worker may have it.
    Lost,
    HandedBack,
}

impl JobEnd {
    pub(crate) const ALL: [JobEnd; 6] = [
        JobEnd::Done,
        JobEnd::Failed,
        JobEnd::Dead,
        JobEnd::Cancelled,
        JobEnd::Lost,
        JobEnd::HandedBack,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            JobEnd::Done => "done",
            JobEnd::Failed => "failed",
            JobEnd::Dead => "dead",
            JobEnd::Cancelled => "cancelled",
            JobEnd::Lost => "lost",
            JobEnd::HandedBack => "handed_back",
        }
    }

    /// Of a record that says how a job ended.
    pub(crate) fn of(record: &JobRecord) -> JobEnd {
        match record.state {
            JobState::Done => JobEnd::Done,
            JobState::Dead => JobEnd::Dead,
            JobState::Cancelled => JobEnd::Cancelled,
            JobState::Waiting if record.error.is_empty() => JobEnd::HandedBack,
            JobState::Waiting | JobState::Running => JobEnd::Failed,
        }
    }
}

/// Tells several.
#[derive(Clone, Debug)]
pub(crate) struct Each(pub(crate) Vec<Arc<dyn WorkLog>>);

impl WorkLog for Each {
    fn told(&self, event: WorkEvent<'_>) {
        for log in &self.0 {
            log.told(event);
        }
    }
}

/// Says it on stderr, in the voice that was chosen at the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines;

impl WorkLog for Lines {
    fn told(&self, event: WorkEvent<'_>) {
        match render::voice() {
            Voice::Text => {
                if let Some(text) = as_text(&event) {
                    let text = in_one_line(&text);
                    render::line(&format!("{}  {text}", Local::now().format("%H:%M:%S")));
                }
            }
            Voice::JsonLines => as_json(&event),
        }
    }
}

/// A name may hold what ends a line; the other codes go when it is written.
fn in_one_line(text: &str) -> String {
    text.replace('\n', "\\n").replace('\t', "\\t")
}

fn as_text(event: &WorkEvent<'_>) -> Option<String> {
    Some(match event {
        // A second line for each job that says less than the first.
        WorkEvent::Began(..) => return None,
        WorkEvent::Ended(task, record) => ended(task, record),
        WorkEvent::Lost(task) => {
            format!("{:<10} {}  given up: another worker may have it", task.stage, task.about())
        }
        WorkEvent::Trouble { doing, error, pause } => {
            let again = match *pause {
                Duration::ZERO => String::new(),
                pause => format!(", again in {:.0} s", pause.as_secs_f64().ceil()),
            };
            format!("trouble {doing}{again}: {}", in_words(*error).replace('\n', ", "))
        }
        WorkEvent::Ordered(order) => {
            format!("{:<10} {}  order {}", "found", order.place(), order.id)
        }
        WorkEvent::Stranger { task, wanted, own, queue } => format!(
            "{:<10} {}  not done: order {} of {queue} is for the store {}, and this worker has {}; \
             a worker does it with --store {}",
            task.stage,
            task.order.place(),
            task.order.id,
            wanted.place,
            own.place,
            quoted(&wanted.place),
        ),
        WorkEvent::Held { stage, by } => {
            format!("{stage:<10} waits: the queue of {by} is full")
        }
    })
}

fn ended(task: &Task, record: &JobRecord) -> String {
    let what = format!("{:<10} {}", task.stage, task.about());
    let took = record.seconds.map_or(String::new(), |seconds| format!(", {seconds:.1} s"));
    let tried = match record.attempts {
        0 | 1 => String::new(),
        attempts => format!(", attempt {attempts}"),
    };
    let error = record.error.join(", caused by: ").replace('\n', ", ");
    match record.state {
        JobState::Done => {
            let unit = if task.stage == Stage::Tables { "row" } else { "frame" };
            let mut text = counted(record.done, unit);
            if record.already_done > 0 {
                text += &format!(", {} already done", record.already_done);
            }
            if record.skips > 0 {
                text += &format!(", {} skipped", record.skips);
            }
            format!("{what}  {text}{took}{tried}")
        }
        JobState::Dead => {
            format!(
                "{what}  given up after {}: {error}",
                counted(record.attempts.into(), "attempt")
            )
        }
        JobState::Waiting if error.is_empty() => format!("{what}  handed back{took}"),
        JobState::Waiting => format!("{what}  failed{tried}, tried again: {error}"),
        JobState::Running | JobState::Cancelled => format!("{what}  {}", record.state.name()),
    }
}

fn as_json(event: &WorkEvent<'_>) {
    match event {
        WorkEvent::Began(_, record) => render::event("job", fields(record)),
        WorkEvent::Ended(_, record) => {
            let mut fields = fields(record);
            fields["outcome"] = json!(JobEnd::of(record).name());
            render::event("job", fields);
        }
        WorkEvent::Lost(task) => {
            let recording = task.part.as_ref().map(|part| &part.recording);
            let fields = json!({"job": task.id(), "order": task.order.id, "stage": task.stage,
                "recording": recording, "outcome": JobEnd::Lost.name()});
            render::event("lost", fields);
        }
        WorkEvent::Trouble { doing, error, pause } => {
            let fields = json!({"doing": doing, "error": in_words(*error),
                "again_in_s": pause.as_secs_f64()});
            render::event("trouble", fields);
        }
        WorkEvent::Ordered(order) => {
            render::event("ordered", json!({"order": order.id, "source": order.place()}));
        }
        WorkEvent::Stranger { task, wanted, own, queue } => {
            let fields = json!({"job": task.id(), "order": task.order.id, "stage": task.stage,
                "queue": queue, "store_of_order": wanted.place, "store_of_worker": own.place});
            render::event("other_store", fields);
        }
        WorkEvent::Held { stage, by } => {
            render::event("held", json!({"stage": stage, "by": by}));
        }
    }
}

/// What can be filtered by, each a field of its own; what the job left for others to
/// read is on the board.
fn fields(record: &JobRecord) -> Value {
    json!({
        "job": record.job,
        "order": record.order,
        "stage": record.stage,
        "recording": record.recording,
        "part": record.part.as_ref().map(ToString::to_string),
        "state": record.state.name(),
        "attempts": record.attempts,
        "worker": record.worker,
        "at_ms": record.at_ms,
        "seconds": record.seconds,
        "done": record.done,
        "already_done": record.already_done,
        "skips": record.skips,
        "skipped": record.skipped,
        "error": record.error,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A task of an order of all stages.
    pub(crate) fn task(stage: Stage) -> Task {
        let order = json!({"id": "drive-0011223344556677", "source": "drive.bag",
            "ordered_at_ms": 1_000, "stages": Stage::ALL, "is_solid": false, "margin": 0.15});
        serde_json::from_value(json!({"order": order, "stage": stage})).unwrap()
    }

    /// What became of it.
    pub(crate) fn record(task: &Task, state: JobState) -> JobRecord {
        let record = json!({"job": task.id(), "order": task.order.id, "stage": task.stage,
            "state": state, "attempts": 2, "worker": "one", "at_ms": 5_000});
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn each_end_has_a_word() {
        let task = task(Stage::Extract);
        let end = |state, error: &[&str]| {
            let error = error.iter().map(ToString::to_string).collect();
            JobEnd::of(&JobRecord { error, ..record(&task, state) }).name()
        };
        assert_eq!(end(JobState::Done, &[]), "done");
        assert_eq!(end(JobState::Waiting, &["no"]), "failed");
        assert_eq!(end(JobState::Waiting, &[]), "handed_back");
        assert_eq!(end(JobState::Dead, &["no"]), "dead");
        assert_eq!(end(JobState::Cancelled, &[]), "cancelled");
    }

    #[test]
    fn a_name_is_in_one_line() {
        let mut task = task(Stage::Extract);
        task.order.source = "in/a\nb.bag".to_owned();
        let text = as_text(&WorkEvent::Ordered(&task.order)).unwrap();
        assert_eq!(in_one_line(&text), "found      in/a\\nb.bag  order drive-0011223344556677");
    }

    #[test]
    fn fields_are_flat() {
        let record = record(&task(Stage::Extract), JobState::Running);
        let fields = fields(&record);
        assert_eq!(fields["order"], "drive-0011223344556677");
        assert_eq!(fields["job"], "drive-0011223344556677/extract");
        assert_eq!((&fields["stage"], &fields["state"]), (&json!("extract"), &json!("running")));
        let is_flat = |value: &Value| !value.is_object();
        assert!(fields.as_object().unwrap().values().all(is_flat), "{fields}");
    }
}
