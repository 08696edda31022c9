//! Detectors as networks that learn.

mod error;
pub mod loss;

pub use error::NetsError;
