//! A network that learns, as the loop sees it.
//!
//! The loop knows nothing of tensors: what turns batches into better weights is behind
//! [`Learner`], so that its own promises (resume, stop, keep the best) are tested in an instant.

use crate::TrainError;
use crate::settings::Freeze;

/// How a batch is learned from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Learning rate of the step.
    pub lr: f64,
    /// Whether the weights change now; otherwise the gradients wait for those of the next batch.
    pub updates: bool,
    pub freeze: Freeze,
    /// Whether this is one of the last epochs, without mosaic and mixup.
    pub is_plain: bool,
}

/// What a batch came to: the sum that is made smaller, and its parts by the names of their paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    pub total: f64,
    pub parts: Vec<(&'static str, f64)>,
}

/// Something that gets better, batch by batch.
///
/// Promises: the same state and the same batches give the same bits on the same machine; a state
/// that was saved and loaded is the state.
pub trait Learner<B> {
    fn learn(&mut self, batch: &B, step: &Step) -> Result<Losses, TrainError>;
    /// Everything that the next step depends on.
    fn save(&self) -> Result<Vec<u8>, TrainError>;
    fn load(&mut self, state: &[u8]) -> Result<(), TrainError>;
    /// The weights that are evaluated, as safetensors.
    fn weights(&self) -> Result<Vec<u8>, TrainError>;
    /// The detector with these weights, as ONNX.
    fn onnx(&self) -> Result<Vec<u8>, TrainError>;
}
