//! What a worker does, as people and programs read it: a line for each job.

use std::time::Duration;

use chrono::Local;
use roadloop_base::Stage;
use roadloop_engine::work::{JobRecord, JobState, Task, WorkEvent, WorkLog};
use serde_json::json;

use crate::render::{self, Voice, counted, in_words};

/// Says it on stderr, in the voice that was chosen at the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines;

impl WorkLog for Lines {
    fn told(&self, event: WorkEvent<'_>) {
        match render::voice() {
            Voice::Text => {
                if let Some(text) = as_text(&event) {
                    render::line(&format!("{}  {text}", Local::now().format("%H:%M:%S")));
                }
            }
            Voice::JsonLines => as_json(&event),
        }
    }
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
            format!("{:<10} {}  order {}", "found", order.source, order.id)
        }
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
        WorkEvent::Began(_, record) | WorkEvent::Ended(_, record) => {
            render::event("job", json!({"record": record}));
        }
        WorkEvent::Lost(task) => render::event("lost", json!({"job": task.id()})),
        WorkEvent::Trouble { doing, error, pause } => {
            let fields = json!({"doing": doing, "error": in_words(*error),
                "again_in_s": pause.as_secs_f64()});
            render::event("trouble", fields);
        }
        WorkEvent::Ordered(order) => {
            render::event("ordered", json!({"order": order.id, "source": order.source}));
        }
        WorkEvent::Held { stage, by } => {
            render::event("held", json!({"stage": stage, "by": by}));
        }
    }
}
