//! What can go wrong while training.

use std::io;

use roadloop_base::ErrorKind;
use roadloop_nets::NetsError;

use crate::augment::AugmentError;
use crate::batch::BatchError;

/// Why a run cannot begin, or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error("{knob} is {found}, which must be {wanted}")]
    Setting { knob: &'static str, found: String, wanted: &'static str },
    #[error(
        "the loss is no number any more (epoch {epoch}, step {step}, learning rate {lr:.2e}): \
         begin again with a smaller lr, a longer warm-up or clip_norm"
    )]
    Diverged { epoch: u32, step: u64, lr: f64 },
    #[error(
        "a file of the run cannot be kept: {source}; what was kept before is whole: make room, and \
         go on with --resume\nfile: {name}"
    )]
    Keep { name: String, source: io::Error },
    #[error("the checkpoint of this run cannot be read; begin another run from its best weights")]
    DamagedCheckpoint,
    #[error(
        "an epoch had {then} batches when this run was begun, and has {now}: its images are not \
         all there"
    )]
    OtherBatches { then: u64, now: u64 },
    #[error(transparent)]
    Augment(#[from] AugmentError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Nets(#[from] NetsError),
    #[error("{network} cannot be trained by this version")]
    NotYet { network: &'static str },
    #[error("no array of the weights fits {network}: they are of another network\nfile: {file}")]
    OtherNetwork { network: &'static str, file: String },
    #[error("numbers of a run cannot be written")]
    Text(#[source] serde_json::Error),
    #[error("the weights of an epoch cannot be evaluated: {0}")]
    Evaluation(String),
}

impl TrainError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            TrainError::Augment(_)
            | TrainError::Nets(_)
            | TrainError::NotYet { .. }
            | TrainError::OtherNetwork { .. }
            | TrainError::Setting { .. }
            | TrainError::OtherBatches { .. } => ErrorKind::Invalid,
            TrainError::Batch(_)
            | TrainError::Diverged { .. }
            | TrainError::Keep { .. }
            | TrainError::DamagedCheckpoint
            | TrainError::Text(_)
            | TrainError::Evaluation(_) => ErrorKind::Internal,
        }
    }
}
