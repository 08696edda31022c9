//! Detectors as networks that learn.
//!
//! [`blocks`] are the pieces the papers draw; [`yolox`] puts YOLOX together from them. Fields
//! are called as in the original code, so that a weight's path in a module is its name in a
//! PyTorch state dict. [`weights`] come from files and go to files; [`onnx`] is how a network
//! leaves for other runtimes.

pub mod blocks;
mod depthwise;
mod error;
pub mod onnx;
pub mod weights;
pub mod yolox;

pub use error::NetsError;
pub use yolox::{Yolox, YoloxConfig, YoloxMaps, YoloxSize};
