//! What is kept of a run before its first step, and how it stands since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::settings::TrainSettings;

/// Everything a run follows from: the same card on the same machine gives the same weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCard {
    /// Version of this form.
    pub format: u32,
    /// As people call it: `cars-yolox-nano-3`.
    pub name: String,
    /// Milliseconds since 1970, UTC.
    pub made_at_ms: i64,
    /// Version of the program, and the command that began it.
    pub program: String,
    pub command: String,
    pub settings: TrainSettings,
    pub dataset: DatasetUsed,
    pub init: Init,
    /// Threads that tensors are computed by: sums over another number of them end in other last
    /// digits.
    pub threads: u32,
    /// What tensors are computed on: `flex`, `vulkan`.
    pub device: String,
    /// The run this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduces: Option<String>,
}

impl RunCard {
    pub const FORMAT: u32 = 1;
}

/// The dataset a run learns from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetUsed {
    /// `cars@3`.
    pub reference: String,
    /// SHA-256 over classes and samples, images included.
    pub id: String,
    pub classes: Vec<String>,
    /// Images that are learned from, and looked at for the val mAP.
    pub train_images: u64,
    pub val_images: u64,
}

/// Where the first weights come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Init {
    /// Drawn by lot, from the seed.
    Random,
    File {
        /// Name of the file, without its folder.
        file: String,
        sha256: String,
        /// Layers that were taken over, and those that were not.
        loaded: u32,
        reshaped: Vec<String>,
        missing: Vec<String>,
        left_over: Vec<String>,
    },
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Going on, or killed: what it last said tells which.
    Running,
    /// All epochs, or stopped because nothing got better.
    Done,
    /// By a person; it can be gone on with.
    Stopped,
    Failed,
}

/// What a run says of itself after each epoch, and while one is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    pub state: RunState,
    /// Milliseconds since 1970, UTC, of this word.
    pub at_ms: i64,
    /// Whole epochs, and steps since the beginning.
    pub epochs_done: u32,
    pub steps_done: u64,
    pub steps_per_epoch: u64,
    /// Seconds of work, all sittings together.
    pub seconds: f64,
    /// The best epoch, counted from 0, and its val mAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// Why it stopped or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Images that could not be read, and were passed over.
    #[serde(default)]
    pub skipped: u64,
}

/// An epoch's val mAP.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    pub epoch: u32,
    /// VOC07 mAP at an overlap of 0.5, 0 to 1.
    pub map: f64,
}

/// A line of `metrics.jsonl`: what was measured over some steps, or at the end of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// Counted from 0.
    pub epoch: u32,
    /// Steps since the beginning, those of this row included.
    pub step: u64,
    pub at_ms: i64,
    /// Seconds of work since the run began.
    pub seconds: f64,
    /// Means over the steps of the row, by the names of the losses, `lr`; and `val:…` at the end
    /// of an epoch.
    pub values: BTreeMap<String, f64>,
}

/// Milliseconds since 1970, UTC.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
