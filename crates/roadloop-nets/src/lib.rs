//! Detectors as networks that learn.
//!
//! [`blocks`] are the pieces the papers draw; [`yolox`] puts YOLOX together from them. Fields
//! are called as in the original code, so that a weight's path in a module is its name in a
//! PyTorch state dict. [`loss`] says what a network is
//! punished for, [`optim`] how it follows.

pub mod blocks;
mod error;
pub mod loss;
pub mod optim;
pub mod yolox;

pub use error::NetsError;
pub use yolox::{Yolox, YoloxConfig, YoloxMaps, YoloxSize};
