//! What can be wrong with a network's settings, with what it is given, or with a file of weights.

use std::path::PathBuf;

/// Why a network could not be made, filled or written.
#[derive(Debug, thiserror::Error)]
pub enum NetsError {
    /// Settings no network can be made from.
    #[error("{0}")]
    Settings(String),
    /// A file that cannot be opened, read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// A file that is not what it should be; `found` says where, what is there and what should
    /// be.
    #[error("{path}: {found}")]
    Format { path: PathBuf, found: String },
    /// Weights that do not belong to the network, where only all of them will do.
    #[error("{0}")]
    Weights(String),
    /// A thing to be found whose class the network does not have.
    #[error(
        "target {target} of image {image} has class {found}, but the network knows {classes} \
         (0 to {})",
        classes.saturating_sub(1)
    )]
    Class { image: usize, target: usize, found: u32, classes: usize },
    /// Something of another shape than it should be.
    #[error("{what}: found {found}, expected {expected}")]
    Shape { what: String, found: String, expected: String },
}

/// An error about the shape of something.
pub(crate) fn shape(
    what: impl Into<String>,
    found: impl std::fmt::Debug,
    expected: impl Into<String>,
) -> NetsError {
    NetsError::Shape { what: what.into(), found: format!("{found:?}"), expected: expected.into() }
}
