//! Detectors as networks that learn.
//!
//! [`blocks`] are the pieces the papers draw; [`yolox`] and [`yolov3`] put detectors together
//! from them. Fields are called as in the original code, so that a weight's path in a module is
//! its name in a PyTorch state dict. [`loss`] says what a network is punished for, [`optim`] how
//! it follows. [`weights`] come from files and go to files; [`onnx`] is how a network leaves for
//! other runtimes.

pub mod blocks;
pub mod darknet53;
mod depthwise;
mod error;
pub mod loss;
pub mod onnx;
pub mod optim;
pub mod weights;
pub mod yolov3;
pub mod yolox;

pub use darknet53::Darknet53;
pub use error::NetsError;
pub use yolov3::{Yolov3, Yolov3Config, Yolov3Maps};
pub use yolox::{Yolox, YoloxConfig, YoloxDarknet53, YoloxMaps, YoloxSize};
