//! What can be wrong with a network's settings, or with a file of weights.

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
}
