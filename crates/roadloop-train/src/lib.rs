//! A dataset to a detector: what a run is told, its learning rates, its loop, what is kept of it.
//!
//! [`TrainSettings`] say everything about a run; a [`RunCard`] is kept before its first step.
//! Examples are changed by [`Augment`] and put together as [`Batches`] ahead of who learns from
//! them. [`train`] goes through the epochs with a [`Learner`] ([`NetworkLearner`] is the one that
//! knows of tensors), and puts what is worth keeping into [`RunFiles`].

mod augment;
mod batch;
mod card;
mod error;
mod events;
mod files;
mod learner;
mod lines;
mod network;
mod schedule;
mod settings;
mod sheet;
mod trainer;

pub use augment::{
    Augment, AugmentError, Augmented, Example, Input, LabelBox, Lot, RandomShape, YoloxSize,
    augmented,
};
pub use batch::{
    Batch, BatchError, BatchOrder, BatchPicture, BatchSettings, Batches, ModelBox, YOLOV3_INPUT,
    YOLOX_INPUT,
};
pub use card::{Best, DatasetUsed, Init, MetricRow, RunCard, RunState, RunStatus, now_ms};
pub use error::TrainError;
pub use events::EventFile;
pub use files::RunFiles;
pub use learner::{Learner, Losses, Step};
pub use network::{NetworkLearner, first_weights, threads};
pub use schedule::Schedule;
pub use settings::{Freeze, LrMode, Network, STRIDE, TrainSettings, UnknownNetwork};
pub use sheet::batch_sheet;
pub use trainer::{EpochBatches, Epochs, Evaluate, Scores, Training, Watcher, train};
