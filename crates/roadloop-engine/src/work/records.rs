//! What became of a job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use roadloop_base::{Camera, Part, RecordingId, Report, Skip, Stage};
use roadloop_queue::Job;

use super::{OrderId, Task};

/// Skips that are written down; all of them are counted.
const SKIPS_KEPT: usize = 200;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// A worker has it.
    Running,
    /// It failed, or was handed back, and is tried again.
    Waiting,
    Done,
    /// It failed for the last time: see the dead letters.
    Dead,
    Cancelled,
}

impl JobState {
    pub fn name(self) -> &'static str {
        match self {
            JobState::Running => "running",
            JobState::Waiting => "waiting",
            JobState::Done => "done",
            JobState::Dead => "dead",
            JobState::Cancelled => "cancelled",
        }
    }

    /// Nothing more comes of it, unless somebody asks for it again.
    pub fn is_final(self) -> bool {
        matches!(self, JobState::Done | JobState::Dead | JobState::Cancelled)
    }
}

/// What became of a job, as the one who had it last wrote it down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    pub job: String,
    pub order: OrderId,
    pub stage: Stage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    pub state: JobState,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// Who has it, or had it last.
    pub worker: String,
    /// When this was written, in milliseconds since 1970.
    pub at_ms: u64,
    /// How long it took, where it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The recording's name, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingId>,
    #[serde(default)]
    pub done: u64,
    #[serde(default)]
    pub already_done: u64,
    #[serde(default)]
    pub skips: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skip>,
    /// What went wrong, the cause last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub error: Vec<String>,
    /// Of an extraction: the first shards of the parts that follow, by camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<BTreeMap<Camera, Vec<u32>>>,
}

impl JobRecord {
    pub(super) fn new(task: &Task, state: JobState, attempts: u32, worker: &str) -> JobRecord {
        JobRecord {
            job: task.id(),
            order: task.order.id.clone(),
            stage: task.stage,
            part: task.part.clone(),
            state,
            attempts,
            worker: worker.to_owned(),
            at_ms: now_ms(),
            seconds: None,
            recording: task.part.as_ref().map(|part| part.recording.clone()),
            done: 0,
            already_done: 0,
            skips: 0,
            skipped: Vec::new(),
            error: Vec::new(),
            parts: None,
        }
    }

    #[must_use]
    pub(super) fn with_report(mut self, report: &Report) -> JobRecord {
        let Report { done, already_done, skipped } = report;
        (self.done, self.already_done, self.skips) = (*done, *already_done, skipped.len() as u64);
        self.skipped = skipped.iter().take(SKIPS_KEPT).cloned().collect();
        self
    }
}

/// A job nobody tries any more, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id, by which it is asked for.
    pub job: String,
    /// Where it waited.
    pub lane: String,
    pub generation: u32,
    /// The job itself, for it to be put back.
    pub body: String,
    pub attempts: u32,
    /// Who had it last.
    pub worker: String,
    /// When it was given up, in milliseconds since 1970.
    pub at_ms: u64,
    /// What went wrong, the cause last.
    pub error: Vec<String>,
}

impl DeadLetter {
    pub(super) fn new(job: &Job, attempts: u32, worker: &str, error: Vec<String>) -> DeadLetter {
        DeadLetter {
            job: job.id.clone(),
            lane: job.lane.to_string(),
            generation: job.generation,
            body: job.body.clone(),
            attempts,
            worker: worker.to_owned(),
            at_ms: now_ms(),
            error,
        }
    }

    /// What the job was about, where it can be told.
    pub fn task(&self) -> Option<Task> {
        serde_json::from_str(&self.body).ok()
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_millis() as u64
}
